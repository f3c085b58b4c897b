"""Zalo's own side of a webhook: it signs, posts, and tries again after 30 s, 5, 15, 30 min, 1 h."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import httpx

from bot.http_client import make_client

LADDER = (30.0, 300.0, 900.0, 1800.0, 3600.0)
DEADLINE = 2.0
Sleep = Callable[[float], Awaitable[None]]
Headers = Callable[[bytes, str], dict[str, str]]


def compact(event: Mapping[str, Any]) -> bytes:
    """An event's bytes as Zalo writes them: UTF-8, no blanks."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def sign(app_id: str, raw: bytes, timestamp: str, secret: str) -> str:
    """The value of X-ZEvent-Signature."""
    whole = app_id.encode() + raw + timestamp.encode() + secret.encode()
    return f"mac={hashlib.sha256(whole).hexdigest()}"


def beyond(log: Iterable[tuple[bytes, int]]) -> int:
    """Of the events in a `Push.log`, how many Zalo's own ladder would have given up."""
    tries, taken = Counter[bytes](), set[bytes]()
    for raw, status in log:
        tries[raw] += raw not in taken
        if status == 200:
            taken.add(raw)
    return sum(number > 1 + len(LADDER) for number in tries.values())


class Push:
    """Posts events to a bot's webhook.

    `retries_answers`: an answer other than 200, or a late one, is tried again too; else only a
    connection that could not be opened, as the documents say literally. After the ladder the
    webhook is `off` and nothing is posted any more.
    """

    def __init__(
        self,
        url: str,
        headers: Headers,
        *,
        sleep: Sleep = asyncio.sleep,
        transport: httpx.AsyncBaseTransport | None = None,
        retries_answers: bool = True,
    ) -> None:
        self.url, self._headers, self._sleep = url, headers, sleep
        self.retries_answers = retries_answers
        self.ladder: Sequence[float] = LADDER
        self.off = False
        self.through: Callable[[str], str] = str
        """Where a post to `url` really goes: what stands before several replicas decides it."""
        self.log: list[tuple[bytes, int]] = []
        """Every attempt: the body, and the status, 0 without a connection, -1 without an answer."""
        self._client = make_client(transport=transport, answer_seconds=DEADLINE)

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    async def deliver(self, event: Mapping[str, Any] | bytes, timestamp: str = "") -> bool:
        """Post until it is taken; whether it was."""
        raw = event if isinstance(event, bytes) else compact(event)
        stamp = timestamp or (str(event.get("timestamp", "")) if isinstance(event, Mapping) else "")
        for number, pause in enumerate((*self.ladder, None)):
            if self.off:
                return False
            status = await self._post(raw, stamp, number)
            self.log.append((raw, status))
            if status == 200:
                return True
            if status != 0 and not self.retries_answers:
                return False
            if pause is not None:
                await self._sleep(pause)
        self.off = True
        return False

    async def _post(self, raw: bytes, stamp: str, number: int) -> int:
        headers = {"Content-Type": "application/json", **self._headers(raw, stamp)}
        if number:
            headers["num_retry"] = str(number)
        try:
            async with asyncio.timeout(DEADLINE):
                answer = await self._client.post(
                    self.through(self.url), content=raw, headers=headers
                )
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return 0
        except (httpx.HTTPError, TimeoutError):
            return -1
        return answer.status_code
