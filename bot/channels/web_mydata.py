"""A person's own copy of what is kept about him, as a file: for the cookie's person, nobody else.

Asking for it by chat is the request that is noted; fetching the file changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.channels.web import CHANNEL
from bot.channels.web_identity import Identity
from bot.console import pages
from bot.errors import StorageAway
from handlers import data_text
from handlers.turn import World
from storage import people, personal
from storage.database import Tx

Kept = dict[str, list[dict[str, Any]]]
Read = Callable[[Callable[[Tx], Kept | None]], Awaitable[Kept | None]]
NAME = "du-lieu-cua-toi"
"""Of the file, without marks: some phones store other letters wrongly."""


def routes(read: Read, world: World, *, secure: bool) -> list[BaseRoute]:
    """`/chat/mydata` whole, for machines; `/chat/mydata.txt` to be read."""
    identity = Identity(secure=secure)
    words = pages.sentences("chat")

    async def kept_of(request: Request) -> Kept | Response:
        sender = identity.sender(request.scope)
        try:
            found = None if sender is None else await read(lambda tx: _kept(tx, sender))
        except StorageAway as away:
            return Response(words["away"], 503, {"Retry-After": str(away.retry_after), **_HEADERS})
        return Response(words["no_cookie"], 404, _HEADERS) if found is None else found

    async def whole(request: Request) -> Response:
        found = await kept_of(request)
        if isinstance(found, Response):
            return found
        text = json.dumps(found, ensure_ascii=False, indent=1, default=_plain)
        return _file(text, "json", "application/json")

    async def readable(request: Request) -> Response:
        found = await kept_of(request)
        if isinstance(found, Response):
            return found
        text = data_text.readable(world, found, whole=True)
        return _file(text, "txt", "text/plain; charset=utf-8")

    return [Route("/chat/mydata", whole), Route("/chat/mydata.txt", readable)]


_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Type": "text/plain; charset=utf-8",
}


def _kept(tx: Tx, sender: str) -> Kept | None:
    account_id = people.find_account(tx, CHANNEL, CHANNEL, sender)
    return None if account_id is None else personal.kept(tx, people.of_account(tx, account_id))


def _plain(value: object) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def _file(text: str, ending: str, kind: str) -> Response:
    headers = {
        **_HEADERS,
        "Content-Type": kind,
        "Content-Disposition": f'attachment; filename="{NAME}.{ending}"',
    }
    return Response(text, headers=headers)
