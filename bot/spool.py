"""The spool (hàng đợi tạm): what platforms told us while storage was away, kept on local disk.

Some platforms do not send again what was not taken, so a verified event is written down, synced and
acknowledged. It is handed on, each person's events in order, and before anything newer of its
channel, as soon as storage is back. Bounded: when it is full the platform is told to come again.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from bot import events, faults
from bot.errors import StorageAway
from bot.events import Event

MOST_FILES = 20_000
"""A province's busiest hours; at a few kilobytes each they need no more than a phone's photo."""
MOST_RAW = 64 * 1024
LEFT_KEPT = timedelta(days=7)
"""Of what a crash left half written, and of what nobody could read: as long as dead letters."""
LOOK_SECONDS = 1.0
AT_ONCE = 64
"""Events handed on together: as many as the writer commits together."""
PATIENCE = {"zalo_oa": 1.5, "zalo_bot": 1.5}
"""Seconds storage may take. Zalo waits two for its answer, and then counts towards switching the
webhook off; a turn that is committed after all makes the spooled event a repeat."""

log = structlog.get_logger()
_Entry = tuple[Path, dict[str, Any]]
Store = Callable[[Event, bytes], Awaitable[None]]
"""Stores an event and the body it came in, and returns after the commit, else StorageAway."""


class Spool:
    """Receives for the channels of one process; `run` hands on what lies in it."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        *,
        most: int = MOST_FILES,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """What an earlier process left in the folder is handed on first; what can never be is
        removed once it is old."""
        self._folder = folder
        self._store = store
        self._most = most
        self._sleep = sleep
        self._lock = asyncio.Lock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.tidy()
        self._waiting: dict[str, list[Path]] = {}
        for path in sorted(folder.glob("*/*.json")):
            self._waiting.setdefault(path.parent.name, []).append(path)
        last = [int(path.stem) for paths in self._waiting.values() for path in paths[-1:]]
        self._number = max(last, default=0)
        self._news = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many events lie here."""
        return sum(map(len, self._waiting.values()))

    async def take(self, event: Event, raw: bytes) -> None:
        """Take an event: into storage, else onto the disk. Raises StorageAway when neither can."""
        if not self._waiting.get(event.channel):
            with suppress(StorageAway, TimeoutError):
                async with asyncio.timeout(PATIENCE.get(event.channel)):
                    await self._store(event, raw)
                return
        await self._append(event, raw)

    def tidy(self) -> None:
        """Remove parts and unreadable events older than LEFT_KEPT, by the machine's clock."""
        before = time.time() - LEFT_KEPT.total_seconds()
        for path in [*self._folder.glob("*/*.part"), *self._folder.glob("*/*.unreadable")]:
            with suppress(OSError):
                if path.stat().st_mtime < before:
                    path.unlink()

    async def run(self) -> None:
        """Hand on what lies here, until cancelled."""
        while True:
            self._news.clear()
            for channel in list(self._waiting):
                await self._hand_on(channel)
            if self.waiting:
                await self._sleep(LOOK_SECONDS)
            else:
                await self._news.wait()

    async def _append(self, event: Event, raw: bytes) -> None:
        async with self._lock:
            if self.waiting >= self._most:
                raise StorageAway
            self._number += 1
            path = self._folder / event.channel / f"{self._number:012}.json"
            told = {**events.told(event), "raw": base64.b64encode(raw[:MOST_RAW]).decode()}
            try:
                await asyncio.to_thread(_write, path, json.dumps(told, ensure_ascii=False))
            except OSError as fault:
                log.error("spool_cannot_be_written", fault=fault.strerror)
                raise StorageAway from fault
            self._waiting.setdefault(event.channel, []).append(path)
            self._news.set()

    async def _hand_on(self, channel: str) -> None:
        paths = self._waiting[channel]
        while paths:
            batch = paths[:AT_ONCE]
            lines = await asyncio.to_thread(_read, batch)
            # Each person's in order, people in parallel, as they came: one by one, what people say
            # meanwhile would be more than what is handed on.
            done = set().union(*await asyncio.gather(*map(self._give, lines)))
            await asyncio.to_thread(_remove, done)
            paths[:] = [path for path in paths if path not in done]
            if len(done) < len(batch):
                return

    async def _give(self, line: Sequence[_Entry]) -> set[Path]:
        """Store one person's events while they can be; what need not be kept here any more."""
        done = set[Path]()
        for path, entry in line:
            try:
                await self._store(events.read(entry), base64.b64decode(entry["raw"]))
            except StorageAway:
                break
            except (ValueError, KeyError, TypeError) as fault:
                # Torn by a crash before it was acknowledged, or touched by hand: set aside.
                log.error("spooled_event_unreadable", fault=faults.told(fault))
                await asyncio.to_thread(_set_aside, path)
            done.add(path)
        return done


def _read(paths: Sequence[Path]) -> list[list[_Entry]]:
    """What lies in these files, by person, each person's in order."""
    lines: dict[str, list[_Entry]] = {}
    for path in paths:
        try:
            entry = json.loads(path.read_text("utf-8"))
        except (ValueError, OSError):
            entry = {}  # nothing an event could be read from
        [told] = [part for name, part in entry.items() if name != "raw"] or [{}]
        lines.setdefault(f"{told.get('account')}/{told.get('sender')}", []).append((path, entry))
    return list(lines.values())


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    """Whole and synced down to the folder's entry, or not there under its name."""
    path.parent.mkdir(exist_ok=True, mode=0o700)
    part = path.with_suffix(".part")
    with open(part, "w", encoding="utf-8", errors="surrogatepass") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    for folder in (path.parent, path.parent.parent):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _set_aside(path: Path) -> None:
    if path.exists():
        os.utime(path)  # it is kept from now on: somebody must have time to look
        path.replace(path.with_suffix(".unreadable"))
