"""Two people who turn out to be one: what the second has and told becomes the first one's.

What he decided, and what an officer saw when he did, stays written as it was: history is not
changed by a link. The row of who is gone stays too, with nothing that points to it but history.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, delete, exists, select, tuple_, update

from storage import audit
from storage.database import Tx
from storage.people import Person
from storage.schema import (
    accounts,
    campaign_people,
    campaigns,
    consents,
    contributions,
    data_requests,
    grants,
    honours,
    household_members,
    people,
    reminded,
    representations,
    subscriptions,
)

_OF_ANYBODY: tuple[Column[int], ...] = (
    accounts.c.person_id,
    consents.c.person_id,
    data_requests.c.person_id,
    honours.c.recipient_id,
    # Or he could release his own announcement from his other chat.
    campaigns.c.made_by,
)


def merge(tx: Tx, gone: Person, kept: Person) -> None:
    """Make `gone` one with `kept`. Lock the accounts of both first."""
    moved = {f"{one.table.name}.{one.name}"[:32]: _move(tx, one, gone, kept) for one in _OF_ANYBODY}
    # First who made it, while the index on who told it still finds it: whoever made one told it.
    told = contributions.c.reporter_id == gone.id
    moved["contributor"] = _move(tx, contributions.c.contributor_id, gone, kept, told)
    moved["reporter"] = _move(tx, contributions.c.reporter_id, gone, kept)
    _move_office(tx, gone, kept)
    _move_representations(tx, gone, kept)
    moved["subscriptions"] = _move_reminders(tx, gone, kept)
    before, other = _household(tx, kept.id), _household(tx, gone.id)
    household = before or other
    tx.execute(
        update(people)
        .where(people.c.id == kept.id)
        .values(
            household_id=household,
            name=kept.name or gone.name or None,
            name_key=_name_key(tx, (kept if kept.name else gone).id),
        )
    )
    tx.execute(update(people).where(people.c.id == gone.id).values(household_id=None))
    _move_households(tx, gone, kept)
    audit.record(
        tx, kept.id, "person.merged", f"person:{gone.id}", person=(gone.id, kept.id),
        household=(before, household), name=(kept.name, kept.name or gone.name),
        **{name: (gone.id, kept.id) for name, rows in moved.items() if rows},
    )  # fmt: skip
    audit.record(tx, kept.id, "person.joined", f"person:{kept.id}", person=(gone.id, kept.id))


def _move(
    tx: Tx, column: Column[int], gone: Person, kept: Person, *only: ColumnElement[bool]
) -> int:
    return tx.execute(
        update(column.table).where(column == gone.id, *only).values({column.name: kept.id})
    ).rowcount


def _name_key(tx: Tx, person_id: int) -> str:
    found: str = tx.execute(select(people.c.name_key).where(people.c.id == person_id)).scalar_one()
    return found


def _household(tx: Tx, person_id: int) -> int | None:
    found: int | None = tx.execute(
        select(people.c.household_id).where(people.c.id == person_id)
    ).scalar()
    return found


def _move_households(tx: Tx, gone: Person, kept: Person) -> None:
    """Whatever was ever the household of either was the one's."""
    own = select(household_members.c.household_id).where(household_members.c.person_id == kept.id)
    _move(
        tx, household_members.c.person_id, gone, kept, household_members.c.household_id.not_in(own)
    )
    tx.execute(delete(household_members).where(household_members.c.person_id == gone.id))


def _move_office(tx: Tx, gone: Person, kept: Person) -> None:
    """Hand over the roles; of one that both hold, the longer stays."""
    held = tx.execute(select(grants).where(grants.c.person_id.in_([gone.id, kept.id]))).all()
    places = {one.place for one in held if one.person_id == gone.id}
    if not places:
        return
    # Officers enter and hold reports of their own places alone; no other has to be looked through.
    there = contributions.c.place.in_(places)
    _move(tx, contributions.c.entered_by, gone, kept, there)
    _move(tx, contributions.c.holder_id, gone, kept, there, contributions.c.state == "in_review")
    _move(tx, grants.c.given_by, gone, kept)
    live = [one for one in held if one.revoked_at is None]
    own = {_what(one): one for one in live if one.person_id == kept.id}
    for one in live:
        if one.person_id == kept.id:
            continue
        same = own.get(_what(one))
        if same is not None:
            ends = same if _outlasts(one.until, same.until) else one
            tx.execute(update(grants).where(grants.c.id == ends.id).values(revoked_at=tx.now))
            audit.record(tx, kept.id, "grant.revoked", f"grant:{ends.id}", revoked=(False, True))
        if same is None or _outlasts(one.until, same.until):
            _move(tx, grants.c.person_id, gone, kept, grants.c.id == one.id)
            audit.record(tx, kept.id, "grant.moved", f"grant:{one.id}", person=(gone.id, kept.id))


def _what(grant: Row[Any]) -> tuple[object, ...]:
    return (grant.role, grant.place, grant.organisation_id, grant.village)


def _outlasts(one: datetime | None, other: datetime | None) -> bool:
    return other is not None and (one is None or one > other)


def _move_representations(tx: Tx, gone: Person, kept: Person) -> None:
    """Hand over what he asked to represent; what the other asked for too is the other's alone."""
    own = select(representations.c.organisation_id).where(representations.c.person_id == kept.id)
    _move(
        tx, representations.c.person_id, gone, kept, representations.c.organisation_id.not_in(own)
    )
    tx.execute(
        update(representations).where(representations.c.person_id == gone.id).values(state="merged")
    )


def _move_reminders(tx: Tx, gone: Person, kept: Person) -> int:
    """Hand over wishes to be reminded and what he has heard; of what both have, one stays."""
    live = subscriptions.c.until.is_(None)
    wish = tuple_(subscriptions.c.actor, subscriptions.c.place)
    own = select(subscriptions.c.actor, subscriptions.c.place).where(
        subscriptions.c.person_id == kept.id, live
    )
    tx.execute(
        update(subscriptions)
        .where(subscriptions.c.person_id == gone.id, live, wish.in_(own))
        .values(until=tx.now)
    )
    moved = _move(tx, subscriptions.c.person_id, gone, kept)
    _move_once(tx, reminded.c.person_id, gone, kept)
    # Its key begins with the campaign: by person alone it would be walked through.
    each = campaign_people.c.campaign_id.in_(select(campaigns.c.id))
    _move_once(tx, campaign_people.c.person_id, gone, kept, each)
    return moved


def _move_once(
    tx: Tx, column: Column[int], gone: Person, kept: Person, *only: ColumnElement[bool]
) -> None:
    """Hand over rows of whose key the person is a part; those the other has as well go."""
    table, other = column.table, column.table.alias()
    rest = [one for one in table.primary_key.columns if one.name != column.name]
    same = exists().where(
        other.c[column.name] == kept.id, *(other.c[one.name] == one for one in rest)
    )
    tx.execute(delete(table).where(column == gone.id, same, *only))
    _move(tx, column, gone, kept, *only)
