"""`POST /zalo/oa/webhook`: a signed event of Zalo's into the engine's hands, well inside 2 s."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import structlog
from starlette.routing import Route

from bot.channels.webhooks import webhook
from bot.channels.zalo_fields import Unreadable
from bot.channels.zalo_oa_events import Event, Ignored, Paused, read
from bot.channels.zalo_oa_signature import Signature

PATH = "/zalo/oa/webhook"
PATIENCE = 1.5
"""Seconds storage may take. Zalo waits two for its answer, and then counts towards switching the
webhook off."""
MOST_NAMES = 100
"""Of events not acted on, each logged once."""

log = structlog.get_logger()


class OaPort(Protocol):
    """What the webhook needs of the engine. Both return after a commit; both raise StorageAway when
    nothing was kept.
    """

    async def take(self, event: Event, raw: bytes) -> None:
        """Act on an event; one that comes again changes nothing."""

    async def keep(self, raw: bytes) -> None:
        """Keep a genuine body that could not be understood, once."""


def route(
    port: OaPort,
    account: str,
    signature: Signature,
    now: Callable[[], datetime],
    *,
    is_ours: Callable[[str], bool] = lambda _message_id: False,
    setup: bool = False,
) -> Route:
    """The route; `is_ours` tells the echo of our own message from an official's."""

    unknown: set[str] = set()

    def note(name: str) -> None:
        # Zalo has events nobody has documented, a request to delete one's data among them.
        if not name.startswith("oa_") and name not in unknown and len(unknown) < MOST_NAMES:
            unknown.add(name)
            log.warning("zalo_oa_event_ignored", name=name)

    async def take(raw: bytes) -> None:
        try:
            event = read(raw, account, now())
        except Unreadable:
            log.warning("zalo_oa_unreadable")
            await port.keep(raw)
            return
        if isinstance(event, Ignored):
            note(event.name)
        elif not (isinstance(event, Paused) and is_ours(event.message_id)):
            await port.take(event, raw)

    return webhook(PATH, signature.shown, take, genuine=signature.genuine, setup=setup)
