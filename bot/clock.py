"""The program's clock: the real one, or for rehearsals one that starts at BOT_CLOCK and runs on."""

from __future__ import annotations

import time as machine
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

from knowledge.zone import ZONE

Clock = Callable[[], datetime]
"""Gives the time now, aware UTC."""


def make_clock(start: datetime | None) -> Clock:
    """A clock that shows `start` (aware) at this moment and runs at the ordinary speed."""
    if start is None:
        return lambda: datetime.now(UTC)
    begun, shown = machine.monotonic(), start.astimezone(UTC)
    return lambda: shown + timedelta(seconds=machine.monotonic() - begun)


def seconds_until(at: time, now: datetime) -> float:
    """Seconds until it is next this time of day in the province, more than 0."""
    here = now.astimezone(ZONE)
    day = here.date() if here.time() < at else here.date() + timedelta(days=1)
    return (datetime.combine(day, at, ZONE) - here).total_seconds()
