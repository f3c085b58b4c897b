"""Who is measured: the two baselines and our program on a small and on a full store."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from storage.database import Database
from storage.schema import contributions
from storage.upgrade import upgrade
from tests.load import bulk, usual_aiogram
from tests.load.client import Sample, drive, request
from tests.load.page import Page
from tests.load.server import Server, free_port, start, start_bot
from tests.load.traffic import asked, telegram_update
from tests.load.villagers import Asker, Reporter, scout

CONNECTIONS = 64
_SCOUTED = 2
"""Reports the scout makes to learn the steps."""


@dataclass(slots=True)
class Contender:
    """One line of the table: where its requests go and who sends them."""

    name: str
    server: Server
    sources: Sequence[Iterator[bytes]]
    cookies: Sequence[str] = ()
    """People whose pages are open meanwhile."""
    samples: list[Sample] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    """The server's processor time a turn: what is left when the machine has other work too."""

    async def measure(self, seconds: float) -> None:
        """One round."""
        port = self.server.port
        pages = [Page(cookie) for cookie in self.cookies]
        for page in pages:
            await page.open(port)
        spent = self.server.cpu_seconds()
        try:
            sample = await drive(port, self.sources, seconds)
            self.samples.append(sample)
            spent = self.server.cpu_seconds() - spent
            self.cpu_ms.append(spent * 1000 / max(1, sample.answered))
        finally:
            for page in pages:
                page.close()


async def bare(stack: ExitStack, core: int | None) -> Contender:
    """Baseline (a)."""
    port = free_port()
    server = start(["-m", "tests.load.bare_aiohttp", str(port)], port, core=core)
    stack.callback(server.stop)
    await asyncio.to_thread(server.wait_ready)
    return Contender("(a) bare aiohttp: POST → 200", server, _all_updates())


async def usual(stack: ExitStack, folder: Path, stub: str, core: int | None) -> Contender:
    """Baseline (b); `stub` is the base URL of the Bot API."""
    port = free_port()
    database = str(folder / "usual.db")
    command = ["-m", "tests.load.usual_aiogram", str(port), stub, database]
    server = start(command, port, core=core)
    stack.callback(server.stop)
    await asyncio.to_thread(server.wait_ready)
    return Contender("(b) aiogram: awaited, row committed, echo", server, _all_updates())


def _all_updates() -> list[Iterator[bytes]]:
    return [_updates(number) for number in range(CONNECTIONS)]


def _updates(number: int) -> Iterator[bytes]:
    secret = f"X-Telegram-Bot-Api-Secret-Token: {usual_aiogram.SECRET}"
    for event, text in enumerate(asked(number)):
        update = telegram_update(number * 1_000_000 + event, text)
        yield request(usual_aiogram.PATH, json.dumps(update, ensure_ascii=False).encode(), secret)


@dataclass(slots=True)
class Ours:
    """Our program on a SQLite store that held `stored` contributions when it started."""

    stored: int
    url: str
    server: Server
    ready_mb: float
    question: Contender
    form: Contender
    reporters: Sequence[Reporter]

    def unheard(self) -> list[Contender]:
        """The same people with no page open: the turn alone, nothing delivered."""
        return [
            Contender(f"{name}, nobody listening", self.server, one.sources)
            for name, one in (("question", self.question), ("form step", self.form))
        ]

    def astray(self) -> int:
        """Reports sent off in the load minus those the store holds: 0 when each step was right."""
        database = Database(self.url)
        try:
            with database.reading(datetime.now(UTC)) as tx:
                held = tx.execute(select(func.count()).select_from(contributions)).scalar_one()
        finally:
            database.dispose()
        sent_off = sum(one.sent_off for one in self.reporters)
        return self.stored + _SCOUTED + sent_off - int(held)


async def ours(stack: ExitStack, folder: Path, stored: int, core: int | None) -> Ours:
    """Start our program on a new store in `folder`, filled with `stored` contributions."""
    url = f"sqlite:///{folder / 'chung-suc.db'}"
    await asyncio.to_thread(_store, url, stored)
    server = start_bot(folder, free_port(), core=core)
    stack.callback(server.stop)
    await asyncio.to_thread(server.wait_ready)
    ready_mb = server.resident_mb()
    steps = await scout(server.port, f"scout/{stored}")
    askers = [Asker(str(stored), number) for number in range(CONNECTIONS)]
    reporters = [Reporter(str(stored), number, steps) for number in range(CONNECTIONS)]
    label = f"page open, {stored:,} stored"
    question = Contender(f"question, {label}", server, askers, [one.cookie for one in askers])
    form = Contender(f"form step, {label}", server, reporters, [one.cookie for one in reporters])
    return Ours(stored, url, server, ready_mb, question, form, reporters)


def _store(url: str, stored: int) -> None:
    database = Database(url)
    upgrade(database)
    database.dispose()
    bulk.fill(url, stored)
