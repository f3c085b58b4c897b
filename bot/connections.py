"""The connections to our port (kết nối): how many at once, and how slow and large a request's head.

uvicorn bounds none of it. Its own limit counts open pages and idle connections like all others and
answers 503 to whoever comes next, a platform's webhook as well. Here the last places are for the
platforms alone: whatever else is asked then is answered 503, and open pages, which stay for hours,
have still fewer (`web_stream.MOST_STREAMS`). Whoever comes when all places are taken is hung up on.
Telegram sends such an update again. Zalo does not say that it does, and behind a proxy it is told
502; so that one stranger cannot take all places, the proxy in front must limit them per address.
"""

from __future__ import annotations

import asyncio
import resource
from typing import ClassVar

import structlog
from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bot.platforms import PATHS

MOST_CONNECTIONS = 2_000
OTHER_FILES = 500
"""The database's, the spool's, pictures, our own calls to the platforms, and those being hung up
on."""
BACKLOG = 100
"""Connections accepted in one go, before any of them is counted: must fit into `OTHER_FILES`."""
ONE_IN = 10
"""One place in so many is for `FIRST` alone."""
FIRST = tuple(path.encode() for path in (*PATHS, "/healthz", "/readyz", "/metrics"))
"""How addresses begin that platforms and the operator's watch ask for."""
HEAD_SECONDS = 10.0
"""For a request's line and headers, from the connection or from their first byte on; and for what
comes after an answer without being a request, as the rest of a body that was not read."""
MOST_HEAD = 64 * 1024

log = structlog.get_logger()


def make_room() -> None:
    """Let this process have as many files open as that takes; where the machine does not permit it,
    there are fewer places."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    if wanted < MOST_CONNECTIONS + OTHER_FILES:
        log.warning("few_open_files", permitted=wanted, wanted=MOST_CONNECTIONS + OTHER_FILES)
    Connection.places = max(wanted - OTHER_FILES, wanted // 2)


class Connection(HttpToolsProtocol):
    """uvicorn's, within bounds."""

    places: ClassVar[int] = MOST_CONNECTIONS
    """In this process."""
    _head: int | None = 0
    """Bytes of a head that is under way; None while there is none."""
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.places:
            transport.close()
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # After an answer any byte stops uvicorn's own timer, though it need not begin a request.
        answered = self.cycle is not None and self.cycle.response_complete
        if self._head is None and not answered:
            return
        if self._late is None:
            self._await_head()  # not counted: a body's end may have come along
        elif self._head is not None:
            self._head += len(data)
            if self._head > MOST_HEAD and not self.transport.is_closing():
                self.send_400_response("Request header too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._head is None:
            self._head_came()
            self._head = 0

    def on_headers_complete(self) -> None:
        self._head_came()
        crowded = len(self.connections) > self.places - self.places // ONE_IN
        is_first = self.url.startswith(FIRST)
        self.app = service_unavailable if crowded and not is_first else self.config.loaded_app
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._late = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _head_came(self) -> None:
        self._head = None
        if self._late is not None:
            self._late.cancel()
            self._late = None
