"""`POST /telegram/webhook`: who it is from, then one update, and 200 only once it is kept."""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable, Iterable

from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bot.console.json_body import BodyTooLarge, ClientGone, read_body
from bot.errors import BadUsage, StorageAway

PATH = "/telegram/webhook"
HEADER = b"x-telegram-bot-api-secret-token"
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
"""What Telegram takes as a secret."""

Take = Callable[[bytes], Awaitable[None]]
"""`Intake.take`, or something around it; returns once the update is kept, else StorageAway."""


def route(secret: str, take: Take) -> Route:
    """The route. Raises BadUsage without a usable secret: anybody could post then."""
    if not _SECRET.fullmatch(secret):
        raise BadUsage("BOT_TELEGRAM_WEBHOOK_SECRET: cần 1–256 ký tự A–Z a–z 0–9 _ -")
    return Route(PATH, _Webhook(secret.encode(), take), methods=["POST"])


def is_genuine(headers: Iterable[tuple[bytes, bytes]], secret: bytes) -> bool:
    """Whether the headers (names in lower case) hold the secret, once, byte for byte."""
    given = [value for name, value in headers if name == HEADER]
    return len(given) == 1 and hmac.compare_digest(given[0], secret)


class _Webhook:
    """ASGI endpoint; a request that is not genuine is answered before its body is read."""

    def __init__(self, secret: bytes, take: Take) -> None:
        self._secret = secret
        self._take = take

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except ClientGone:
            return
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        if not is_genuine(scope["headers"], self._secret):
            return Response(status_code=401)
        try:
            await self._take(await read_body(scope, receive))
        except BodyTooLarge:
            return Response(status_code=413)
        except StorageAway as away:
            return Response(status_code=503, headers={"Retry-After": str(away.retry_after)})
        return Response()
