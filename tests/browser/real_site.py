"""The real program on a port of this machine, on a clock inside the plan's period."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from bot.app import App, make_app
from bot.demo import seed
from bot.server import make_site
from bot.settings import Settings
from storage import grants
from tests.browser.serving import Server

AT = datetime(2025, 1, 2, 1, 0, tzinfo=UTC)
COMMUNE = "Xã Bình Lư"


@dataclass(frozen=True, slots=True)
class RealSite:
    """A running program and where it listens."""

    app: App
    url: str

    async def invite(self) -> str:
        """A one-time code for an officer of COMMUNE."""
        unit = self.app.world.places.find(COMMUNE, AT.date()).units[0]
        return await self.app.engine.write(
            lambda tx: grants.invite(tx, "commune_officer", unit.key, by=None)
        )


@asynccontextmanager
async def real_site(folder: Path, *, peopled: bool = False) -> AsyncIterator[RealSite]:
    """The whole program on fresh storage in `folder`; `peopled` with the demo's reports in it."""
    app = make_app(Settings(data_dir=folder, clock=AT))
    if peopled:
        seed(app)
    config = uvicorn.Config(
        make_site(app), port=0, log_level="warning", timeout_graceful_shutdown=1, ws="none"
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve())
    await server.listening.wait()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield RealSite(app, f"http://localhost:{port}")
    finally:
        server.should_exit = True
        await serving
        app.close()
