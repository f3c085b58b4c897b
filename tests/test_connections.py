"""The port's connections are bounded, in number, in time and in size, over real sockets."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot import connections
from bot.channels import web, web_stream
from bot.channels.webhooks import holding, webhook
from bot.console import json_body
from bot.server import configured
from tests.web_double import AT, COOKIE, MemoryPort

HELLO = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
EVENTS = f"GET /chat/events HTTP/1.1\r\nHost: a\r\nCookie: {COOKIE['Cookie']}\r\n\r\n".encode()
PUSH = b"POST /push HTTP/1.1\r\nHost: a\r\nX-Secret: s\r\nContent-Length: 2\r\n\r\n{}"
Talk = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Talk]]


class Served:
    """A server on loopback; `answer` lets /slow answer."""

    def __init__(self) -> None:
        self.answer = asyncio.Event()
        self.asked = asyncio.Event()
        self.pushed: list[bytes] = []
        self.open = AsyncExitStack()
        self.server: uvicorn.Server
        self.address: tuple[str, int]

    async def connect(self, *sent: bytes) -> Talk:
        """A connection, with something said on it."""
        reader, writer = await asyncio.open_connection(*self.address)
        self.open.callback(writer.close)
        writer.writelines(sent)
        return reader, writer

    async def said(self, *sent: bytes) -> bytes:
        """All that is answered until the server hangs up."""
        reader, _ = await self.connect(*sent)
        return await ended(reader)


async def ended(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the server hangs up; it resets where something was left unread."""
    try:
        async with asyncio.timeout(20):
            return await reader.read()
    except ConnectionResetError:
        return b""


async def head(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(20):
        return await reader.readuntil(b"\r\n\r\n")


@asynccontextmanager
async def serving() -> AsyncIterator[Served]:
    made = Served()

    async def hello(_request: Request) -> Response:
        return PlainTextResponse("hello")

    async def slow(_request: Request) -> Response:
        made.asked.set()
        await made.answer.wait()
        return PlainTextResponse("at last")

    async def take(raw: bytes) -> None:
        made.pushed.append(raw)

    chat = web.routes(MemoryPort(), lambda: AT, secure=False, banner=None)
    hook = webhook("/push", holding(b"x-secret", "s"), take)
    site = Starlette(routes=[Route("/hello", hello), Route("/slow", slow), hook, *chat])
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        made.address = listening.getsockname()
        config = configured(site)
        config.lifespan, config.timeout_graceful_shutdown = "off", 1
        made.server = uvicorn.Server(config)
        task = asyncio.create_task(made.server.serve(sockets=[listening]))
        while not made.server.started:  # noqa: ASYNC110 - uvicorn tells nobody of it
            await asyncio.sleep(0)
        try:
            yield made
        finally:
            made.answer.set()
            await made.open.aclose()
            made.server.should_exit = True
            await task


async def test_beyond_the_last_place_a_connection_is_hung_up_on_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 3)
    async with serving() as site:
        held = [await site.connect(HELLO) for _ in range(3)]
        for reader, _ in held:
            assert (await head(reader)).startswith(b"HTTP/1.1 200")
        assert await site.said(HELLO) == b""
        # Those who have a place go on.
        reader, writer = held[0]
        await reader.readexactly(len("hello"))
        writer.write(HELLO)
        assert (await head(reader)).startswith(b"HTTP/1.1 200")
        for _, writer in held:
            writer.close()
            await writer.wait_closed()
        while site.server.server_state.connections:  # noqa: ASYNC110 - it is told to nobody
            await asyncio.sleep(0)
        reader, _ = await site.connect(HELLO)
        assert (await head(reader)).startswith(b"HTTP/1.1 200")


async def test_open_pages_leave_the_platforms_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_stream, "MOST_STREAMS", 2)
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 4)
    async with serving() as site:
        pages = [await site.connect(EVENTS) for _ in range(2)]
        for reader, _ in pages:
            assert (await head(reader)).startswith(b"HTTP/1.1 200")
            await reader.readuntil(web_stream.OPENING)
        late, writer = await site.connect(EVENTS)
        refused = await head(late)
        assert refused.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 10\r\n" in refused.lower()
        reader, _ = await site.connect(PUSH)
        assert (await head(reader)).startswith(b"HTTP/1.1 200")
        assert site.pushed == [b"{}"]
        # A page that is closed makes room for the next.
        pages[0][1].close()
        while True:
            writer.write(EVENTS)
            if (await head(late)).startswith(b"HTTP/1.1 200"):
                break


def test_pages_cannot_take_every_place() -> None:
    assert web_stream.MOST_STREAMS <= connections.MOST_CONNECTIONS / 2


@pytest.mark.parametrize("begun", [b"", b"GET /hel", b"GET /hello HTTP/1.1\r\nHost: a\r\n"])
async def test_a_head_that_does_not_come_is_not_waited_for(
    begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.0)
    async with serving() as site:
        assert await site.said(begun) == b""


async def test_nor_is_that_of_a_connection_s_second_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving() as site:
        reader, writer = await site.connect(HELLO)
        assert (await head(reader)).startswith(b"HTTP/1.1 200")
        await reader.readexactly(len("hello"))
        monkeypatch.setattr(connections, "HEAD_SECONDS", 0.0)
        writer.write(b"GET /hello HTTP/1.1\r\nX-Slow: ")
        assert await ended(reader) == b""


async def test_an_answer_that_takes_long_is_waited_for() -> None:
    async with serving() as site:
        reader, _ = await site.connect(HELLO.replace(b"hello", b"slow"))
        await site.asked.wait()
        [connection] = site.server.server_state.connections
        assert isinstance(connection, connections.Connection)
        assert connection._late is None
        site.answer.set()
        assert (await head(reader)).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("line", [b"X-Long: " + b"a" * 100_000, b"X-Long: a\r\n" * 10_000])
async def test_a_head_without_end_is_refused(line: bytes) -> None:
    async with serving() as site:
        said = await site.said(b"GET /hello HTTP/1.1\r\nHost: a\r\n", line)
        assert said.startswith(b"HTTP/1.1 400") or said == b""
        reader, _ = await site.connect(HELLO)
        assert (await head(reader)).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("path", [b"/push", b"/chat/messages"])
async def test_a_body_that_does_not_come_is_not_waited_for(
    path: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_body, "READ_SECONDS", 0.0)
    cookie = f"Cookie: {COOKIE['Cookie']}\r\n".encode()
    request = PUSH.replace(b"/push", path).replace(b"Content", cookie + b"Content")[:-1]
    async with serving() as site:
        assert (await site.said(request)).startswith(b"HTTP/1.1 408")


def test_the_process_may_open_as_many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    set_to: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda _what, both: set_to.append(both))
    for limits in [(256, 4_096), (256, 1_024), (256, resource.RLIM_INFINITY), (9_999, 9_999)]:
        monkeypatch.setattr(resource, "getrlimit", lambda _what, limits=limits: limits)
        connections.make_room()
    assert set_to == [(2_500, 4_096), (1_024, 1_024), (2_500, resource.RLIM_INFINITY)]
