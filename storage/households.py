"""Households (hộ gia đình): who belongs to which, so that nobody decides on his own family's.

A household is its head in a village, the same one however it is typed and in whichever unit its
commune came up. Whoever ever said it was his stays near to it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, update

from storage import audit
from storage.database import Tx
from storage.schema import contributions, household_members, households, people


@dataclass(frozen=True, slots=True)
class Household:
    """One household of a village; `head` is its head's name."""

    id: int
    place: str
    village: str
    head: str


_LAST_REPORTED = (
    select(contributions.c.place)
    .where(contributions.c.reporter_id == bindparam("of_person"))
    .order_by(contributions.c.id.desc())
    .limit(1)
)
_OF_HOUSEHOLD = (
    select(households.c.place)
    .join(people, people.c.household_id == households.c.id)
    .where(people.c.id == bindparam("of_person"))
)
_HOME = select(func.coalesce(_LAST_REPORTED.scalar_subquery(), _OF_HOUSEHOLD.scalar_subquery(), ""))


def home_of(tx: Tx, person_id: int) -> str:
    """The place where a person is at home, as far as he has told: where he reported last, else his
    household's; "" when nowhere."""
    return str(tx.execute(_HOME, {"of_person": person_id}).scalar_one())


def find_or_make(
    tx: Tx, place: str, village: str, head: str, *, place_key: str, village_key: str, head_key: str
) -> int:
    """The household's id; the keys are what the place became and the names as they are compared."""
    same = {"place_key": place_key, "village_key": village_key, "head_key": head_key}
    tx.insert_once(households, {**same, "place": place, "village": village, "head": head})
    found = select(households.c.id).where(*(households.c[name] == same[name] for name in same))
    return int(tx.execute(found).scalar_one())


def get(tx: Tx, household_id: int) -> Household:
    """The household with this id."""
    columns = (households.c[name] for name in Household.__dataclass_fields__)
    return Household(*tx.execute(select(*columns).where(households.c.id == household_id)).one())


def village_name(tx: Tx, place_key: str, village_key: str) -> str | None:
    """A village's name as its people write it, where one of its households is known."""
    found: str | None = tx.execute(
        select(households.c.village)
        .where(households.c.place_key == place_key, households.c.village_key == village_key)
        .limit(1)
    ).scalar()
    return found


def of_person(tx: Tx, person_id: int) -> int | None:
    """The household a person says he belongs to now."""
    found: int | None = tx.execute(
        select(people.c.household_id).where(people.c.id == person_id)
    ).scalar()
    return found


def reported_for(tx: Tx, person_id: int, household_id: int) -> None:
    """Keep that a person told of a household as his; the one he declared himself stays his."""
    if of_person(tx, person_id) is None:
        join(tx, person_id, household_id)
    elif _count_in(tx, person_id, household_id):
        audit.record(
            tx, person_id, "person.household_told", f"person:{person_id}",
            household=(None, household_id),
        )  # fmt: skip


def join(tx: Tx, person_id: int, household_id: int) -> None:
    """Keep to which household a person says he belongs; those before count on for four eyes."""
    before = of_person(tx, person_id)
    if before == household_id:
        return
    _count_in(tx, person_id, household_id)
    tx.execute(update(people).where(people.c.id == person_id).values(household_id=household_id))
    audit.record(
        tx, person_id, "person.household", f"person:{person_id}", household=(before, household_id)
    )


def _count_in(tx: Tx, person_id: int, household_id: int) -> bool:
    """Add a household to those that were ever his; whether it is new among them."""
    row = {"person_id": person_id, "household_id": household_id}
    return tx.insert_once(household_members, {**row, "since": tx.now})


def head_of(tx: Tx, household_id: int) -> str:
    """The name of a household's head."""
    found: str = tx.execute(
        select(households.c.head).where(households.c.id == household_id)
    ).scalar_one()
    return found
