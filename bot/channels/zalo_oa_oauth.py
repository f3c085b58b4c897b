"""Spends a refresh token, or a consent's code, at Zalo's OAuth service: one call, and what is known
after it."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field

import httpx

from bot.http_client import NOT_SENT

SECONDS = 15
DEFAULT_LIFE = 3600
"""Seconds an access token is trusted for when the answer does not say; sources say 1 h and 25 h."""
MAX_LIFE = 90 * 24 * 3600
PATH = "/v4/oa/access_token"
_TOKEN = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Granted:
    """A new pair; the old one is dead."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    seconds: int


class NotAsked(Exception):
    """The call surely did not reach Zalo: the refresh token is as good as before."""


class NotKnown(Exception):
    """The call went out and no clear answer came: the refresh token may be spent."""


class Refused(Exception):
    """Zalo answered without a token. Which code it gives for a spent one is documented nowhere."""


class OAuth:
    """Zalo's OAuth service for one app. `client` must not follow redirects."""

    def __init__(self, client: httpx.AsyncClient, base: str, app_id: str, app_secret: str) -> None:
        self._client, self._address = client, f"{base.rstrip('/')}{PATH}"
        self._app_id, self._app_secret = app_id, app_secret

    async def refresh(self, refresh_token: str) -> Granted:
        """A new pair for this refresh token. Raises NotAsked, NotKnown, Refused."""
        return await self._spend({"refresh_token": refresh_token, "grant_type": "refresh_token"})

    async def exchange(self, code: str, verifier: str) -> Granted:
        """The first pair of a new consent. Raises NotAsked, NotKnown, Refused."""
        return await self._spend(
            {"code": code, "grant_type": "authorization_code", "code_verifier": verifier}
        )

    async def _spend(self, told: dict[str, str]) -> Granted:
        form = {**told, "app_id": self._app_id}
        try:
            async with asyncio.timeout(SECONDS):
                response = await self._client.post(
                    self._address, data=form, headers={"secret_key": self._app_secret}
                )
        except NOT_SENT:
            raise NotAsked from None
        except (httpx.HTTPError, TimeoutError):
            raise NotKnown from None
        if response.status_code == 429:
            raise NotAsked
        return _granted(response)


def _granted(response: httpx.Response) -> Granted:
    try:
        answer = json.loads(response.content)
    except (ValueError, RecursionError):
        raise NotKnown from None
    if not isinstance(answer, dict) or response.status_code >= 500:
        raise NotKnown
    access, refresh = answer.get("access_token", ""), answer.get("refresh_token", "")
    if not (_is_token(access) and _is_token(refresh)):
        raise Refused
    life = str(answer.get("expires_in", ""))
    seconds = int(life) if life.isdecimal() and int(life[:12]) > 0 else DEFAULT_LIFE
    return Granted(access, refresh, min(seconds, MAX_LIFE))


def _is_token(value: object) -> bool:
    """Whether it can stand in a header."""
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None
