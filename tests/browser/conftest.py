"""One Chromium for all browser tests; for each test a fresh profile, server and bot."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from starlette.applications import Starlette

from bot.channels import web
from bot.console import pages

from .fake_port import FakeBot
from .serving import Server

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
)
PHONE = {"width": 360, "height": 640}
AT = datetime(2025, 1, 2, 1, 0, tzinfo=UTC)


class Site:
    """The chat on a port of this machine, which can go away and come back at the same address."""

    def __init__(self, bot: FakeBot) -> None:
        self.bot = bot
        self.port = 0
        self._server: Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    async def start(self) -> None:
        chat = web.routes(self.bot, lambda: AT, secure=False, banner=None)
        config = uvicorn.Config(
            Starlette(routes=[*chat, pages.static()]),
            port=self.port,
            log_level="warning",
            timeout_graceful_shutdown=1,
            ws="none",
        )
        self._server = Server(config)
        self._task = asyncio.create_task(self._server.serve())
        await self._server.listening.wait()
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser() -> AsyncIterator[Browser]:
    if shutil.which(CHROMIUM) is None:
        pytest.fail(
            f"Browser tests need Chromium, and there is none at {CHROMIUM}: "
            "apt-get install chromium, or name one in CHROMIUM.",
            pytrace=False,
        )
    async with async_playwright() as driver:
        chromium = await driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        await chromium.close()


@pytest.fixture
def bot() -> FakeBot:
    return FakeBot(AT)


@pytest_asyncio.fixture(loop_scope="session")
async def site(bot: FakeBot) -> AsyncIterator[Site]:
    running = Site(bot)
    await running.start()
    yield running
    await running.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser, site: Site) -> AsyncIterator[BrowserContext]:
    """A phone's browser that has never been here."""
    fresh = await browser.new_context(
        base_url=site.url,
        locale="vi-VN",
        viewport={"width": PHONE["width"], "height": PHONE["height"]},
    )
    yield fresh
    await fresh.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """The chat, opened. At the end: no error in the script, no request to another host, and
    nothing that the content policy had to stop.
    """
    opened = await context.new_page()
    faults: list[str] = []
    asked: set[str] = set()
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on(
        "console",
        lambda line: faults.append(line.text) if "Content Security" in line.text else None,
    )
    opened.on("request", lambda request: asked.add(request.url.split("/")[2]))
    await opened.goto("/chat")
    yield opened
    assert faults == []
    assert len(asked) == 1
