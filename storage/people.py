"""People, the accounts they write from, and each account's conversation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, insert, select, update

from storage import audit
from storage.database import Tx
from storage.schema import (
    accounts,
    attachments,
    campaigns,
    contributions,
    conversations,
    data_requests,
    fact_sheets,
    grants,
    people,
    questions,
    representations,
    subscriptions,
)

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever stands behind one or more accounts; `name` is "" until told."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """One account's talk: whose it is and where it stands."""

    account_id: int
    person: Person
    state: State
    version: int
    is_new: bool
    paused_until: datetime | None = None
    """A human operator has the talk till then."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where a person writes from."""

    id: int
    channel: str
    account: str
    sender: str
    created_at: datetime


_OPEN = (
    select(
        accounts.c.id,
        accounts.c.person_id,
        people.c.name,
        conversations.c.state,
        conversations.c.version,
        accounts.c.unreachable_at,
        accounts.c.paused_until,
    )
    .join(people, people.c.id == accounts.c.person_id)
    .join(conversations, conversations.c.account_id == accounts.c.id)
    .where(
        accounts.c.channel == bindparam("channel"),
        accounts.c.account == bindparam("account"),
        accounts.c.sender == bindparam("sender"),
    )
)
_SAVE = (
    update(conversations)
    .where(conversations.c.account_id == bindparam("of_account"))
    .values(
        state=bindparam("to_state"),
        version=conversations.c.version + 1,
        updated_at=bindparam("at"),
    )
)
_WROTE = (
    update(conversations)
    .where(conversations.c.account_id == bindparam("of_account"))
    .values(updated_at=bindparam("at"))
)
_REVIVE = (
    update(accounts)
    .where(accounts.c.id == bindparam("of_account"))
    .values(unreachable_at=None, unreachable_why="")
)
_RENAME = (
    update(people)
    .where(people.c.id == bindparam("of_person"))
    .values(name=bindparam("to"), name_key=bindparam("to_key"))
)


def lock(tx: Tx, channel: str, account: str, sender: str) -> None:
    """Keep other turns of this account waiting till the transaction ends; taken before all else."""
    tx.lock(f"{channel}:{account}:{sender}")


def lock_account(tx: Tx, account_id: int) -> None:
    """The same for who knows the account only by its number."""
    named = (accounts.c.channel, accounts.c.account, accounts.c.sender)
    lock(tx, *tx.execute(select(*named).where(accounts.c.id == account_id)).one())


def open_conversation(tx: Tx, channel: str, account: str, sender: str) -> Conversation:
    """The conversation of an account; made on first contact. `lock` it first."""
    where = {"channel": channel, "account": account, "sender": sender}
    row = tx.execute(_OPEN, where).one_or_none()
    if row is not None:
        person = Person(row.person_id, row.name or "")
        if row.unreachable_at is not None:
            # Whoever writes can be reached again.
            tx.execute(_REVIVE, {"of_account": row.id})
        return Conversation(
            row.id, person, row.state, row.version, is_new=False, paused_until=row.paused_until
        )
    person_id = tx.insert(people, {"name": None, "created_at": tx.now})
    account_id = tx.insert(accounts, {**where, "person_id": person_id, "created_at": tx.now})
    first = {"account_id": account_id, "state": {}, "version": 0, "updated_at": tx.now}
    tx.execute(insert(conversations), first)
    return Conversation(account_id, Person(person_id, ""), {}, 0, is_new=True)


def save_state(tx: Tx, account_id: int, state: State) -> None:
    """Keep where the conversation now stands."""
    tx.execute(_SAVE, {"of_account": account_id, "to_state": state, "at": tx.now})


def wrote(tx: Tx, account_id: int) -> None:
    """Something came from the account that leaves its conversation where it stands."""
    tx.execute(_WROTE, {"of_account": account_id, "at": tx.now})


def rename(tx: Tx, person: Person, name: str, name_key: str) -> None:
    """Keep the name a person gave for himself; the key is its FOLD form."""
    tx.execute(_RENAME, {"of_person": person.id, "to": name, "to_key": name_key})
    audit.record(tx, person.id, "person.named", f"person:{person.id}", name=(person.name, name))


def find_account(tx: Tx, channel: str, account: str, sender: str) -> int | None:
    """The id of an account, None when nobody ever wrote from it."""
    row = tx.execute(select(accounts.c.id).where(*_is(channel, account, sender))).one_or_none()
    return None if row is None else int(row.id)


def of_account(tx: Tx, account_id: int) -> int:
    """Whose account it is."""
    return int(
        tx.execute(select(accounts.c.person_id).where(accounts.c.id == account_id)).scalar_one()
    )


def person_of(tx: Tx, account_id: int) -> Person:
    """Who stands behind an account now."""
    row = tx.execute(
        select(people.c.id, people.c.name)
        .join(accounts, accounts.c.person_id == people.c.id)
        .where(accounts.c.id == account_id)
    ).one()
    return Person(row.id, row.name or "")


def channel_of(tx: Tx, account_id: int) -> str:
    """The channel of an account."""
    found = tx.execute(select(accounts.c.channel).where(accounts.c.id == account_id))
    return str(found.scalar_one())


def accounts_of(tx: Tx, person_id: int, limit: int) -> list[Account]:
    """The accounts of a person, the one he wrote from last in front."""
    rows = tx.execute(
        select(*(accounts.c[name] for name in Account.__dataclass_fields__))
        .join(conversations, conversations.c.account_id == accounts.c.id)
        .where(accounts.c.person_id == person_id)
        .order_by(conversations.c.updated_at.desc(), accounts.c.id.desc())
        .limit(limit)
    )
    return [Account(*row) for row in rows]


def let_go(tx: Tx, account: Account, *, by: Conversation) -> bool:
    """An account becomes somebody new without rights; what was told through it stays with `by`'s
    person, who hears of it in the chat he writes from. False when it is not another one of his.
    """
    lock(tx, account.channel, account.account, account.sender)
    if account.id == by.account_id or person_of(tx, account.id).id != by.person.id:
        return False
    alone = tx.insert(people, {"name": None, "created_at": tx.now})
    tx.execute(update(accounts).where(accounts.c.id == account.id).values(person_id=alone))
    # What he was in the middle of is his, not the new one's.
    tx.execute(_SAVE, {"of_account": account.id, "to_state": {}, "at": tx.now})
    of_his = {
        contributions: contributions.c.reporter_id,
        grants: grants.c.person_id,
        representations: representations.c.person_id,
        data_requests: data_requests.c.person_id,
        subscriptions: subscriptions.c.person_id,
        campaigns: campaigns.c.made_by,
    }
    for table, owner in of_his.items():
        tx.execute(
            update(table)
            .where(owner == by.person.id, table.c.account_id == account.id)
            .values(account_id=by.account_id)
        )
    # What was sent through it is his, and is erased with him.
    for table in (attachments, questions, fact_sheets):
        tx.execute(
            update(table).where(table.c.account_id == account.id).values(account_id=by.account_id)
        )
    audit.record(
        tx, by.person.id, "account.let_go", f"account:{account.id}", person=(by.person.id, alone)
    )
    return True


def note_reach(tx: Tx, *, channel: str, account: str, sender: str, why: str, at: datetime) -> None:
    """Keep why nothing has reached an account since `at`, "" when it can be reached again. Unknown
    ones are not made for it, and who has written since can be reached: the news is an old one."""
    has_written = exists().where(
        conversations.c.account_id == accounts.c.id, conversations.c.updated_at > at
    )
    told = {"unreachable_at": tx.now if why else None, "unreachable_why": why}
    is_his = _is(channel, account, sender)
    tx.execute(update(accounts).where(*is_his, ~has_written).values(told))


def pause(tx: Tx, *, channel: str, account: str, sender: str, until: datetime) -> None:
    """A human operator talks to this account till then: the bot keeps silent."""
    tx.execute(update(accounts).where(*_is(channel, account, sender)).values(paused_until=until))


def _is(channel: str, account: str, sender: str) -> list[ColumnElement[bool]]:
    whose = {"channel": channel, "account": account, "sender": sender}
    return [accounts.c[name] == value for name, value in whose.items()]


def name_of(tx: Tx, person_id: int) -> str:
    """A person's name, "" when never told."""
    row = tx.execute(select(people.c.name).where(people.c.id == person_id)).one()
    return row.name or ""


def find_name(tx: Tx, person_id: int) -> str:
    """A person's name, "" when never told or when there is no such person."""
    return tx.execute(select(people.c.name).where(people.c.id == person_id)).scalar() or ""
