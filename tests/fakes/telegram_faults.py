"""What a call can come to besides an answer, played on the wire."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Literal

from aiohttp import web

Kind = Literal[
    "429", "500", "502_html", "400", "403_blocked", "403_deactivated", "401", "409", "migrated",
    "ok_false", "bad_json", "empty", "hang", "slow", "reset_before", "reset_after", "done_lost",
]  # fmt: skip

REFUSALS: dict[Kind, tuple[int, str]] = {
    "429": (429, "Too Many Requests: retry after {seconds}"),
    "500": (500, "Internal Server Error: restart"),
    "400": (400, "Bad Request: something in it is wrong"),
    "401": (401, "Unauthorized"),
    "403_blocked": (403, "Forbidden: bot was blocked by the user"),
    "403_deactivated": (403, "Forbidden: user is deactivated"),
    "409": (409, "Conflict: terminated by other getUpdates request"),
    "migrated": (400, "Bad Request: group chat was upgraded to a supergroup chat"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault; `seconds` is the 429's retry_after.

    Only `done_lost` obeys the call, and then hangs up without an answer. `slow` sends a byte now
    and then and never comes to an end, `reset_before` hangs up before an answer, `reset_after` in
    the middle of its body.
    """

    kind: Kind
    seconds: int = 1
    says: str = ""
    """A refusal's description, where it is not the usual one."""


def refusal(code: int, description: str, **parameters: int) -> web.Response:
    """Telegram's no."""
    body: dict[str, object] = {"ok": False, "error_code": code, "description": description}
    if parameters:
        body["parameters"] = parameters
    return web.json_response(body, status=code)


async def play(fault: Fault, request: web.Request) -> web.StreamResponse:
    """Answer a request with a fault; a hanging one ends when the caller hangs up."""
    kind = fault.kind
    if kind in REFUSALS:
        code, description = REFUSALS[kind]
        description = fault.says or description
        if kind == "429":
            said = description.format(seconds=fault.seconds)
            return refusal(code, said, retry_after=fault.seconds)
        if kind == "migrated":
            return refusal(code, description, migrate_to_chat_id=-1001234567890123)
        return refusal(code, description)
    if kind == "502_html":
        page = "<html><h1>502 Bad Gateway</h1>nginx</html>"
        return web.Response(status=502, text=page, content_type="text/html")
    if kind == "ok_false":
        return web.json_response({"ok": False})
    if kind == "bad_json":
        return web.Response(text='{"ok":true,"result":{"message_id":', content_type="text/html")
    if kind == "empty":
        return web.Response()
    if kind == "hang":
        await asyncio.Event().wait()
    return await _cut(kind, request)


async def _cut(kind: Kind, request: web.Request) -> web.StreamResponse:
    body = json.dumps({"ok": True, "result": {"message_id": 1}}).encode()
    answer = web.StreamResponse(headers={"Content-Length": str(len(body))})
    if kind in ("slow", "reset_after"):
        await answer.prepare(request)
        await answer.write(body[:10])
    if kind == "slow":
        await asyncio.Event().wait()
    hang_up(request)
    return answer


def hang_up(request: web.Request) -> None:
    """Close the connection as a crashing server does."""
    if request.transport is not None:
        request.transport.abort()
