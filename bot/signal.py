"""A signal for several who wait: each has an event of his own, and none clears another's."""

from __future__ import annotations

import asyncio


class Signal:
    """Hand out events with `listener`; `set` sets them all."""

    def __init__(self) -> None:
        self._events: list[asyncio.Event] = []

    def listener(self) -> asyncio.Event:
        """An event of one's own, to be cleared by whoever asked for it."""
        event = asyncio.Event()
        self._events.append(event)
        return event

    def set(self) -> None:
        """There may be something for everybody. Call on the loop."""
        for event in self._events:
            event.set()
