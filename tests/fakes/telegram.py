"""A server that behaves as Telegram's Bot API does, for one bot: polling, webhook, sends, files.

`async with FakeTelegram() as fake:` and give the program `fake.base` and `fake.token`. What people
do is `fake.people.say(chat, text)` and the like, what they see `fake.people.chats[chat].seen`; what
goes wrong is `fake.fail("sendMessage", Fault("429", 35))`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from telegram import Update, User, WebhookInfo

from tests.fakes import telegram_limits as limits
from tests.fakes.telegram_chatter import Chatter, Refuse, refuse_if
from tests.fakes.telegram_faults import Fault, hang_up, play, refusal
from tests.fakes.telegram_flood import Flood
from tests.fakes.telegram_people import People, Waiting
from tests.fakes.telegram_push import Push, Pusher

TOKEN = "7000000001:AAFakeFakeFakeFakeFakeFakeFakeFakeFak"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the program: when, which, to whom, with what fault it was met, if any."""

    at: float
    method: str
    chat: int | None
    fault: str | None


class FakeTelegram:
    """The server; `now` and `sleep` are its own clock. `flood` switches the speed limits on."""

    def __init__(
        self,
        *,
        token: str = TOKEN,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        flood: Flood | None = None,
    ) -> None:
        self.token = token
        self.base = ""
        self.calls: list[Call] = []
        self.pushes: list[Push] = []
        self.through: Callable[[str], str] = str
        """Where a post to the webhook really goes: what stands before several replicas decides."""
        self.people = People(int(token.split(":")[0]), self._queue, now)
        self._now = now
        self._sleep = sleep
        self._chatter = Chatter(self.people, now, flood)
        self._faults: dict[str, deque[tuple[Fault, int | None]]] = {}
        self._waiting: dict[int, Waiting] = {}
        self._kinds: set[str] = set()
        self._webhook = ""
        self._pusher: Pusher | None = None
        self._poll = 0
        self._news = asyncio.Event()
        self._runner: web.AppRunner | None = None

    def fail(self, method: str, fault: Fault, *, times: int = 1, chat: int | None = None) -> None:
        """Meet the next calls of a method ("download" is one too) with a fault; of a chat's only
        when it is given.
        """
        self._faults.setdefault(method, deque()).extend([(fault, chat)] * times)

    @property
    def commands(self) -> list[dict[str, str]]:
        """What stands behind the bot's menu button."""
        return self._chatter.commands

    @property
    def unconfirmed(self) -> list[int]:
        """The ids of the updates nobody has confirmed yet."""
        return list(self._waiting)

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something holds; looked at whenever something happens here."""
        while not true():
            self._news.clear()
            await self._news.wait()

    async def __aenter__(self) -> Self:
        await self.open(0)
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _fault: object, _trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self, port: int) -> None:
        """Listen; `base` then tells where."""
        app = web.Application(client_max_size=60 * 2**20)
        app.router.add_route("*", "/bot{token}/{method}", self._called)
        app.router.add_get("/file/bot{token}/{path:.*}", self._download)
        self._runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=0.01
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        host, bound = self._runner.addresses[0][:2]
        self.base = f"http://{host}:{bound}"

    async def close(self) -> None:
        """Stop listening and pushing."""
        await self._stop_pushing()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _called(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return refusal(401, "Unauthorized")
        params = await _params(request)
        method = request.match_info["method"]
        fault = self._note(method, params)
        if fault is not None and fault.kind != "done_lost":
            return await play(fault, request)
        try:
            if method in _OWN:
                result = await _OWN[method](self, params)
            else:
                result = self._chatter.obey(method, params)
        except Refuse as no:
            code, description, parameters = no.answer
            return refusal(code, description, **parameters)
        self._news.set()
        if fault is not None:
            hang_up(request)
        return web.json_response({"ok": True, "result": result})

    def _note(self, method: str, params: limits.Params) -> Fault | None:
        """Write a call down; the fault it is to be met with."""
        given = str(params.get("chat_id", ""))
        chat = int(given) if given.removeprefix("-").isdecimal() else None
        planned = self._faults.get(method, deque())
        found = next((one for one in planned if one[1] in (None, chat)), None)
        if found is not None:
            planned.remove(found)
        fault = found[0] if found else None
        self.calls.append(Call(self._now(), method, chat, fault.kind if fault else None))
        self._news.set()
        return fault

    async def _download(self, request: web.Request) -> web.StreamResponse:
        fault = self._note("download", {})
        if fault is not None and fault.kind != "done_lost":
            return await play(fault, request)
        data = self.people.files.get(request.match_info["path"].rpartition("/")[2])
        if request.match_info["token"] != self.token or data is None:
            return refusal(404, "Not Found")
        if fault is not None:
            hang_up(request)
        return web.Response(body=data, content_type="application/octet-stream")

    def _queue(self, update: Waiting) -> None:
        kinds = update.body.keys() & set(Update.ALL_TYPES)
        if self._kinds and kinds and not kinds & self._kinds:
            return
        self._waiting[update.id] = update
        if self._pusher is not None:
            self._pusher.push(update)
        self._news.set()

    def _pushed(self, update: Waiting, push: Push) -> None:
        self.pushes.append(push)
        if push.status == -1 or 200 <= push.status < 300:
            self._waiting.pop(update.id, None)
        self._news.set()

    async def _stop_pushing(self) -> None:
        # At once: what comes while it ends is for the next one.
        pusher, self._pusher = self._pusher, None
        if pusher is not None:
            await pusher.close()

    # ---- Methods ---------------------------------------------------------------------------

    async def _get_me(self, _params: limits.Params) -> object:
        me = User(self.people.bot_id, "Chung Sức", True, username="chungsuc_bot")
        return me.to_dict()

    async def _set_webhook(self, params: limits.Params) -> object:
        refuse_if(limits.wrong_webhook(params))
        if not params.get("url"):
            return await self._delete_webhook(params)
        await self._stop_pushing()
        self._webhook = params["url"]
        self._kinds = set(json.loads(params.get("allowed_updates", "[]")))
        self._pusher = Pusher(
            self._webhook,
            params.get("secret_token", ""),
            int(params.get("max_connections", 40)),
            self._now,
            self._sleep,
            self._pushed,
            self.through,
        )
        for update in self._waiting.values():
            self._pusher.push(update)
        self._poll += 1  # a poller that waits is told to go
        self._news.set()
        return True

    async def _delete_webhook(self, _params: limits.Params) -> object:
        await self._stop_pushing()
        self._webhook = ""
        return True

    async def _webhook_info(self, _params: limits.Params) -> object:
        return WebhookInfo(self._webhook, False, len(self._waiting)).to_dict()

    async def _get_updates(self, params: limits.Params) -> object:
        refuse_if(limits.wrong_poll(params))
        if self._webhook:
            raise Refuse(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        self._kinds = set(json.loads(params.get("allowed_updates", "[]")))
        self._poll += 1
        mine, until = self._poll, self._now() + int(params.get("timeout", 0))
        for known in [one for one in self._waiting if one < int(params.get("offset", 0))]:
            del self._waiting[known]
        while True:
            for update in [one for one in self._waiting.values() if one.until < self._now()]:
                del self._waiting[update.id]
            ready = [self._waiting[number].body for number in sorted(self._waiting)]
            if ready or self._now() >= until:
                return ready[: int(params.get("limit", 100))]
            self._news.clear()
            try:
                async with asyncio.timeout(until - self._now()):
                    await self._news.wait()
            except TimeoutError:
                return []
            if self._poll != mine:
                raise Refuse(409, "Conflict: terminated by other getUpdates request")


_OWN: dict[str, Callable[[FakeTelegram, limits.Params], Awaitable[object]]] = {
    "getMe": FakeTelegram._get_me,
    "setWebhook": FakeTelegram._set_webhook,
    "deleteWebhook": FakeTelegram._delete_webhook,
    "getWebhookInfo": FakeTelegram._webhook_info,
    "getUpdates": FakeTelegram._get_updates,
}


async def _params(request: web.Request) -> dict[str, Any]:
    """A call's parameters, however they came; uploaded files as bytes."""
    found: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        return found | dict(await request.json())
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            with value.file as file:
                found[name] = file.read()
        else:
            found[name] = value
    return found
