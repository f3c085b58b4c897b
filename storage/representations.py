"""Representations (đại diện): who says he acts for an organisation, and what the commune said."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, select, update

from storage import audit
from storage.database import Tx
from storage.grants import counts_at
from storage.organisations import Organisation
from storage.schema import grants, organisations, people, representations

ROLE = "cooperative_representative"
ASKED, CONFIRMED, REFUSED = "asked", "granted", "refused"
NOBODYS = ("merged", "erased")
"""States of who is gone: became another, or erased his data."""


@dataclass(frozen=True, slots=True)
class Representation:
    """Somebody's wish to act for an organisation; `state` is asked, granted or refused."""

    id: int
    person_id: int
    account_id: int
    name: str
    state: str
    organisation: Organisation


_ALL = (
    select(
        *(representations.c[name] for name in ("id", "person_id", "account_id")),
        people.c.name.label("person"),
        representations.c.state,
        *(organisations.c[name].label(f"of_{name}") for name in Organisation.__dataclass_fields__),
    )
    .join(people, people.c.id == representations.c.person_id)
    .join(organisations, organisations.c.id == representations.c.organisation_id)
)


def ask(tx: Tx, person_id: int, account_id: int, organisation: Organisation) -> Representation:
    """Ask the commune to confirm; asking again after a refusal is asking anew."""
    whose = {"person_id": person_id, "organisation_id": organisation.id}
    row = {**whose, "account_id": account_id, "state": ASKED, "asked_at": tx.now}
    same = and_(*(representations.c[name] == value for name, value in whose.items()))
    if not tx.insert_once(representations, row):
        tx.execute(
            update(representations).where(same).values(**row, decided_at=None, decided_by=None)
        )
    [found] = _read(tx, same)
    audit.record(
        tx, person_id, "representation.asked", f"representation:{found.id}",
        organisation=(None, organisation.id),
    )  # fmt: skip
    return found


def get(tx: Tx, representation_id: int) -> Representation | None:
    """The representation with this id."""
    found = _read(tx, representations.c.id == representation_id)
    return found[0] if found else None


def waiting(tx: Tx, place: str, limit: int) -> list[Representation]:
    """What waits for a commune's word, oldest first."""
    return _read(tx, and_(organisations.c.place == place, representations.c.state == ASKED), limit)


def decide(tx: Tx, asked: Representation, state: str, *, by: int) -> bool:
    """Confirm or refuse; False when somebody was quicker."""
    decided = tx.execute(
        update(representations)
        .where(representations.c.id == asked.id, representations.c.state == ASKED)
        .values(state=state, decided_at=tx.now, decided_by=by)
    )
    if decided.rowcount == 1:
        audit.record(
            tx, by, f"representation.{state}", f"representation:{asked.id}", state=(ASKED, state)
        )
    return decided.rowcount == 1


def of_person(tx: Tx, person_id: int, limit: int) -> list[Organisation]:
    """The organisations a person is confirmed to represent now, the newest grant first."""
    rows = tx.execute(
        select(*(organisations.c[name] for name in Organisation.__dataclass_fields__))
        .join(grants, grants.c.organisation_id == organisations.c.id)
        .where(
            grants.c.person_id == person_id,
            grants.c.role == ROLE,
            counts_at(tx.now),
        )
        .order_by(grants.c.id.desc())
        .limit(limit)
    )
    return [Organisation(*row) for row in rows]


def _read(tx: Tx, which: ColumnElement[bool], limit: int = 1) -> list[Representation]:
    rows = tx.execute(_ALL.where(which).order_by(representations.c.id).limit(limit))
    return [
        Representation(row[0], row[1], row[2], row[3] or "", row[4], Organisation(*row[5:]))
        for row in rows
    ]
