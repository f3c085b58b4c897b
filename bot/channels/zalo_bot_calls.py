"""One call to the Zalo Bot Platform. The token stands in the address, which therefore goes nowhere:
not into an exception, not into a log.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from bot.channels.platform import Later, Unsure
from bot.channels.zalo_bot_errors import Trouble, outcome_of
from bot.http_client import NOT_SENT

SECONDS = 25
"""For a whole call, however slowly the answer drips; a poll has its own on top."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The call came to nothing; `code` is Zalo's, or the HTTP status, 0 without an answer."""

    outcome: Trouble
    code: int = 0


class Calls:
    """One bot's methods. Never raises for what the platform or the network does."""

    def __init__(self, client: httpx.AsyncClient, base: str, token: str) -> None:
        self._client, self._base = client, f"{base.rstrip('/')}/bot{token}"

    async def post(
        self, method: str, body: Mapping[str, Any], *, longer: float = 0
    ) -> Mapping[str, object] | Refusal:
        """The answer's result; `longer` seconds are granted beyond the usual."""
        try:
            async with asyncio.timeout(SECONDS + longer):
                response = await self._client.post(
                    f"{self._base}/{method}",
                    json=body,
                    timeout=httpx.Timeout(20 + longer, connect=5),
                )
        except NOT_SENT:
            return Refusal(Later(5, "no_connection"))
        except (httpx.HTTPError, TimeoutError) as lost:
            return Refusal(Unsure(type(lost).__name__))
        return _read(response)


def _read(response: httpx.Response) -> Mapping[str, object] | Refusal:
    retry_after = response.headers.get("retry-after", "")
    try:
        answer = json.loads(response.content)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
        if response.status_code == 200:
            return Refusal(Unsure("bad_answer"))
        return Refusal(outcome_of(response.status_code, retry_after), response.status_code)
    if not answer["ok"]:
        code = answer.get("error_code")
        code = code if isinstance(code, int) else response.status_code
        # 200 as a code says nothing; the platform did say that it did not take the call.
        return Refusal(outcome_of(400 if code == 200 else code, retry_after), code)
    result = answer.get("result")
    return result if isinstance(result, dict) else {}
