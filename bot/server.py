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
from typing import Literal

import prometheus_client
import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot import erasing, faults, metrics, platforms, tidying, workbooks
from bot.app import App
from bot.campaigns import Campaigns
from bot.channels import web, web_files, web_mydata
from bot.connections import BACKLOG, Connection, make_room
from bot.console import pages
from bot.delivery import Delivery
from bot.errors import BadUsage, StorageAway
from bot.incoming import Incoming
from bot.kept_pictures import KeptPictures
from bot.media import MediaJob, shown
from bot.port import storing
from bot.schedule import Schedule
from bot.settings import Settings
from bot.spool import Spool
from handlers.words import moment
from storage.database import Tx
from storage.upgrade import HEAD, revision

Part = Literal["web", "delivery", "schedule"]
"""What one of several machines may be there for alone."""
JOB_AGAIN_SECONDS = 5.0
STOP_SECONDS = 2
"""An open page keeps a server from stopping; after this it is cut off and comes again."""
log = structlog.get_logger()
LOOPBACK = {"127.0.0.1", "::1"}


def make_site(app: App, only: Part | None = None) -> Starlette:
    """All routes of one process, and its jobs; `only` one part of them, where several machines
    share the work. Raises BadUsage for a platform's setting that cannot be used."""
    engine, told = app.engine, app.settings
    media, incoming = told.data_dir / "media", Incoming(told.data_dir / "incoming")
    spool = Spool(told.data_dir / "spool", storing(engine))
    books = workbooks.Workbooks(engine, app.world)
    linked = platforms.make(app, spool, KeptPictures(engine, media), books)
    jobs: dict[Part, list[platforms.Job]] = {
        "web": [spool.run, *linked.intake],
        "delivery": [
            *(Delivery(engine, line, app.clock).run for line in linked.lines),
            *linked.upkeep,
            MediaJob(engine, app.world, media, incoming, linked.fetchers).run,
        ],
        "schedule": [
            Schedule(engine, app.world).run,
            Campaigns(engine, app.world, app.clock).run,
            partial(erasing.work, engine.database, engine.writer),
            partial(tidying.work, engine, spool),
        ],
    }

    @asynccontextmanager
    async def lifespan(_site: Starlette) -> AsyncIterator[None]:
        engine.attach(asyncio.get_running_loop())
        listener = engine.listen()
        # What is loaded by now lives as long as the process; walking it again only costs time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        started = [
            asyncio.create_task(_guarded(job))
            for part, several in jobs.items()
            if only in (None, part)
            for job in several
        ]
        yield
        for task in started:
            task.cancel()
        await asyncio.gather(*started, return_exceptions=True)
        await linked.close()
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

    clock = told.clock
    words = pages.sentences("chat")
    secure = told.public_url.startswith("https://")
    trusted = [told.public_url] if told.public_url else []
    people_come = (
        []
        if only not in (None, "web")
        else [
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
            *workbooks.routes(books, secure=secure),
            *linked.routes,
            pages.static(),
        ]
    )
    return Starlette(
        routes=[
            *people_come,
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", measured),
        ],
        lifespan=lifespan,
    )


async def _guarded(job: platforms.Job) -> None:
    """A job that ends by a fault of ours is begun again, and a person told."""
    while True:
        try:
            await job()
            return
        except Exception as fault:
            metrics.ALARMS.labels("job").inc()
            log.error("job_fault", fault=faults.told(fault))
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                return  # told to end, and failed at its last steps: it is not told again
            await asyncio.sleep(JOB_AGAIN_SECONDS)


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


def configured(site: Starlette) -> uvicorn.Config:
    """How a site is served."""
    return uvicorn.Config(
        site,
        http=Connection,
        backlog=BACKLOG,
        # Its own would print faults with their words; what it logs goes the way of all libraries.
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


def serve(app: App, listening: socket.socket, only: Part | None = None) -> None:
    """Serve until told to stop; then finish what is under way."""
    make_room()
    uvicorn.Server(configured(make_site(app, only))).run(sockets=[listening])
