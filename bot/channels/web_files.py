"""Files on the web chat: taken from a browser as one message each, and shown to who may see them.

    POST /chat/files?id=EVENT&name=NAME&group=GROUP     the bytes and nothing else
    GET  /chat/media/ID   GET /chat/media/ID/thumb      a picture, or a download

What a file is, its content tells; its name is only a name.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from bot import pictures
from bot.channels.web import CHANNEL
from bot.channels.web_identity import Identity
from bot.console import pages
from bot.console.json_body import BodyTooLarge, BodyTooSlow, ClientGone, read_chunks
from bot.console.same_origin import SameOrigin
from bot.errors import StorageAway
from bot.incoming import KINDS, Incoming, TooMuchWaiting
from bot.pictures.kinds import sniff
from handlers.messages import Attachment, AttachmentKind, Message
from storage.media import Evidence

MOST = pictures.LIMITS.picture_bytes
SILENT_SECONDS = 30.0
"""Without a byte, on a 2G that is gone."""
WHOLE_SECONDS = 30 * 60.0
"""For the largest photo at 7 KB a second, which a 2G that is not gone does."""
MAX_NAME = 200
AT_ONCE = 8
"""Uploads looked at together: each is read into memory for a moment, to tell what it is."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HEADERS = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}

_OFFICE = "application/vnd.openxmlformats-officedocument."
_SUFFIXES = {
    "image/jpeg": "jpg",
    "application/pdf": "pdf",
    f"{_OFFICE}wordprocessingml.document": "docx",
    f"{_OFFICE}spreadsheetml.sheet": "xlsx",
    "audio/ogg": "ogg",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/amr": "amr",
    "audio/amr-wb": "awb",
}

Shown = Callable[[str, int], Awaitable[Evidence | None]]
"""The kept file of this id, if the person of this web id may see it. May raise StorageAway."""


class TakesMessages(Protocol):
    """What taking a file needs of the engine."""

    async def receive(self, message: Message, raw: bytes) -> None:
        """Take one turn and return after its commit; raises `StorageAway` when nothing was kept."""


class _Refused(Exception):
    """The file is not taken: status and the key of the sentence that says why."""

    def __init__(self, status: int, key: str) -> None:
        super().__init__(key)
        self.status, self.key = status, key


class _Upload:
    """ASGI endpoint of one file."""

    def __init__(
        self,
        port: TakesMessages,
        incoming: Incoming,
        now: Callable[[], datetime],
        identity: Identity,
    ) -> None:
        self._port, self._incoming, self._now, self._identity = port, incoming, now, identity
        self._words = pages.sentences("chat")
        self._looking = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._take(scope, receive)
            answer: Response = JSONResponse({"ok": True}, headers=_HEADERS)
        except ClientGone:
            return
        except BodyTooLarge:
            answer = self._error(413, "file_too_large")
        except BodyTooSlow:  # the page sends it again by itself
            answer = Response(status_code=408, headers={**_HEADERS, "Connection": "close"})
        except TooMuchWaiting:
            answer = self._error(429, "files_waiting", {"Retry-After": "600"})
        except _Refused as fault:
            answer = self._error(fault.status, fault.key)
        except StorageAway as away:
            answer = self._error(503, "away", {"Retry-After": str(away.retry_after)})
        except OSError:
            answer = self._error(503, "away", {"Retry-After": "60"})
        await answer(scope, receive, send)

    async def _take(self, scope: Scope, receive: Receive) -> None:
        sender = self._identity.sender(scope)
        if sender is None:
            raise _Refused(401, "no_cookie")
        fields = parse_qs(scope["query_string"].decode("latin-1"), errors="replace")
        event_id = fields.get("id", [""])[0]
        group = fields.get("group", [""])[0]
        if not _ID.fullmatch(event_id) or (group and not _ID.fullmatch(group)):
            raise _Refused(400, "bad_id")
        name = fields.get("name", [""])[0][:MAX_NAME].replace("\0", "")
        chunks = read_chunks(scope, receive, MOST, SILENT_SECONDS, WHOLE_SECONDS)
        reference, size = await self._incoming.put(sender, chunks)
        try:
            kind = await self._kind(reference)
            sent = Attachment(kind, reference, name, size)
            message = Message(
                CHANNEL, CHANNEL, sender, event_id, self._now(), attachments=(sent,), group=group
            )
            await self._port.receive(message, json.dumps({"file": name, "id": event_id}).encode())
        except (_Refused, StorageAway):
            self._incoming.remove(reference)
            raise

    async def _kind(self, reference: str) -> AttachmentKind:
        async with self._looking:
            data = await self._incoming.fetch(reference, MOST)
            form = await asyncio.to_thread(sniff, data)
        if isinstance(form, pictures.Refused):
            raise _Refused(413 if form.reason == "too_large" else 415, f"file_{form.reason}")
        if form.kind != "picture" and len(data) > pictures.LIMITS.file_bytes:
            raise _Refused(413, "file_too_large")
        return KINDS[form.kind]

    def _error(self, status: int, key: str, more: Mapping[str, str] | None = None) -> Response:
        return JSONResponse({"error": self._words[key]}, status, {**_HEADERS, **(more or {})})


def _number(text: str) -> int:
    """An attachment's id, 0 for what is none."""
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else 0


def routes(
    port: TakesMessages,
    now: Callable[[], datetime],
    shown: Shown,
    incoming: Incoming,
    folder: Path,
    *,
    secure: bool,
    trusted: Sequence[str] = (),
) -> list[BaseRoute]:
    """The routes of files; `folder` is where kept ones lie. The rest as in `web.routes`."""
    identity = Identity(secure=secure)
    words = pages.sentences("chat")

    async def show(request: Request, *, small: bool) -> Response:
        sender, number = identity.sender(request.scope), _number(request.path_params["number"])
        try:
            one = await shown(sender, number) if sender and number else None
        except StorageAway as away:
            return Response(status_code=503, headers={"Retry-After": str(away.retry_after)})
        name = None if one is None else one.thumb if small else one.sha256
        file = await asyncio.to_thread(pictures.find, folder, name)
        if one is None or file is None:
            return Response(status_code=404, headers=_HEADERS)
        is_picture = one.thumb is not None
        kind = "image/jpeg" if is_picture else one.mime
        place = "inline" if is_picture else "attachment"
        told = f'{place}; filename="minh-chung-{number}.{_SUFFIXES.get(kind, "bin")}"'
        return FileResponse(
            file, headers={**_HEADERS, "Content-Disposition": told}, media_type=kind
        )

    async def picture(request: Request) -> Response:
        return await show(request, small=False)

    async def thumb(request: Request) -> Response:
        return await show(request, small=True)

    return [
        Route(
            "/chat/files",
            SameOrigin(
                _Upload(port, incoming, now, identity),
                refuse=JSONResponse({"error": words["cross_site"]}, 403),
                trusted=trusted,
            ),
            methods=["POST"],
        ),
        Route("/chat/media/{number}", picture),
        Route("/chat/media/{number}/thumb", thumb),
    ]
