"""What the tests of the Telegram channel share: a port in memory, a platform at the fake server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from bot.channels.telegram import Telegram
from bot.channels.telegram_intake import Intake
from bot.errors import StorageAway
from handlers.messages import Message
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.fakes.telegram_people import People, Waiting

AT = datetime(2025, 1, 2, 1, 0, tzinfo=UTC)
ACCOUNT = TOKEN.partition(":")[0]
JPEG = b"\xff\xd8\xff" + bytes(200)


class MemoryPort:
    """A `TelegramPort` that remembers what it was told, each event once as the engine does."""

    def __init__(self) -> None:
        self.received: list[Message] = []
        self.repeats = 0
        self.kept: list[bytes] = []
        self.reach: list[tuple[str, bool]] = []
        self.groups: list[str] = []
        self.choices: dict[str, list[str]] = {}
        self.away: dict[str, StorageAway] = {}
        """Senders whose turns cannot be kept; "" is for everything."""
        self.broken: set[str] = set()

    async def receive(self, message: Message, raw: bytes) -> None:
        self._look(message.sender)
        if message.text in self.broken:
            raise RuntimeError(message.text)
        if any(one.event_id == message.event_id for one in self.received):
            self.repeats += 1
        else:
            self.received.append(message)

    async def keep(self, raw: bytes) -> None:
        self._look("")
        if raw not in self.kept:
            self.kept.append(raw)

    async def reachable(self, sender: str, can_be: bool) -> None:
        self._look(sender)
        self.reach.append((sender, can_be))

    async def offered(self, sender: str) -> Sequence[str]:
        self._look(sender)
        return self.choices.get(sender, [])

    async def joined(self, group: str) -> None:
        self.groups.append(group)

    def texts(self, sender: str) -> list[str]:
        return [one.text for one in self.received if one.sender == sender]

    def _look(self, sender: str) -> None:
        for one in ("", sender):
            if one in self.away:
                raise self.away[one]


class Taps:
    """Stands in for `Telegram.answer`."""

    def __init__(self) -> None:
        self.answered: list[str] = []

    async def answer(self, tap: str) -> None:
        self.answered.append(tap)


def intake_of(port: MemoryPort, taps: Taps | None = None) -> Intake:
    return Intake(ACCOUNT, port, lambda: AT, (taps or Taps()).answer)


def people_and_updates() -> tuple[People, list[dict[str, Any]]]:
    """People whose updates land in a list, as Telegram's own JSON."""
    updates: list[dict[str, Any]] = []

    def queue(update: Waiting) -> None:
        updates.append(update.body)

    return People(int(ACCOUNT), queue, lambda: AT.timestamp()), updates


@asynccontextmanager
async def served(*routes: BaseRoute) -> AsyncIterator[str]:
    """These routes over HTTP; gives the address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            Starlette(routes=list(routes)),
            log_config=None,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody of it
            await asyncio.sleep(0)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await task


async def no_picture(_media: object) -> bytes | None:
    return None


@asynccontextmanager
async def telegram_at(fake: FakeTelegram, **options: Any) -> AsyncIterator[Telegram]:
    """The channel, at the fake server and impatient: no test waits for a server that hangs."""
    given: dict[str, Any] = {
        "api_base": fake.base,
        "patience": 0.2,
        "picture": no_picture,
    } | options
    platform = Telegram(fake.token, **given)
    try:
        yield platform
    finally:
        await platform.close()
