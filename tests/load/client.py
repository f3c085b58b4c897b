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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

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


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the last one was answered, until `stop` has passed."""

    def __init__(
        self, requests: Iterator[bytes], sample: Sample, begin: float, stop: float
    ) -> None:
        self._requests = requests
        self._sample = sample
        self._begin, self._stop = begin, stop
        self._buffer = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by shape only
        self._send(time.perf_counter())

    def _send(self, now: float) -> None:
        assert self._transport is not None
        if now >= self._stop:
            self._transport.close()
            if not self.done.done():
                self.done.set_result(None)
            return
        self._sent_at = now
        self._transport.write(next(self._requests))

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
                self._sample.latencies.append(now - self._sent_at)
        self._send(now)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionResetError("the server hung up"))


async def drive(
    port: int, sources: Sequence[Iterator[bytes]], seconds: float, *, warm_up: float = 0.3
) -> Sample:
    """Load 127.0.0.1:`port` for `seconds` after `warm_up`, one connection for each of `sources`.

    A source is asked for its next request only when its last one was answered, and the last
    answers are waited for, so a source can be used again in a later round where it stopped.
    Raises ConnectionError when the server hangs up.
    """
    loop = asyncio.get_running_loop()
    begin = time.perf_counter() + warm_up
    sample = Sample(seconds)
    opened: list[_Connection] = []
    for source in sources:

        def build(source: Iterator[bytes] = source) -> _Connection:
            return _Connection(source, sample, begin, begin + seconds)

        _, connection = await loop.create_connection(build, "127.0.0.1", port)
        opened.append(connection)
    await asyncio.gather(*(connection.done for connection in opened))
    return sample
