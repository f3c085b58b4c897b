"""Clears once a day what is kept no longer than it is needed. Looks with readers, deletes in
slices, so that no turn waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import TypeVar

from bot.engine import Engine
from bot.errors import StorageAway
from bot.spool import Spool
from storage import fact_sheets, tidying
from storage.database import Tx

EVERY_SECONDS = 24 * 3600.0
T = TypeVar("T")


async def work(
    engine: Engine,
    spool: Spool,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Clear now and every day, until cancelled."""
    while True:
        await asyncio.to_thread(spool.tidy)
        with suppress(StorageAway):
            await once(engine)
        await sleep(EVERY_SECONDS)


async def once(engine: Engine) -> None:
    """Clear everything that is past its time. Raises StorageAway."""
    await _walk(engine, tidying.old_keys, b"", tidying.drop_keys)
    await _walk(engine, tidying.old_texts, 0, tidying.drop_texts)
    while await engine.write(tidying.drop_timers) == tidying.SLICE:
        pass
    while await engine.write(fact_sheets.expire) == fact_sheets.SLICE:
        pass


async def _walk(
    engine: Engine,
    look: Callable[[Tx, T], tuple[list[T], T | None]],
    first: T,
    drop: Callable[[Tx, list[T]], None],
) -> None:
    after: T | None = first
    while after is not None:
        old, after = await engine.read(partial(_at, look, after))
        found = iter(old)
        while some := list(islice(found, tidying.SLICE)):
            await engine.write(partial(_drop, drop, some))


def _at(
    look: Callable[[Tx, T], tuple[list[T], T | None]], after: T, tx: Tx
) -> tuple[list[T], T | None]:
    return look(tx, after)


def _drop(drop: Callable[[Tx, list[T]], None], some: list[T], tx: Tx) -> None:
    drop(tx, some)
