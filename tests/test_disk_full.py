"""The disk fills in the middle of a batch: nothing acknowledged is missing, nothing comes twice.

SQLite's own page limit stands in for the disk: beyond it every write fails with the very error of
a full disk, and here too SQLite rolls the whole transaction back underneath the savepoints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import pytest
from sqlalchemy import event, func, insert, literal, select, text, union_all

from bot.engine import Engine, Taken
from handlers import router
from handlers.messages import Message
from handlers.turn import Turn, World
from storage import audit, outbox, people
from storage.database import Database, Tx
from storage.errors import DatabaseAway
from storage.schema import audit as audit_table
from storage.schema import conversations, dead_letters
from storage.schema import outbox as outbox_table
from storage.schema import received as received_table
from storage.writer import Outcome
from tests.conftest import START, Fresh, HandClock
from tests.stock import PATIENCE, held

LONG = "đường vào bản " * 150
"""Three kilobytes, most of a page, so that a few turns fill what is left."""
TURNS = 64


@dataclass(slots=True)
class Disk:
    """An engine, and how much room its database has."""

    engine: Engine
    pages: int | None = None
    """How large the file may become; None is as large as it wants."""

    def leave(self, pages: int) -> None:
        """From now on the file may grow by no more than this."""
        with self.engine.database.reading(START) as tx:
            now = int(tx.execute(text("PRAGMA page_count")).scalar() or 0)
        self.pages = now + pages

    def free(self) -> None:
        """Somebody has made room."""
        self.pages = None

    def deliver(self, messages: list[Message]) -> dict[str, Outcome]:
        """All of them as one batch; what was said of each event."""
        told: SimpleQueue[tuple[str, Outcome]] = SimpleQueue()

        def then(event_id: str) -> Callable[[Outcome], None]:
            return lambda outcome: told.put((event_id, outcome))

        with held(self.engine.writer):
            for one in messages:
                self.engine.submit(one, b"raw", then(one.event_id))
        return dict(told.get(timeout=PATIENCE) for _ in messages)

    def read(self, statement: Any) -> list[Any]:
        """What a reader sees."""
        with self.engine.database.reading(START) as tx:
            return list(tx.execute(statement).scalars())


@pytest.fixture
def disk(fresh_url: Fresh, world: World, clock: HandClock) -> Iterator[Disk]:
    """An engine on SQLite, on a disk whose size can be set."""
    database = Database(fresh_url("sqlite"))
    one = Disk(Engine(database, world, clock))
    with database.connect_for_writing() as connection:
        writing = connection.engine

    @event.listens_for(writing, "begin", insert=True)
    def _limit(connection: Any) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {one.pages or 2**30}")

    yield one
    one.engine.close()


def _answer(turn: Turn) -> None:
    """A handler that leaves a state, an audit row and a reply."""
    turn.state["count"] = turn.state.get("count", 0) + 1
    people.save_state(turn.tx, turn.conversation.account_id, turn.state)
    audit.record(turn.tx, turn.person.id, "test", "person:1", text=(None, LONG))
    said = {"text": f"{turn.message.text} {LONG}", "choices": []}
    outbox.put(turn.tx, turn.conversation.account_id, "reply", [said])


def _messages() -> list[Message]:
    return [
        Message("terminal", "test", f"người {number}", f"e{number}", START, f"câu {number}")
        for number in range(TURNS)
    ]


def _taken(told: dict[str, Outcome]) -> set[str]:
    """The events that were acknowledged. Whatever else was said must be "away"."""
    assert all(
        isinstance(one.error, DatabaseAway) for one in told.values() if one.error is not None
    )
    return {name for name, one in told.items() if one.error is None}


def _heard(disk: Disk) -> list[str]:
    """The events whose replies are stored; each event n was said as "câu n"."""
    bodies = disk.read(select(outbox_table.c.body).order_by(outbox_table.c.id))
    return [f"e{body['text'].split()[1]}" for body in bodies]


@pytest.mark.parametrize("pages", [0, 1, 40, 90])
def test_nothing_acknowledged_is_missing_and_nothing_comes_twice(
    disk: Disk, pages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "handle", _answer)
    before = Message("terminal", "test", "người 0", "before", START, "câu before")
    disk.engine.take(before, b"raw")
    disk.leave(pages)
    told = disk.deliver(_messages())
    taken = _taken(told)
    assert len(taken) < TURNS
    assert sorted(_heard(disk)) == sorted({*taken, "ebefore"})
    assert len(disk.read(select(received_table.c.key))) == len(taken) + 1
    assert disk.read(select(dead_letters.c.id)) == []

    # Once more while it is full: still nobody is told what is not so.
    taken |= _taken(disk.deliver(_messages()))
    assert sorted(_heard(disk)) == sorted({*taken, "ebefore"})

    disk.free()
    again = disk.deliver(_messages())
    assert _taken(again) == {f"e{number}" for number in range(TURNS)}
    repeats = {name for name, one in again.items() if one.value == Taken(None, "repeat")}
    assert repeats == taken
    assert sorted(_heard(disk)) == sorted([f"e{number}" for number in range(TURNS)] + ["ebefore"])
    with disk.engine.database.reading(START) as tx:
        assert list(audit.verify(tx)) == []
        assert tx.execute(text("PRAGMA integrity_check")).scalar() == "ok"


def test_readers_answer_while_the_disk_is_full(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "handle", _answer)
    first = Message("terminal", "test", "Páo", "first", START, "câu first")
    disk.engine.take(first, b"raw")
    disk.leave(0)
    seen: list[list[str]] = []

    def look(turn: Turn) -> None:
        _answer(turn)
        seen.append(_heard(disk))

    monkeypatch.setattr(router, "handle", look)
    assert _taken(disk.deliver(_messages()[:3])) == set()
    assert _heard(disk) == ["efirst"]
    # Whoever reads during a turn sees what is committed and no more.
    assert all(one == ["efirst"] for one in seen)


def test_a_turn_too_large_for_the_disk_stops_nobody_else(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def handle(turn: Turn) -> None:
        _answer(turn)
        if turn.message.event_id == "e1":
            for _ in range(60):
                outbox.put(turn.tx, turn.conversation.account_id, "reply", [{"text": LONG}])

    monkeypatch.setattr(router, "handle", handle)
    disk.leave(40)
    told = disk.deliver(_messages()[:3])
    assert _taken(told) == {"e0", "e2"}
    assert sorted(_heard(disk)) == ["e0", "e2"]


# handlers that hide the fault


def _quiet(turn: Turn) -> None:
    with suppress(Exception):
        _answer(turn)


def _quiet_and_busy(turn: Turn) -> None:
    """After the fault SQLite is outside any transaction: these writes would stand on their own."""
    try:
        _answer(turn)
    except Exception:
        with suppress(Exception):
            people.save_state(turn.tx, turn.conversation.account_id, {"stray": True})


def _many_rows(turn: Turn) -> None:
    """A statement of many rows: SQLite undoes only the statement and keeps the transaction."""
    kept = {"key": b"k", "raw": LONG.encode(), "error": LONG, "at": START}
    columns = [literal(value, dead_letters.c[name].type) for name, value in kept.items()]
    rows = union_all(*(select(*columns) for _ in range(40)))
    with suppress(Exception):
        turn.tx.execute(insert(dead_letters).from_select(list(kept), rows))
    people.save_state(turn.tx, turn.conversation.account_id, {"as if": "nothing had happened"})


@pytest.mark.parametrize("pages", [0, 8])
@pytest.mark.parametrize("handle", [_quiet, _quiet_and_busy, _many_rows])
def test_a_handler_that_hides_the_fault_is_not_acknowledged(
    disk: Disk, handle: Callable[[Turn], None], pages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "handle", _answer)
    first = Message("terminal", "test", "người 0", "first", START, "câu first")
    disk.engine.take(first, b"raw")
    disk.leave(pages)
    monkeypatch.setattr(router, "handle", handle)
    messages = _messages()
    taken = _taken(disk.deliver(messages))
    # A turn that found room is taken, whole; of the others there is no trace.
    assert len(disk.read(select(received_table.c.key))) == len(taken) + 1
    assert {"stray": True} not in disk.read(select(conversations.c.state))
    recorded = disk.read(select(audit_table.c.seq).where(audit_table.c.action == "test"))
    assert len(recorded) == len(_heard(disk))
    if handle is _many_rows:
        assert taken == set()
    else:
        assert sorted(_heard(disk)) == sorted({*taken, "efirst"})
        assert len(taken) < TURNS
    disk.free()
    monkeypatch.setattr(router, "handle", _answer)
    assert len(_taken(disk.deliver(messages))) == TURNS
    assert len(disk.read(select(received_table.c.key))) == TURNS + 1


def test_a_write_that_is_no_turn_fails_as_plainly(disk: Disk) -> None:
    def work(tx: Tx) -> None:
        for number in range(60):
            who = people.open_conversation(tx, "terminal", "test", f"người {number}")
            outbox.put(tx, who.account_id, "push", [{"text": LONG}])

    disk.leave(10)
    with pytest.raises(DatabaseAway):
        disk.engine.writer.run(work)
    assert disk.read(select(func.count()).select_from(outbox_table)) == [0]
    disk.free()
    disk.engine.writer.run(work)
    assert disk.read(select(func.count()).select_from(outbox_table)) == [60]
