"""The Zalo Official Account channel's sending side.

An outbox row leaves as consultation messages: pictures, files, the text in parts with its choices
as buttons on the last, or numbered where Zalo refuses buttons, the phone card. Zalo has no
idempotency key: what was sent of a row before one of its messages failed is remembered, so that
another try goes on from there.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, Literal

import httpx
import structlog

from bot.channels import zalo_oa_bodies as bodies
from bot.channels.plain_text import numbered
from bot.channels.platform import Body, Failed, Outcome, Pace, Sent, at_once, every_call
from bot.channels.unfinished import Unfinished
from bot.channels.zalo_fields import text
from bot.channels.zalo_oa_calls import Calls, Refusal
from bot.channels.zalo_oa_errors import BUTTONS, EXPIRED_UPLOAD
from bot.channels.zalo_oa_events import CHANNEL
from bot.channels.zalo_oa_tokens import NoToken, TokenKeeper
from bot.channels.zalo_oa_uploads import Kind, Media, Uploads
from bot.errors import StorageAway
from bot.fetching import Fetcher

CONSULTATION = "/v3.0/oa/message/cs"
TEMPLATE = "/v3.0/oa/message/template"
_UPLOADED: dict[Kind, str] = {"picture": "pictures", "file": "files"}
"""By kind, where a row names what is uploaded."""
REMEMBERED = 10_000
"""Ids of own messages; their echoes come within seconds."""

log = structlog.get_logger()
_Step = Callable[[], Awaitable[Outcome | Literal["gone", "no_buttons"]]]
"""One message. "gone": what it shows no longer exists; "no_buttons": its buttons were refused."""


class ZaloOa:
    """One Official Account; a `Platform`."""

    channel = CHANNEL

    def __init__(
        self,
        account: str,
        client: httpx.AsyncClient,
        api_base: str,
        tokens: TokenKeeper,
        fetcher: Fetcher,
        media: Media,
        now: Callable[[], datetime],
        *,
        workbook_address: Callable[[Mapping[str, Any]], str | None] = lambda _named: None,
        card_picture: str = "",
    ) -> None:
        """`account` is the OA's id; `workbook_address` gives a public address of a workbook an
        outbox row names, for an OA may only send PDF and Word; `card_picture` is the public address
        of the phone card's picture. `client` and `fetcher` are closed with the platform.
        """
        self.account = account
        self._client, self._tokens, self._fetcher = client, tokens, fetcher
        self._calls = Calls(client, api_base, tokens, now)
        self._uploads = Uploads(self._calls, media, now)
        self._card_picture, self._workbook_address = card_picture, workbook_address
        self._buttons_taken = True
        self._unfinished = Unfinished()
        self._own: OrderedDict[str, None] = OrderedDict()

    async def send(self, sender: str, body: Body, pace: Pace = at_once) -> Outcome:
        """Say one outbox row. Besides text, choices and pictures it may hold "files": [media id, …]
        and "phone_card": {"title", "subtitle"}.
        """
        pace, by_buttons = every_call(pace), self._by_buttons(sender, body)
        steps = self._steps(sender, body, pace, by_buttons)
        number = done = self._unfinished.done(sender, _row(body, by_buttons))
        outcome: Outcome | None = None
        while number < len(steps):
            came = await steps[number]()
            if came == "no_buttons":
                # What goes before is the same either way, so that the number stands.
                by_buttons, steps = False, self._steps(sender, body, pace, by_buttons=False)
                continue
            if isinstance(came, Sent):
                outcome = came
            elif came != "gone":
                self._unfinished.stopped(sender, _row(body, by_buttons), number, came)
                return came
            number += 1
        self._unfinished.finished(sender)
        if not by_buttons and _may_have_buttons(body):
            # The same error also comes for other fields: only now is it sure that it was the
            # buttons.
            self._buttons_taken = False
        return outcome or (Sent() if done else Failed("nothing_to_send"))

    async def send_template(
        self, sender: str, template_id: str, data: Mapping[str, str], pace: Pace = at_once
    ) -> Outcome:
        """Send an approved template message: the way to a person whose window is closed."""
        made = bodies.template(sender, template_id, data)
        return await self._post(TEMPLATE, made, every_call(pace))

    async def fetch(self, reference: str, most: int) -> bytes:
        """The bytes of a photo, voice note or file. Raises NotFetched."""
        return await self._fetcher.fetch(reference, most)

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()
        await self._fetcher.close()

    async def keep_fresh(self) -> str:
        """Refresh the token if it is time. To be called every ten seconds or so: it costs nothing
        while the token is fresh, and it is what notices another process's lost pair. Returns why a
        person must look ("consent_needed", "refresh_unfinished"), "storage_away", or "".
        """
        try:
            with suppress(NoToken):
                await self._tokens.access()
        except StorageAway:
            return "storage_away"
        return self._tokens.alarm

    def is_ours(self, message_id: str) -> bool:
        """Whether this process sent the message."""
        return message_id in self._own

    def _by_buttons(self, sender: str, body: Body) -> bool:
        """Whether the row's choices leave as buttons: a row under way goes on as it was begun."""
        for begun in (True, False):
            if self._unfinished.done(sender, _row(body, begun)):
                return begun
        return self._buttons_taken and _may_have_buttons(body)

    def _steps(self, sender: str, body: Body, pace: Pace, by_buttons: bool) -> list[_Step]:
        whole, choices, card = body["text"], body.get("choices") or [], body.get("phone_card")
        if named := body.get("workbook"):
            whole = f"{whole}\n{self._workbook_address(named) or named['otherwise']}"
        if choices and not by_buttons:
            whole = numbered(whole.strip(), choices)
        steps: list[_Step] = [
            partial(self._upload, sender, kind, one, pace)
            for kind, several in _UPLOADED.items()
            for one in body.get(several) or []
        ]
        texts = bodies.texts(whole)
        last = [texts.pop()] if by_buttons else []
        steps += [self._message(sender, one, pace) for one in texts]
        steps += [partial(self._with_buttons, sender, one, choices, pace) for one in last]
        if card:
            made = bodies.phone_card(card["title"], card["subtitle"], self._card_picture)
            steps.append(self._message(sender, made, pace))
        return steps

    def _message(self, sender: str, message: bodies.Json, pace: Pace) -> _Step:
        return partial(self._post, CONSULTATION, bodies.consultation(sender, message), pace)

    async def _with_buttons(
        self, sender: str, message: bodies.Json, choices: bodies.Choices, pace: Pace
    ) -> Outcome | Literal["no_buttons"]:
        pressable = bodies.consultation(sender, bodies.with_buttons(message, choices))
        answer = await self._calls.post(CONSULTATION, pace, json=pressable)
        if isinstance(answer, Refusal) and answer.code in BUTTONS:
            log.warning("zalo_oa_refuses_buttons", code=answer.code)
            return "no_buttons"
        return self._outcome(answer)

    async def _upload(
        self, sender: str, kind: Kind, media_id: str, pace: Pace
    ) -> Outcome | Literal["gone"]:
        """Send a picture or a file."""
        answer: Mapping[str, object] | Refusal = {}
        for _ in range(2):
            uploaded = await self._uploads.get(kind, media_id, pace)
            if uploaded is None:
                log.warning("zalo_oa_media_gone", kind=kind)
                return "gone"
            if isinstance(uploaded, Refusal):
                return uploaded.outcome
            made = bodies.image(uploaded) if kind == "picture" else bodies.file(uploaded)
            content = bodies.consultation(sender, made)
            answer = await self._calls.post(CONSULTATION, pace, json=content)
            if not (isinstance(answer, Refusal) and answer.code == EXPIRED_UPLOAD):
                break
            self._uploads.forget(kind, media_id)
        return self._outcome(answer)

    async def _post(self, path: str, content: dict[str, Any], pace: Pace) -> Outcome:
        return self._outcome(await self._calls.post(path, pace, json=content))

    def _outcome(self, answer: Mapping[str, object] | Refusal) -> Outcome:
        if isinstance(answer, Refusal):
            return answer.outcome
        message_id = text(answer.get("message_id"), 128)
        if message_id:
            self._own[message_id] = None
        while len(self._own) > REMEMBERED:
            self._own.popitem(last=False)
        return Sent(message_id)


def _may_have_buttons(body: Body) -> bool:
    return bodies.fits_buttons(body.get("choices") or []) and bool(body["text"].strip())


def _row(body: Body, by_buttons: bool) -> Body:
    """What is remembered of a row under way: its messages are others without buttons."""
    return {**body, "by_buttons": by_buttons}
