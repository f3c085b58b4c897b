"""The connections to our port (kết nối): how many at once, and how slow and large a request's head.

uvicorn bounds none of it. Its own limit counts open pages and idle connections like all others and
answers 503 to whoever comes next, a platform's webhook as well. Here whoever comes when all places
are taken is hung up on, which platforms take for a connection to try again; and open pages, which
stay for hours, have fewer places than there are (`web_stream.MOST_STREAMS`).
"""

from __future__ import annotations

import asyncio
import resource

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_CONNECTIONS = 2_000
OTHER_FILES = 500
"""The database's, the spool's, pictures, and our own calls to the platforms."""
HEAD_SECONDS = 10.0
"""For a request's line and headers, from the connection or from their first byte on."""
MOST_HEAD = 64 * 1024

log = structlog.get_logger()


def make_room() -> None:
    """Let this process have as many files open as that takes, where the machine permits it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    if wanted < MOST_CONNECTIONS + OTHER_FILES:
        log.warning("few_open_files", permitted=wanted, wanted=MOST_CONNECTIONS + OTHER_FILES)


class Connection(HttpToolsProtocol):
    """uvicorn's, within bounds."""

    _head: int | None = 0
    """Bytes of a head that is under way; None while there is none."""
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.close()
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head is None:
            return
        self._head += len(data)
        if self._head > MOST_HEAD and not self.transport.is_closing():
            self.send_400_response("Request header too large.")
        elif self._late is None:
            self._await_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head = 0

    def on_headers_complete(self) -> None:
        self._head_came()
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._late = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _head_came(self) -> None:
        self._head = None
        if self._late is not None:
            self._late.cancel()
            self._late = None
