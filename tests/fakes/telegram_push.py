"""How Telegram pushes updates to a webhook: a chat's in order, until a 2xx or until they expire."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp

from tests.fakes.telegram_people import Waiting

HEADER = "X-Telegram-Bot-Api-Secret-Token"
ANSWER_SECONDS = 60
"""After so long without an answer it hangs up and comes again."""
MAX_PAUSE = 60.0
MAX_RETRY_AFTER = 3600.0


@dataclass(frozen=True, slots=True)
class Push:
    """One try; `status` is 0 when no answer came."""

    update_id: int
    status: int


class Pusher:
    """Pushes to one address until closed."""

    def __init__(
        self,
        url: str,
        secret: str,
        connections: int,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        done: Callable[[Waiting, Push], None],
        through: Callable[[str], str] = str,
    ) -> None:
        """`done` hears of every try; `through` tells where a post to the address really goes."""
        self._url = url
        self._headers = {"Content-Type": "application/json"}
        if secret:
            self._headers[HEADER] = secret
        self._connections = connections
        self._free = asyncio.Semaphore(connections)
        self._now = now
        self._sleep = sleep
        self._done = done
        self._through = through
        self._lanes: dict[str, asyncio.Queue[Waiting]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None

    def push(self, update: Waiting) -> None:
        """Queue an update behind those of its lane."""
        if update.lane not in self._lanes:
            self._lanes[update.lane] = asyncio.Queue()
            self._tasks.append(asyncio.create_task(self._run(self._lanes[update.lane])))
        self._lanes[update.lane].put_nowait(update)

    async def close(self) -> None:
        """Stop; what is not confirmed stays with the caller."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _run(self, lane: asyncio.Queue[Waiting]) -> None:
        while True:
            await self._deliver(await lane.get())

    async def _deliver(self, update: Waiting) -> None:
        pause = 0.0
        while self._now() <= update.until:
            async with self._free:
                status, wait = await self._post(update)
            self._done(update, Push(update.id, status))
            if 200 <= status < 300:
                return
            await self._sleep(pause if wait is None else wait)
            pause = min(max(2.0, pause * 2), MAX_PAUSE)
        self._done(update, Push(update.id, -1))

    async def _post(self, update: Waiting) -> tuple[int, float | None]:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._connections)
            self._session = aiohttp.ClientSession(connector=connector)
        limits = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        body = json.dumps(update.body).encode()
        try:
            async with self._session.post(
                self._through(self._url),
                data=body,
                headers=self._headers,
                timeout=limits,
                allow_redirects=False,
            ) as answer:
                await answer.read()
                wait = answer.headers.get("Retry-After", "")
                after = min(float(wait), MAX_RETRY_AFTER) if wait.isdigit() else None
                return answer.status, after
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0, None
