"""An open chat page under load: hears what the bot says and acknowledges it, as the browser does.

The page gathers acknowledgements for 300 ms, an age beside a load that writes every few
milliseconds; here the next one leaves when the last was answered, so nothing heaps up unseen.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import cast

from tests.load.client import body_end, request

_EVENT_ID = re.compile(rb'data: ?\{"id": ?(\d+)')
_MOST = 500
"""The server takes no more ids in one request."""


class _Stream(asyncio.Protocol):
    """The event stream; hands on the ids of what was said."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._tail = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one by shape only
        self.transport.write(
            "GET /chat/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n"
            f"Cookie: {self._page.cookie}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        lines, newline, self._tail = (self._tail + data).rpartition(b"\n")
        if newline and (ids := [int(found) for found in _EVENT_ID.findall(lines)]):
            self._page.heard(ids)


class _Acks(asyncio.Protocol):
    """A connection for acknowledgements, one in flight."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._buffer = b""
        self._busy = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one by shape only

    def send(self) -> None:
        if self._busy or not self._page.waiting or self.transport is None:
            return
        self._busy = True
        ids, self._page.waiting = self._page.waiting[:_MOST], self._page.waiting[_MOST:]
        body = json.dumps({"ids": ids}).encode()
        self.transport.write(request("/chat/acks", body, f"Cookie: {self._page.cookie}"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        answered = body_end(self._buffer)
        if answered is not None:
            self._page.refused += answered[0] >= 300
            self._buffer = self._buffer[answered[1] :]
            self._busy = False
            self.send()


class Page:
    """One person's page. `shown` counts the messages heard, repeats included, `refused` the
    acknowledgements that were not taken."""

    def __init__(self, cookie: str) -> None:
        self.cookie = cookie
        self.waiting: list[int] = []
        self.shown = self.refused = 0
        self._stream = _Stream(self)
        self._acks = _Acks(self)

    async def open(self, port: int) -> None:
        """Connect to 127.0.0.1:`port`."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self._acks, "127.0.0.1", port)
        await loop.create_connection(lambda: self._stream, "127.0.0.1", port)

    def heard(self, ids: list[int]) -> None:
        """These were shown just now."""
        self.shown += len(ids)
        self.waiting += ids
        self._acks.send()

    def close(self) -> None:
        """Leave, as a browser whose window is closed."""
        for part in (self._stream, self._acks):
            if part.transport is not None:
                part.transport.close()
