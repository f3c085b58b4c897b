"""What the tests of the web chat's HTTP side share: a port in memory, a stream under the hand."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.types import Message as AsgiEvent

from bot.channels import web
from bot.channels.web import Outgoing
from bot.console import pages
from bot.errors import StorageAway
from handlers.messages import Choice, Message

AT = datetime(2025, 1, 2, 1, 0, tzinfo=UTC)
TOKEN = "A" * 43
SENDER = hashlib.sha256(TOKEN.encode()).hexdigest()
COOKIE = {"Cookie": f"chung_suc={TOKEN}"}


class MemoryPort:
    """A `ChatPort` that remembers what it was told."""

    def __init__(self) -> None:
        self.received: list[tuple[Message, bytes]] = []
        self.acknowledged: list[tuple[str, list[int]]] = []
        self.rows: list[Outgoing] = []
        self.away: StorageAway | None = None
        self.watchers: list[asyncio.Event] = []
        self.looks = 0

    async def receive(self, message: Message, raw: bytes) -> None:
        if self.away:
            raise self.away
        self.received.append((message, raw))

    async def pending(self, sender: str) -> Sequence[Outgoing]:
        self.looks += 1
        if self.away:
            raise self.away
        return list(self.rows)

    async def acknowledge(self, sender: str, ids: Sequence[int]) -> None:
        if self.away:
            raise self.away
        self.acknowledged.append((sender, list(ids)))

    @contextmanager
    def watch(self, sender: str) -> Iterator[asyncio.Event]:
        event = asyncio.Event()
        self.watchers.append(event)
        try:
            yield event
        finally:
            self.watchers.remove(event)

    def wake(self) -> None:
        for event in self.watchers:
            event.set()


class Ticks:
    """The stream's pause without a clock: it ends when woken, or when the test says "poll"."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Event] = []
        self.reached = asyncio.Event()

    async def pause(self, news: asyncio.Event) -> None:
        self.waiting.append(news)
        self.reached.set()
        await news.wait()

    def poll(self) -> None:
        for news in self.waiting:
            news.set()


def chat_app(port: MemoryPort, **options: Any) -> Starlette:
    given = {"secure": False, "banner": None, "pause": Ticks().pause} | options
    return Starlette(routes=[*web.routes(port, lambda: AT, **given), pages.static()])


@asynccontextmanager
async def client_of(app: Starlette, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://chat.test", headers=headers
    ) as client:
        yield client


async def post(
    app: Starlette, body: object, path: str = "/chat/messages", **headers: str
) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with client_of(app, **COOKIE) as client:
        return await client.post(path, content=content, headers=headers)


def sentence(key: str) -> dict[str, str]:
    return {"error": pages.sentences("chat")[key]}


def cookie_header() -> tuple[bytes, bytes]:
    return (b"cookie", COOKIE["Cookie"].encode())


class Call:
    """One ASGI call under the test's hand: httpx gathers whole bodies, and a stream has no end."""

    def __init__(
        self, app: Starlette, method: str, path: str, headers: list[tuple[bytes, bytes]]
    ) -> None:
        self._inbox: asyncio.Queue[AsgiEvent] = asyncio.Queue()
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue()
        self._start: AsgiEvent | None = None
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "server": ("chat.test", 80),
        }
        self._task = asyncio.ensure_future(app(scope, self._inbox.get, self._send))

    async def _send(self, event: AsgiEvent) -> None:
        if event["type"] == "http.response.start":
            self._start = event
        elif event.get("body"):
            self._chunks.put_nowait(event["body"])

    def feed(self, event: AsgiEvent) -> None:
        self._inbox.put_nowait(event)

    @property
    def status(self) -> int | None:
        return self._start["status"] if self._start else None

    def header(self, name: str) -> str:
        assert self._start is not None
        return str(dict(self._start["headers"])[name.encode()].decode())

    async def ended(self) -> None:
        async with asyncio.timeout(5):
            await self._task

    async def chunk(self) -> str:
        """The next piece of the body."""
        async with asyncio.timeout(5):
            return (await self._chunks.get()).decode()

    def more(self) -> bool:
        return not self._chunks.empty()


@asynccontextmanager
async def stream_of(app: Starlette) -> AsyncIterator[Call]:
    """An open stream; at the end the browser goes away and the call must end by itself."""
    call = Call(app, "GET", "/chat/events", [cookie_header()])
    assert await call.chunk() == "retry: 2000\n\n"
    yield call
    call.feed({"type": "http.disconnect"})
    await call.ended()


def row(number: int, text: str = "chào", *choices: Choice) -> Outgoing:
    return Outgoing(number, text, choices, AT)
