"""Rows for storage tests: people, officers and reports, put in place without a conversation."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import TypeVar

from storage import contributions, grants, people
from storage.contributions import Contribution, NewContribution
from storage.database import Database, Tx
from storage.grants import Grant
from storage.people import Conversation
from storage.writer import Writer

T = TypeVar("T")
HERE, ELSEWHERE = "old:3412", "old:3394"
"""Two communes' keys; storage does not know which."""
PATIENCE = 20.0
"""Seconds after which a thread is taken to hang: far beyond anything a test needs."""

MONEY = NewContribution(
    kind="money",
    contributor_kind="individual",
    contributor_name="Giàng A Páo",
    contributor_id=None,
    place=HERE,
    village="Bản Nà Đon",
    purpose="Làm đường bản",
    made_on=date(2025, 1, 1),
    told_vnd=2_500_000,
)

_numbers = itertools.count(1)


def villager(tx: Tx, sender: str | None = None) -> Conversation:
    """Somebody's conversation, made when there is none; without a name, somebody new."""
    return people.open_conversation(tx, "terminal", "test", sender or f"người-{next(_numbers)}")


def officer(tx: Tx, sender: str | None = None, place: str = HERE) -> Grant:
    """A commune officer by invitation."""
    who = villager(tx, sender)
    token = grants.invite(tx, "commune_officer", place, by=None)
    invitation = grants.find_invitation(tx, token)
    assert invitation is not None
    grant = grants.redeem(tx, invitation, who.person, who.account_id)
    assert grant is not None
    return grant


def report(tx: Tx, by: Conversation | None = None, **changes: object) -> Contribution:
    """A submitted report of money."""
    who = by or villager(tx)
    new = replace(MONEY, **changes)  # type: ignore[arg-type]  # its own fields, given by name
    return contributions.submit(tx, new, reporter_id=who.person.id, account_id=who.account_id)


def at_once(tasks: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """Run every task on a thread of its own, all let go together; what each gave or raised."""
    gate = threading.Barrier(len(tasks))
    outcomes: list[T | Exception] = [TimeoutError("hangs")] * len(tasks)

    def run(number: int, task: Callable[[], T]) -> None:
        gate.wait(PATIENCE)
        try:
            outcomes[number] = task()
        except Exception as fault:
            outcomes[number] = fault

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return outcomes


@contextmanager
def opened(url: str, many: int = 1) -> Iterator[list[Database]]:
    """Several programs' views of one store, closed at the end."""
    databases = [Database(url) for _ in range(many)]
    try:
        yield databases
    finally:
        for one in databases:
            one.dispose()


@contextmanager
def held(writer: Writer) -> Iterator[None]:
    """The (first) writing thread is busy meanwhile, so that what is submitted waits together."""
    inside, gate = threading.Event(), threading.Event()

    def work(_tx: Tx) -> None:
        inside.set()
        gate.wait(PATIENCE)

    writer.submit(work, lambda _outcome: None)
    assert inside.wait(PATIENCE)
    try:
        yield
    finally:
        gate.set()
