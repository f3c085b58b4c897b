"""A stand-in for the platforms' servers: answers every call at once, and always the same.

It shares the load generator's core, so it is a bare protocol with one canned answer: a message that
was sent, as Telegram, Zalo Bot and Zalo OA each say it, and a pair of tokens.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import cast

_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
_SENT = json.dumps(
    {
        "ok": True,
        "result": {
            "message_id": 77,
            "from": {"id": 42, "is_bot": True, "first_name": "Chung Sức", "username": "bench_bot"},
            "chat": {"id": 5_000_000_000, "type": "private", "first_name": "Páo"},
            "date": 1_760_000_000,
            "text": "Dạ, em đã ghi.",
        },
        "error": 0,
        "message": "Success",
        "data": {"message_id": "96d3cdf3af150460909", "user_id": "2468458835296197922"},
        "access_token": "access",
        "refresh_token": "refresh",
        "expires_in": "90000",
    },
    ensure_ascii=False,
).encode()
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(_SENT)
) + _SENT


class _Call(asyncio.Protocol):
    """One connection; takes bodies with a length or in chunks."""

    def __init__(self) -> None:
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by shape only

    def _whole(self) -> int | None:
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return None
        length = _LENGTH.search(self._buffer, 0, head_end)
        if length is not None:
            end = head_end + 4 + int(length[1])
            return end if len(self._buffer) >= end else None
        if b"chunked" in self._buffer[:head_end].lower():
            stop = self._buffer.find(b"0\r\n\r\n", head_end + 4)
            return stop + 5 if stop >= 0 else None
        return head_end + 4

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        assert self._transport is not None
        while self._buffer and (end := self._whole()) is not None:
            self._buffer = self._buffer[end:]
            self._transport.write(_ANSWER)


async def start() -> tuple[asyncio.Server, str]:
    """Serve on a free port; returns the server and its base URL."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Call, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    return server, f"http://127.0.0.1:{port}"
