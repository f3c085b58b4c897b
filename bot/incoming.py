"""Files uploaded on the web, on their way: spooled and synced before the turn that takes them.

The media job fetches them from here as from any platform, and removes them once they are kept.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

from bot.channels.platform import NotFetched
from bot.durable import sync_folder
from bot.pictures import Kind
from handlers.messages import AttachmentKind

KINDS: dict[Kind, AttachmentKind] = {"picture": "photo", "document": "file", "voice": "voice"}
"""What a file is by its content, as a message and its row call it."""
SCHEME = "web:"
MOST_FILES, MOST_BYTES = 10, 64 * 1024 * 1024
"""Of one person: two reports' worth, waiting at most for his consent."""
MOST_FILES_OF_ALL, MOST_BYTES_OF_ALL = 2_000, 2 * 1024 * 1024 * 1024
"""Persons are free to make on the web, the disk is not."""
_NAME = re.compile(r"[0-9a-f]{16}-[0-9a-f]{32}")
_PART = ".part"


class TooMuchWaiting(Exception):
    """So much is waiting already that nothing more is taken for now."""


class Incoming:
    """The folder of files on their way. Names are made here; none comes from outside."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, sender: str, chunks: AsyncIterator[bytes]) -> tuple[str, int]:
        """Spool what comes from a person (a hexadecimal id); its reference and size. Raises
        TooMuchWaiting, OSError, and whatever `chunks` raises; then nothing is left."""
        await asyncio.to_thread(self._make_room, sender[:16])
        path = self._folder / f"{sender[:16]}-{secrets.token_hex(16)}"
        part, size = path.with_suffix(_PART), 0
        try:
            with part.open("xb") as file:
                async for chunk in chunks:
                    size += file.write(chunk)
                file.flush()
                await asyncio.to_thread(os.fsync, file.fileno())
            part.replace(path)
            await asyncio.to_thread(sync_folder, self._folder)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return f"{SCHEME}{path.name}", size

    async def fetch(self, reference: str, most: int) -> bytes:
        """As a platform's. Raises NotFetched."""
        path = self._path(reference)
        if path is None:
            raise NotFetched("gone")
        try:
            data = await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError:
            raise NotFetched("gone") from None
        except OSError:
            raise NotFetched("later") from None
        if len(data) > most:
            raise NotFetched("too_large")
        return data

    def remove(self, reference: str) -> None:
        """Let a file go; one that is gone already, and what is no reference of ours, is nothing."""
        if path := self._path(reference):
            path.unlink(missing_ok=True)

    def older(self, age: timedelta) -> list[str]:
        """References of what came longer ago; parts that a crash left are removed on the way."""
        before, old = time.time() - age.total_seconds(), []
        for name, _, since in self._entries():
            if since < before and name.endswith(_PART):
                (self._folder / name).unlink(missing_ok=True)
            elif since < before and _NAME.fullmatch(name):
                old.append(f"{SCHEME}{name}")
        return old

    def _path(self, reference: str) -> Path | None:
        name = reference.removeprefix(SCHEME)
        return self._folder / name if _NAME.fullmatch(name) else None

    def _make_room(self, person: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        entries = self._entries()
        own = [size for name, size, _ in entries if name.startswith(person)]
        full = len(own) >= MOST_FILES or sum(own) >= MOST_BYTES
        whole = sum(size for _, size, _ in entries)
        if full or len(entries) >= MOST_FILES_OF_ALL or whole >= MOST_BYTES_OF_ALL:
            raise TooMuchWaiting

    def _entries(self) -> list[tuple[str, int, float]]:
        """Name, size and time of each file."""
        if not self._folder.is_dir():
            return []
        found = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                try:
                    told = entry.stat()
                except FileNotFoundError:
                    continue
                found.append((entry.name, told.st_size, told.st_mtime))
        return found
