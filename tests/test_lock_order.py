"""Who is to be told is locked in one order on PostgreSQL: nobody waits for who waits for him."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from storage import delivery, outbox, people
from storage.database import Database, Tx
from storage.delivery import Settled
from tests.conftest import START, Fresh
from tests.stock import opened

CHANNEL = "telegram"
LATER = START + timedelta(seconds=1)
AFTER_THE_LEASE = LATER + delivery.LEASE


@pytest.fixture
def database(fresh_url: Fresh) -> Iterator[Database]:
    """A PostgreSQL store."""
    with opened(fresh_url("postgresql")) as [one]:
        yield one


def _account(tx: Tx, sender: str) -> int:
    return people.open_conversation(tx, CHANNEL, "x", sender).account_id


def _say(tx: Tx, account_id: int, text: str = "tin") -> None:
    outbox.put(tx, account_id, "push", [{"text": text, "choices": []}])


def _held(database: Database) -> list[int]:
    """Takes the leases of all; their accounts in the order they are to be settled in, reversed."""
    with database.writing(LATER) as tx:
        return sorted(
            (one.account_id for one in delivery.claim(tx, CHANNEL, "me", 9)), reverse=True
        )


@contextmanager
def _locked(database: Database) -> Iterator[list[int]]:
    """The accounts whose leases are locked to be settled, in order."""
    seen: list[int] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_more: Any) -> None:
        if statement.endswith("FOR UPDATE"):
            seen.append(values["of_account"])

    event.listen(database._write, "before_cursor_execute", note)
    yield seen
    event.remove(database._write, "before_cursor_execute", note)


def test_two_turns_that_tell_the_same_people_wait_for_nobody(database: Database) -> None:
    with database.writing(START) as tx:
        one, other = _account(tx, "páo"), _account(tx, "mỷ")
    with database.writing(LATER) as second, database.writing(LATER) as first:
        _say(first, one, "first")
        _say(second, other, "second")
        # Had the second kept the other already, each would now wait for the other for good.
        _say(first, other, "first")
        _say(second, one, "second")
    with database.writing(AFTER_THE_LEASE) as tx:
        claimed = delivery.claim(tx, CHANNEL, "me", 9)
    told = {each.account_id: [row.body["text"] for row in each.rows] for each in claimed}
    # In the order of their commits: what is told later must have the higher number.
    assert told == {one: ["first", "second"], other: ["first", "second"]}


def test_what_many_are_told_waits_for_nobody_either(database: Database) -> None:
    """A day's reminders are one push for all who are told alike, in no order of accounts."""
    body = {"text": "tin", "choices": []}
    with database.writing(START) as tx:
        one, other = _account(tx, "páo"), _account(tx, "mỷ")
    with database.writing(LATER) as turn, database.writing(LATER) as reminders:
        outbox.push_to_all(reminders, [other], body)
        _say(turn, one)
        outbox.push_to_all(reminders, [one], body)
        _say(turn, other)
    with database.writing(AFTER_THE_LEASE) as tx:
        claimed = delivery.claim(tx, CHANNEL, "me", 9)
    assert {each.account_id: len(each.rows) for each in claimed} == {one: 2, other: 2}


def test_what_came_of_leases_is_recorded_in_the_same_order(database: Database) -> None:
    with database.writing(START) as tx:
        told = [_account(tx, sender) for sender in "abcde"]
        for account_id in reversed(told):
            _say(tx, account_id)
    backwards = _held(database)
    with _locked(database) as locked, database.writing(LATER) as tx:
        delivery.settle(tx, "me", [Settled(account_id) for account_id in backwards])
    assert (sorted(backwards), locked) == (told, told)
