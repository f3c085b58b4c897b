"""What the tests of the Zalo bot share: an engine in memory, seconds that pass in sleep alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.channels.zalo_bot import ZaloBot
from bot.channels.zalo_bot_polling import poll
from bot.errors import StorageAway
from bot.fetching import Fetcher
from bot.http_client import make_client
from handlers.messages import Message
from tests.conftest import HandClock
from tests.fakes.zalo_bot import TOKEN, FakeZaloBot


class MemoryPort:
    """An engine that knows a message it has taken by its id."""

    def __init__(self) -> None:
        self.received: dict[str, Message] = {}
        self.repeats = 0
        self.kept: list[bytes] = []
        self.away = 0

    async def receive(self, message: Message, raw: bytes) -> None:
        if self.away:
            self.away -= 1
            raise StorageAway(3)
        self.repeats += message.event_id in self.received
        self.received[message.event_id] = message

    async def keep(self, raw: bytes) -> None:
        if raw not in self.kept:
            self.kept.append(raw)


class Time:
    """Seconds that pass only in sleep; ends the poll after so many of them."""

    def __init__(self, most: float) -> None:
        self.at, self.most = 0.0, most
        self.begun: list[float] = []

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds
        if self.at >= self.most:
            raise asyncio.CancelledError


async def polled(bot: ZaloBot, port: MemoryPort, seconds: float) -> Time:
    time = Time(seconds)
    with pytest.raises(asyncio.CancelledError):
        await poll(
            bot.calls, port, bot.account, HandClock(), sleep=time.sleep, monotonic=time.monotonic
        )
    return time


@asynccontextmanager
async def bot_of(fake: FakeZaloBot) -> AsyncIterator[ZaloBot]:
    """A bot of the fake's, that finds one picture."""
    async with fake.serve() as base:
        address = {"p": f"{base}/media/p"}.get
        made = ZaloBot(TOKEN, make_client(), Fetcher(["zdn.vn"], own=base), address, api_base=base)
        yield made
        await made.close()
