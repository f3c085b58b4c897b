"""Subscriptions (đăng ký nhắc hạn): who asked to be reminded, as what, of which place.

What was asked for as an officer counts only while the office is held: that is looked up whenever
wishes are read, so that a role taken back ends its reminders at once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update

from storage import audit, outbox
from storage.database import Tx
from storage.grants import counts_at
from storage.schema import accounts, conversations, grants, households, people, subscriptions

NO_OFFICE = "villager"
"""The one actor nobody has to be appointed to."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One wish: `actor` is a role of the deadlines or "villager", `place` "" where it has none."""

    id: int
    person_id: int
    account_id: int
    actor: str
    place: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Village:
    """People of one village who cannot be reached, "" where theirs is not known."""

    place: str
    name: str
    people: int


@dataclass(frozen=True, slots=True)
class Group:
    """People of one channel and kind of reach: how many, and why they cannot be reached."""

    channel: str
    unreachable: str
    silent: bool
    people: int


_COLUMNS = [subscriptions.c[name] for name in Subscription.__dataclass_fields__]
_LIVE = subscriptions.c.until.is_(None)


def begin(tx: Tx, person_id: int, account_id: int, actor: str, place: str) -> bool:
    """Keep a wish; False when it stands already."""
    row = {
        "person_id": person_id,
        "account_id": account_id,
        "actor": actor,
        "place": place,
        "since": tx.now,
    }
    if not tx.insert_once(subscriptions, row):
        return False
    audit.record(
        tx, person_id, "reminders.on", f"person:{person_id}",
        role=(None, actor), place=(None, place),
    )  # fmt: skip
    return True


def end(tx: Tx, person_id: int, only: Collection[int] | None = None) -> int:
    """Stop the reminders of a person at once, or `only` some of his wishes; how many there were.

    With the last of them goes what is queued for him and has not left.
    """
    ended = tx.execute(
        update(subscriptions)
        .where(
            subscriptions.c.person_id == person_id,
            _LIVE,
            *([] if only is None else [subscriptions.c.id.in_(only)]),
        )
        .values(until=tx.now)
    ).rowcount
    if ended:
        audit.record(tx, person_id, "reminders.off", f"person:{person_id}", live=(ended, 0))
    if not of_person(tx, person_id):
        outbox.take_back(tx, [person_id])
    return ended


def of_person(tx: Tx, person_id: int) -> list[Subscription]:
    """A person's wishes that count."""
    found = select(*_COLUMNS).where(subscriptions.c.person_id == person_id, *_counting(tx))
    return [Subscription(*row) for row in tx.execute(found.order_by(subscriptions.c.id))]


def after(tx: Tx, cursor: int, most: int, *, places: Collection[str] = ()) -> list[Subscription]:
    """The wishes that count of the next `most` people behind the person `cursor`, person by person.

    `places` narrows it; empty is everywhere.
    """
    wanted = [*_counting(tx, places=places), subscriptions.c.person_id > cursor]
    whose = (
        select(subscriptions.c.person_id)
        .where(*wanted)
        .group_by(subscriptions.c.person_id)
        .order_by(subscriptions.c.person_id)
        .limit(most)
    )
    ids = list(tx.execute(whose).scalars())
    if not ids:
        return []
    rows = tx.execute(
        select(*_COLUMNS)
        .where(*wanted, subscriptions.c.person_id <= ids[-1])
        .order_by(subscriptions.c.person_id, subscriptions.c.id)
    )
    return [Subscription(*row) for row in rows]


def groups(
    tx: Tx, since: datetime, *, actors: Collection[str] = (), places: Collection[str] = ()
) -> list[Group]:
    """How many people wish it, by channel and reach; `silent` who has not written since then."""
    silent = (conversations.c.updated_at < since).label("silent")
    rows = tx.execute(
        select(accounts.c.channel, accounts.c.unreachable_why, silent, func.count())
        .select_from(subscriptions)
        .join(accounts, accounts.c.id == subscriptions.c.account_id)
        .join(conversations, conversations.c.account_id == accounts.c.id)
        .where(subscriptions.c.id.in_(_first(tx, actors, places)))
        .group_by(accounts.c.channel, accounts.c.unreachable_why, silent)
    )
    return [Group(channel, why, bool(late), count) for channel, why, late, count in rows]


def unreached(
    tx: Tx, since: datetime, windowed: str, most: int, skip: int, *, places: Collection[str] = ()
) -> list[Village]:
    """Where those live who wish it and cannot be reached, the village with the most in front.

    `windowed` is the channel, "" for none, that takes nothing for who has not written since then.
    """
    village = func.coalesce(households.c.village, "").label("village")
    count = func.count().label("people")
    rows = tx.execute(
        select(subscriptions.c.place, village, count)
        .join(accounts, accounts.c.id == subscriptions.c.account_id)
        .join(conversations, conversations.c.account_id == accounts.c.id)
        .join(people, people.c.id == subscriptions.c.person_id)
        .outerjoin(households, households.c.id == people.c.household_id)
        .where(
            subscriptions.c.id.in_(_first(tx, (), places)),
            or_(
                accounts.c.unreachable_why != "",
                and_(accounts.c.channel == windowed, conversations.c.updated_at < since),
            ),
        )
        .group_by(subscriptions.c.place, village)
        .order_by(count.desc(), subscriptions.c.place, village)
        .limit(most)
        .offset(skip)
    )
    return [Village(*row) for row in rows]


def _counting(
    tx: Tx, *, actors: Collection[str] = (), places: Collection[str] = ()
) -> list[ColumnElement[bool]]:
    """What makes a wish count: it stands, and the office it was made in is still held."""
    held = exists().where(
        grants.c.person_id == subscriptions.c.person_id,
        grants.c.role == subscriptions.c.actor,
        grants.c.place == subscriptions.c.place,
        counts_at(tx.now),
    )
    wanted = [_LIVE, or_(subscriptions.c.actor == NO_OFFICE, held)]
    if actors:
        wanted.append(subscriptions.c.actor.in_(actors))
    if places:
        wanted.append(subscriptions.c.place.in_(places))
    return wanted


def _first(tx: Tx, actors: Collection[str], places: Collection[str]) -> Any:
    """Each person's first wish: that one's account is written to, whatever else he wishes."""
    return (
        select(func.min(subscriptions.c.id))
        .where(*_counting(tx, actors=actors, places=places))
        .group_by(subscriptions.c.person_id)
    )
