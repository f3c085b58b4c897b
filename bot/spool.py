"""The spool (hàng đợi tạm): what platforms told us while storage was away, kept on local disk.

Some platforms do not send again what was not taken, so a verified event is written down, synced and
acknowledged. It is handed on, each person's events in order, and before anything newer of its
channel, as soon as storage is back. Bounded: when it is full the platform is told to come again.
All processes that share the folder share the queue: each writes into it while it holds anything,
and one at a time hands on. What a process knows of the others is what it saw at its last look,
idle or handing on: what another wrote before that is not overtaken, and counts towards the bound,
which by what several write between two looks may be passed.
"""

from __future__ import annotations

import asyncio
import base64
import fcntl
import json
import math
import os
import secrets
import time
import weakref
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from pathlib import Path

import structlog

from bot import events, faults, metrics, spool_files
from bot.errors import StorageAway
from bot.events import Event
from bot.spool_files import Entry, Waiting

MOST_FILES = 20_000
"""A province's busiest hours; at a few kilobytes each they need no more than a phone's photo."""
MOST_BYTES = 1024**3
MOST_RAW = 64 * 1024
LEFT_KEPT = timedelta(days=7)
"""Of what a crash left half written, and of what nobody could read: as long as dead letters."""
AGAIN_SECONDS = 1.0
"""Until storage is tried again, or another process has handed on."""
LOOK_SECONDS = 0.25
"""How old a look at what other processes wrote may be; what they wrote since may be overtaken."""
AT_ONCE = 64
"""Events handed on together: as many as the writer commits together."""
LOCK = "lock"

log = structlog.get_logger()
Store = Callable[[Event, bytes], Awaitable[None]]
"""Stores an event and the body it came in, and returns after the commit, else StorageAway."""


class Spool:
    """Receives for the channels of one process; `run` hands on what lies in the folder."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        *,
        most: int = MOST_FILES,
        most_bytes: int = MOST_BYTES,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """What can never be handed on is removed once it is old."""
        self._folder = folder
        self._store = store
        self._most, self._most_bytes = most, most_bytes
        self._sleep = sleep
        self._lock = asyncio.Lock()
        """Held by whoever writes into the folder, or takes it for what lies there."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._handing_on = os.open(folder / LOCK, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        weakref.finalize(self, os.close, self._handing_on)
        self._waiting: Waiting = {}
        """As it was found, with what was written and handed on here since."""
        self._unread: dict[str, str] = {}
        """By channel, the file that cannot be read and was told of."""
        self._writing: Counter[str] = Counter()
        self._number, self._by = 0, secrets.token_hex(4)
        self._looked_at = -math.inf
        self._news = asyncio.Event()
        self.tidy()

    @property
    def waiting(self) -> int:
        """How many events lie here."""
        return sum(map(len, self._waiting.values()))

    async def take(self, event: Event, raw: bytes, patience: float | None = None) -> None:
        """Take an event: into storage, which may take `patience` seconds, else onto the disk.
        Raises StorageAway when neither can."""
        has_looked = self._looked_at > -math.inf
        if self.waiting or not has_looked:  # an idle `run` looks by itself
            try:
                await self._look_again()
            except OSError as fault:
                log.error("spool_cannot_be_read", fault=fault.strerror)
                if not has_looked:
                    raise StorageAway from fault
        channel = event.channel
        if not self._waiting.get(channel) and not self._writing[channel]:
            with suppress(StorageAway, TimeoutError):
                async with asyncio.timeout(patience):
                    # A turn that is committed after all makes the spooled event a repeat.
                    await self._store(event, raw)
                return
        self._writing[channel] += 1
        try:
            await self._append(event, raw)
        finally:
            self._writing[channel] -= 1

    def tidy(self) -> None:
        """Remove parts and unreadable events older than LEFT_KEPT, by the machine's clock."""
        before = time.time() - LEFT_KEPT.total_seconds()
        for path in [*self._folder.rglob("*.part"), *self._folder.rglob("*.unreadable")]:
            with suppress(OSError):
                if path.stat().st_mtime < before:
                    path.unlink()

    async def run(self) -> None:
        """Hand on what lies here, until cancelled."""
        while True:
            self._news.clear()
            if not self.waiting:
                await self.look()
            if self.waiting and await self._hand_on_in_turn():
                continue  # others may have written meanwhile: it looks at once
            if self.waiting:
                await self._sleep(AGAIN_SECONDS)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._news.wait()

    async def look(self) -> None:
        """See what lies in the folder, other processes' too; `take` and `run` do."""
        async with self._lock:
            await self._look()

    async def _look_again(self) -> None:
        """The same, unless the last look is young enough."""
        if self._is_due():
            async with self._lock:
                if self._is_due():  # else somebody else looked while this one waited
                    await self._look()

    def _is_due(self) -> bool:
        return time.monotonic() - self._looked_at >= LOOK_SECONDS

    async def _look(self) -> None:
        at = time.monotonic()
        # What is handed on meanwhile may be found all the same: its file is gone when it is read.
        self._waiting = await asyncio.to_thread(spool_files.found, self._folder, self._waiting)
        self._looked_at = at
        # Clocks may step back, or differ: what is written now stands behind it.
        self._number = max(self._number, spool_files.newest(self._waiting))

    async def _append(self, event: Event, raw: bytes) -> None:
        told = {**events.told(event), "raw": base64.b64encode(raw[:MOST_RAW]).decode()}
        text = json.dumps(told)
        async with self._lock:
            held = sum(sum(one.values()) for one in self._waiting.values())
            if self.waiting >= self._most or held + len(text) > self._most_bytes:
                raise StorageAway
            self._number = max(self._number + 1, time.time_ns())
            name = f"{self._number:020}-{self._by}.json"
            path = self._folder / event.channel / name
            try:
                await asyncio.to_thread(spool_files.write, path, text)
            except OSError as fault:
                log.error("spool_cannot_be_written", fault=fault.strerror)
                raise StorageAway from fault
            self._waiting.setdefault(event.channel, {})[name] = len(text)
            self._news.set()

    async def _hand_on_in_turn(self) -> bool:
        """Hand on what lies here while any goes, unless another process does so now. Whether any
        went."""
        is_ours, has_moved = spool_files.locked(self._handing_on), False
        try:
            await self.look()  # others may have handed on meanwhile
            # A batch of each channel in turn: a long queue of one holds up no other.
            while is_ours and any([await self._hand_on(one) for one in list(self._waiting)]):
                has_moved = True
            return has_moved
        finally:
            if is_ours:
                fcntl.flock(self._handing_on, fcntl.LOCK_UN)

    async def _hand_on(self, channel: str) -> bool:
        """Store a batch, each person's events in order, people in parallel, as they came: one by
        one, what people say meanwhile would be more than what is handed on. Whether any went."""
        await self._look_again()  # in a long queue, others' events come to stand between ours
        before = list(islice(self._waiting.get(channel, {}), AT_ONCE))
        batch = await asyncio.to_thread(spool_files.read, self._folder / channel, before)
        for name in batch.gone:
            self._went(channel, name)
        if batch.unread and self._unread.get(channel) != batch.unread:
            self._unread[channel] = batch.unread
            metrics.ALARMS.labels(channel).inc()
        given = (self._give(line) for line in batch.lines)
        # All end before one's fault is told, and the folder left to another process.
        ended = await asyncio.gather(*given, return_exceptions=True)
        for one in ended:
            if isinstance(one, BaseException):
                raise one
        return bool(batch.gone) or any(ended)

    async def _give(self, line: Sequence[Entry]) -> bool:
        """Store one person's events while they can be. Whether any went."""
        has_moved = False
        for path, event, raw in line:
            try:
                await self._store(event, raw)
            except StorageAway:
                break
            except Exception as fault:
                log.error("spooled_event_refused", fault=faults.told(fault))
                metrics.ALARMS.labels(event.channel).inc()
                await asyncio.to_thread(spool_files.set_aside, path)
            # At once: what is handed on again after a crash should be as little as can be.
            await asyncio.to_thread(path.unlink, missing_ok=True)
            self._went(event.channel, path.name)
            has_moved = True
        return has_moved

    def _went(self, channel: str, name: str) -> None:
        self._waiting.get(channel, {}).pop(name, None)
