"""The port's connections are bounded, in number, in time and in size, over real sockets."""

from __future__ import annotations

import asyncio
import resource
import select
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot import connections
from bot.channels import (
    telegram_webhook,
    web,
    web_files,
    web_stream,
    zalo_bot_webhook,
    zalo_oa_webhook,
)
from bot.channels.webhooks import holding, webhook
from bot.connections import Connection
from bot.console import json_body
from bot.incoming import Incoming
from bot.server import configured
from tests.web_double import AT, COOKIE, MemoryPort

HELLO = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
EVENTS = f"GET /chat/events HTTP/1.1\r\nHost: a\r\nCookie: {COOKIE['Cookie']}\r\n\r\n".encode()
UPLOAD = EVENTS.replace(b"GET /chat/events", b"POST /chat/files?id=e1")[:-2]
PUSH = b"POST /push HTTP/1.1\r\nHost: a\r\nX-Secret: s\r\nContent-Length: 2\r\n\r\n{}"
PLATFORMS = [telegram_webhook.PATH, zalo_oa_webhook.PATH, zalo_bot_webhook.PATH]
NEVER = 1e6
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
async def serving(*more: BaseRoute) -> AsyncIterator[Served]:
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
    site = Starlette(routes=[Route("/hello", hello), Route("/slow", slow), hook, *chat, *more])
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
    monkeypatch.setattr(Connection, "places", 3)
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
    monkeypatch.setattr(Connection, "places", 4)
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


async def test_the_last_places_are_for_the_platforms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "places", 10)

    async def take(_raw: bytes) -> None:
        pass

    hooks = [webhook(path, holding(b"x-secret", "s"), take) for path in PLATFORMS]
    async with serving(*hooks) as site:
        held = [await site.connect(HELLO) for _ in range(9)]
        for reader, _ in held:
            assert (await head(reader)).startswith(b"HTTP/1.1 200")
        for asked in (HELLO, EVENTS):
            refused = await site.said(asked)
            assert refused.startswith(b"HTTP/1.1 503")
            assert b"\r\nconnection: close\r\n" in refused
        reader, writer = await site.connect()
        for path in PLATFORMS:
            writer.write(PUSH.replace(b"/push", path.encode()))
            assert (await head(reader)).startswith(b"HTTP/1.1 200")
        writer.write(HELLO)
        assert (await head(reader)).startswith(b"HTTP/1.1 503")


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


EARLY = b" HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n"


@pytest.mark.parametrize(
    ("asked", "status", "then"),
    [
        (HELLO, b"200", b"\r\n"),
        (b"POST /push" + EARLY, b"401", b"x"),
        (b"POST /nowhere" + EARLY, b"404", b"x"),
        (b"POST /nowhere" + EARLY, b"404", b"x" * 100),
    ],
)
async def test_what_comes_after_an_answer_and_is_no_request_does_not_hold_a_connection(
    asked: bytes, status: bytes, then: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving() as site:
        reader, writer = await site.connect(asked)
        assert (await head(reader)).startswith(b"HTTP/1.1 " + status)
        monkeypatch.setattr(connections, "HEAD_SECONDS", 0.0)
        writer.write(then)
        assert b"HTTP" not in await ended(reader)


async def test_the_rest_of_a_refused_body_is_no_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", NEVER)
    part = b"x" * (2 * connections.MOST_HEAD)
    async with serving() as site:
        asked = b"POST /nowhere" + EARLY.replace(b"100", b"%d" % (3 * len(part)))
        reader, writer = await site.connect(asked)
        assert (await head(reader)).startswith(b"HTTP/1.1 404")
        await reader.readexactly(len("Not Found"))
        # Its end comes in one piece with the beginning of what is asked next.
        for piece in (part, part, part + HELLO[:9]):
            [connection] = site.server.server_state.connections
            assert isinstance(connection, Connection)
            connection.data_received(piece)
        writer.write(HELLO[9:])
        assert (await head(reader)).startswith(b"HTTP/1.1 200")


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
async def test_a_head_without_end_is_refused(line: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", NEVER)
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


@pytest.mark.parametrize(("silent", "whole"), [(0.0, NEVER), (NEVER, 0.0)])
async def test_nor_is_that_of_a_file_of_which_nothing_stays(
    silent: float, whole: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_files, "SILENT_SECONDS", silent)
    monkeypatch.setattr(web_files, "WHOLE_SECONDS", whole)

    async def shown(_sender: str, _number: int) -> None:
        return None

    port, spool = MemoryPort(), tmp_path / "incoming"
    routes = web_files.routes(
        port, lambda: AT, shown, Incoming(spool), tmp_path / "media", secure=False
    )
    async with serving(*routes) as site:
        said = await site.said(UPLOAD, b"Content-Length: 100\r\n\r\n", b"\xff\xd8\xff")
        assert said.startswith(b"HTTP/1.1 408")
    assert (list(spool.iterdir()), port.received) == ([], [])


async def test_a_burst_is_accepted_in_portions_that_fit_beside_other_files() -> None:
    async with serving() as site, AsyncExitStack() as opened:
        # Nothing is accepted meanwhile: who is connected by now is so in one go.
        burst = [opened.enter_context(socket.socket()) for _ in range(400)]
        for one in burst:
            one.setblocking(False)
            one.connect_ex(site.address)
        _, connected, _ = select.select([], burst, [], 0)
        assert 0 < len(connected) <= connections.OTHER_FILES / 2


@pytest.mark.parametrize(
    ("limits", "set_to", "places"),
    [
        ((256, 4_096), [(2_500, 4_096)], 2_000),
        ((256, resource.RLIM_INFINITY), [(2_500, resource.RLIM_INFINITY)], 2_000),
        ((9_999, 9_999), [], 2_000),
        ((256, 1_024), [(1_024, 1_024)], 524),
        ((256, 256), [], 128),
    ],
)
def test_there_are_as_many_places_as_files_may_be_open(
    limits: tuple[int, int],
    set_to: list[tuple[int, int]],
    places: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda _what, both: done.append(both))
    monkeypatch.setattr(resource, "getrlimit", lambda _what: limits)
    monkeypatch.setattr(Connection, "places", 0)
    connections.make_room()
    assert (done, Connection.places) == (set_to, places)
