"""Calls to platforms over aiohttp's connections: whatever comes back ends in httpx's terms."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from bot.channels.platform import Later, Unsure, at_once
from bot.channels.zalo_oa_calls import Calls, Refusal
from bot.channels.zalo_oa_oauth import Granted
from bot.channels.zalo_oa_tokens import TokenKeeper
from bot.http_client import make_client
from bot.http_transport import MOST
from tests.conftest import HandClock
from tests.zalo_double import MemoryTokens, no_sleep

OK = b"HTTP/1.1 200 OK\r\n"


def sized(body: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([OK.strip(), b"Content-Length: %d" % len(body), *headers, b"", body])


@asynccontextmanager
async def answering(raw: bytes, *, endless: bytes = b"") -> AsyncIterator[str]:
    """A server that says this to whoever calls, and then `endless` for as long as it is read."""

    met_by = set()

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met_by.add(asyncio.current_task())
        with suppress(ConnectionError, EOFError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(raw)
            await writer.drain()
            while endless:
                writer.write(endless)
                await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(met, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await asyncio.gather(*filter(None, met_by))


async def said(base: str) -> bytes:
    async with make_client() as client:
        return (await client.post(f"{base}/a", content=b"")).content


@pytest.mark.parametrize("headers", [(), (b"Content-Encoding: identity",)])
async def test_an_answer_up_to_the_limit_is_read(headers: tuple[bytes, ...]) -> None:
    async with answering(sized(b"x" * MOST, *headers)) as base:
        assert await said(base) == b"x" * MOST


async def test_a_packed_answer_is_unpacked() -> None:
    async with answering(sized(gzip.compress("Chào".encode()), b"Content-Encoding: gzip")) as base:
        assert (await said(base)).decode() == "Chào"


@pytest.mark.parametrize(
    "raw",
    [
        sized(b"x" * (MOST + 1)),
        sized(gzip.compress(b"\0" * (MOST + 1)), b"Content-Encoding: gzip"),
        sized(b"no gzip", b"Content-Encoding: gzip"),
        OK + b"Content-Length: x\r\n\r\n",
        OK + b"Content-Length: 9\r\n\r\nx",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        OK + b"A" * 100_000,
        b"HTTP/1.1 999999999 X\r\n\r\n",
        b"\0\xff",
        b"",
    ],
)
async def test_an_answer_that_is_too_long_or_none_is_a_lost_one(raw: bytes) -> None:
    async with answering(raw) as base:
        with pytest.raises(httpx.ReadError):
            await said(base)


async def test_an_answer_without_end_is_given_up() -> None:
    chunked = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    async with answering(chunked, endless=b"10000\r\n" + b"x" * 65_536 + b"\r\n") as base:
        with pytest.raises(httpx.ReadError):
            await said(base)


@pytest.mark.parametrize(
    ("token", "came"),
    [("a\nb", Unsure("ReadError")), ("khóa", Later(5, "no_connection")), ("\ud800", None)],
)
async def test_a_call_never_raises_whatever_the_token_is(
    clock: HandClock, token: str, came: Unsure | Later | None
) -> None:
    async def ask(_refresh: str) -> Granted:
        raise AssertionError("nothing is refreshed here")

    keeper = TokenKeeper(MemoryTokens(clock), ask, clock, first="first", sleep=no_sleep)
    await keeper.adopt(Granted(token, "refresh", 90_000))
    async with answering(sized(b"{}")) as base, make_client() as client:
        answer = await Calls(client, base, keeper, clock).post("/a", at_once, json={})
    assert isinstance(answer, Refusal)
    assert answer.outcome == (came or Later(5, "no_connection"))
