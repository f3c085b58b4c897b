"""Whole conversations over both Zalo channels: the real engine, the fakes, HTTP between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from bot.channels import zalo_bot_webhook, zalo_oa_webhook
from bot.channels.platform import Platform, Sent
from bot.channels.zalo_bot import ZaloBot
from bot.channels.zalo_oa_events import Event, Said
from bot.channels.zalo_oa_signature import Signature
from bot.engine import Engine
from bot.fetching import Fetcher
from bot.http_client import make_client
from handlers.messages import Message
from handlers.turn import World
from storage import outbox, people
from storage.database import Database, Tx
from tests.conftest import Fresh, HandClock
from tests.fakes.zalo_bot import SECRET, TOKEN, FakeZaloBot
from tests.fakes.zalo_oa import APP_ID, OA_ID, OA_SECRET, FakeZaloOa
from tests.fakes.zalo_oa_people import Person, Seen
from tests.zalo_double import rig


class EnginePort:
    """Both channels' port on a real engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def take(self, event: Event, raw: bytes) -> None:
        if isinstance(event, Said):
            await self._engine.receive(event.message, raw)

    async def receive(self, message: Message, raw: bytes) -> None:
        await self._engine.receive(message, raw)

    async def keep(self, raw: bytes) -> None:
        raise AssertionError(raw)


async def deliver(engine: Engine, platform: Platform, who: Person) -> list[Seen]:
    """Send what waits for the person; returns what he has not seen before."""
    before = len(who.seen)

    def look(tx: Tx) -> tuple[int, list[outbox.Waiting]]:
        found = people.find_account(tx, platform.channel, platform.account, who.user_id)
        return (found, outbox.waiting(tx, found)) if found else (0, [])

    account_id, rows = await engine.read(look)
    for row in rows:
        assert isinstance(await platform.send(who.user_id, row.body), Sent)
    await engine.write(lambda tx: outbox.acknowledge(tx, account_id, [row.id for row in rows]))
    return who.seen[before:]


@pytest.fixture
async def engine(fresh_url: Fresh, world: World, clock: HandClock) -> AsyncIterator[Engine]:
    one = Engine(Database(fresh_url("sqlite")), world, clock)
    one.attach(asyncio.get_running_loop())
    yield one
    one.close()


@asynccontextmanager
async def webhook_of(route: Route) -> AsyncIterator[httpx.ASGITransport]:
    yield httpx.ASGITransport(app=Starlette(routes=[route]))


async def test_a_report_by_buttons_on_an_official_account(engine: Engine, clock: HandClock) -> None:
    signature = Signature(APP_ID, {"oa_secret_key": OA_SECRET})
    route = zalo_oa_webhook.route(EnginePort(engine), OA_ID, signature, clock)
    async with webhook_of(route) as transport:
        fake = FakeZaloOa(clock, transport=transport)
        async with rig(clock, fake) as oa:
            who = fake.people.person(1)
            assert await fake.push.deliver(fake.people.follows(who))
            [menu] = await deliver(engine, oa.oa, who)
            titles = [title for title, _ in menu.buttons]
            assert len(titles) >= 3
            # Zalo sends every event twice; the second changes nothing.
            tap = fake.people.taps(who, menu, titles.index("Báo đóng góp"))
            assert await fake.push.deliver(tap)
            assert await fake.push.deliver(tap)
            asked = await deliver(engine, oa.oa, who)
            assert len(asked) == 1
            assert asked[-1].buttons
            # The menu's buttons stay on the screen for ever and do what they say; the report waits.
            assert await fake.push.deliver(fake.people.taps(who, menu, 0))
            [turned] = await deliver(engine, oa.oa, who)
            assert turned.text != asked[-1].text
            assert await fake.push.deliver(fake.people.says(who, "tiếp tục"))
            again = await deliver(engine, oa.oa, who)
            assert again[-1].text == asked[-1].text
            assert again[-1].buttons != asked[-1].buttons


async def test_a_report_by_numbers_on_the_bot_platform(engine: Engine, clock: HandClock) -> None:
    route = zalo_bot_webhook.route(EnginePort(engine), TOKEN.partition(":")[0], SECRET, clock)
    async with webhook_of(route) as transport:
        fake = FakeZaloBot(clock, transport=transport)
        async with fake.serve() as base:
            bot = ZaloBot(TOKEN, make_client(), Fetcher([]), lambda _id: None, api_base=base)
            who = fake.person(1)
            assert await fake.push.deliver(fake.body(fake.says(who, "menu")))
            [menu] = await deliver(engine, bot, who)
            # The menu offers words, good for ever; a question's answers are numbered.
            [line] = [one for one in menu.text.split("\n") if one.endswith(" Báo đóng góp")]
            assert await fake.push.deliver(fake.body(fake.says(who, line.removeprefix("• "))))
            [asked] = await deliver(engine, bot, who)
            assert "\n1. " in asked.text
            await bot.close()
