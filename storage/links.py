"""Linking (liên kết): a one-time code shown in one chat and typed in another joins the two.

A code has ten of 32 letters, 50 bits: short enough to be typed from one telephone into another. It
lives ten minutes, works once, only the newest of an account counts, and only its hash is stored; a
thousand guesses a second for its whole life would find one in two billion.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, select, update

from storage import audit, people
from storage.database import Tx
from storage.merging import merge
from storage.people import Person
from storage.schema import accounts, links
from storage.schema import people as people_table

LIFE = timedelta(minutes=10)
LENGTH = 10
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_GROUPS = 2
_MEANT = re.compile(r"(?=.*[0-9])[0-9A-Za-z]{8,12}")
MOST_ACCOUNTS = 4
"""A line each in one message; hardly anybody uses more chats than that."""


@dataclass(frozen=True, slots=True)
class Link:
    """A live code: which account showed it, and who stands behind that account."""

    id: int
    account_id: int
    person: Person


def offer(tx: Tx, account_id: int, *, before: int = 0) -> tuple[int, str]:
    """Make a code for an account; its id and the code. The one `before` it counts no more."""
    tx.execute(
        update(links)
        .where(links.c.id == before, links.c.account_id == account_id, links.c.used_at.is_(None))
        .values(used_at=tx.now)
    )
    code = _new_code()
    row = {
        "code_hash": _hash(code),
        "account_id": account_id,
        "created_at": tx.now,
        "expires_at": tx.now + LIFE,
    }
    made = tx.insert(links, row)
    audit.record(tx, people.person_of(tx, account_id).id, "link.offered", f"link:{made}")
    return made, code


def find(tx: Tx, code: str) -> Link | None:
    """The link a code opens, None when it is unknown, used or expired."""
    return _live(tx, links.c.code_hash == _hash(code))


def get(tx: Tx, link_id: int) -> Link | None:
    """The link of this id while it is unused and unexpired."""
    return _live(tx, links.c.id == link_id)


def redeem(tx: Tx, link: Link, account_id: int) -> Person | None:
    """Join the person behind `account_id` into the one behind the link; whom all are now.

    None when somebody was quicker, the code expired, or somebody behind it changed meanwhile.
    Every account concerned is locked, so that no turn goes on under a person who is gone.
    """
    joining = people.person_of(tx, account_id)
    concerned = [
        *people.accounts_of(tx, joining.id, MOST_ACCOUNTS),
        *people.accounts_of(tx, link.person.id, MOST_ACCOUNTS),
    ]
    for one in sorted(concerned, key=lambda account: account.id):
        people.lock(tx, one.channel, one.account, one.sender)
    kept, gone = people.person_of(tx, link.account_id), people.person_of(tx, account_id)
    if (kept.id, gone.id) != (link.person.id, joining.id) or kept.id == gone.id:
        return None
    if len(concerned) > MOST_ACCOUNTS:
        return None
    used = tx.execute(
        update(links)
        .where(links.c.id == link.id, links.c.used_at.is_(None), links.c.expires_at > tx.now)
        .values(used_at=tx.now)
    )
    if used.rowcount != 1:
        return None
    merge(tx, gone, kept)
    return people.person_of(tx, link.account_id)


def looks_like_code(text: str) -> bool:
    """Whether somebody means a code, be it a wrong one, and does not talk of linking something."""
    return len(text.split()) <= _GROUPS and _MEANT.fullmatch("".join(text.split())) is not None


def _new_code() -> str:
    code = ""
    # A digit tells a code from two words of five letters.
    while not any(char.isdigit() for char in code):
        code = "".join(secrets.choice(_LETTERS) for _ in range(LENGTH))
    return f"{code[: LENGTH // _GROUPS]} {code[LENGTH // _GROUPS :]}"


def _live(tx: Tx, which: ColumnElement[bool]) -> Link | None:
    row = tx.execute(
        select(links.c.id, links.c.account_id, people_table.c.id, people_table.c.name)
        .join(accounts, accounts.c.id == links.c.account_id)
        .join(people_table, people_table.c.id == accounts.c.person_id)
        .where(which, links.c.used_at.is_(None), links.c.expires_at > tx.now)
    ).one_or_none()
    return None if row is None else Link(row[0], row[1], Person(row[2], row[3] or ""))


def _hash(code: str) -> str:
    return hashlib.sha256("".join(code.split()).lower().encode()).hexdigest()
