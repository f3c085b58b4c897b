"""How fast one platform may be called: what all replicas share, taken in small blocks."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

from bot.engine import Engine
from storage import limits

PACE = 0.98
"""Of the permitted rate, what is planned: calls reach a platform a little unevenly."""
EVENLY = 0.99
"""Of the permitted rate, what follows a call that left late."""
BLOCK_SECONDS = 0.25
"""Of the allowed rate per reservation at most: one write for several calls that wait together, and
little is lost when a process that has reserved dies."""


class Speed:
    """A rate all calls to one bot go through, and a stop the platform may ask for."""

    def __init__(
        self,
        engine: Engine,
        name: str,
        per_second: float | None,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`per_second` is what the platform permits; None lets everything through but what was
        asked to wait."""
        self._engine = engine
        self._name = name
        self._rate = None if per_second is None else per_second * PACE
        many = max(1, int(per_second or 1))
        self._made: deque[datetime] = deque(maxlen=many)
        self._window = timedelta(seconds=many / (per_second or 1) / EVENLY)
        self._now = now
        self._sleep = sleep
        self._times: deque[datetime] = deque()
        self._asking = 0
        self._lock = asyncio.Lock()
        self._held_until: datetime | None = None

    async def take(self, by: datetime) -> float:
        """Return 0 when the next call may be made; at once, in how many seconds it may, where that
        is later than `by`. Raises StorageAway."""
        held = self._held_until
        if held is not None and held > by:
            return (held - self._now()).total_seconds()
        due = await self._next(by) if self._rate is not None else self._now()
        # Meanwhile the platform may have asked for a stop, or calls may have left late.
        while (wanted := max(due, self._held_until or due, self._within())) > self._now():
            if wanted > by:
                return (wanted - self._now()).total_seconds()
            await self._until(wanted)
        self._made.append(self._now())
        return 0.0

    async def hold(self, seconds: float) -> None:
        """The platform asked for no call at all in the next `seconds`."""
        until = self._now() + timedelta(seconds=seconds)
        self._held_until = max(until, self._held_until or until)
        self._times.clear()
        await self._engine.write(partial(limits.hold, name=self._name, until=until))

    def _within(self) -> datetime:
        """When one more call would still leave the permitted number in every window."""
        full = self._rate is not None and len(self._made) == self._made.maxlen
        return self._made[0] + self._window if full else self._now()

    async def _until(self, due: datetime) -> None:
        wait = (due - self._now()).total_seconds()
        if wait > 0:
            await self._sleep(wait)

    async def _next(self, by: datetime) -> datetime:
        """A time that is ours alone; one after `by` is only foretold."""
        self._asking += 1
        try:
            async with self._lock:
                self._drop_late()
                if not self._times and (first := await self._reserve(by)) > by:
                    return first
                return self._times.popleft()
        finally:
            self._asking -= 1

    def _drop_late(self) -> None:
        """What was reserved and not used in time is lost: since then others may have been given
        the same second, or the platform may have asked one of them for a stop."""
        beat = timedelta(seconds=1 / (self._rate or 1.0))
        while self._times and self._times[0] + beat < self._now():
            self._times.popleft()

    async def _reserve(self, by: datetime) -> datetime:
        """The first of the times for those who ask now; none was reserved where it is after `by`.
        Nothing is reserved ahead of being asked for, so that a stop another replica was asked for
        is seen by whoever asks after it."""
        rate = self._rate or 1.0
        many = max(1, min(self._asking, int(rate * BLOCK_SECONDS)))
        first = await self._engine.write(
            partial(limits.reserve, name=self._name, per_second=rate, many=many, by=by)
        )
        if first <= by:
            self._times.extend(first + timedelta(seconds=beat / rate) for beat in range(many))
        return first
