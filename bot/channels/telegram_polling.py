"""Asks Telegram for updates; a batch is confirmed only once all of it is kept.

For machines no server can reach. Whatever stops it in the middle of a batch, the batch comes again
and its events are known by their ids.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Never

import structlog

from bot.channels.telegram_answers import CallFailed, NoAnswer, NotReached, Refused
from bot.channels.telegram_read import lane
from bot.errors import StorageAway

BATCH = 100
"""The most Telegram gives at once."""
MAX_PAUSE = 60.0
TOKEN_PAUSE = 60.0
"""A token that is refused is not accepted a second later; a person has to see to it."""
_UPDATE_ID = re.compile(rb'"update_id"\s*:\s*(\d{1,18})\b')

Updates = Callable[[int | None, int], Awaitable[list[object]]]
"""`Telegram.updates`: those from an offset on, at most so many. Raises CallFailed."""
Take = Callable[[bytes], Awaitable[None]]
"""`Intake.take`, or something around it; returns once the update is kept, else StorageAway."""
Sleep = Callable[[float], Awaitable[None]]

log = structlog.get_logger()


class Polling:
    """The loop of one bot. Two at once would take each other's turns: Telegram answers 409."""

    def __init__(self, updates: Updates, take: Take, sleep: Sleep = asyncio.sleep) -> None:
        self._updates = updates
        self._take = take
        self._sleep = sleep
        self._offset: int | None = None
        self._limit = BATCH
        self._pause = 0.0

    async def run(self) -> Never:
        """Ask for ever; cancelling it at any moment loses nothing."""
        while True:
            await self.once()

    async def once(self) -> None:
        """Ask once and take what comes; after a fault, wait as long as it calls for."""
        try:
            batch = await self._updates(self._offset, self._limit)
            self._limit = BATCH
            await self._take_all(batch)
        except StorageAway as away:
            await self._sleep(away.retry_after)
        except NoAnswer as fault:
            await self._past_unreadable(fault)
        except Exception as fault:
            await self._back_off(fault)
        else:
            self._pause = 0.0

    async def _take_all(self, batch: list[object]) -> None:
        """Each person's in order, people side by side; then confirm them with the next call."""
        lanes: dict[str, list[bytes]] = {}
        for update in batch:
            lanes.setdefault(lane(update), []).append(_raw(update))
        done = await asyncio.gather(*map(self._in_order, lanes.values()), return_exceptions=True)
        faults = [one for one in done if one is not None]
        if faults:
            raise next((one for one in faults if isinstance(one, StorageAway)), faults[0])
        ids = [number for update in batch if (number := _id(update)) is not None]
        if batch and not ids:
            raise NotReached("updates without ids")
        # After an empty answer all is confirmed, and the next ids may begin anew anywhere.
        self._offset = max(ids) + 1 if ids else None

    async def _in_order(self, raws: list[bytes]) -> None:
        for raw in raws:
            await self._take(raw)

    async def _past_unreadable(self, fault: NoAnswer) -> None:
        """Find the one update that spoils a batch, keep it and pass it over."""
        if fault.raw and self._limit > 1:
            self._limit = 1
            return
        number = _UPDATE_ID.search(fault.raw)
        if number is None:
            await self._back_off(fault)
            return
        try:
            await self._take(fault.raw)
        except StorageAway as away:
            await self._sleep(away.retry_after)
            return
        self._offset = int(number[1]) + 1

    async def _back_off(self, fault: Exception) -> None:
        self._pause = min(max(1.0, 2 * self._pause), MAX_PAUSE)
        pause = self._pause
        if isinstance(fault, Refused) and fault.retry_after is not None:
            pause = fault.retry_after
        elif isinstance(fault, Refused) and fault.code in (401, 404):
            pause = TOKEN_PAUSE
        # Only our own faults are known to hold nobody's words and no address with the token.
        told = str(fault) if isinstance(fault, CallFailed) else type(fault).__name__
        log.warning("telegram_not_polled", fault=told, seconds=pause)
        await self._sleep(pause)


def _id(update: object) -> int | None:
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if type(number) is int and number >= 0 else None


def _raw(update: object) -> bytes:
    try:
        return json.dumps(update).encode()
    except RecursionError:
        return b'{"update_id": %d, "too_deep": true}' % (_id(update) or 0)
