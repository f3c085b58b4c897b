"""The stream of one open page: everything the browser has not acknowledged, then what comes new.

It never asks "after which id": on several machines a row with a smaller id can become visible
later. So each look takes all that is pending and leaves out what this connection has sent already.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from bot.errors import StorageAway

if TYPE_CHECKING:
    from bot.channels.web import ChatPort, Outgoing

POLL_SECONDS = 2.0
"""The look by itself: the truth, of which wakes are only the quick form (design §2)."""

STREAMS_PER_PERSON = 3
"""A phone, a computer and a forgotten tab; each costs a look every `POLL_SECONDS`."""

MOST_STREAMS = 1_000
"""Of all people in this process: pages stay open for hours, and must leave connections to those who
come and go, the platforms among them (`bot/connections.py`)."""

OPENING = b"retry: 2000\n\n"
"""Milliseconds until the browser comes again; sent at once, so that proxies pass the headers on."""

CLOSING = b"event: closed\ndata: 1\n\n"
"""Tells the page to stay away: coming again by itself it would push out its successor."""

Pause = Callable[[asyncio.Event], Awaitable[None]]


async def news_or_poll(news: asyncio.Event) -> None:
    """Return when there may be news, at the latest after `POLL_SECONDS`."""
    with suppress(TimeoutError):
        async with asyncio.timeout(POLL_SECONDS):
            await news.wait()


class _Seat:
    """One open stream of a person."""

    __slots__ = ("closed", "news")

    def __init__(self, news: asyncio.Event) -> None:
        self.news = news
        self.closed = False

    def close(self) -> None:
        self.closed = True
        self.news.set()


class Streams:
    """The open streams of all people in this process."""

    def __init__(self, port: ChatPort, pause: Pause = news_or_poll) -> None:
        self._port = port
        self._pause = pause
        self._seats: dict[str, deque[_Seat]] = {}
        self._taken = 0

    @property
    def is_full(self) -> bool:
        """Whether no further page may listen for now."""
        return self._taken >= MOST_STREAMS

    async def events(self, sender: str) -> AsyncIterator[bytes]:
        """Server-sent events for `sender` until the browser leaves or a newer stream takes the
        place.
        """
        with self._port.watch(sender) as news:
            seat = self._sit(sender, news)
            self._taken += 1
            try:
                yield OPENING
                sent: set[int] = set()
                while not seat.closed:
                    news.clear()  # before the look: a wake during it must count for the next one
                    rows = await self._pending(sender)
                    sent &= {row.id for row in rows}  # acknowledged ones never come again
                    for row in rows:
                        if row.id not in sent:
                            sent.add(row.id)
                            yield frame(row)
                    if not seat.closed:
                        await self._pause(news)
                yield CLOSING
            finally:
                self._taken -= 1
                self._leave(sender, seat)

    async def _pending(self, sender: str) -> tuple[Outgoing, ...]:
        try:
            return tuple(await self._port.pending(sender))
        except StorageAway:
            return ()  # the next look will find them; hanging up would make every page come at once

    def _sit(self, sender: str, news: asyncio.Event) -> _Seat:
        seats = self._seats.setdefault(sender, deque())
        if len(seats) >= STREAMS_PER_PERSON:
            seats.popleft().close()
        seat = _Seat(news)
        seats.append(seat)
        return seat

    def _leave(self, sender: str, seat: _Seat) -> None:
        seats = self._seats.get(sender)
        if seats is None:
            return
        with suppress(ValueError):  # pushed out earlier
            seats.remove(seat)
        if not seats:
            del self._seats[sender]


def frame(row: Outgoing) -> bytes:
    """One event: `id: N` and `data: {"id","text","choices":[{"id","label"}],"at","pictures"?}`."""
    shape: Mapping[str, object] = {
        "id": row.id,
        "text": row.text,
        "choices": [{"id": choice.id, "label": choice.label} for choice in row.choices],
        "at": row.at.isoformat(),
        **({"pictures": row.pictures} if row.pictures else {}),
    }
    data = json.dumps(shape, ensure_ascii=False, separators=(",", ":"))
    return f"id: {row.id}\ndata: {data}\n\n".encode("utf-8", "replace")
