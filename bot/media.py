"""Fetches what people sent, outside their turns: from the channel, through cleaning, to the disk.

A row is claimed for a while, its file fetched, kept and recorded through the engine's writer. A
crash in between leaves the row to be claimed again, and at worst a file that `tidy` removes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol

import structlog

from bot import faults, sheet_reading
from bot.channels.platform import NotFetched
from bot.channels.web import CHANNEL as WEB
from bot.engine import Engine
from bot.errors import StorageAway
from bot.incoming import KINDS, Incoming
from bot.pictures import LIMITS, DecoderAway, Kept, Reason, delete, keep, near, path, sweep
from handlers import workbook
from handlers.evidence_shown import tell_refused, visible
from handlers.turn import World
from storage import media_jobs, people
from storage.database import Tx
from storage.media import SHEET, Evidence

POLL_SECONDS = 2.0
FETCH_SECONDS = 60
"""A file of the largest size at 200 KB/s; with decoding well below a claim's lease."""
AT_ONCE = 3
"""Of each channel, so that a platform that is ill holds up no other's pictures; together they bound
what is in memory."""
TIDY_EVERY = timedelta(minutes=10)
SETTLED = timedelta(minutes=10)
"""A file younger than this may be about to be referred to."""
SWEEP_EVERY = timedelta(days=1)
SLICE = 500

log = structlog.get_logger()


class Fetcher(Protocol):
    """What the job needs of a channel; `Platform` has it."""

    async def fetch(self, reference: str, most: int) -> bytes:
        """At most `most` bytes of something sent. Raises NotFetched."""


class MediaJob:
    """The job of one process. `fetchers` by channel; `incoming` is the web's own."""

    def __init__(
        self,
        engine: Engine,
        world: World,
        folder: Path,
        incoming: Incoming,
        fetchers: Mapping[str, Fetcher],
    ) -> None:
        self._engine = engine
        self._world = world
        self._folder = folder
        self._incoming = incoming
        self._fetchers = {**fetchers, WEB: incoming}
        self._under_way: dict[str, set[asyncio.Task[None]]] = {one: set() for one in self._fetchers}
        self._reading = asyncio.Lock()
        """Workbooks are read one by one, so that their memory is bounded too."""
        self._tidied, self._swept = (-each.total_seconds() for each in (TIDY_EVERY, SWEEP_EVERY))
        """When last, or last tried: a fault there waits as long, and holds up no fetching."""

    async def run(self) -> None:
        """Work until cancelled: when woken, and every POLL_SECONDS in any case. After a fault it
        may be run again and goes on."""
        try:
            while True:
                await self._round()
        except asyncio.CancelledError:
            await self._stop()
            raise

    async def _round(self) -> None:
        loop = asyncio.get_running_loop()
        self._engine.arrived.clear()
        try:
            await self._begin()
            if loop.time() - self._tidied >= TIDY_EVERY.total_seconds():
                self._tidied = loop.time()
                await self.tidy()
            if loop.time() - self._swept >= SWEEP_EVERY.total_seconds():
                self._swept = loop.time()
                await self.sweep()
        except StorageAway:
            pass  # the next round finds it as it was
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._engine.arrived.wait()

    async def once(self) -> int:
        """Settle a few of each channel that are due now; how many. Raises StorageAway."""
        begun = await self._begin()
        await asyncio.gather(*begun, return_exceptions=True)
        return len(begun)

    async def _begin(self) -> list[asyncio.Task[None]]:
        """Begin with what is due wherever there is room. What no channel of this process can fetch
        is left, with all its tries, to who can. Raises StorageAway."""
        room = {channel: AT_ONCE - len(tasks) for channel, tasks in self._under_way.items()}

        def claim(tx: Tx) -> list[Evidence]:
            each = (media_jobs.claim(tx, most, channel) for channel, most in room.items() if most)
            return [one for due in each for one in due]

        begun = []
        for one in await self._engine.write(claim):
            task = asyncio.create_task(self._settle(one))
            self._under_way[one.channel].add(task)
            task.add_done_callback(partial(self._ended, one.channel))
            begun.append(task)
        return begun

    def _ended(self, channel: str, task: asyncio.Task[None]) -> None:
        self._under_way[channel].discard(task)
        self._engine.arrived.set()
        fault = None if task.cancelled() else task.exception()
        if fault is not None and not isinstance(fault, StorageAway):
            log.error("media_job", fault=faults.told(fault))

    async def _stop(self) -> None:
        tasks = [task for each in self._under_way.values() for task in each]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def tidy(self, settled: timedelta = SETTLED) -> None:
        """Remove what was given up, and uploads nobody waits for. Raises StorageAway, OSError."""
        await self._engine.write(lambda tx: media_jobs.drop_stale(tx, SLICE))
        gone = await self._engine.read(lambda tx: media_jobs.dropped(tx, SLICE))
        names = {name for one in gone for name in (one.sha256, one.thumb) if name}
        young = await asyncio.to_thread(self._younger, settled, names)
        await self._remove(names - young)
        done = [one for one in gone if not {one.sha256, one.thumb} & young]
        for one in done:
            self._let_go(one)
        ids = [one.id for one in done]
        await self._engine.write(lambda tx: media_jobs.forget(tx, ids))
        old = await asyncio.to_thread(self._incoming.older, settled)
        awaited = await self._engine.read(lambda tx: media_jobs.awaited(tx, WEB))
        for reference in old:
            if reference not in awaited:
                self._incoming.remove(reference)

    async def sweep(self, age: timedelta = SWEEP_EVERY) -> None:
        """Remove older files that nothing refers to, which a crash left. Raises as `tidy`."""
        left = sweep(self._folder, age)
        while names := await asyncio.to_thread(lambda: list(islice(left, SLICE))):
            await self._remove(names)

    def _younger(self, age: timedelta, names: Iterable[str]) -> set[str]:
        """Those of these files that were put there just now, perhaps for somebody else's row."""
        after = time.time() - age.total_seconds()
        files = {name: path(self._folder, name) for name in names}
        return {n for n, file in files.items() if file.exists() and file.stat().st_mtime > after}

    async def _remove(self, names: Collection[str]) -> None:
        for name in await self._engine.read(lambda tx: media_jobs.unreferred(tx, names)):
            await asyncio.to_thread(delete, self._folder, name)

    async def _settle(self, one: Evidence) -> None:
        if media_jobs.spent(one, self._engine.clock()):
            await self._refuse(one, "not_fetched")
            return
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                fetcher = self._fetchers[one.channel]
                data = await fetcher.fetch(one.reference, LIMITS.picture_bytes)
            if one.kind == SHEET:
                await self._read(one, data)
                return
            kept = await keep(data, self._folder)
        except NotFetched as fault:
            if fault.why == "later":
                await self._later(one)
            else:
                await self._refuse(one, "too_large" if fault.why == "too_large" else "not_fetched")
        except (TimeoutError, DecoderAway, OSError):
            await self._later(one)
        else:
            if isinstance(kept, Kept):
                await self._keep(one, kept)
            elif kept.reason == "no_room":
                await self._later(one, "no_room")
            else:
                await self._refuse(one, kept.reason)

    async def _read(self, one: Evidence, data: bytes) -> None:
        """A workbook is no evidence: what it says is kept, not the file."""
        world = self._world
        async with self._reading:
            sheet = await asyncio.to_thread(sheet_reading.read, world, data, self._engine.clock())
        judged = await self._engine.read(lambda tx: sheet_reading.judge(tx, world, one, sheet))
        await self._engine.write(lambda tx: sheet_reading.tell(tx, world, one, judged))
        self._let_go(one)

    async def _keep(self, one: Evidence, kept: Kept) -> None:
        like = await self._engine.read(lambda tx: _like(tx, one, kept))
        await self._engine.write(
            lambda tx: media_jobs.keep(
                tx, one, kind=KINDS[kept.kind], sha256=kept.sha256, thumb=kept.thumb,
                source=kept.source, phash=kept.phash, mime=kept.mime, size=kept.bytes, like=like,
            )
        )  # fmt: skip
        self._let_go(one)

    async def _later(self, one: Evidence, reason: Reason | str = "not_fetched") -> None:
        if not await self._engine.write(lambda tx: media_jobs.put_off(tx, one)):
            await self._refuse(one, reason)

    async def _refuse(self, one: Evidence, reason: Reason | str) -> None:
        def work(tx: Tx) -> None:
            if media_jobs.refuse(tx, one, reason):
                tell = workbook.tell_refused if one.kind == SHEET else tell_refused
                tell(tx, self._world, one, reason)

        await self._engine.write(work)
        self._let_go(one)

    def _let_go(self, one: Evidence) -> None:
        if one.channel == WEB:
            self._incoming.remove(one.reference)


def _like(tx: Tx, one: Evidence, kept: Kept) -> str:
    """The code of an earlier report with the same file or a picture much like it, "" for none."""
    if code := media_jobs.same(tx, one, kept.source):
        return code
    if kept.phash is None:
        return ""
    mine = kept.phash
    found = (code for phash, code in media_jobs.pictures_before(tx, one) if near(mine, phash))
    return next(found, "")


async def shown(engine: Engine, world: World, sender: str, attachment_id: int) -> Evidence | None:
    """A kept file, if this person of the web may see it. Raises StorageAway."""

    def look(tx: Tx) -> Evidence | None:
        account_id = people.find_account(tx, WEB, WEB, sender)
        return visible(tx, world, account_id, attachment_id) if account_id else None

    return await engine.read(look)
