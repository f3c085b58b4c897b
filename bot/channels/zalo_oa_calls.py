"""One call to Zalo OA's API: the token in its header, the envelope of its answer, its errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from bot.channels.platform import Failed, Later, Pace, Unsure
from bot.channels.zalo_oa_errors import TOKEN, Trouble, outcome_of, outcome_of_status
from bot.channels.zalo_oa_tokens import AGAIN, NoToken, TokenKeeper
from bot.errors import StorageAway
from bot.http_client import NOT_SENT

SECONDS = 25
"""For a whole call, however slowly the answer drips."""
WITHOUT_TOKEN = ("consent_needed", "no_token")
"""Why a message waits for a token: until an administrator consents again, or for a while."""
Data = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Refusal:
    """The call came to nothing; `code` is Zalo's error, 0 where it gave none."""

    outcome: Trouble
    code: int = 0


class Calls:
    """Zalo OA's API with one OA's tokens. Never raises for what the API or the network does."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        base: str,
        tokens: TokenKeeper,
        now: Callable[[], datetime],
    ) -> None:
        self._client, self._base, self._tokens = client, base.rstrip("/"), tokens
        self._now = now

    async def post(self, path: str, pace: Pace, **content: Any) -> Data | Refusal:
        """The answer's data; `content` is httpx's (`json=`, `files=`). A token that is not taken is
        refreshed once, and what is then called again waits its turn again.
        """
        refused = ""
        for last in (False, True):
            try:
                token = await self._tokens.access(refused)
            except NoToken as none:
                return Refusal(_without_token(consent=none.consent))
            except StorageAway as away:
                return Refusal(Later(away.retry_after, "storage_away", whole=True))
            if later := await pace():
                return Refusal(later)
            answer = await self._once(path, token, content)
            if last or not isinstance(answer, Refusal) or answer.code not in TOKEN:
                break
            refused = token
        return answer

    async def _once(self, path: str, token: str, content: Mapping[str, Any]) -> Data | Refusal:
        try:
            async with asyncio.timeout(SECONDS):
                response = await self._client.post(
                    f"{self._base}{path}", headers={"access_token": token}, **content
                )
        except NOT_SENT:
            return Refusal(Later(5, "no_connection"))
        except (httpx.HTTPError, TimeoutError) as lost:
            # The library's text may quote the address and headers; its name is enough.
            return Refusal(Unsure(type(lost).__name__))
        return self._read(response)

    def _read(self, response: httpx.Response) -> Data | Refusal:
        if response.status_code != 200:
            retry_after = response.headers.get("retry-after", "")
            return Refusal(outcome_of_status(response.status_code, retry_after))
        try:
            answer = json.loads(response.content)
        except (ValueError, RecursionError):
            return Refusal(Unsure("bad_answer"))
        code = answer.get("error") if isinstance(answer, dict) else None
        if not isinstance(code, int):
            return Refusal(Unsure("bad_answer"))
        if code != 0:
            return Refusal(outcome_of(code, self._now()), code)
        data = answer.get("data")
        return data if isinstance(data, dict) else {}


def _without_token(*, consent: bool) -> Trouble:
    reason = WITHOUT_TOKEN[0 if consent else 1]
    if consent:
        return Failed(reason, alarm=True)
    return Later(AGAIN.total_seconds(), reason, whole=True)
