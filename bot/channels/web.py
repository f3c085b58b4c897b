"""The web chat's HTTP side: a browser's JSON into a `Message`, the person's outbox into a stream.

No conversation and no storage here: both are behind `ChatPort`, which the engine implements.
Sentences stand in `bot/console/templates/`. `POST /chat/messages` is the program's hottest route,
so it is plain ASGI: no request object, no validation library, no template, no log line a message.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.channels.web_identity import Identity
from bot.channels.web_stream import Pause, Streams, news_or_poll
from bot.console import pages
from bot.console.json_body import (
    BodyTooLarge,
    BodyTooSlow,
    ClientGone,
    NotAnObject,
    is_text,
    parse_object,
    read_body,
)
from bot.console.same_origin import SameOrigin
from bot.errors import StorageAway
from handlers.messages import Choice, Message

CHANNEL = "web"
KEEP_ALIVE_SECONDS = 15
"""Between two comments on a silent stream; mobile networks soon forget a silent connection."""

MAX_ACKS = 500
MAX_CHOICE_LENGTH = 256
MAX_ROW_ID = 2**63 - 1
"""What a database's integer column can be asked for without an error."""

_EVENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message of the bot for the browser; `id` is the outbox row's, `at` is aware, UTC."""

    id: int
    text: str
    choices: tuple[Choice, ...]
    at: datetime
    pictures: tuple[int, ...] = ()


class ChatPort(Protocol):
    """What the web chat needs of the engine; `sender` is the person's id, 64 hex digits."""

    async def receive(self, message: Message, raw: bytes) -> None:
        """Take one turn and return after its commit; raises `StorageAway` when nothing was kept."""

    async def pending(self, sender: str) -> Sequence[Outgoing]:
        """The person's unacknowledged messages, oldest first; may raise `StorageAway`."""

    async def acknowledge(self, sender: str, ids: Sequence[int]) -> None:
        """The person's browser has shown these; others' ids and unknown ones are ignored."""

    def watch(self, sender: str) -> AbstractContextManager[asyncio.Event]:
        """An event of the watcher's own (it clears it), set when the person may have news."""


def routes(
    port: ChatPort,
    now: Callable[[], datetime],
    *,
    secure: bool,
    banner: str | None,
    trusted: Sequence[str] = (),
    pause: Pause = news_or_poll,
) -> list[BaseRoute]:
    """The chat's routes; `pages.static()` must be mounted beside them.

    `now` gives aware UTC. `secure`: people come over https. `banner` stands on the page while set.
    `trusted` lists origins that are this site behind a proxy which rewrites Host. `pause` waits for
    news.
    """
    words = pages.sentences("chat")
    identity = Identity(secure=secure)
    streams = Streams(port, pause)
    headers = pages.page_headers(secure=secure)

    async def page(request: Request) -> Response:
        html = pages.render("chat.html", now=now().isoformat(), banner=banner)
        return HTMLResponse(
            html, headers={**headers, "Set-Cookie": identity.set_cookie(request.scope)}
        )

    async def events(request: Request) -> Response:
        sender = identity.sender(request.scope)
        if sender is None:
            return Response(_error(words["no_cookie"]), 401, _JSON)
        if streams.is_full:
            # The page says that it is cut off, and comes again by itself.
            return Response(status_code=503, headers={"Retry-After": "10"})
        return EventSourceResponse(
            streams.events(sender),
            ping=KEEP_ALIVE_SECONDS,
            ping_message_factory=lambda: ServerSentEvent(comment="", sep="\n"),
            headers={"X-Content-Type-Options": "nosniff"},
        )

    async def take_message(sender: str, fields: Mapping[str, object], raw: bytes) -> _Answer:
        await port.receive(_message(sender, fields, now()), raw)
        return _TAKEN

    async def take_acks(sender: str, fields: Mapping[str, object], raw: bytes) -> _Answer:
        if ids := _row_ids(fields):
            await port.acknowledge(sender, ids)
        return _NOTHING_MORE

    def posted(take: _Take) -> ASGIApp:
        return SameOrigin(
            _Posted(take, identity, words),
            refuse=_Answer(403, _error(words["cross_site"])),
            trusted=trusted,
        )

    return [
        Route("/chat/messages", posted(take_message), methods=["POST"]),
        Route("/chat/acks", posted(take_acks), methods=["POST"]),
        Route("/chat/events", events),
        Route("/chat", page),
    ]


_JSON = {"Content-Type": "application/json", "Cache-Control": "no-store"}


def _error(sentence: str) -> bytes:
    return json.dumps({"error": sentence}, ensure_ascii=False).encode()


class _Answer:
    """A small answer, its ASGI events made once."""

    __slots__ = ("_body", "_start")

    def __init__(
        self, status: int, body: bytes = b"", extra: Iterable[tuple[bytes, bytes]] = ()
    ) -> None:
        headers = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"), *extra]
        if body:
            headers.append((b"content-type", b"application/json"))
            headers.append((b"content-length", b"%d" % len(body)))
        self._start = {"type": "http.response.start", "status": status, "headers": headers}
        self._body = {"type": "http.response.body", "body": body}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send(self._start)
        await send(self._body)


_TOO_SLOW = _Answer(408, extra=[(b"connection", b"close")])
_TAKEN = _Answer(200, b'{"ok":true}')
_NOTHING_MORE = _Answer(204)
_Take = Callable[[str, Mapping[str, object], bytes], Awaitable[_Answer]]


class _BadField(ValueError):
    """A field is missing or wrong; the argument is the key of the sentence to answer with."""


class _Posted:
    """ASGI endpoint: who sent it, the body, its JSON object, then `take`; each fault its own
    answer.
    """

    def __init__(self, take: _Take, identity: Identity, words: Mapping[str, str]) -> None:
        self._take = take
        self._identity = identity
        self._no_cookie = _Answer(401, _error(words["no_cookie"]))
        self._too_large = _Answer(413, _error(words["too_large"]))
        self._unreadable = _Answer(400, _error(words["unreadable"]))
        self._away = _error(words["away"])
        self._words = words

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except ClientGone:
            return
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> _Answer:
        sender = self._identity.sender(scope)
        if sender is None:
            return self._no_cookie
        try:
            raw = await read_body(scope, receive)
            return await self._take(sender, parse_object(raw), raw)
        except BodyTooLarge:
            return self._too_large
        except BodyTooSlow:
            return _TOO_SLOW
        except NotAnObject:
            return self._unreadable
        except _BadField as fault:
            return _Answer(400, _error(self._words[str(fault)]))
        except StorageAway as away:
            return _Answer(503, self._away, [(b"retry-after", b"%d" % away.retry_after)])


def _message(sender: str, fields: Mapping[str, object], at: datetime) -> Message:
    """The `Message` in a body's fields; fields not known are ignored, null is absent."""
    event_id, text, choice = fields.get("id"), fields.get("text"), fields.get("choice")
    if not (isinstance(event_id, str) and _EVENT_ID.fullmatch(event_id)):
        raise _BadField("bad_id")
    if text is None and choice is None:
        raise _BadField("nothing_said")
    if not (text is None or is_text(text)):
        raise _BadField("bad_text")
    if not (choice is None or (is_text(choice) and 0 < len(str(choice)) <= MAX_CHOICE_LENGTH)):
        raise _BadField("bad_choice")
    return Message(
        channel=CHANNEL,
        account=CHANNEL,
        sender=sender,
        event_id=event_id,
        at=at,
        text="" if text is None else str(text),
        choice=None if choice is None else str(choice),
    )


def _row_ids(fields: Mapping[str, object]) -> list[int]:
    ids = fields.get("ids")
    if not isinstance(ids, list) or len(ids) > MAX_ACKS:
        raise _BadField("bad_ids")
    # bool is an int to Python, not to the browser that sent it
    if not all(type(number) is int and 0 < number <= MAX_ROW_ID for number in ids):
        raise _BadField("bad_ids")
    return ids
