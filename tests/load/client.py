"""A lean HTTP/1.1 client for loads: keep-alive connections, one request in flight on each.

Only what a measurement needs lives here: raw bytes out, a status and a latency back. It is an
`asyncio.Protocol` and not an HTTP library because the generator must cost far less than what it
measures; a general client tops out below the bare server it is compared with.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast

_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)


def request(path: str, body: bytes, header: str) -> bytes:
    """One POST with a JSON body, ready for the wire; `header` is one more line ("Cookie: …")."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{header}\r\n\r\n"
    )
    return head.encode() + body


@dataclass(slots=True)
class Sample:
    """What one measurement saw. Latencies in seconds, of accepted (2xx) requests in the window."""

    seconds: float
    answered: int = 0
    """All accepted requests, those before and after the window as well."""
    latencies: list[float] = field(default_factory=list)
    refused: dict[int, int] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        """Accepted requests a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Latency in milliseconds below which `share` (0–1) of the requests stayed."""
        if not self.latencies:
            return float("nan")
        if len(self.latencies) == 1:
            return self.latencies[0] * 1000
        cuts = statistics.quantiles(self.latencies, n=1000, method="inclusive")
        return cuts[min(998, max(0, round(share * 1000) - 1))] * 1000


def body_end(data: bytes) -> tuple[int, int] | None:
    """(status, end offset) of the response at the start of `data`; None while it is incomplete."""
    head_end = data.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    status = int(data[9:12])
    length = _LENGTH.search(data, 0, head_end)
    if length is not None:
        end = head_end + 4 + int(length[1])
        return (status, end) if len(data) >= end else None
    if b"chunked" in data[:head_end].lower():
        stop = data.find(b"0\r\n\r\n", head_end + 4)
        return (status, stop + 5) if stop >= 0 else None
    return status, head_end + 4


class _Feed(Protocol):
    """Where a connection gets its next request, and the moment its latency counts from."""

    def next(self, now: float) -> tuple[float, bytes] | None:
        """None when there is nothing to send for now."""

    def rest(self, connection: _Connection) -> None:
        """The connection has nothing to send for now."""


class _Connection(asyncio.Protocol):
    """Sends what its feed gives, one request in flight."""

    def __init__(self, feed: _Feed, sample: Sample, begin: float, stop: float) -> None:
        self._feed, self._sample = feed, sample
        self._begin, self._stop = begin, stop
        self._buffer = b""
        self._since = 0.0
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by shape only
        self.send(time.perf_counter())

    def send(self, now: float) -> None:
        """Take the next request from the feed and send it."""
        assert self._transport is not None
        given = self._feed.next(now)
        if given is None:
            self._feed.rest(self)
            return
        self._since, wanted = given
        self._transport.write(wanted)

    def close(self) -> None:
        """Nothing more will come."""
        if self._transport is not None:
            self._transport.close()
        if not self.done.done():
            self.done.set_result(None)

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        answer = body_end(data)
        if answer is None:
            self._buffer = data
            return
        status, end = answer
        self._buffer = data[end:]
        now = time.perf_counter()
        if status >= 300:
            self._sample.refused[status] = self._sample.refused.get(status, 0) + 1
        else:
            self._sample.answered += 1
            if self._begin <= now < self._stop:
                self._sample.latencies.append(now - self._since)
        self.send(now)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionResetError("the server hung up"))


class _Closed:
    """A closed loop: the next request leaves when the last one was answered, until `stop`."""

    def __init__(self, source: Iterator[bytes], stop: float) -> None:
        self._source, self._stop = source, stop

    def next(self, now: float) -> tuple[float, bytes] | None:
        return (now, next(self._source)) if now < self._stop else None

    def rest(self, connection: _Connection) -> None:
        connection.close()


class _Open:
    """An open loop: requests fall due by the clock, and wait for a free connection if they must."""

    def __init__(self) -> None:
        self._due: deque[tuple[float, bytes]] = deque()
        self._idle: list[_Connection] = []
        self._ended = False

    def next(self, _now: float) -> tuple[float, bytes] | None:
        return self._due.popleft() if self._due else None

    def rest(self, connection: _Connection) -> None:
        if self._ended:
            connection.close()
        else:
            self._idle.append(connection)

    def push(self, due: float, wanted: bytes) -> None:
        self._due.append((due, wanted))
        if self._idle:
            self._idle.pop().send(time.perf_counter())

    def end(self) -> None:
        self._ended = True
        for connection in self._idle:
            connection.close()


async def _connect(
    port: int, feeds: Iterable[_Feed], sample: Sample, begin: float
) -> list[_Connection]:
    loop, opened = asyncio.get_running_loop(), []
    for feed in feeds:

        def build(feed: _Feed = feed) -> _Connection:
            return _Connection(feed, sample, begin, begin + sample.seconds)

        _, connection = await loop.create_connection(build, "127.0.0.1", port)
        opened.append(connection)
    return opened


async def drive(
    port: int, sources: Sequence[Iterator[bytes]], seconds: float, *, warm_up: float = 0.3
) -> Sample:
    """Load 127.0.0.1:`port` for `seconds` after `warm_up`, one connection for each of `sources`.

    A source is asked for its next request only when its last one was answered, and the last
    answers are waited for, so a source can be used again in a later round where it stopped.
    Raises ConnectionError when the server hangs up.
    """
    begin, sample = time.perf_counter() + warm_up, Sample(seconds)
    feeds = [_Closed(source, begin + seconds) for source in sources]
    opened = await _connect(port, feeds, sample, begin)
    await asyncio.gather(*(connection.done for connection in opened))
    return sample


async def pace(
    port: int,
    sources: Sequence[Iterator[bytes]],
    per_second: float,
    seconds: float,
    *,
    warm_up: float = 0.3,
) -> Sample:
    """The same, with so many requests a second falling due, whether or not the server keeps up.

    A latency counts from the moment the request was due: a server that stands still makes all that
    falls due meanwhile late, not one request alone.
    """
    sample, feed = Sample(seconds), _Open()
    begin = time.perf_counter() + warm_up
    opened = await _connect(port, [feed] * len(sources), sample, begin)
    first = time.perf_counter()
    for number in range(round(per_second * (begin + seconds - first))):
        due = first + number / per_second
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        feed.push(due, next(sources[number % len(sources)]))
    feed.end()
    await asyncio.gather(*(connection.done for connection in opened))
    return sample
