"""`POST /zalo/bot/webhook`: the secret compared, then one update into the engine's hands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import structlog
from starlette.routing import Route

from bot.channels.webhooks import holding, webhook
from bot.channels.zalo_bot_events import Ignored, read
from bot.channels.zalo_fields import Unreadable
from handlers.messages import Message

PATH = "/zalo/bot/webhook"
HEADER = b"x-bot-api-secret-token"
PATIENCE = 1.5
"""Seconds storage may take. How long Zalo waits here is not documented: less than two seconds, the
shortest wait known of any platform."""

log = structlog.get_logger()


class BotPort(Protocol):
    """What the channel needs of the engine. Both return after a commit; both raise StorageAway when
    nothing was kept.
    """

    async def receive(self, message: Message, raw: bytes) -> None:
        """Take one turn; a message that comes again changes nothing."""

    async def keep(self, raw: bytes) -> None:
        """Keep a genuine body that could not be understood, once."""


def route(port: BotPort, account: str, secret: str, now: Callable[[], datetime]) -> Route:
    """The route. Raises ValueError without a secret."""

    async def receive(raw: bytes) -> None:
        await take(port, raw, account, now())

    return webhook(PATH, holding(HEADER, secret), receive)


async def take(port: BotPort, raw: bytes, account: str, now: datetime) -> None:
    """Hand one update over; one that cannot be understood is kept. Raises StorageAway."""
    try:
        message = read(raw, account, now)
    except Unreadable:
        log.warning("zalo_bot_unreadable")
        await port.keep(raw)
        return
    if not isinstance(message, Ignored):
        await port.receive(message, raw)
