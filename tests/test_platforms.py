"""The real site with each platform set up against its fake: heard, answered, pictured, settled."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from pydantic import SecretStr
from sqlalchemy import select

from bot.app import App, make_app
from bot.server import make_site
from bot.settings import Settings
from storage.schema import attachments, outbox
from tests.fakes.telegram import TOKEN as TELEGRAM_TOKEN
from tests.fakes.telegram import FakeTelegram
from tests.fakes.zalo_bot import SECRET, FakeZaloBot
from tests.fakes.zalo_bot import TOKEN as BOT_TOKEN
from tests.fakes.zalo_oa import APP_ID, APP_SECRET, OA_ID, OA_SECRET, FakeZaloOa
from tests.picture_double import encoded, scene

CHAT = 7_000_000_001


def address(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def settings(folder: Path, listening: socket.socket, **platform: Any) -> Settings:
    secrets = {name for name in platform if name.endswith(("token", "secret", "key"))}
    told: dict[str, Any] = {
        name: SecretStr(value) if name in secrets else value for name, value in platform.items()
    }
    return Settings(data_dir=folder, public_url=address(listening), **told)


@asynccontextmanager
async def running(told: Settings, listening: socket.socket) -> AsyncIterator[App]:
    app = make_app(told)
    config = uvicorn.Config(make_site(app), log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    await until(lambda: server.started)
    try:
        yield app
    finally:
        server.should_exit = True
        await task
        app.close()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - what is waited for is on the other side of HTTP
            await asyncio.sleep(0.02)


def rows(app: App, column: Any) -> list[Any]:
    with app.database.reading(app.clock()) as tx:
        return list(tx.execute(select(column)).scalars())


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_telegram(tmp_path: Path, listening: socket.socket, mode: str) -> None:
    async with FakeTelegram() as fake:
        told = settings(
            tmp_path, listening, telegram_token=TELEGRAM_TOKEN, telegram_api_base=fake.base,
            telegram_mode=mode, telegram_webhook_secret="s" * 43,
        )  # fmt: skip
        async with running(told, listening) as app:
            fake.people.start(CHAT)
            seen = fake.people.chats[CHAT].seen
            await until(lambda: len(seen) == 1)
            fake.people.press(CHAT, "Báo đóng góp")
            await until(lambda: len(seen) == 2)
            fake.people.press(CHAT, "Đồng ý")
            await until(lambda: len(seen) == 3)
            fake.people.photo(CHAT, encoded(scene(1)), group="g1")
            await until(lambda: rows(app, attachments.c.state) == ["kept"])
            fake.people.say(CHAT, "hạn nộp hồ sơ khen là khi nào")
            await until(lambda: any("05/01" in one.text for one in seen))
            await until(lambda: set(rows(app, outbox.c.state)) == {"sent"})
            assert fake.commands[0]["command"] == "bao_dong_gop"


async def test_zalo_official_account(tmp_path: Path, listening: socket.socket) -> None:
    fake = FakeZaloOa(lambda: datetime.now(UTC), webhook=f"{address(listening)}/zalo/oa/webhook")
    async with fake.serve() as base:
        told = settings(
            tmp_path, listening, zalo_oa_id=OA_ID, zalo_oa_app_id=APP_ID,
            zalo_oa_app_secret=APP_SECRET, zalo_oa_secret_key=OA_SECRET,
            zalo_oa_refresh_token=fake.grant.refresh, zalo_oa_api_base=base,
            zalo_oa_oauth_base=base,
        )  # fmt: skip
        async with running(told, listening) as app:
            who = fake.people.person(1)
            assert await fake.push.deliver(fake.people.follows(who))
            await until(lambda: len(who.seen) == 1)
            titles = [title for title, _ in who.seen[0].buttons]
            tap = fake.people.taps(who, who.seen[0], titles.index("Báo đóng góp"))
            assert await fake.push.deliver(tap)
            assert await fake.push.deliver(tap)
            await until(lambda: len(who.seen) == 2)
            assert await fake.push.deliver(fake.people.says(who, "đồng ý"))
            await until(lambda: len(who.seen) == 3)
            fake.media["a.jpg"] = encoded(scene(1))
            photo = {"url": f"{base}/media/a.jpg", "thumbnail": f"{base}/media/a.jpg"}
            assert await fake.push.deliver(fake.people.sends(who, "image", photo))
            await until(lambda: rows(app, attachments.c.state) == ["kept"])
            await until(lambda: set(rows(app, outbox.c.state)) == {"sent"})
            stored = (tmp_path / "chung-suc.db").read_bytes()
            assert fake.grant.access.encode() not in stored
            assert fake.grant.refresh.encode() not in stored


async def test_zalo_bot(tmp_path: Path, listening: socket.socket) -> None:
    fake = FakeZaloBot(lambda: datetime.now(UTC), webhook=f"{address(listening)}/zalo/bot/webhook")
    async with fake.serve() as base:
        told = settings(
            tmp_path, listening, zalo_bot_token=BOT_TOKEN, zalo_bot_api_base=base,
            zalo_bot_webhook_secret=SECRET,
        )  # fmt: skip
        async with running(told, listening) as app:
            who = fake.person(1)
            for number, text in enumerate(("xin chào", "2", "1", "1"), start=1):
                assert await fake.push.deliver(fake.body(fake.says(who, text)))
                await until(lambda number=number: len(who.seen) >= number)  # type: ignore[misc]
            assert "bao nhiêu tiền" in who.seen[-1].text
            await until(lambda: set(rows(app, outbox.c.state)) == {"sent"})
