"""Polling for the Zalo Bot Platform: for development, as a poll consumes the update it gives.

There is no acknowledgement: what is being taken when the process dies is lost. Production uses the
webhook. Updates delivered before are given again, at once and for ever; the engine knows them by
their id.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from bot.channels.platform import Failed, Later
from bot.channels.zalo_bot_calls import Calls, Refusal
from bot.channels.zalo_bot_errors import IDLE
from bot.channels.zalo_bot_webhook import BotPort, take
from bot.errors import StorageAway

POLL_SECONDS = 30
FLOOR = 1.0
"""Seconds from one poll's start to the next: replays answer at once, twelve times a second."""
FIRST_BACK_OFF = 5.0
MOST_BACK_OFF = 60.0

log = structlog.get_logger()


async def poll(
    calls: Calls,
    port: BotPort,
    account: str,
    now: Callable[[], datetime],
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Take updates until cancelled, or until Zalo does not take the token."""
    log.warning(
        "zalo_bot_polling", acknowledged=False, use="development only, the webhook loses nothing"
    )
    back_off = FIRST_BACK_OFF
    while True:
        begun = monotonic()
        answer = await calls.post("getUpdates", {"timeout": POLL_SECONDS}, longer=POLL_SECONDS)
        if not isinstance(answer, Refusal):
            back_off = FIRST_BACK_OFF
            await _taken(port, json.dumps(answer).encode(), account, now, sleep)
        elif answer.code != IDLE:
            log.warning("zalo_bot_poll_failed", why=answer.outcome.reason)
            if isinstance(answer.outcome, Failed) and answer.outcome.alarm:
                log.error("zalo_bot_alarm", why=answer.outcome.reason)
                return
            asked = answer.outcome.seconds if isinstance(answer.outcome, Later) else 0.0
            await sleep(max(back_off, asked))
            back_off = min(back_off * 2, MOST_BACK_OFF)
        if (left := FLOOR - (monotonic() - begun)) > 0:
            await sleep(left)


async def _taken(
    port: BotPort,
    raw: bytes,
    account: str,
    now: Callable[[], datetime],
    sleep: Callable[[float], Awaitable[None]],
) -> None:
    """Hand the update over, however long storage is away: Zalo may not give it again."""
    while True:
        try:
            await take(port, raw, account, now())
        except StorageAway as away:
            await sleep(away.retry_after)
        else:
            return
