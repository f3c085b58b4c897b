"""The HTTP side of `run`: the web chat, health and metrics, on one uvicorn server."""

from __future__ import annotations

import asyncio
import gc
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import prometheus_client
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot import erasing, metrics
from bot.app import App
from bot.campaigns import Campaigns
from bot.channels import web, web_files, web_mydata
from bot.console import pages
from bot.errors import BadUsage, StorageAway
from bot.incoming import Incoming
from bot.media import MediaJob, shown
from bot.schedule import Schedule
from bot.settings import Settings
from handlers.words import moment
from storage.database import Tx
from storage.upgrade import HEAD, revision

STOP_SECONDS = 2
"""An open page keeps a server from stopping; after this it is cut off and comes again."""
LOOPBACK = {"127.0.0.1", "::1"}


def make_site(app: App) -> Starlette:
    """All routes of one process."""

    media, incoming = app.settings.data_dir / "media", Incoming(app.settings.data_dir / "incoming")
    media_job = MediaJob(app.engine, app.world, media, incoming, {})

    @asynccontextmanager
    async def lifespan(_site: Starlette) -> AsyncIterator[None]:
        app.engine.attach(asyncio.get_running_loop())
        listener = app.engine.listen()
        # What is loaded by now lives as long as the process; walking it again only costs time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        jobs = [
            asyncio.create_task(job)
            for job in (
                media_job.run(),
                Schedule(app.engine, app.world).run(),
                Campaigns(app.engine, app.world, app.clock).run(),
                erasing.work(app.engine.database, app.engine.writer),
            )
        ]
        yield
        for task in jobs:
            task.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        listener.close()

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(_request: Request) -> Response:
        def look(tx: Tx) -> bool:
            return revision(tx.connection) == HEAD

        try:
            ready = await app.engine.read(look)
        except StorageAway as away:
            headers = {"Retry-After": str(away.retry_after)}
            return PlainTextResponse("storage", 503, headers)
        if not ready:
            return PlainTextResponse("migrations", 503)
        if not await asyncio.to_thread(_is_writable, media):
            return PlainTextResponse("media", 503)
        return PlainTextResponse("ok")

    async def measured(request: Request) -> Response:
        at = request.client.host if request.client else ""
        if at not in LOOPBACK or "x-forwarded-for" in request.headers:
            return PlainTextResponse("not found", 404)
        return Response(metrics.page(), media_type=prometheus_client.CONTENT_TYPE_LATEST)

    clock = app.settings.clock
    words = pages.sentences("chat")
    secure = app.settings.public_url.startswith("https://")
    trusted = [app.settings.public_url] if app.settings.public_url else []
    return Starlette(
        routes=[
            *web.routes(
                app.engine,
                app.clock,
                secure=secure,
                banner=words["rehearsal"].format(since=moment(clock)) if clock else None,
                trusted=trusted,
            ),
            *web_files.routes(
                app.engine,
                app.clock,
                partial(shown, app.engine, app.world),
                incoming,
                media,
                secure=secure,
                trusted=trusted,
            ),
            *web_mydata.routes(app.engine.read, app.world, secure=secure),
            pages.static(),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", measured),
        ],
        lifespan=lifespan,
    )


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def listen(settings: Settings) -> socket.socket:
    """The listening socket. Raises BadUsage: nobody is told an address that is not ours."""
    host, port = settings.http_host, settings.http_port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((host, port))
    except OSError as taken:
        opened.close()
        raise BadUsage(
            f"BOT_HTTP_HOST, BOT_HTTP_PORT: không mở được {host}:{port} ({taken.strerror}); "
            "đổi số cổng hoặc dừng chương trình đang dùng nó"
        ) from None
    return opened


def serve(app: App, listening: socket.socket) -> None:
    """Serve until told to stop; then finish what is under way."""
    config = uvicorn.Config(
        make_site(app),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listening])
