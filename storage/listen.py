"""Hearing of other replicas' commits (PostgreSQL only): a connection and a thread of its own.

A notification only makes things quick; the poll of whoever waits is the truth.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from storage.database import CHANNEL, Database

RETRY_SECONDS = 2.0
LOOK_SECONDS = 1.0
"""How long a wait for notifications lasts before the thread looks whether it should stop."""
Told = tuple[frozenset[int], frozenset[str]]
"""Accounts, and platforms by their channel."""


class Listener:
    """Calls `heard` with the accounts whose outbox grew, and with the platforms to be called for
    it, on its own thread, until closed."""

    def __init__(self, database: Database, heard: Callable[[Told], None]) -> None:
        """On SQLite there is nobody else to hear and no thread is started."""
        self._database = database
        self._heard = heard
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        if not database.is_sqlite:
            self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        import psycopg

        address = self._database.url.set(drivername="postgresql").render_as_string(
            hide_password=False
        )
        while not self._stop.is_set():
            try:
                with psycopg.connect(address, autocommit=True) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    while not self._stop.is_set():
                        for notice in connection.notifies(timeout=LOOK_SECONDS):
                            self._heard(_told(notice.payload))
            except psycopg.Error:
                self._stop.wait(RETRY_SECONDS)


def _told(payload: str) -> Told:
    """What a notice names; anybody who may connect can send one, so it is not trusted."""
    accounts, _, channels = payload.partition(" ")
    known = frozenset(int(part) for part in accounts.split(",") if part.isdecimal())
    return known, frozenset(channels.split(","))
