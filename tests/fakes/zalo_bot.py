"""The Zalo Bot Platform as its documents and live captures describe it, over HTTP.

getUpdates gives one object and no way to acknowledge; what it gave before it gives again, at once.
There are no buttons. A refusal is `"ok": false`, mostly with HTTP 200.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import httpx
from aiohttp import web

from tests.fakes.zalo_faults import Faults
from tests.fakes.zalo_oa_people import Person, Seen
from tests.fakes.zalo_push import Push, Sleep

TOKEN = "123456789:abc-xyz"
SECRET = "a-secret-of-the-webhook"


class FakeZaloBot:
    """One bot. `bare`: its webhook's bodies are not wrapped in {"ok", "result"}."""

    def __init__(
        self,
        now: Callable[[], datetime],
        *,
        webhook: str = "http://bot.test/zalo/bot/webhook",
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Sleep = asyncio.sleep,
        bare: bool = False,
        replays: int = 0,
    ) -> None:
        self.now, self.bare = now, bare
        self.faults = Faults()
        self.people: dict[str, Person] = {}
        self.calls: list[str] = []
        self.media: dict[str, bytes] = {}
        self.month_left = 3_000
        self.replays = replays
        """How many old updates each new one is followed by."""
        self.waiting: deque[dict[str, Any]] = deque()
        self._again: deque[dict[str, Any]] = deque()
        self._old: deque[dict[str, Any]] = deque(maxlen=50)
        self._numbers = itertools.count(1)
        self.push = Push(
            webhook,
            lambda _raw, _stamp: {"X-Bot-Api-Secret-Token": SECRET, "User-Agent": "Java/17"},
            sleep=sleep,
            transport=transport,
        )

    @asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator[str]:
        """Listen on loopback; gives the API's base address."""
        app = web.Application()
        acts = {
            "getUpdates": self._updates,
            "sendMessage": self._message,
            "sendPhoto": self._photo,
        }
        for call, act in acts.items():
            app.router.add_post(f"/bot{TOKEN}/{call}", self.faults.wrap(call, act, _no))
        app.router.add_get("/media/{name}", self.faults.wrap("media", self._media, _no))
        app.router.add_route("*", "/{rest:.*}", _unknown)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            self.faults.stop()
            await self.push.close()
            await runner.cleanup()

    def person(self, number: int) -> Person:
        """The person with this number."""
        user_id = f"{0x6EDE9AFA66B88FE60000 + number:020x}"
        return self.people.setdefault(user_id, Person(user_id))

    def says(self, who: Person, text: str) -> dict[str, Any]:
        """He writes."""
        return self._update(who, "text", {"text": text})

    def sends(self, who: Person, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        """He sends an image, a voice note, a sticker, or something bots are not shown."""
        return self._update(who, kind, fields)

    def polled(self, update: dict[str, Any]) -> None:
        """The update waits for a poll."""
        self.waiting.append(update)

    def body(self, update: dict[str, Any]) -> dict[str, Any]:
        """The update as the webhook gets it."""
        return update if self.bare else {"ok": True, "result": update}

    def _update(self, who: Person, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        who.last_interaction = self.now()
        message = {
            "from": {"id": who.user_id, "display_name": "Giàng A Páo", "is_bot": False},
            "chat": {"id": who.user_id, "chat_type": "PRIVATE"},
            "message_id": f"{0x2D758CB5E22217700000 + next(self._numbers):020x}",
            "date": int(self.now().timestamp() * 1000),
            **fields,
        }
        return {"event_name": f"message.{kind}.received", "message": message}

    async def _updates(self, _request: web.Request) -> web.Response:
        self.calls.append("getUpdates")
        if self._again:
            return web.json_response({"ok": True, "result": self._again.popleft()})
        if not self.waiting:
            return web.json_response(
                {"ok": False, "error_code": 408, "description": "Request timeout"}, status=408
            )
        update = self.waiting.popleft()
        self._old.append(update)
        self._again.extend(list(self._old)[-self.replays :] if self.replays else [])
        return web.json_response({"ok": True, "result": update})

    async def _message(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        text = body.get("text", "")
        if not 0 < len(text.encode("utf-16-le")) <= 4_000:
            return _no(400)
        return self._seen(body["chat_id"], "text", text)

    async def _photo(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        if not body["photo"].startswith(("https://", "http://127.0.0.1")):
            return _no(400)
        return self._seen(body["chat_id"], "photo", body["photo"])

    def _seen(self, chat_id: str, kind: str, text: str) -> web.Response:
        who = self.people.get(chat_id)
        if who is None or who.error:
            return _no(who.error if who else 404)
        if self.month_left <= 0:
            return _no(429)
        self.month_left -= 1
        message_id = f"{0x82599FA32F56D0000000 + next(self._numbers):020x}"
        who.seen.append(Seen(message_id, kind, self.now(), text))
        result = {"message_id": message_id, "date": int(self.now().timestamp() * 1000)}
        return web.json_response({"ok": True, "result": result})

    async def _media(self, request: web.Request) -> web.Response:
        content = self.media.get(request.match_info["name"])
        return web.Response(body=content) if content is not None else web.Response(status=404)


def _no(code: int) -> web.Response:
    return web.json_response({"ok": False, "error_code": code, "description": "refused"})


async def _unknown(_request: web.Request) -> web.Response:
    answer = {"ok": False, "error_code": 401, "description": "Unauthorized"}
    return web.json_response(answer, status=401)
