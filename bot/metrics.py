"""What the process counts of itself, for `GET /metrics`. No label ever holds a person's data."""

from __future__ import annotations

from prometheus_client import Counter, Histogram, generate_latest

TURNS = Counter("chung_suc_turns", "Turns by channel and outcome", ["channel", "outcome"])
TURN_SECONDS = Histogram(
    "chung_suc_turn_seconds",
    "From receiving a message to its commit",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
AWAY = Counter("chung_suc_storage_away", "Messages refused because storage was away")
SENDS = Counter("chung_suc_sends", "Calls to platforms by outcome", ["channel", "outcome"])
ALARMS = Counter("chung_suc_alarms", "Faults a person must look at", ["channel"])


def page() -> bytes:
    """The Prometheus text."""
    return generate_latest()
