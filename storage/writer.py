"""Every write goes through here: `submit` work, hear of it after the commit.

On SQLite one thread takes up to 64 waiting pieces of work into one transaction, a savepoint each,
and commits once: durability then costs one sync for all of them. On PostgreSQL it is one piece a
transaction on a few threads, the same `lane` always on the same thread so that order holds.
Work that raises is undone alone. When the database itself fails, nothing of that transaction
counts: its pieces run once more one by one, and what fails again is reported as DatabaseAway.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from zlib import crc32

from sqlalchemy import Connection
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    PendingRollbackError,
    ProgrammingError,
    TimeoutError,
)

from storage.audit import write_chain
from storage.database import Database, News, Tx, announce, is_lost
from storage.errors import DatabaseAway
from storage.outbox import write

MAX_BATCH = 64
"""Measured: beyond 64 a batch the sync is already spread thin and only the wait grows."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a piece of work: its value, or what it raised; and what it had sent."""

    value: Any = None
    error: Exception | None = None
    news: tuple[News, ...] = ()

    @property
    def woken(self) -> frozenset[int]:
        """The accounts whose outbox grew."""
        return frozenset(one.account_id for one in self.news)

    @property
    def called(self) -> frozenset[str]:
        """The channels that must be called."""
        return frozenset(one.called for one in self.news if one.called)


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[Tx], Any]
    rescue: Callable[[Tx, Exception], Any] | None
    then: Callable[[Outcome], None]


class _CannotBegin(DatabaseAway):
    """The store could not even be reached, or its lock not be had."""


Done = Sequence[tuple[Callable[[Outcome], None], Outcome]]
_Outcomes = list[tuple[Callable[[Outcome], None], Outcome]]


def _call_each(done: Done) -> None:
    for then, outcome in done:
        then(outcome)


class Writer:
    """The writing threads of one process. `clock` gives the transaction's time, aware UTC."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        hand_over: Callable[[Done], None] = _call_each,
    ) -> None:
        """`hand_over` gets a commit's outcomes at once, so that an event loop is woken once."""
        self._database = database
        self._clock = clock
        self.hand_over = hand_over
        self._lanes: list[queue.SimpleQueue[_Job | None]] = [
            queue.SimpleQueue() for _ in range(database.writers)
        ]
        self._threads = [
            threading.Thread(target=self._run, args=(lane,), name=f"writer-{number}", daemon=True)
            for number, lane in enumerate(self._lanes)
        ]
        for thread in self._threads:
            thread.start()

    def submit(
        self,
        work: Callable[[Tx], T],
        then: Callable[[Outcome], None],
        *,
        lane: str = "",
        rescue: Callable[[Tx, Exception], T] | None = None,
    ) -> None:
        """Queue `work`; `then` hears the outcome after the commit, on the writing thread.

        When `work` raises, its changes are undone and `rescue` runs in its place, if given.
        """
        self._lanes[crc32(lane.encode()) % len(self._lanes)].put(_Job(work, rescue, then))

    def run(self, work: Callable[[Tx], T], *, lane: str = "") -> T:
        """Submit and wait. Raises what the work raised, or DatabaseAway.

        Never call it on the thread that outcomes are handed over to: it would wait for itself.
        """
        answer: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self.submit(work, answer.put, lane=lane)
        outcome = answer.get()
        if outcome.error is not None:
            raise outcome.error
        value: T = outcome.value
        return value

    def close(self) -> None:
        """Finish what was submitted, then stop."""
        for lane in self._lanes:
            lane.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self, lane: queue.SimpleQueue[_Job | None]) -> None:
        most = MAX_BATCH if self._database.is_sqlite else 1
        connection: Connection | None = None
        closing = False
        while not closing:
            first = lane.get()
            batch = [] if first is None else [first]
            closing = first is None
            while not closing and len(batch) < most:
                try:
                    job = lane.get_nowait()
                except queue.Empty:
                    break
                closing = job is None
                if job is not None:
                    batch.append(job)
            if batch:
                connection = self._commit(connection, batch)
        if connection is not None:
            connection.close()

    def _commit(self, connection: Connection | None, batch: list[_Job]) -> Connection | None:
        try:
            connection, done = self._transact(connection, batch)
        except DatabaseAway:
            connection, done = self._one_by_one(batch)
        self.hand_over(done)
        return connection

    def _one_by_one(self, batch: list[_Job]) -> tuple[Connection | None, _Outcomes]:
        connection: Connection | None = None
        done: _Outcomes = []
        for number, job in enumerate(batch):
            try:
                connection, alone = self._transact(connection, [job])
            except _CannotBegin as fault:
                # No fault of this piece: the others would only wait out the same time-out in turn.
                done.extend((other.then, Outcome(error=fault)) for other in batch[number:])
                return None, done
            except DatabaseAway as fault:
                connection, alone = None, [(job.then, Outcome(error=fault))]
            done.extend(alone)
        return connection, done

    def _transact(
        self, connection: Connection | None, batch: list[_Job]
    ) -> tuple[Connection, _Outcomes]:
        began = False
        try:
            if connection is None:
                connection = self._database.connect_for_writing()
            now = self._clock()
            with connection.begin():
                began = True
                done = [(job.then, self._attempt(connection, job, now)) for job in batch]
        except Exception as fault:
            # Whatever it was, it broke the transaction and not one piece of work: start afresh.
            if connection is not None:
                connection.invalidate()
                connection.close()
            raise (DatabaseAway if began else _CannotBegin)(type(fault).__name__) from fault
        return connection, done

    def _attempt(self, connection: Connection, job: _Job, now: datetime) -> Outcome:
        try:
            return self._in_savepoint(connection, job.work, now)
        except Exception as fault:
            if _is_of_the_database(fault) or is_lost(connection):
                raise
            if job.rescue is None:
                return Outcome(error=fault)
            rescue, why = job.rescue, fault
            return self._in_savepoint(connection, lambda tx: rescue(tx, why), now)

    def _in_savepoint(
        self, connection: Connection, work: Callable[[Tx], Any], now: datetime
    ) -> Outcome:
        tx = Tx(connection, now)
        connection.exec_driver_sql("SAVEPOINT piece")
        try:
            value = work(tx)
            if tx.fault is not None:
                raise tx.fault
            write(tx)
            write_chain(tx)
            announce(tx)
        except Exception:
            if not is_lost(connection):
                connection.exec_driver_sql("ROLLBACK TO SAVEPOINT piece")
                connection.exec_driver_sql("RELEASE SAVEPOINT piece")
            raise
        if is_lost(connection):
            raise DatabaseAway("the transaction was rolled back underneath the work")
        connection.exec_driver_sql("RELEASE SAVEPOINT piece")
        return Outcome(value=value, news=tuple(tx.news))


def _is_of_the_database(fault: Exception) -> bool:
    """A broken disk, lock or connection; not a value that our own code should not have sent."""
    if isinstance(fault, (IntegrityError, DataError, ProgrammingError)):
        return False
    return isinstance(
        fault,
        (DBAPIError, DisconnectionError, PendingRollbackError, TimeoutError, DatabaseAway),
    )
