"""A Zalo Official Account as its documents and live captures describe it, over HTTP.

Errors come with HTTP 200; a refresh token works once, and its whole family dies when it is used
again; consultation messages are free for 48 h, cost money up to 7 days, and are then refused;
uploads expire after 7 days. What each person sees is recorded.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
from aiohttp import web

from tests.fakes.zalo_consent import Codes
from tests.fakes.zalo_faults import Faults
from tests.fakes.zalo_oa_people import People, Person, Seen
from tests.fakes.zalo_push import Push, Sleep, sign

APP_ID = "3608465248940903967"
APP_SECRET = "the-app-s-own-secret"
OA_SECRET = "the-webhook-page-s-secret"
OA_ID = "388613280878808645"
FIRST_REFRESH = "refresh-of-the-first-consent"
CALLS = {
    "refresh": "/v4/oa/access_token",
    "send": "/v3.0/oa/message/cs",
    "template": "/v3.0/oa/message/template",
    "upload_image": "/v2.0/oa/upload/image",
    "upload_file": "/v2.0/oa/upload/file",
}
ACCOUNT = "/v2.0/oa/getoa"
UPLOADS_LIVE = timedelta(days=7)


class _Error(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Grant:
    """The live pair of one consent."""

    refresh: str = FIRST_REFRESH
    account: str = OA_ID
    access: str = ""
    expires_at: datetime | None = None
    spent: set[str] = field(default_factory=set)
    dead: bool = False


class FakeZaloOa:
    """One OA with its app. `buttons` false: a message with buttons is refused with -201."""

    def __init__(
        self,
        now: Callable[[], datetime],
        *,
        webhook: str = "http://bot.test/zalo/oa/webhook",
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Sleep = asyncio.sleep,
        secret: str = OA_SECRET,
        buttons: bool = True,
        expires_in: str | int = "90000",
    ) -> None:
        self.now, self.buttons, self.expires_in = now, buttons, expires_in
        self.grant = Grant()
        self.faults = Faults()
        self.codes = Codes(APP_ID, OA_ID, now)
        self.people = People(APP_ID, OA_ID, now)
        self.calls: list[str] = []
        self.templates: set[str] = {"7895417a7d3f9461cd2e"}
        self.media: dict[str, bytes] = {}
        """What people sent, to be fetched under /media/NAME."""
        self._uploads: dict[str, tuple[bytes, datetime]] = {}

        def headers(raw: bytes, stamp: str) -> dict[str, str]:
            return {"X-ZEvent-Signature": sign(APP_ID, raw, stamp, secret)}

        self.push = Push(webhook, headers, sleep=sleep, transport=transport)

    @asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator[str]:
        """Listen on loopback; gives the base address of the API and of OAuth."""
        runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            self.faults.stop()
            await self.push.close()
            await runner.cleanup()

    def kill_access(self) -> None:
        """The access token is no longer taken."""
        self.grant.access = secrets.token_hex(16)

    def consent(self, refresh: str) -> None:
        """An administrator grants again; the app is given this refresh token."""
        self.grant = Grant(refresh)

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=8 * 1024 * 1024)
        acts = {
            "refresh": self._refresh,
            "send": self._granted(self._send),
            "template": self._granted(self._template),
            "upload_image": self._granted(lambda request: self._upload(request, "attachment_id")),
            "upload_file": self._granted(lambda request: self._upload(request, "token")),
        }
        for call, act in acts.items():
            app.router.add_post(CALLS[call], self.faults.wrap(call, self._counted(call, act), _no))
        account = self._counted("account", self._granted(self._account))
        app.router.add_get(ACCOUNT, self.faults.wrap("account", account, _no))
        app.router.add_get("/media/{name}", self.faults.wrap("media", self._media, _no))
        return app

    def _counted(self, call: str, act: Any) -> Any:
        async def handle(request: web.Request) -> web.Response:
            self.calls.append(call)
            answer: web.Response = await act(request)
            return answer

        return handle

    async def _media(self, request: web.Request) -> web.Response:
        content = self.media.get(request.match_info["name"])
        return web.Response(body=content) if content is not None else web.Response(status=404)

    async def _refresh(self, request: web.Request) -> web.Response:
        form = await request.post()
        spent, grant = str(form.get("refresh_token")), self.grant
        if request.headers.get("secret_key") != APP_SECRET or form.get("app_id") != APP_ID:
            return web.json_response({"error": -14002, "error_name": "Invalid appId"})
        if form.get("grant_type") == "authorization_code":
            whose = self.codes.take(str(form.get("code")), str(form.get("code_verifier")))
            if not whose:
                return web.json_response({"error": -14011, "error_name": "Invalid code"})
            return self._paired(Grant(secrets.token_hex(16), whose))
        if spent in grant.spent:
            grant.dead, grant.access = True, ""
        if grant.dead or spent != grant.refresh:
            return web.json_response({"error": -14014, "error_name": "Invalid refresh token"})
        grant.spent.add(spent)
        return self._paired(grant)

    def _paired(self, grant: Grant) -> web.Response:
        """A new pair; whatever access token there was is dead."""
        self.grant = grant
        grant.refresh, grant.access = secrets.token_hex(16), secrets.token_hex(16)
        grant.expires_at = self.now() + timedelta(seconds=int(self.expires_in))
        pair = {"access_token": grant.access, "refresh_token": grant.refresh}
        return web.json_response({**pair, "expires_in": self.expires_in})

    def _granted(self, act: Any) -> Any:
        async def handle(request: web.Request) -> web.Response:
            grant = self.grant
            if not grant.access or request.headers.get("access_token") != grant.access:
                return _no(-216)
            if grant.expires_at is not None and self.now() >= grant.expires_at:
                return _no(-220)
            try:
                data = await act(request)
            except _Error as error:
                return _no(error.code)
            return web.json_response({"data": data, "error": 0, "message": "Success"})

        return handle

    async def _account(self, _request: web.Request) -> dict[str, Any]:
        return {"oaid": self.grant.account, "name": "Chung Sức", "oa_type": 4, "num_follower": 0}

    async def _send(self, request: web.Request) -> dict[str, Any]:
        body = json.loads(await request.read())
        who, message = self._who(body["recipient"]["user_id"]), body["message"]
        since = self.now() - who.last_interaction if who.last_interaction else None
        if since is None or since > timedelta(days=7):
            raise _Error(-230)
        charged = since > timedelta(hours=48)
        seen = self._read(message, charged)
        who.seen.append(seen)
        quota = {"quota_type": "sub_quota" if charged else "reply", "remain": "8", "total": "8"}
        return self._taken(who, seen) | {"quota": quota}

    async def _template(self, request: web.Request) -> dict[str, Any]:
        body = json.loads(await request.read())
        who = self._who(body["user_id"])
        if body["template_id"] not in self.templates:
            raise _Error(-249)
        text = json.dumps(body["template_data"], ensure_ascii=False, sort_keys=True)
        seen = Seen(self.people.message_id(), "template", self.now(), text, charged=True)
        who.seen.append(seen)
        return self._taken(who, seen)

    def _who(self, user_id: str) -> Person:
        who = self.people.all.get(user_id)
        if who is None:
            raise _Error(-213)
        if who.error:
            raise _Error(who.error)
        return who

    def _taken(self, who: Person, seen: Seen) -> dict[str, Any]:
        stamp = str(int(self.now().timestamp() * 1000))
        return {"message_id": seen.message_id, "user_id": who.user_id, "sent_time": stamp}

    def _read(self, message: dict[str, Any], charged: bool) -> Seen:
        text = message.get("text", "")
        if len(text.encode("utf-16-le")) > 4_000:
            raise _Error(-210)
        attachment = message.get("attachment", {})
        payload, kind = attachment.get("payload", {}), attachment.get("type", "text")
        buttons: tuple[tuple[str, str], ...] = ()
        content = b""
        if kind == "file":
            content = self._uploaded(payload["token"])
        elif payload.get("template_type") == "media":
            [element] = payload["elements"]
            kind, content = element["media_type"], self._uploaded(element["attachment_id"])
        elif payload.get("template_type") == "request_user_info":
            [element] = payload["elements"]
            kind, text = "card", element["title"]
            if not element["image_url"] or len(text) > 100 or len(element["subtitle"]) > 500:
                raise _Error(-201)
        elif "buttons" in payload:
            kind, buttons = "text", self._pressable(payload["buttons"])
        if kind == "text" and not text:
            raise _Error(-201)
        message_id = self.people.message_id()
        return Seen(message_id, kind, self.now(), text, buttons, content, charged)

    def _pressable(self, buttons: list[dict[str, str]]) -> tuple[tuple[str, str], ...]:
        wrong = not self.buttons or not 0 < len(buttons) <= 5
        for one in buttons:
            wrong |= one["type"] not in {"oa.query.hide", "oa.query.show"}
            wrong |= not 0 < len(one["title"]) <= 100 or not 0 < len(one["payload"]) <= 1_000
        if wrong:
            raise _Error(-201)
        return tuple((one["title"], one["payload"]) for one in buttons)

    async def _upload(self, request: web.Request, result: str) -> dict[str, Any]:
        form = await request.post()
        part = form.get("file")
        if not isinstance(part, web.FileField):
            raise _Error(-201)
        content = part.file.read()
        most = 1024 * 1024 if result == "attachment_id" else 5 * 1024 * 1024
        if len(content) > most:
            raise _Error(-210)
        name = secrets.token_hex(10)
        self._uploads[name] = (content, self.now())
        return {result: name}

    def _uploaded(self, name: str) -> bytes:
        content, at = self._uploads.get(name, (b"", datetime.min.replace(tzinfo=self.now().tzinfo)))
        if self.now() - at > UPLOADS_LIVE:
            raise _Error(-100)
        return content


def _no(code: int) -> web.Response:
    return web.json_response({"error": code, "message": f"error {code}"})
