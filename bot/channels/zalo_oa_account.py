"""Whose an access token is: the first thing Zalo is asked with a new consent's pair."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import httpx

from bot.channels.zalo_fields import inner, text
from bot.http_client import NOT_SENT

PATH = "/v2.0/oa/getoa"
SECONDS = 5
TRIES = 3
WAIT = 1.0
"""Seconds between two tries: an administrator looks at a blank page meanwhile."""


class Accounts:
    """Zalo's API, asked for accounts alone. `client` must not follow redirects."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        base: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client, self._address, self._sleep = client, f"{base.rstrip('/')}{PATH}", sleep

    async def of(self, access: str) -> str:
        """The id of the Official Account this token is for, "" when Zalo does not say so."""
        for number in range(TRIES):
            if number:
                await self._sleep(WAIT)
            if found := await self._asked(access):
                return found
        return ""

    async def _asked(self, access: str) -> str:
        try:
            async with asyncio.timeout(SECONDS):
                response = await self._client.get(self._address, headers={"access_token": access})
            answer = json.loads(response.content)
        except (*NOT_SENT, httpx.HTTPError, TimeoutError, ValueError, RecursionError):
            return ""
        return text(inner(answer, "data").get("oaid"), 128)
