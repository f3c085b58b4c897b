"""The HTTP side of `run`: the web chat, health and metrics, on one uvicorn server."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import prometheus_client
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot import erasing, metrics
from bot.app import App
from bot.channels import web, web_mydata
from bot.console import pages
from bot.errors import BadUsage, StorageAway
from bot.settings import Settings
from handlers.words import moment
from storage.database import Tx
from storage.upgrade import HEAD, revision

STOP_SECONDS = 2
"""An open page keeps a server from stopping; after this it is cut off and comes again."""
LOOPBACK = {"127.0.0.1", "::1"}


def make_site(app: App) -> Starlette:
    """All routes of one process."""

    @asynccontextmanager
    async def lifespan(_site: Starlette) -> AsyncIterator[None]:
        app.engine.attach(asyncio.get_running_loop())
        listener = app.engine.listen()
        # What is loaded by now lives as long as the process; walking it again only costs time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        erasures = asyncio.create_task(erasing.work(app.engine.database, app.engine.writer))
        yield
        erasures.cancel()
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
        return PlainTextResponse("ok") if ready else PlainTextResponse("migrations", 503)

    async def measured(request: Request) -> Response:
        at = request.client.host if request.client else ""
        if at not in LOOPBACK or "x-forwarded-for" in request.headers:
            return PlainTextResponse("not found", 404)
        return Response(metrics.page(), media_type=prometheus_client.CONTENT_TYPE_LATEST)

    clock = app.settings.clock
    words = pages.sentences("chat")
    return Starlette(
        routes=[
            *web.routes(
                app.engine,
                app.clock,
                secure=app.settings.public_url.startswith("https://"),
                banner=words["rehearsal"].format(since=moment(clock)) if clock else None,
                trusted=[app.settings.public_url] if app.settings.public_url else [],
            ),
            *web_mydata.routes(
                app.engine.read, app.world, secure=app.settings.public_url.startswith("https://")
            ),
            pages.static(),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", measured),
        ],
        lifespan=lifespan,
    )


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
