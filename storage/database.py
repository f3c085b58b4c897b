"""The one place that knows SQLite from PostgreSQL: connections, transactions, locks, insert-once.

SQLite: WAL, synchronous=FULL, BEGIN IMMEDIATE by hand (the driver's implicit begin would upgrade a
read lock and fail), one writing connection, readers that cannot write. PostgreSQL: psycopg 3.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    CursorResult,
    Engine,
    Executable,
    Insert,
    Row,
    Select,
    Table,
    create_engine,
    event,
    insert,
    make_url,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    ProgrammingError,
    TimeoutError,
)
from sqlalchemy.pool import NullPool, QueuePool

from storage.errors import DatabaseAway

MIN_SQLITE = (3, 51, 3)
"""Earlier versions can corrupt the write-ahead log when several connections checkpoint."""
BUSY_SECONDS = 5
POSTGRES_WRITERS = 4
"""Measured: single turns on four writers run without one deadlock; more only queue for the CPU."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change to be chained: who did what to which subject, and (old, new) per field."""

    actor: str
    action: str
    subject: str
    values: Mapping[str, tuple[object, object]]


@dataclass(frozen=True, slots=True)
class News:
    """An outbox row of this transaction: body is {"text", "choices": [{"id", "label"}]}.

    `called` is the channel that must be called with it, "" for those that come and fetch.
    """

    account_id: int
    id: int
    body: Mapping[str, Any]
    created_at: datetime
    called: str = ""


@dataclass(slots=True)
class Tx:
    """A transaction as the rest of storage sees it; `now` is aware UTC and the same throughout."""

    connection: Connection
    now: datetime
    audits: list[AuditEntry] = field(default_factory=list)
    fault: DBAPIError | None = None
    """The first fault of the database in this transaction, even if somebody swallowed it."""
    news: list[News] = field(default_factory=list)
    """What went into the outbox: after the commit the channels concerned are told."""
    said: dict[int, list[tuple[Any, Mapping[str, Any]]]] = field(default_factory=dict)
    """By account, what is to go into the outbox at the end of the work: kind and body."""
    said_to_all: list[tuple[Collection[int], Mapping[str, Any]]] = field(default_factory=list)
    """The same for many accounts at once."""
    _seen: dict[tuple[Any, ...], Sequence[Row[Any]]] = field(default_factory=dict)

    @property
    def store(self) -> object:
        """Which store this is, the same object while it is open: to keep something in mind for."""
        return self.connection.engine

    @property
    def woken(self) -> frozenset[int]:
        """The accounts whose outbox grew."""
        return frozenset(one.account_id for one in self.news)

    def execute(
        self,
        statement: Executable,
        values: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> CursorResult[*tuple[Any, ...]]:
        """Run one statement; several value sets make it one executemany.

        After a fault of the database nothing more is run: SQLite may be outside any transaction,
        where a write would stand on its own, and PostgreSQL would refuse it.
        """
        if self.fault is not None:
            raise self.fault
        self._seen.clear()
        try:
            return self.connection.execute(statement, values)
        except DBAPIError as fault:
            self.fault = fault
            raise

    def read(
        self, statement: Select[*tuple[Any, ...]], **values: Any
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        """All rows of what is asked many times in a row: read once, and anew as soon as anything
        else is done in this transaction, which may change it or have to wait for who does. Always
        call it with the same statement."""
        asked = (statement, *values.values())
        if self.fault is not None or asked not in self._seen:
            rows = self.execute(statement, values).all()
            self._seen[asked] = rows
        return self._seen[asked]

    def insert(self, table: Table, values: Mapping[str, Any]) -> int:
        """Insert one row and return its id."""
        statement = _INSERT.get(table.name)
        if statement is None:
            statement = _INSERT[table.name] = insert(table)
        made = self.execute(statement, values).inserted_primary_key
        return int(made[0]) if made else 0

    def insert_once(self, table: Table, values: Mapping[str, Any]) -> bool:
        """Insert unless a unique key is already there; True when the row is new."""
        statement = _ONCE.get((self.connection.dialect.name, table.name))
        if statement is None:
            make = sqlite.insert if self.connection.dialect.name == "sqlite" else postgresql.insert
            # Without the option PostgreSQL's driver does not say whether a row went in.
            statement = (
                make(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
            )
            _ONCE[self.connection.dialect.name, table.name] = statement
        return self.execute(statement, values).rowcount == 1

    def upsert(
        self,
        table: Table,
        key: str,
        rows: Select[*tuple[Any, ...]],
        change: Callable[[Any], Mapping[str, Any]],
        values: Mapping[str, Any],
        column: str,
    ) -> Sequence[Any]:
        """Insert what `rows` selects (a column a name); where `key` is there already, make
        `change`, which gets the row that would have gone in. A column of the rows so written.

        The statement is made once for each `rows`: always call it with the same objects.
        """
        statement = _UPSERT.get((self.connection.dialect.name, rows))
        if statement is None:
            make = sqlite.insert if self.connection.dialect.name == "sqlite" else postgresql.insert
            into = make(table).from_select([column.name for column in rows.selected_columns], rows)
            statement = into.on_conflict_do_update(
                index_elements=[key], set_=change(into.excluded)
            ).returning(table.c[column])
            _UPSERT[self.connection.dialect.name, rows] = statement
        return self.execute(statement, values).scalars().all()

    def lock(self, name: str) -> None:
        """Hold `name` against other transactions until this one ends (SQLite has one writer)."""
        self._seen.clear()
        if self.connection.dialect.name == "postgresql":
            digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
            self.connection.execute(
                _LOCK, {"key": int.from_bytes(digest, "big", signed=True)}
            ).close()


_ONCE: dict[tuple[str, str], Any] = {}
_UPSERT: dict[tuple[str, Select[Any]], Any] = {}
_INSERT: dict[str, Insert] = {}
_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
CHANNEL = "chung_suc"
_NOTIFY = text(f"SELECT pg_notify('{CHANNEL}', :told)")


class Database:
    """Connections to one store. `writing` and `reading` give transactions; close with `dispose`."""

    def __init__(self, url: str | URL) -> None:
        """Open lazily. Raises DatabaseAway when the SQLite at hand is too old to be trusted."""
        try:
            self.url = make_url(url)
        except (ArgumentError, ValueError):
            raise DatabaseAway("BOT_DATABASE_URL: not the address of a database") from None
        if self.url.drivername == "postgresql":
            self.url = self.url.set(drivername="postgresql+psycopg")
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.writers = 1 if self.is_sqlite else POSTGRES_WRITERS
        if self.is_sqlite:
            self._write = _sqlite_engine(self.url, read_only=False)
            self._read = _sqlite_engine(self.url, read_only=True)
        else:
            # pool_pre_ping: a connection that died while idle is replaced before it is used.
            self._write = self._read = create_engine(
                self.url,
                hide_parameters=True,  # in the texts of faults: what people wrote
                pool_size=8,
                max_overflow=8,
                pool_pre_ping=True,
                pool_timeout=BUSY_SECONDS,
                connect_args={
                    "connect_timeout": BUSY_SECONDS,
                    # A server that hangs must look like one that is away, not hold a writer.
                    "options": f"-c lock_timeout={BUSY_SECONDS}s -c statement_timeout=60s",
                    "tcp_user_timeout": BUSY_SECONDS * 2_000,
                },
            )

    def connect_for_writing(self) -> Connection:
        """A connection whose `begin()` takes the write lock at once."""
        return self._write.connect()

    @contextmanager
    def reading(self, now: datetime) -> Iterator[Tx]:
        """A short read-only transaction. Raises DatabaseAway."""
        try:
            with self._read.connect() as connection:
                yield Tx(connection, now)
        except (DBAPIError, TimeoutError) as fault:
            raise DatabaseAway(type(fault).__name__) from fault

    @contextmanager
    def writing(self, now: datetime) -> Iterator[Tx]:
        """A write transaction outside the writer: the command line and migrations only."""
        from storage.audit import write_chain
        from storage.outbox import write

        try:
            with self._write.begin() as connection:
                tx = Tx(connection, now)
                yield tx
                write(tx)
                write_chain(tx)
        except (IntegrityError, DataError, ProgrammingError):
            raise
        except (DBAPIError, TimeoutError) as fault:
            raise DatabaseAway(type(fault).__name__) from fault

    def empty_log(self) -> bool:
        """Write SQLite's log into its file and cut it to nothing, so that nothing erased is left
        there; False while somebody still reads from it. True where there is no such log.
        Raises DatabaseAway."""
        if not self.is_sqlite:
            return True
        try:
            with closing(self._write.raw_connection()) as raw:
                cursor = raw.cursor()
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                return bool(cursor.fetchall()[0][0] == 0)
        except DBAPIError as fault:
            raise DatabaseAway(type(fault).__name__) from fault

    def dispose(self) -> None:
        """Close every pooled connection."""
        self._write.dispose()
        self._read.dispose()


def is_lost(connection: Connection) -> bool:
    """Whether SQLite rolled the transaction back underneath us (a full disk does that)."""
    raw: Any = connection.connection.driver_connection
    return connection.dialect.name == "sqlite" and not raw.in_transaction


def announce(tx: Tx) -> None:
    """Tell the other replicas, with the commit, whose outbox grew (PostgreSQL only), and which
    platforms are to be called."""
    if tx.woken and tx.connection.dialect.name == "postgresql":
        # A payload is limited to 8,000 bytes; the two-second poll finds whoever is left out.
        accounts = ",".join(str(account) for account in sorted(tx.woken)[:400])
        called = ",".join(sorted({one.called for one in tx.news if one.called}))
        tx.connection.execute(_NOTIFY, {"told": f"{accounts} {called}"}).close()


def _sqlite_module() -> Any:
    """pysqlite3 where it has a wheel, else the standard library when it is new enough."""
    try:
        from pysqlite3 import dbapi2
    except ImportError:
        dbapi2 = sqlite3
    if dbapi2.sqlite_version_info < MIN_SQLITE:
        need = ".".join(map(str, MIN_SQLITE))
        raise DatabaseAway(
            f"SQLite {dbapi2.sqlite_version} can corrupt its log; {need} is needed: "
            "install pysqlite3 or set BOT_DATABASE_URL to a PostgreSQL"
        )
    return dbapi2


def _use_wal(cursor: Any, busy: type[Exception]) -> None:
    """Switch to the write-ahead log, once for ever; SQLite itself does not wait for this."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except busy:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)


def _sqlite_engine(url: URL, *, read_only: bool) -> Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    module = _sqlite_module()
    engine = create_engine(
        url,
        hide_parameters=True,
        module=module,
        poolclass=QueuePool if read_only else NullPool,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _prepare(raw: Any, _record: object) -> None:
        # None stops the driver from beginning transactions of its own.
        raw.isolation_level = None
        cursor = raw.cursor()
        _use_wal(cursor, module.OperationalError)
        for pragma in (
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
            f"query_only={'ON' if read_only else 'OFF'}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
