"""The spool (hàng đợi tạm): what platforms told us while storage was away, kept on local disk.

Some platforms do not send again what was not taken, so a verified event is written down, synced and
acknowledged. It is handed on, each person's events in order, and before anything newer of its
channel, as soon as storage is back. Bounded: when it is full the platform is told to come again.
All processes that share the folder share the queue: each writes into it while it holds anything,
and one at a time hands on, so that no process overtakes what another was told.
"""

from __future__ import annotations

import asyncio
import base64
import fcntl
import json
import os
import re
import secrets
import time
import weakref
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
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
AGAIN_SECONDS = 1.0
"""Until storage is tried again, or another process has handed on."""
LOOK_SECONDS = 0.25
"""Between two looks whether another process has written something: so long it may be overtaken."""
AT_ONCE = 64
"""Events handed on together: as many as the writer commits together."""
LOCK = "lock"
_NAME = re.compile(r"(\d{20})-[0-9a-f]+\.json")

log = structlog.get_logger()
_Entry = tuple[Path, Event, bytes]
_Waiting = dict[str, dict[str, int]]
"""By channel, in order: each file's name and its size."""
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
        self._waiting: _Waiting = {}
        """As it was found, with what was written and handed on here since."""
        self._writing: Counter[str] = Counter()
        self._number, self._by = 0, secrets.token_hex(4)
        self._has_looked = False
        self._news = asyncio.Event()
        self.tidy()

    @property
    def waiting(self) -> int:
        """How many events lie here."""
        return sum(map(len, self._waiting.values()))

    async def take(self, event: Event, raw: bytes, patience: float | None = None) -> None:
        """Take an event: into storage, which may take `patience` seconds, else onto the disk.
        Raises StorageAway when neither can."""
        if not self._has_looked:
            try:
                await self.look()
            except OSError as fault:
                log.error("spool_cannot_be_read", fault=fault.strerror)
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
            has_moved = self.waiting > 0 and await self._hand_on_in_turn()
            if not self.waiting:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._news.wait()
            elif not has_moved:
                await self._sleep(AGAIN_SECONDS)

    async def look(self) -> None:
        """See what lies in the folder, other processes' too; `take` and `run` do."""
        async with self._lock:
            self._waiting = await asyncio.to_thread(_found, self._folder, self._waiting)
            self._has_looked = True
            for waiting in self._waiting.values():
                newest = _NAME.fullmatch(next(reversed(waiting))) if waiting else None
                if newest is not None:
                    # Clocks may step back, or differ: what is written now stands behind it.
                    self._number = max(self._number, int(newest[1]))

    async def _append(self, event: Event, raw: bytes) -> None:
        told = {**events.told(event), "raw": base64.b64encode(raw[:MOST_RAW]).decode()}
        text = json.dumps(told)
        async with self._lock:
            held = sum(sum(one.values()) for one in self._waiting.values())
            if self.waiting >= self._most or held + len(text) > self._most_bytes:
                raise StorageAway
            self._number = max(self._number + 1, time.time_ns())
            name = f"{self._number:020}-{self._by}.json"
            try:
                await asyncio.to_thread(_write, self._folder / event.channel / name, text)
            except OSError as fault:
                log.error("spool_cannot_be_written", fault=fault.strerror)
                raise StorageAway from fault
            self._waiting.setdefault(event.channel, {})[name] = len(text)
            self._news.set()

    async def _hand_on_in_turn(self) -> bool:
        """Hand on what lies here while any goes, unless another process does so now. Whether any
        went."""
        is_ours, has_moved = _locked(self._handing_on), False
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
        waiting = self._waiting[channel]
        before = list(islice(waiting, AT_ONCE))
        lines, gone = await asyncio.to_thread(_read, self._folder / channel, before)
        for name in gone:
            metrics.ALARMS.labels(channel).inc()
            del waiting[name]
        await asyncio.gather(*(self._give(waiting, line) for line in lines))
        return any(name not in waiting for name in before)

    async def _give(self, waiting: dict[str, int], line: Sequence[_Entry]) -> None:
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
            del waiting[path.name]


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _found(folder: Path, known: Mapping[str, Mapping[str, int]]) -> _Waiting:
    """What lies in the folder now, by channel, in order."""
    found: _Waiting = {}
    for channel in [one for one in folder.iterdir() if one.is_dir()]:
        sizes = known.get(channel.name, {})
        found[channel.name] = {
            name: size
            for name in sorted(os.listdir(channel))
            if name.endswith(".json")
            and (size := sizes.get(name) or _size(channel / name)) is not None
        }
    return found


def _size(path: Path) -> int | None:
    """None where another process has just handed it on."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _read(folder: Path, names: Sequence[str]) -> tuple[list[list[_Entry]], list[str]]:
    """What lies in these files, by person, each person's in order; and what no event could be read
    from, which is set aside."""
    lines: dict[str, list[_Entry]] = {}
    gone: list[str] = []
    for name in names:
        path = folder / name
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
            gone.append(name)
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
