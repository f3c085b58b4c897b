"""Subscriptions (đăng ký nhắc hạn): who asked to be reminded, as what, of which place."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from storage import audit
from storage.database import Tx
from storage.schema import accounts, conversations, subscriptions


@dataclass(frozen=True, slots=True)
class Subscription:
    """One wish: `actor` is a role of the deadlines or "villager", `place` "" where it has none."""

    person_id: int
    account_id: int
    actor: str
    place: str
    since: datetime


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


def end(tx: Tx, person_id: int) -> int:
    """Stop every reminder of a person at once; how many wishes there were."""
    ended = tx.execute(
        update(subscriptions)
        .where(subscriptions.c.person_id == person_id, _LIVE)
        .values(until=tx.now)
    ).rowcount
    if ended:
        audit.record(tx, person_id, "reminders.off", f"person:{person_id}", live=(ended, 0))
    return ended


def of_person(tx: Tx, person_id: int) -> list[Subscription]:
    """A person's live wishes."""
    found = select(*_COLUMNS).where(subscriptions.c.person_id == person_id, _LIVE)
    return [Subscription(*row) for row in tx.execute(found.order_by(subscriptions.c.id))]


def after(
    tx: Tx, cursor: int, most: int, *, actors: Collection[str] = (), places: Collection[str] = ()
) -> list[Subscription]:
    """The live wishes of the next `most` people behind the person `cursor`, person by person.

    `actors` and `places` narrow it; empty is all.
    """
    wanted = [_LIVE, subscriptions.c.person_id > cursor]
    if actors:
        wanted.append(subscriptions.c.actor.in_(actors))
    if places:
        wanted.append(subscriptions.c.place.in_(places))
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
    tx: Tx, since: datetime, *, actors: Sequence[str] = (), places: Sequence[str] = ()
) -> list[Group]:
    """How many people wish it, by channel and reach; `silent` who has not written since then."""
    wanted = [_LIVE]
    if actors:
        wanted.append(subscriptions.c.actor.in_(actors))
    if places:
        wanted.append(subscriptions.c.place.in_(places))
    silent = (conversations.c.updated_at < since).label("silent")
    rows = tx.execute(
        select(
            accounts.c.channel,
            accounts.c.unreachable_why,
            silent,
            func.count(subscriptions.c.person_id.distinct()),
        )
        .join(accounts, accounts.c.id == subscriptions.c.account_id)
        .join(conversations, conversations.c.account_id == accounts.c.id)
        .where(*wanted)
        .group_by(accounts.c.channel, accounts.c.unreachable_why, silent)
    )
    return [Group(channel, why, bool(late), people) for channel, why, late, people in rows]
