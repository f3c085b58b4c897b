"""The disk fills up in the middle of a batch: whoever was acknowledged is kept, and only he.

`max_page_count` on the writer's connections stands for the disk: SQLite then fails as on a full
one. The writer is held while a batch queues up, so the turns meet the limit in one transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine as SqlEngine
from sqlalchemy import Table, event, func, select, text

from bot.engine import Engine, Taken
from handlers.messages import Message
from handlers.turn import World
from storage.database import Database, Tx
from storage.errors import DatabaseAway
from storage.schema import accounts, dead_letters, outbox, received
from storage.writer import MAX_BATCH, Outcome
from tests.conftest import Fresh, HandClock

TURNS = 2 * MAX_BATCH
PAGES_LEFT = 6
"""Enough for the first turns of a batch, too few for all: one writes several rows."""
PLENTY = 2**31
PATIENCE = 60.0
"""Seconds after which a writer that never answers fails the test instead of hanging it."""


class Disk:
    """How many pages the writer's next connections may use; readers are not limited."""

    def __init__(self) -> None:
        self.pages = PLENTY

    def prepare(self, raw: Any, _record: object) -> None:
        """Limit a new connection."""
        cursor = raw.cursor()
        cursor.execute(f"PRAGMA max_page_count={self.pages}")
        cursor.close()


@pytest.fixture
def disk() -> Iterator[Disk]:
    """A disk with room, for every connection made meanwhile."""
    made = Disk()
    event.listen(SqlEngine, "connect", made.prepare)
    yield made
    event.remove(SqlEngine, "connect", made.prepare)


@pytest.fixture
def engine(disk: Disk, fresh_url: Fresh, world: World, clock: HandClock) -> Iterator[Engine]:
    """An engine on a fresh SQLite store on that disk."""
    opened = Engine(Database(fresh_url("sqlite")), world, clock)
    yield opened
    opened.close()


def _message(number: int, clock: HandClock) -> Message:
    return Message("web", "web", f"{number:064x}", "e1", clock(), text="báo góp tiền")


def _in_one_go(engine: Engine, messages: list[Message]) -> list[Outcome]:
    """Submit all while the writer is held, so that they meet in transactions of `MAX_BATCH`."""
    entered, release, all_done = threading.Event(), threading.Event(), threading.Event()
    outcomes: dict[int, Outcome] = {}

    def hold(_tx: Tx) -> None:
        entered.set()
        release.wait()

    def done(number: int, outcome: Outcome) -> None:
        outcomes[number] = outcome
        if len(outcomes) == len(messages):
            all_done.set()

    engine.writer.submit(hold, lambda _outcome: None)
    assert entered.wait(PATIENCE)
    for number, message in enumerate(messages):
        engine.submit(message, b"{}", partial(done, number))
    release.set()
    assert all_done.wait(PATIENCE)
    return [outcomes[number] for number in range(len(messages))]


def _limit(engine: Engine, disk: Disk, room: int | None) -> None:
    """Leave `room` pages on the disk, all there is when None."""

    def set_limit(tx: Tx) -> int:
        used = int(tx.execute(text("PRAGMA page_count")).scalar_one())
        pages = PLENTY if room is None else used + room
        tx.execute(text(f"PRAGMA max_page_count={pages}"))
        return pages

    disk.pages = engine.writer.run(set_limit)


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store holds after a run."""

    senders: set[str]
    events: int
    messages: int
    dead: int
    intact: bool


def _stored(engine: Engine, clock: HandClock) -> Stored:
    """Read while the disk may still be full: reading needs no room."""
    with engine.database.reading(clock()) as tx:

        def count(table: Table) -> int:
            return int(tx.execute(select(func.count()).select_from(table)).scalar_one())

        return Stored(
            {str(row.sender) for row in tx.execute(select(accounts.c.sender))},
            count(received),
            count(outbox),
            count(dead_letters),
            tx.execute(text("PRAGMA integrity_check")).scalar_one() == "ok",
        )


def test_who_was_acknowledged_on_a_full_disk_is_kept_and_nobody_else(
    engine: Engine, disk: Disk, clock: HandClock
) -> None:
    messages = [_message(number, clock) for number in range(TURNS)]
    _limit(engine, disk, PAGES_LEFT)
    outcomes = _in_one_go(engine, messages)
    acknowledged = {
        message.sender
        for message, outcome in zip(messages, outcomes, strict=True)
        if outcome.error is None
    }
    assert 0 < len(acknowledged) < TURNS
    refused = [outcome.error for outcome in outcomes if outcome.error is not None]
    assert all(isinstance(error, DatabaseAway) for error in refused)
    count = len(acknowledged)
    assert _stored(engine, clock) == Stored(acknowledged, count, count, dead=0, intact=True)


def test_when_there_is_room_again_the_redelivery_completes_everything_once(
    engine: Engine, disk: Disk, clock: HandClock
) -> None:
    messages = [_message(number, clock) for number in range(TURNS)]
    _limit(engine, disk, PAGES_LEFT)
    first = _in_one_go(engine, messages)
    _limit(engine, disk, None)
    again = _in_one_go(engine, messages)
    assert [_taken(outcome) for outcome in again] == [
        "repeat" if outcome.error is None else "done" for outcome in first
    ]
    senders = {message.sender for message in messages}
    assert _stored(engine, clock) == Stored(senders, TURNS, TURNS, dead=0, intact=True)


def _taken(outcome: Outcome) -> str:
    assert isinstance(outcome.value, Taken), outcome.error
    return outcome.value.outcome
