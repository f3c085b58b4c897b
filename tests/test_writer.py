"""The writer: batches, savepoints, who is told what when work or the database fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from storage import audit, outbox, timers
from storage.database import Database, Tx
from storage.errors import DatabaseAway
from storage.schema import timers as timers_table
from storage.writer import MAX_BATCH, Done, Outcome, Writer
from tests.conftest import START, Fresh, HandClock
from tests.stock import PATIENCE, held, opened, villager


@dataclass(slots=True)
class Desk:
    """A writer, and what its callers were told, in the order they were told."""

    database: Database
    writer: Writer
    told: SimpleQueue[tuple[object, Outcome]] = field(default_factory=SimpleQueue)

    def submit(self, name: object, work: Callable[[Tx], Any], **how: Any) -> None:
        """Submit and go on."""
        self.writer.submit(work, lambda outcome: self.told.put((name, outcome)), **how)

    def outcomes(self, count: int) -> dict[object, Outcome]:
        """Wait for this many outcomes."""
        return dict(self.told.get(timeout=PATIENCE) for _ in range(count))

    def held(self) -> AbstractContextManager[None]:
        """While inside, what is submitted waits together."""
        return held(self.writer)

    def planned(self) -> set[str]:
        """The subjects of all timers: what the pieces of work below leave behind."""
        with self.database.reading(START) as tx:
            return set(tx.execute(select(timers_table.c.subject)).scalars())


@contextmanager
def _desk(database: Database) -> Iterator[Desk]:
    writer = Writer(database, HandClock())
    try:
        yield Desk(database, writer)
    finally:
        writer.close()


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    """A desk on either store."""
    with _desk(database) as one:
        yield one


@pytest.fixture
def sqlite_desk(fresh_url: Fresh) -> Iterator[Desk]:
    """A desk on SQLite."""
    with opened(fresh_url("sqlite")) as [database], _desk(database) as one:
        yield one


@pytest.fixture
def postgres_desk(fresh_url: Fresh) -> Iterator[Desk]:
    """A desk on PostgreSQL."""
    with opened(fresh_url("postgresql")) as [database], _desk(database) as one:
        yield one


def _plan(name: str) -> Callable[[Tx], str]:
    def work(tx: Tx) -> str:
        assert timers.plan(tx, "test", name, START)
        return name

    return work


def _plan_and_raise(name: str, fault: Exception) -> Callable[[Tx], str]:
    def work(tx: Tx) -> str:
        audit.record(tx, "operator", "test", f"x:{name}")
        timers.plan(tx, "test", name, START)
        raise fault

    return work


@contextmanager
def _counted(database: Database, what: str) -> Iterator[list[None]]:
    with database.connect_for_writing() as connection:
        engine = connection.engine
    seen: list[None] = []

    def listener(_connection: object) -> None:
        seen.append(None)

    event.listen(engine, what, listener)
    yield seen
    event.remove(engine, what, listener)


# batches


def test_64_waiting_pieces_are_one_commit(sqlite_desk: Desk) -> None:
    names = [f"piece {number}" for number in range(MAX_BATCH)]
    with _counted(sqlite_desk.database, "commit") as commits:
        with sqlite_desk.held():
            for name in names:
                sqlite_desk.submit(name, _plan(name))
        told = sqlite_desk.outcomes(MAX_BATCH)
        assert len(commits) == 2
    assert {name: one.value for name, one in told.items()} == {name: name for name in names}
    assert sqlite_desk.planned() == set(names)


def test_more_than_64_wait_for_the_next_commit(sqlite_desk: Desk) -> None:
    with _counted(sqlite_desk.database, "commit") as commits:
        with sqlite_desk.held():
            for number in range(2 * MAX_BATCH + 1):
                sqlite_desk.submit(number, _plan(f"piece {number}"))
        sqlite_desk.outcomes(2 * MAX_BATCH + 1)
        assert len(commits) == 4


def test_one_commit_is_handed_over_at_once(sqlite_desk: Desk) -> None:
    sizes: list[int] = []

    def hand_over(done: Done) -> None:
        sizes.append(len(done))
        for then, outcome in done:
            then(outcome)

    sqlite_desk.writer.hand_over = hand_over
    with sqlite_desk.held():
        for number in range(10):
            sqlite_desk.submit(number, _plan(f"piece {number}"))
    sqlite_desk.outcomes(10)
    assert sizes == [1, 10]


def test_on_postgresql_it_is_one_piece_a_commit(postgres_desk: Desk) -> None:
    with _counted(postgres_desk.database, "commit") as commits:
        for number in range(10):
            postgres_desk.submit(number, _plan(f"piece {number}"), lane=str(number))
        postgres_desk.outcomes(10)
        assert len(commits) == 10


def test_nobody_hears_before_the_commit(desk: Desk) -> None:
    order: list[str] = []
    with desk.database.connect_for_writing() as connection:
        engine = connection.engine
    with desk.held():
        event.listen(engine, "commit", lambda _connection: order.append("commit"))
        for number in range(3):
            desk.writer.submit(_plan(f"p{number}"), lambda _outcome: order.append("told"))
    desk.writer.close()
    before = [order[:at].count("commit") for at, what in enumerate(order) if what == "told"]
    assert before == ([2, 2, 2] if desk.database.is_sqlite else [2, 3, 4])


def test_a_lane_keeps_its_order(desk: Desk) -> None:
    done: dict[str, list[int]] = {f"lane {name}": [] for name in "abcdef"}

    def append(lane: str, number: int) -> Callable[[Tx], None]:
        def work(tx: Tx) -> None:
            timers.plan(tx, "test", f"{lane} {number}", START)
            done[lane].append(number)

        return work

    for number in range(20):
        for lane in done:
            desk.submit((lane, number), append(lane, number), lane=lane)
    told = desk.outcomes(20 * len(done))
    assert all(one.error is None for one in told.values())
    assert all(numbers == list(range(20)) for numbers in done.values())


def test_closing_finishes_what_was_submitted(database: Database) -> None:
    writer = Writer(database, HandClock())
    told: SimpleQueue[Outcome] = SimpleQueue()
    for number in range(100):
        writer.submit(_plan(f"piece {number}"), told.put, lane=str(number))
    writer.close()
    assert [told.get_nowait().error for _ in range(100)] == [None] * 100


def test_whose_outbox_grew_is_told(desk: Desk) -> None:
    def work(tx: Tx) -> int:
        who = villager(tx)
        outbox.put(tx, who.account_id, "reply", [{"text": "chào", "choices": []}])
        return who.account_id

    desk.submit("a", work)
    desk.submit("b", _plan("nothing to say"))
    told = desk.outcomes(2)
    assert told["a"].woken == {told["a"].value}
    assert told["b"].woken == frozenset()


# work that fails


def test_work_that_raises_is_undone_alone(desk: Desk) -> None:
    fault = KeyError("mine")
    with desk.held():
        desk.submit("before", _plan("before"))
        desk.submit("broken", _plan_and_raise("broken", fault))
        desk.submit("after", _plan("after"))
    told = desk.outcomes(3)
    assert told["broken"].error is fault
    assert told["before"].error is told["after"].error is None
    assert desk.planned() == {"before", "after"}
    with desk.database.reading(START) as tx:
        assert list(audit.verify(tx)) == []


def test_a_rescue_stands_in_for_what_was_undone(desk: Desk) -> None:
    fault = ValueError("mine")

    def rescue(tx: Tx, why: Exception) -> str:
        timers.plan(tx, "test", "rescued", START)
        return f"rescued from {why}"

    desk.submit("broken", _plan_and_raise("broken", fault), rescue=rescue)
    told = desk.outcomes(1)
    assert told["broken"].value == "rescued from mine"
    assert desk.planned() == {"rescued"}


@pytest.mark.parametrize("statement", [
    "INSERT INTO timers (kind, subject, key, due_at, done) SELECT kind, subject, key, due_at, done"
    " FROM timers",
    "INSERT INTO audit (seq, at) VALUES (1, NULL)",
])  # fmt: skip
def test_a_broken_rule_is_the_works_own_fault(desk: Desk, statement: str) -> None:
    desk.submit("first", _plan("first"))
    desk.outcomes(1)
    with desk.held():
        desk.submit("before", _plan("before"))
        desk.submit("broken", lambda tx: tx.execute(text(statement)))
        desk.submit("after", _plan("after"))
    told = desk.outcomes(3)
    assert isinstance(told["broken"].error, IntegrityError)
    assert desk.planned() == {"first", "before", "after"}


def test_a_broken_rule_that_is_swallowed_blocks_nobody_for_ever(desk: Desk) -> None:
    """On PostgreSQL it spoils the transaction: the piece is at fault, not the database."""

    def work(tx: Tx) -> str:
        with suppress(Exception):
            tx.execute(text("INSERT INTO audit (seq, at) VALUES (1, NULL)"))
        timers.plan(tx, "test", "broken", START)
        return "as if nothing had happened"

    def rescue(tx: Tx, _why: Exception) -> str:
        timers.plan(tx, "test", "rescued", START)
        return "rescued"

    desk.submit("broken", work, rescue=rescue)
    outcome = desk.outcomes(1)["broken"]
    assert outcome.error is None
    assert desk.planned() in ({"broken"}, {"rescued"})


def test_a_rescue_that_fails_is_told_and_stops_nobody(desk: Desk) -> None:
    def rescue(_tx: Tx, why: Exception) -> str:
        raise TypeError("the rescue too") from why

    with desk.held():
        desk.submit("before", _plan("before"))
        desk.submit("broken", _plan_and_raise("broken", KeyError()), rescue=rescue)
        desk.submit("after", _plan("after"))
    told = desk.outcomes(3)
    assert told["broken"].error is not None
    assert told["before"].error is told["after"].error is None
    assert desk.planned() == {"before", "after"}


# the database fails


def _broken_disk() -> OperationalError:
    return OperationalError("INSERT", {}, Exception("disk I/O error"))


def test_a_database_fault_acknowledges_nobody_and_all_run_again(sqlite_desk: Desk) -> None:
    attempts: list[str] = []

    def work(name: str, fails: int) -> Callable[[Tx], str]:
        def run(tx: Tx) -> str:
            attempts.append(name)
            timers.plan(tx, "test", name, START)
            if attempts.count(name) <= fails:
                raise _broken_disk()
            return name

        return run

    rescued: list[Exception] = []
    with _counted(sqlite_desk.database, "commit") as commits:
        with sqlite_desk.held():
            for name, fails in (("a", 0), ("b", 1), ("c", 0), ("d", 0)):
                sqlite_desk.submit(
                    name, work(name, fails), rescue=lambda _tx, why: rescued.append(why)
                )
        told = sqlite_desk.outcomes(4)
        assert len(commits) == 5
    assert attempts == ["a", "b", "a", "b", "c", "d"]
    assert all(one.error is None for one in told.values())
    assert sqlite_desk.planned() == {"a", "b", "c", "d"}
    assert rescued == []


def test_what_fails_again_alone_is_away_and_the_others_stand(desk: Desk) -> None:
    rescued: list[Exception] = []

    def broken(tx: Tx) -> None:
        timers.plan(tx, "test", "broken", START)
        raise _broken_disk()

    with desk.held():
        desk.submit("before", _plan("before"))
        desk.submit("broken", broken, rescue=lambda _tx, why: rescued.append(why))
        desk.submit("after", _plan("after"))
    told = desk.outcomes(3)
    assert isinstance(told["broken"].error, DatabaseAway)
    assert told["before"].error is told["after"].error is None
    assert desk.planned() == {"before", "after"}
    assert rescued == []


def test_a_failing_commit_acknowledges_nobody(desk: Desk) -> None:
    with desk.database.connect_for_writing() as connection:
        engine = connection.engine
    full = [False]

    def refuse(_connection: object) -> None:
        if full[0]:
            raise _broken_disk()

    def fill(_tx: Tx) -> None:
        full[0] = True

    event.listen(engine, "commit", refuse)
    with desk.held():
        desk.submit("fill", fill)
        for number in range(3):
            desk.submit(number, _plan(f"piece {number}"))
    told = desk.outcomes(4)
    assert all(isinstance(one.error, DatabaseAway) for one in told.values())
    assert desk.planned() == set()
    full[0] = False
    assert desk.writer.run(_plan("after")) == "after"
    assert desk.planned() == {"after"}
    event.remove(engine, "commit", refuse)


def test_a_store_that_cannot_be_opened_is_away_and_comes_back(desk: Desk) -> None:
    with desk.database.connect_for_writing() as connection:
        engine = connection.engine
    down = [True]

    def refuse(*_what: object) -> None:
        if down[0]:
            raise _broken_disk()

    event.listen(engine, "begin", refuse)
    desk.submit("down", _plan("down"))
    assert isinstance(desk.outcomes(1)["down"].error, DatabaseAway)
    down[0] = False
    desk.submit("up", _plan("up"))
    assert desk.outcomes(1)["up"].error is None
    assert desk.planned() == {"up"}
    event.remove(engine, "begin", refuse)


def test_a_store_that_is_away_is_not_asked_once_for_every_piece(sqlite_desk: Desk) -> None:
    """Sixty-four time-outs in a row would keep the last sender waiting for minutes."""
    with sqlite_desk.database.connect_for_writing() as connection:
        engine = connection.engine
    tried: list[None] = []

    def refuse(*_what: object) -> None:
        tried.append(None)
        raise _broken_disk()

    with sqlite_desk.held():
        for number in range(10):
            sqlite_desk.submit(number, _plan(f"piece {number}"))
        event.listen(engine, "begin", refuse)
    told = sqlite_desk.outcomes(10)
    assert all(isinstance(one.error, DatabaseAway) for one in told.values())
    assert len(tried) == 2
    event.remove(engine, "begin", refuse)


def test_run_raises_what_the_work_raised(desk: Desk) -> None:
    with pytest.raises(KeyError):
        desk.writer.run(_plan_and_raise("broken", KeyError()))
    assert desk.writer.run(_plan("right")) == "right"


# PostgreSQL


def _two_lanes(desk: Desk) -> tuple[str, str]:
    """Two lanes on different threads."""
    threads: dict[str, str] = {}
    for number in range(40):
        lane = f"lane {number}"
        threads[lane] = desk.writer.run(lambda _tx: threading.current_thread().name, lane=lane)
    first = next(iter(threads))
    return first, next(lane for lane, name in threads.items() if name != threads[first])


def test_a_deadlock_is_run_again(postgres_desk: Desk) -> None:
    lanes = _two_lanes(postgres_desk)
    for name in ("a", "b"):
        postgres_desk.submit(name, _plan(name))
    postgres_desk.outcomes(2)
    meeting = threading.Barrier(2)
    runs: list[str] = []
    move = timers_table.update().values(kind=timers_table.c.kind + "x")

    def work(first: str, second: str) -> Callable[[Tx], None]:
        def run(tx: Tx) -> None:
            tx.execute(text("SET LOCAL deadlock_timeout = '10ms'"))
            tx.execute(move.where(timers_table.c.subject == first))
            runs.append(first)
            if runs.count(first) == 1:
                meeting.wait(PATIENCE)
            tx.execute(move.where(timers_table.c.subject == second))

        return run

    for lane, pair in zip(lanes, (("a", "b"), ("b", "a")), strict=True):
        postgres_desk.submit(lane, work(*pair), lane=lane)
    told = postgres_desk.outcomes(2)
    assert [one.error for one in told.values()] == [None, None]
    assert len(runs) == 3
    with postgres_desk.database.reading(START) as tx:
        assert set(tx.execute(select(timers_table.c.kind)).scalars()) == {"testxx"}


def _kill(url: str, pid: int) -> None:
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


def _pid(tx: Tx) -> int:
    return int(tx.execute(text("SELECT pg_backend_pid()")).scalar() or 0)


def _address(desk: Desk) -> str:
    return desk.database.url.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.mark.parametrize("when", ["before the work", "after the work"])
@pytest.mark.parametrize("swallowed", [False, True])
def test_a_connection_killed_during_the_work_loses_nothing(
    postgres_desk: Desk, when: str, swallowed: bool
) -> None:
    runs: list[int] = []

    def work(tx: Tx) -> str:
        pid = _pid(tx)
        runs.append(pid)
        if len(runs) == 1 and when == "before the work":
            _kill(_address(postgres_desk), pid)
        if swallowed and len(runs) == 1:
            with suppress(Exception):
                timers.plan(tx, "test", "once", START)
        else:
            timers.plan(tx, "test", "once", START)
        if len(runs) == 1 and when == "after the work":
            _kill(_address(postgres_desk), pid)
        return "done"

    postgres_desk.submit("killed", work)
    assert postgres_desk.outcomes(1)["killed"] == Outcome("done")
    assert len(runs) == 2
    assert postgres_desk.planned() == {"once"}


def test_an_idle_connection_that_was_killed_is_replaced(postgres_desk: Desk) -> None:
    pid = postgres_desk.writer.run(_pid)
    _kill(_address(postgres_desk), pid)
    assert postgres_desk.writer.run(_plan("after")) == "after"
    assert postgres_desk.planned() == {"after"}


def test_a_connection_killed_every_time_acknowledges_nothing(postgres_desk: Desk) -> None:
    def work(tx: Tx) -> None:
        timers.plan(tx, "test", "never", START)
        _kill(_address(postgres_desk), _pid(tx))

    postgres_desk.submit("killed", work)
    assert isinstance(postgres_desk.outcomes(1)["killed"].error, DatabaseAway)
    assert postgres_desk.planned() == set()
    assert postgres_desk.writer.run(_plan("after")) == "after"
