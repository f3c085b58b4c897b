"""The spool (hàng đợi tạm): what platforms told us while storage was away, kept on local disk.

Some platforms do not send again what was not taken, so a verified event is written down, synced and
acknowledged. It is handed on in order, and before anything newer of its channel, as soon as storage
is back. Bounded: when it is full the platform is told to come again.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from bot import faults
from bot.errors import StorageAway
from handlers.messages import Attachment, Message

MOST_FILES = 20_000
"""A province's busiest hours; at a few kilobytes each they need no more than a phone's photo."""
MOST_RAW = 64 * 1024
LEFT_KEPT = timedelta(days=7)
"""Of what a crash left half written, and of what nobody could read: as long as dead letters."""
LOOK_SECONDS = 1.0
PATIENCE = {"zalo_oa": 1.5, "zalo_bot": 1.5}
"""Seconds storage may take. Zalo waits two for its answer, and then counts towards switching the
webhook off; a turn that is committed after all makes the spooled event a repeat."""

log = structlog.get_logger()
Receive = Callable[[Message, bytes], Awaitable[None]]
Keep = Callable[[bytes, str], Awaitable[None]]


class Spool:
    """Receives for the channels of one process; `run` hands on what lies in it."""

    def __init__(
        self,
        folder: Path,
        receive: Receive,
        keep: Keep,
        *,
        most: int = MOST_FILES,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`receive` takes one message and raises StorageAway; `keep` takes a body nobody
        understands. What an earlier process left in the folder is handed on first; what can never
        be is removed once it is old."""
        self._folder = folder
        self._receive = receive
        self._keep = keep
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

    async def receive(self, message: Message, raw: bytes) -> None:
        """Take a message: into storage, else onto the disk. Raises StorageAway when neither can."""
        if not self._waiting.get(message.channel):
            with suppress(StorageAway, TimeoutError):
                async with asyncio.timeout(PATIENCE.get(message.channel)):
                    await self._receive(message, raw)
                return
        await self._append(message.channel, {"message": _told(message)}, raw)

    async def keep(self, channel: str, raw: bytes, key: str) -> None:
        """Keep a body nobody understands; the key tells a repeat."""
        try:
            await self._keep(raw, key)
        except StorageAway:
            await self._append(channel, {"key": key}, raw)

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

    async def _append(self, channel: str, entry: dict[str, Any], raw: bytes) -> None:
        async with self._lock:
            if self.waiting >= self._most:
                raise StorageAway
            self._number += 1
            path = self._folder / channel / f"{self._number:012}.json"
            told = {**entry, "raw": base64.b64encode(raw[:MOST_RAW]).decode()}
            try:
                await asyncio.to_thread(_write, path, json.dumps(told, ensure_ascii=False))
            except OSError as fault:
                log.error("spool_cannot_be_written", fault=fault.strerror)
                raise StorageAway from fault
            self._waiting.setdefault(channel, []).append(path)
            self._news.set()

    async def _hand_on(self, channel: str) -> None:
        paths = self._waiting[channel]
        while paths:
            path = paths[0]
            try:
                await self._give(await asyncio.to_thread(path.read_text, "utf-8"))
            except StorageAway:
                return
            except (ValueError, KeyError, TypeError, OSError) as fault:
                # Torn by a crash before it was acknowledged, or touched by hand: set aside.
                log.error("spooled_event_unreadable", fault=faults.told(fault))
                await asyncio.to_thread(_set_aside, path)
                paths.pop(0)
                continue
            await asyncio.to_thread(path.unlink, missing_ok=True)
            paths.pop(0)

    async def _give(self, text: str) -> None:
        entry = json.loads(text)
        raw = base64.b64decode(entry["raw"])
        if "key" in entry:
            await self._keep(raw, entry["key"])
        else:
            await self._receive(_message(entry["message"]), raw)


def _told(message: Message) -> dict[str, Any]:
    return {**asdict(message), "at": message.at.isoformat()}


def _message(told: dict[str, Any]) -> Message:
    attachments = tuple(Attachment(**one) for one in told["attachments"])
    at = datetime.fromisoformat(told["at"])
    return Message(**{**told, "at": at, "attachments": attachments})


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
