"""The spool (hàng đợi tạm): what platforms told us while storage was away, kept on local disk.

Some platforms do not send again what was not taken, so a verified event is written down, synced and
acknowledged. It is handed on, each person's events in order, and before anything newer of its
channel that reaches this process, as soon as storage is back. Bounded: when it is full the platform
is told to come again. Each process has a folder of its own, locked while it lives; whoever is left
takes over what lies in the folder of one that is gone.
"""

from __future__ import annotations

import asyncio
import base64
import fcntl
import json
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
from typing import Any

import structlog

from bot import events, faults, metrics
from bot.errors import StorageAway
from bot.events import Event

MOST_FILES = 20_000
"""A province's busiest hours; at a few kilobytes each they need no more than a phone's photo."""
MOST_BYTES = 1024**3
MOST_RAW = 64 * 1024
LEFT_KEPT = timedelta(days=7)
"""Of what a crash left half written, and of what nobody could read: as long as dead letters."""
LOOK_SECONDS = 1.0
ADOPT_SECONDS = 10.0
"""Between two looks whether another process has gone and left something."""
AT_ONCE = 64
"""Events handed on together: as many as the writer commits together."""
PATIENCE = {"zalo_oa": 1.5, "zalo_bot": 1.5}
"""Seconds storage may take. Zalo waits two for its answer, and then counts towards switching the
webhook off; a turn that is committed after all makes the spooled event a repeat."""
LOCK = "lock"

log = structlog.get_logger()
_Entry = tuple[Path, Event, bytes]
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
        most_bytes: int = MOST_BYTES,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """What can never be handed on is removed once it is old."""
        self._folder = folder
        self._store = store
        self._most, self._most_bytes = most, most_bytes
        self._sleep = sleep
        self._lock = asyncio.Lock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._own, lock = _own_folder(folder)
        self._locks = {self._own: lock}
        """Held as long as this process lives, also of folders taken over."""
        weakref.finalize(self, _let_go, self._locks)
        self._waiting: dict[str, dict[Path, int]] = {}
        """By channel, in order: each file and its size."""
        self._writing: Counter[str] = Counter()
        self._number = 0
        self._has_looked = False
        self._news = asyncio.Event()
        self.tidy()

    @property
    def waiting(self) -> int:
        """How many events lie here."""
        return sum(map(len, self._waiting.values()))

    async def take(self, event: Event, raw: bytes) -> None:
        """Take an event: into storage, else onto the disk. Raises StorageAway when neither can."""
        if not self._has_looked:
            await self.take_over()
        channel = event.channel
        if not self._waiting.get(channel) and not self._writing[channel]:
            with suppress(StorageAway, TimeoutError):
                async with asyncio.timeout(PATIENCE.get(channel)):
                    await self._store(event, raw)
                return
        self._writing[channel] += 1
        try:
            await self._append(event, raw)
        finally:
            self._writing[channel] -= 1

    def tidy(self) -> None:
        """Remove parts and unreadable events older than LEFT_KEPT, by the machine's clock, and the
        folders of processes long gone."""
        before = time.time() - LEFT_KEPT.total_seconds()
        for path in [*self._folder.rglob("*.part"), *self._folder.rglob("*.unreadable")]:
            with suppress(OSError):
                if path.stat().st_mtime < before:
                    path.unlink()
        for folder in self._folder.iterdir():
            with suppress(OSError):
                if folder not in self._locks and folder.stat().st_mtime < before:
                    _remove_empty(folder)

    async def run(self) -> None:
        """Hand on what lies here, until cancelled."""
        while True:
            self._news.clear()
            await self.take_over()
            # A batch of each channel in turn: a long queue of one holds up no other.
            moved = [await self._hand_on(channel) for channel in list(self._waiting)]
            if not self.waiting:
                with suppress(TimeoutError):
                    async with asyncio.timeout(ADOPT_SECONDS):
                        await self._news.wait()
            elif not any(moved):
                await self._sleep(LOOK_SECONDS)

    async def take_over(self) -> None:
        """Make one's own what lies in folders whose processes are gone; `take` and `run` do."""
        for folder, lock in await asyncio.to_thread(_left, self._folder, set(self._locks)):
            found = await asyncio.to_thread(_events_in, folder)
            if not found:
                os.close(lock)
                continue
            self._locks[folder] = lock
            for path, size in found:
                self._waiting.setdefault(path.parent.name, {})[path] = size
            for channel, waiting in self._waiting.items():
                ordered = sorted(waiting, key=lambda path: path.name)
                self._waiting[channel] = {path: waiting[path] for path in ordered}
        self._has_looked = True

    async def _append(self, event: Event, raw: bytes) -> None:
        told = {**events.told(event), "raw": base64.b64encode(raw[:MOST_RAW]).decode()}
        text = json.dumps(told)
        async with self._lock:
            held = sum(sum(one.values()) for one in self._waiting.values())
            if self.waiting >= self._most or held + len(text) > self._most_bytes:
                raise StorageAway
            # Names sort by time, also among the folders of several processes.
            self._number = max(self._number + 1, time.time_ns())
            path = self._own / event.channel / f"{self._number:020}.json"
            try:
                await asyncio.to_thread(_write, path, text)
            except OSError as fault:
                log.error("spool_cannot_be_written", fault=fault.strerror)
                raise StorageAway from fault
            self._waiting.setdefault(event.channel, {})[path] = len(text)
            self._news.set()

    async def _hand_on(self, channel: str) -> bool:
        """Store a batch, each person's events in order, people in parallel, as they came: one by
        one, what people say meanwhile would be more than what is handed on. Whether any went."""
        waiting = self._waiting[channel]
        before = list(islice(waiting, AT_ONCE))
        lines, gone = await asyncio.to_thread(_read, before)
        for path in gone:
            metrics.ALARMS.labels(channel).inc()
            del waiting[path]
        await asyncio.gather(*(self._give(waiting, line) for line in lines))
        return any(path not in waiting for path in before)

    async def _give(self, waiting: dict[Path, int], line: Sequence[_Entry]) -> None:
        """Store one person's events while they can be."""
        for path, event, raw in line:
            try:
                await self._store(event, raw)
            except StorageAway:
                return
            except Exception as fault:
                log.error("spooled_event_refused", fault=faults.told(fault))
                metrics.ALARMS.labels(event.channel).inc()
                await asyncio.to_thread(_set_aside, path)
            # At once: what is handed on again after a crash should be as little as can be.
            await asyncio.to_thread(path.unlink, missing_ok=True)
            del waiting[path]


def _own_folder(folder: Path) -> tuple[Path, int]:
    while True:
        own = folder / secrets.token_hex(6)
        own.mkdir(mode=0o700)
        _sync(folder)
        if (lock := _locked(own)) is not None:
            return own, lock


def _locked(folder: Path) -> int | None:
    """The folder's lock, an open file, None while its process lives."""
    descriptor = os.open(folder / LOCK, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _let_go(locks: dict[Path, int]) -> None:
    for descriptor in locks.values():
        os.close(descriptor)
    locks.clear()


def _left(folder: Path, known: set[Path]) -> list[tuple[Path, int]]:
    """The folders of processes that are gone, each with its lock."""
    others = [one for one in folder.iterdir() if one.is_dir() and one not in known]
    return [(one, lock) for one in others if (lock := _locked(one)) is not None]


def _events_in(folder: Path) -> list[tuple[Path, int]]:
    return [(path, path.stat().st_size) for path in folder.rglob("*.json")]


def _remove_empty(folder: Path) -> None:
    """Remove a folder of a process that is gone; OSError where something is left in it."""
    lock = _locked(folder)
    if lock is None:
        return
    try:
        for path in folder.iterdir():
            if path.name != LOCK:
                path.rmdir()
        (folder / LOCK).unlink()
        folder.rmdir()
    finally:
        os.close(lock)


def _read(paths: Sequence[Path]) -> tuple[list[list[_Entry]], list[Path]]:
    """What lies in these files, by person, each person's in order; and what no event could be read
    from, which is set aside."""
    lines: dict[str, list[_Entry]] = {}
    gone: list[Path] = []
    for path in paths:
        try:
            entry: dict[str, Any] = json.loads(path.read_text("utf-8"))
            event, raw = events.read(entry), base64.b64decode(entry["raw"])
        except OSError as fault:
            # It may pass; what stands behind this one must not overtake it.
            log.error("spool_cannot_be_read", fault=fault.strerror)
            break
        except Exception as fault:
            # Torn by a crash before it was acknowledged, or touched by hand.
            log.error("spooled_event_unreadable", fault=faults.told(fault))
            _set_aside(path)
            gone.append(path)
        else:
            lines.setdefault(getattr(event, "sender", ""), []).append((path, event, raw))
    return list(lines.values()), gone


def _write(path: Path, text: str) -> None:
    """Whole and synced down to the folder's entry, or not there under its name."""
    path.parent.mkdir(exist_ok=True, mode=0o700)
    part = path.with_suffix(".part")
    with open(part, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    for folder in (path.parent, path.parent.parent):
        _sync(folder)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _set_aside(path: Path) -> None:
    if path.exists():
        os.utime(path)  # it is kept from now on: somebody must have time to look
        path.replace(path.with_suffix(".unreadable"))
