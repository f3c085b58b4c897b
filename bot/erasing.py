"""The job behind an erasure: what a turn had no time for, slice by slice, then SQLite's log.

Old dead letters go with it. Everything here can be run twice, by two replicas or after a crash.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import structlog

from storage import erasing, erasure, wiping
from storage.database import Database, Tx
from storage.errors import DatabaseAway
from storage.requests import Request
from storage.writer import Writer

T = TypeVar("T")
Run = Callable[[Callable[[Tx], T]], T]
SECONDS = 30
"""Between two looks: the law leaves weeks, a person expects minutes."""

log = structlog.get_logger()


async def work(database: Database, writer: Writer) -> None:
    """Look for erasures for ever; a store that is away is waited for."""
    while True:
        try:
            await asyncio.to_thread(finish_all, database, writer)
        except DatabaseAway:
            log.warning("erasing_waits")
        await asyncio.sleep(SECONDS)


def finish_all(database: Database, writer: Writer) -> int:
    """Go on with every open erasure; how many are finished now."""
    writer.run(erasure.forget_old_dead_letters)
    done = 0
    for request in writer.run(erasing.open_requests):
        if request.outcome != erasing.WIPED:
            _wipe(writer, request)
        done += writer.run(partial(_settle, request))
    if done:
        # What was overwritten may still stand in the log as it was before.
        database.empty_log()
    return done


def _settle(request: Request, tx: Tx) -> bool:
    return erasing.settle(tx, request)


def _wipe(writer: Writer, request: Request) -> None:
    person = request.person_id
    while not writer.run(lambda tx: wiping.wipe(tx, person)):
        pass
    reports = writer.run(lambda tx: erasing.codes_of(tx, person))
    marks = writer.run(lambda tx: erasing.marks_of(tx, person, reports))
    _each_slice(writer, lambda tx, after: erasing.wipe_messages(tx, person, marks, after))
    _each_slice(writer, lambda tx, after: erasing.wipe_talks(tx, reports, after))
    writer.run(lambda tx: erasing.mark_wiped(tx, request))


def _each_slice(writer: Writer, take: Callable[[Tx, int], int | None]) -> None:
    after: int | None = 0
    while after is not None:
        after = writer.run(partial(_slice, take, after))


def _slice(take: Callable[[Tx, int], int | None], after: int, tx: Tx) -> int | None:
    return take(tx, after)
