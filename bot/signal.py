"""A signal for several who wait: each has an event of his own, and none clears another's."""

from __future__ import annotations

import asyncio


class Signal:
    """Hand out events with `listener`; `set` sets them all, or those of one name."""

    def __init__(self) -> None:
        self._events: list[tuple[str, asyncio.Event]] = []

    def listener(self, name: str) -> asyncio.Event:
        """An event of one's own, to be cleared by whoever asked for it."""
        event = asyncio.Event()
        self._events.append((name, event))
        return event

    def set(self, name: str | None = None) -> None:
        """There may be something for those of this name; without one, for everybody. Call on the
        loop."""
        for its_name, event in self._events:
            if name is None or name == its_name:
                event.set()
