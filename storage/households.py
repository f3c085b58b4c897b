"""Households (hộ gia đình): who belongs to which, so that nobody decides on his own family's.

A household is its head in a village; typed with and without marks it is the same one.
"""

from __future__ import annotations

from sqlalchemy import select, update

from storage import audit
from storage.database import Tx
from storage.schema import households, people


def find_or_make(
    tx: Tx, place: str, village: str, head: str, *, village_key: str, head_key: str
) -> int:
    """The household's id; the keys are the FOLD forms of the names."""
    same = {"place": place, "village_key": village_key, "head_key": head_key}
    tx.insert_once(households, {**same, "village": village, "head": head})
    found = select(households.c.id).where(*(households.c[name] == same[name] for name in same))
    return int(tx.execute(found).scalar_one())


def of_person(tx: Tx, person_id: int) -> int | None:
    """The household a person said he belongs to."""
    found: int | None = tx.execute(
        select(people.c.household_id).where(people.c.id == person_id)
    ).scalar()
    return found


def join(tx: Tx, person_id: int, household_id: int) -> None:
    """Keep to which household a person belongs."""
    before = of_person(tx, person_id)
    if before == household_id:
        return
    tx.execute(update(people).where(people.c.id == person_id).values(household_id=household_id))
    audit.record(
        tx, person_id, "person.household", f"person:{person_id}", household=(before, household_id)
    )


def head_of(tx: Tx, household_id: int) -> str:
    """The name of a household's head."""
    found: str = tx.execute(
        select(households.c.head).where(households.c.id == household_id)
    ).scalar_one()
    return found
