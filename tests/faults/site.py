"""The program under kills, in a folder of its own: started, killed, its clock turned on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from handlers.roles import REVIEWER
from knowledge import places
from storage import grants
from storage.database import Database
from storage.upgrade import upgrade
from tests.faults.zygote import Child, Zygote
from tests.load.server import bot_settings, free_port

STARTS = datetime(2024, 12, 21, 0, 0, tzinfo=UTC)
"""07:00 in Lai Châu of a day with a reminder for communes and villagers."""


class Site:
    """The program under kills: its clock, its store, its replicas."""

    def __init__(self, data: Path, database_url: str | None, replicas: int, zygote: Zygote) -> None:
        self.data, self.database_url, self._zygote = data, database_url, zygote
        self.ports = [free_port() for _ in range(replicas)]
        self.url = database_url or f"sqlite:///{data / 'chung-suc.db'}"
        self.up = asyncio.Event()
        self.settings: dict[str, str] = {}
        self._children: dict[int, Child] = {}
        self._shift, self._begun = STARTS, time.monotonic()

    def now(self) -> datetime:
        """The time everybody goes by."""
        return self._shift + timedelta(seconds=time.monotonic() - self._begun)

    def leap(self, by: timedelta) -> None:
        """Turn the clock on; a server knows it from its next start."""
        self._shift += by

    def settings_at(self, port: int) -> dict[str, str]:
        """What a server on a port is started with now."""
        clock = {"BOT_CLOCK": self.now().isoformat()}
        return {**bot_settings(self.data, port, self.database_url), **self.settings, **clock}

    async def start(self, number: int, *, wait: bool = True) -> None:
        """Start a replica."""
        port = self.ports[number]
        child = self._zygote.start(port, self.settings_at(port))
        self._children[number] = child
        if wait:
            await child.wait_ready()
            self.up.set()

    async def start_all(self) -> None:
        """Start every replica."""
        await asyncio.gather(*(self.start(number) for number in range(len(self.ports))))

    def kill(self, number: int) -> None:
        """SIGKILL a replica."""
        child = self._children.pop(number)
        if not self._children:
            self.up.clear()
        child.kill()

    async def stop(self) -> None:
        """SIGTERM for all."""
        self.up.clear()
        children = list(self._children.values())
        self._children.clear()
        await asyncio.gather(*(asyncio.to_thread(child.stop) for child in children))

    def invitations(self, names: Sequence[str]) -> list[str]:
        """A code for an officer of each place."""
        database = Database(self.url)
        upgrade(database)
        known, today = places.load(), self.now().date()
        with database.writing(self.now()) as tx:
            codes = [
                grants.invite(tx, REVIEWER, known.find(name, today).units[0].key, by=None)
                for name in names
            ]
        database.dispose()
        return codes
