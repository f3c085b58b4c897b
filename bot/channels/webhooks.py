"""What platforms' webhooks share: who calls, the body read within bounds, plain answers.

Whoever cannot show by the headers that he is the platform has none of his body read. A platform
is told 200 only when what it sent is committed, or kept for a person to look at.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Iterable

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bot.console.json_body import BodyTooLarge, BodyTooSlow, ClientGone, read_body
from bot.errors import StorageAway

Headers = Iterable[tuple[bytes, bytes]]
Shown = Callable[[Headers], bool]
"""What the headers alone, their names in lower case, show: False when it is surely a stranger."""
Genuine = Callable[[bytes, Headers], bool]
"""Whether the platform sent this body."""
Take = Callable[[bytes], Awaitable[None]]
"""Commits what a genuine body holds, or keeps it; raises StorageAway when neither was possible."""


def holding(header: bytes, secret: str) -> Shown:
    """Whether the headers hold the secret, once, byte for byte. Raises ValueError without a secret:
    anybody could post then."""
    if not secret:
        raise ValueError("no secret to check the webhook with")
    expected = secret.encode()

    def shown(headers: Headers) -> bool:
        given = [value for name, value in headers if name == header]
        return len(given) == 1 and hmac.compare_digest(given[0], expected)

    return shown


def _whatever(_raw: bytes, _headers: Headers) -> bool:
    return True


def webhook(
    path: str, shown: Shown, take: Take, *, genuine: Genuine = _whatever, setup: bool = False
) -> Route:
    """The route of one platform's webhook; `genuine` where the body is signed as well.

    While `setup` is true a call that is not genuine is answered 200 and does nothing: a platform's
    own test call may be unsigned.
    """
    return Route(path, _Webhook(shown, genuine, take, setup), methods=["POST"])


class _Webhook:
    def __init__(self, shown: Shown, genuine: Genuine, take: Take, setup: bool) -> None:
        self._shown, self._genuine, self._take = shown, genuine, take
        self._to_strangers = 200 if setup else 401

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            status, headers = await self._answer(scope, receive)
        except ClientGone:
            return
        headers.append((b"content-length", b"0"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _answer(
        self, scope: Scope, receive: Receive
    ) -> tuple[int, list[tuple[bytes, bytes]]]:
        if not self._shown(scope["headers"]):
            return self._to_strangers, []
        try:
            raw = await read_body(scope, receive)
        except BodyTooLarge:
            return 413, []
        except BodyTooSlow:
            return 408, [(b"connection", b"close")]
        if not self._genuine(raw, scope["headers"]):
            return self._to_strangers, []
        try:
            await self._take(raw)
        except StorageAway as away:
            return 503, [(b"retry-after", b"%d" % away.retry_after)]
        return 200, []
