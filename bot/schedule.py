"""What is due now: timers taken one by one through the writer and handed to the conversations.

Each is its own piece of work: one that fails is put off and holds up no other. Replicas share them,
for a timer is taken by whoever locks its row first.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from functools import partial

import structlog

from bot import faults
from bot.engine import Engine
from bot.errors import StorageAway
from handlers import registry
from handlers.turn import World
from storage import timers
from storage.database import Tx

POLL_SECONDS = 2.0
SLICE = 64
"""As many as share one commit; what else is due follows at once."""
AGAIN_AFTER = timedelta(hours=1)
"""A timer that failed fails again at once: somebody must have time to look."""

log = structlog.get_logger()


class Schedule:
    """The loop of one process. `wake` it when something may be due before the next look."""

    def __init__(self, engine: Engine, world: World) -> None:
        self._engine = engine
        self._world = world
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look at once."""
        self._woken.set()

    async def run(self) -> None:
        """Look and act until cancelled."""
        while True:
            self._woken.clear()
            if await self.look() == SLICE:
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), POLL_SECONDS)

    async def look(self) -> int:
        """Act on what is due, at most a slice; returns how many were due."""
        try:
            due = await self._engine.read(partial(timers.due, limit=SLICE))
            await asyncio.gather(*(self._act(timer_id) for timer_id in due))
        except StorageAway:
            # The next look finds them again.
            return 0
        return len(due)

    async def _act(self, timer_id: int) -> None:
        try:
            await self._engine.write(partial(fire, self._world, timer_id))
        except StorageAway:
            raise
        except Exception as fault:
            log.error("timer_failed", timer=timer_id, fault=faults.told(fault))
            await self._engine.write(lambda tx: timers.put_off(tx, timer_id, tx.now + AGAIN_AFTER))


def fire(world: World, timer_id: int, tx: Tx) -> None:
    """Take one timer, unless somebody else has, and do what its kind says."""
    timer = timers.take(tx, timer_id)
    if timer is not None:
        registry.TIMERS[timer.kind](world, tx, timer)
