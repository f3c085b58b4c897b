"""Campaigns (nhắc hạn, thông báo): plans each day's reminders and fans every campaign out in
slices.

Runs in every replica; a slice locks its campaign, so that one of them works at a time. Between
20:00 and 07:30 nobody is told anything; what a stopped campaign has queued is taken back at any
hour.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date, datetime
from functools import partial

import structlog

from bot.clock import seconds_until
from bot.engine import Engine
from bot.errors import StorageAway
from handlers import campaigns as planning
from handlers.turn import World
from knowledge.zone import ZONE
from storage import campaigns
from storage.database import Tx

LOOK_SECONDS = 2.0

log = structlog.get_logger()


class Campaigns:
    """The job of one process. `run` until cancelled."""

    def __init__(
        self,
        engine: Engine,
        world: World,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._engine = engine
        self._world = world
        self._now = now
        self._sleep = sleep
        self._planned: date | None = None

    async def run(self) -> None:
        """Plan and fan out, until cancelled."""
        while True:
            worked = False
            with suppress(StorageAway):
                worked = await self.once()
            if not worked:
                await self._sleep(LOOK_SECONDS)

    async def once(self) -> bool:
        """Plan what is due today, and do one slice; False when there was nothing to do."""
        local = self._now().astimezone(ZONE)
        by_day = planning.is_daytime(local)
        if by_day and self._planned != local.date():
            await self._engine.write(lambda tx: planning.plan_today(tx, self._world))
            self._planned = local.date()
        if not await self._engine.read(partial(campaigns.is_due, by_day=by_day)):
            return False
        worked: bool = await self._engine.write(partial(self._slice, by_day))
        if worked:
            self._engine.outgoing.set()
        return worked

    def _slice(self, by_day: bool, tx: Tx) -> bool:
        campaign = campaigns.lock_due(tx, by_day=by_day)
        if campaign is None:
            return False
        planning.fan_out(tx, self._world, campaign)
        return True


def until_daytime(now: datetime) -> float:
    """Seconds until something may be pushed to many, 0 by day."""
    by_day = planning.is_daytime(now.astimezone(ZONE))
    return 0.0 if by_day else seconds_until(planning.STARTS, now)
