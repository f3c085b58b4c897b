"""Who is measured: the two baselines, and our program on a small store, on a full one, and behind
the platforms' webhooks."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func, select

from storage.database import Database
from storage.schema import contributions, outbox, recipients
from storage.upgrade import upgrade
from tests.load import bulk, hooks, usual_aiogram
from tests.load.client import Sample, drive, pace, request
from tests.load.page import Page
from tests.load.server import Server, free_port, start, start_bot
from tests.load.traffic import asked, telegram_update
from tests.load.villagers import Reporter, asking, cookie, on_the_web, scout

CONNECTIONS = 64
HOOK_CONNECTIONS = 100
PACE = 100.0
"""Turns a second."""
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
    per_second: float | None = None
    """Requests that fall due a second; without it each source goes as fast as it is answered."""
    ends: Callable[[], Awaitable[None]] | None = None
    """Waits until what was answered is also done, where that comes later: it costs its contender
    processor time, and must not be left to burden the next one."""
    samples: list[Sample] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    """The server's processor time a turn: what is left when the machine has other work too."""
    shown: int = 0
    """Messages the open pages heard."""
    unacknowledged: int = 0
    """Their acknowledgements that were not taken."""

    async def measure(self, seconds: float) -> None:
        """One round."""
        port = self.server.port
        pages = [Page(cookie) for cookie in self.cookies]
        for page in pages:
            await page.open(port)
        spent = self.server.cpu_seconds()
        try:
            if self.per_second is None:
                sample = await drive(port, self.sources, seconds)
            else:
                sample = await pace(port, self.sources, self.per_second, seconds)
            if self.ends is not None:
                await self.ends()
            self.samples.append(sample)
            spent = self.server.cpu_seconds() - spent
            self.cpu_ms.append(spent * 1000 / max(1, sample.answered))
        finally:
            for page in pages:
                page.close()
                self.shown += page.shown
                self.unacknowledged += page.refused

    def wrong(self) -> list[str]:
        """What makes its figures worthless."""
        refused: Counter[int] = Counter()
        for sample in self.samples:
            refused.update(sample.refused)
        found = [f"refused {dict(refused)}"] if refused else []
        if any(not sample.latencies for sample in self.samples):
            found.append("nothing was answered in a round")
        if self.cookies and self.samples and not self.shown:
            found.append("no open page heard anything")
        if self.unacknowledged:
            found.append(f"{self.unacknowledged} acknowledgements refused")
        return [f"{self.name}: {one}" for one in found]


async def bare(stack: ExitStack, core: int | None) -> Contender:
    """Baseline (a)."""
    port = free_port()
    server = start(["-m", "tests.load.bare_aiohttp", str(port)], port, core=core)
    stack.callback(server.stop)
    await asyncio.to_thread(server.wait_ready)
    return Contender("(a) bare aiohttp: POST → 200", server, _all_updates(CONNECTIONS))


async def usual(stack: ExitStack, folder: Path, stub: str, core: int | None) -> Contender:
    """Baseline (b); `stub` is the base URL of the Bot API."""
    port = free_port()
    database = str(folder / "usual.db")
    command = ["-m", "tests.load.usual_aiogram", str(port), stub, database]
    server = start(command, port, core=core)
    stack.callback(server.stop)
    await asyncio.to_thread(server.wait_ready)
    name = "(b) aiogram: awaited, row committed, echo"
    return Contender(name, server, _all_updates(CONNECTIONS))


def _all_updates(connections: int) -> list[Iterator[bytes]]:
    return [_updates(number) for number in range(connections)]


def _updates(number: int) -> Iterator[bytes]:
    secret = f"X-Telegram-Bot-Api-Secret-Token: {usual_aiogram.SECRET}"
    for event, text in enumerate(asked(number)):
        update = telegram_update(number * 1_000_000 + event, text, (number + event) % 997)
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
        sent_off = sum(one.sent_off for one in self.reporters)
        held = _count(self.url, select(func.count(contributions.c.id)))
        return self.stored + _SCOUTED + sent_off - held


async def ours(stack: ExitStack, folder: Path, stored: int, core: int | None) -> Ours:
    """Start our program on a new store in `folder`, filled with `stored` contributions."""
    url = f"sqlite:///{folder / 'chung-suc.db'}"
    await asyncio.to_thread(_store, url, stored)
    server = start_bot(folder, free_port(), core=core)
    stack.callback(server.stop)
    await asyncio.to_thread(server.wait_ready)
    ready_mb = server.resident_mb()
    steps = await scout(server.port, f"scout/{stored}")
    ask = [f"{stored}/asks/{number}" for number in range(CONNECTIONS)]
    report = [f"{stored}/reports/{number}" for number in range(CONNECTIONS)]
    askers = [asking(number, on_the_web(seed)) for number, seed in enumerate(ask)]
    reporters = [
        Reporter(number * 10_000, steps, on_the_web(seed)) for number, seed in enumerate(report)
    ]
    label = f"page open, {stored:,} stored"
    question = Contender(f"question, {label}", server, askers, [cookie(one) for one in ask])
    form = Contender(f"form step, {label}", server, reporters, [cookie(one) for one in report])
    return Ours(stored, url, server, ready_mb, question, form, reporters)


@dataclass(slots=True)
class Hooks:
    """Our program behind the platforms' webhooks; `crowds` by platform, a connection each."""

    url: str
    server: Server
    crowds: Mapping[str, Sequence[hooks.Crowd]]

    def contenders(self, more: str, **how: Any) -> list[Contender]:
        """One a platform; `how` goes to each."""
        return [
            Contender(f"{platform} webhook{more}", self.server, crowds, **how)
            for platform, crowds in self.crowds.items()
        ]

    async def delivered(self) -> None:
        """Return when every answer has reached its platform."""
        await _delivered(self.url)

    def astray(self) -> int:
        """Reports sent off minus those stored."""
        sent_off = sum(one.sent_off for crowds in self.crowds.values() for one in crowds)
        return _SCOUTED + sent_off - _count(self.url, select(func.count(contributions.c.id)))


async def hooked(
    stack: ExitStack, folder: Path, stub: str, core: int | None, *, at_once: bool
) -> Hooks:
    """Start our program on a new store in `folder` with every platform set up; `at_once` as in
    `hooks.settings`."""
    url = f"sqlite:///{folder / 'chung-suc.db'}"
    await asyncio.to_thread(_store, url, 0)
    port = free_port()
    more = hooks.settings(stub, port, at_once=at_once)
    server = start_bot(folder, port, more=more, core=core)
    stack.callback(server.stop)
    await asyncio.to_thread(server.wait_ready)
    steps = await scout(port, "scout/hooks")
    crowds = {
        platform: [hooks.Crowd(number, person, steps) for number in range(HOOK_CONNECTIONS)]
        for platform, person in ((name, make()) for name, make in hooks.POSTS.items())
    }
    return Hooks(url, server, crowds)


@dataclass(slots=True)
class Webhooks:
    """Every platform's webhook beside the baselines, at as many connections as are asked of it."""

    programs: Sequence[Hooks]
    flat_out: Sequence[Contender]
    paced: Sequence[Contender]


async def webhooks(
    stack: ExitStack, folder: Path, stub: str, core: int | None, a: Contender, b: Contender
) -> Webhooks:
    """Our program twice: sending as fast as platforms permit, and with answers sent at once, as
    the usual bot's are within its turn."""
    usually = await hooked(stack, folder / "usually", stub, core, at_once=False)
    at_once = await hooked(stack, folder / "at-once", stub, core, at_once=True)
    updates, ends = _all_updates(HOOK_CONNECTIONS), at_once.delivered
    flat_out = [
        *(Contender(one.name, one.server, updates) for one in (a, b)),
        *usually.contenders(""),
        *at_once.contenders(", answers sent at once", ends=ends),
    ]
    paced = [
        Contender(b.name, b.server, updates, per_second=PACE),
        *at_once.contenders(", answers sent at once", ends=ends, per_second=PACE),
    ]
    return Webhooks((usually, at_once), flat_out, paced)


def unsaid(url: str) -> int:
    """The answers a store's platforms will never be told."""
    return _count(url, select(func.count(outbox.c.id)).where(outbox.c.state == "failed"))


async def _delivered(url: str) -> None:
    """Every answer has reached its platform."""
    waiting = select(func.count(recipients.c.account_id))
    while await asyncio.to_thread(_count, url, waiting):  # noqa: ASYNC110 - another process's
        await asyncio.sleep(0.2)


def _count(url: str, asked: Select[Any]) -> int:
    database = Database(url)
    try:
        with database.reading(datetime.now(UTC)) as tx:
            return int(tx.execute(asked).scalar_one())
    finally:
        database.dispose()


def _store(url: str, stored: int) -> None:
    database = Database(url)
    upgrade(database)
    database.dispose()
    bulk.fill(url, stored)
