"""The web chat's stream: all that is pending, each once, on at most three pages."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.channels.web import Outgoing
from bot.channels.web_stream import news_or_poll
from bot.errors import StorageAway
from handlers.messages import Choice
from tests.web_double import (
    COOKIE,
    Call,
    MemoryPort,
    Ticks,
    chat_app,
    cookie_header,
    row,
    stream_of,
)

ROOT = Path(__file__).parent.parent
RAW_COOKIE = b"Cookie: " + COOKIE["Cookie"].encode()


@pytest.fixture
def port() -> MemoryPort:
    return MemoryPort()


def event_id(chunk: str) -> int:
    found = re.match(r"id: (\d+)\ndata: ", chunk)
    assert found is not None
    return int(found[1])


async def test_a_stream_begins_with_everything_not_acknowledged(port: MemoryPort) -> None:
    port.rows = [row(7, "Góp gì ạ?\nđ\r\u2028", Choice("kind:money", "Tiền")), row(9)]
    async with stream_of(chat_app(port)) as stream:
        first, second = await stream.chunk(), await stream.chunk()
    assert stream.status == 200
    assert stream.header("content-type").startswith("text/event-stream")
    assert stream.header("cache-control") == "no-store"
    assert first.endswith("\n\n")
    assert first.count("\n") == 3
    assert "Góp gì ạ?" in first
    assert json.loads(first.partition("data: ")[2]) == {
        "id": 7,
        "text": "Góp gì ạ?\nđ\r\u2028",
        "choices": [{"id": "kind:money", "label": "Tiền"}],
        "at": "2025-01-02T01:00:00+00:00",
    }
    assert event_id(second) == 9


async def test_a_wake_brings_what_is_new_and_nothing_twice(port: MemoryPort) -> None:
    port.rows = [row(5)]
    async with stream_of(chat_app(port)) as stream:
        assert event_id(await stream.chunk()) == 5
        port.rows = [row(5), row(6)]
        port.wake()
        assert event_id(await stream.chunk()) == 6
        port.rows = [row(3), row(5), row(6), row(8)]  # 3 has become visible late
        port.wake()
        assert [event_id(await stream.chunk()) for _ in range(2)] == [3, 8]
        assert not stream.more()


async def test_last_event_id_hides_nothing(port: MemoryPort) -> None:
    port.rows = [row(3), row(9)]
    headers = [cookie_header(), (b"last-event-id", b"9")]
    call = Call(chat_app(port), "GET", "/chat/events", headers)
    await call.chunk()
    assert [event_id(await call.chunk()) for _ in range(2)] == [3, 9]
    call.feed({"type": "http.disconnect"})
    await call.ended()


async def test_a_missed_wake_is_made_good_by_the_poll(port: MemoryPort) -> None:
    ticks = Ticks()
    async with stream_of(chat_app(port, pause=ticks.pause)) as stream:
        await ticks.reached.wait()
        port.rows = [row(4)]
        ticks.poll()
        assert event_id(await stream.chunk()) == 4


async def test_the_real_pause_ends_with_news_or_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    news = asyncio.Event()
    monkeypatch.setattr("bot.channels.web_stream.POLL_SECONDS", 0)
    await news_or_poll(news)
    monkeypatch.setattr("bot.channels.web_stream.POLL_SECONDS", 3600)
    news.set()
    await news_or_poll(news)
    assert news.is_set()


async def test_a_wake_during_the_look_is_not_lost(port: MemoryPort) -> None:
    class Late(MemoryPort):
        async def pending(self, sender: str) -> Sequence[Outgoing]:
            found = await super().pending(sender)
            if self.looks == 1:
                self.rows = [row(1)]
                self.wake()
            return found

    async with stream_of(chat_app(Late())) as stream:
        assert event_id(await stream.chunk()) == 1


async def test_storage_away_keeps_the_stream_open(port: MemoryPort) -> None:
    port.rows = [row(1)]
    port.away = StorageAway()
    ticks = Ticks()
    async with stream_of(chat_app(port, pause=ticks.pause)) as stream:
        await ticks.reached.wait()
        port.away = None
        port.wake()
        assert event_id(await stream.chunk()) == 1


async def test_a_fourth_stream_closes_the_oldest(port: MemoryPort) -> None:
    app = chat_app(port)
    calls = [Call(app, "GET", "/chat/events", [cookie_header()]) for _ in range(3)]
    for call in calls:
        await call.chunk()
    async with stream_of(app) as fourth:
        assert await calls[0].chunk() == "event: closed\ndata: 1\n\n"
        await calls[0].ended()
        port.rows = [row(2)]
        port.wake()
        for call in (*calls[1:], fourth):
            assert event_id(await call.chunk()) == 2
        assert not calls[0].more()
    for call in calls[1:]:
        call.feed({"type": "http.disconnect"})
        await call.ended()
    assert port.watchers == []


async def test_streams_that_left_make_room(port: MemoryPort) -> None:
    app = chat_app(port)
    async with stream_of(app) as first:
        for _ in range(5):
            async with stream_of(app):
                pass
        port.rows = [row(1)]
        port.wake()
        assert event_id(await first.chunk()) == 1
    assert port.watchers == []


async def test_a_text_that_is_not_text_does_not_break_the_stream(port: MemoryPort) -> None:
    port.rows = [row(1, "a\ud800b"), row(2)]
    async with stream_of(chat_app(port)) as stream:
        assert json.loads((await stream.chunk()).partition("data: ")[2])["text"] == "a?b"
        assert event_id(await stream.chunk()) == 2


SERVER = """
import uvicorn
from tests.web_double import MemoryPort, chat_app
uvicorn.run(chat_app(MemoryPort()), port=0, timeout_graceful_shutdown=None)
"""


async def test_an_open_stream_does_not_hold_up_the_server_s_end() -> None:
    """In a process of its own: the end comes by a signal, and would otherwise never come."""
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    assert server.stderr is not None
    try:
        async with asyncio.timeout(60):
            port = 0
            while not port:
                line = (await server.stderr.readline()).decode()
                assert line, "the server did not start"
                port = int(found[1]) if (found := re.search(r"127\.0\.0\.1:(\d+)", line)) else 0
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /chat/events HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n" % RAW_COOKIE)
            await reader.readuntil(b"retry: 2000\n\n")
            server.terminate()
            await server.stderr.read()
            await server.wait()
            writer.close()
    finally:
        if server.returncode is None:
            server.kill()
            await server.wait()
