"""The program's clock: the real one, or for rehearsals one that starts at BOT_CLOCK and runs on."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Gives the time now, aware UTC."""


def make_clock(start: datetime | None) -> Clock:
    """A clock that shows `start` (aware) at this moment and runs at the ordinary speed."""
    if start is None:
        return lambda: datetime.now(UTC)
    begun, shown = time.monotonic(), start.astimezone(UTC)
    return lambda: shown + timedelta(seconds=time.monotonic() - begun)
