"""Honours (hình thức khen đã trao): what was awarded, to whom, by which decision, in which year."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from storage import audit
from storage.database import Tx
from storage.schema import honours


@dataclass(frozen=True, slots=True)
class Honour:
    """One award given. `award` is an id of the plan's awards, `place` a unit's key."""

    award: str
    place: str
    recipient_kind: str
    recipient_name: str
    year: int
    decision_number: str


def record(tx: Tx, honour: Honour, *, by: int) -> bool:
    """Keep an award given; False when the same one is on record already."""
    row = {
        "award": honour.award,
        "place": honour.place,
        "recipient_kind": honour.recipient_kind,
        "recipient_name": honour.recipient_name,
        "year": honour.year,
        "decision_number": honour.decision_number,
        "recorded_by": by,
        "recorded_at": tx.now,
    }
    if not tx.insert_once(honours, row):
        return False
    audit.record(
        tx, by, "honour.recorded", f"place:{honour.place}",
        award=(None, honour.award), recipient=(None, honour.recipient_name),
        year=(None, honour.year), decision=(None, honour.decision_number),
    )  # fmt: skip
    return True


def at_place(tx: Tx, place: str) -> list[Honour]:
    """Everything awarded at a place, oldest first."""
    rows = tx.execute(
        select(
            honours.c.award,
            honours.c.place,
            honours.c.recipient_kind,
            honours.c.recipient_name,
            honours.c.year,
            honours.c.decision_number,
        )
        .where(honours.c.place == place)
        .order_by(honours.c.year, honours.c.id)
    )
    return [Honour(*row) for row in rows]
