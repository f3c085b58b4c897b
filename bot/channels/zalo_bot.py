"""The Zalo Bot Platform channel's sending side: text and pictures; there are no buttons.

Choices are numbered lines; a typed number comes back as text and is read by the conversation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import httpx

from bot.channels.plain_text import numbered, parts
from bot.channels.platform import Body, Failed, Outcome, Pace, Sent, at_once
from bot.channels.unfinished import Unfinished
from bot.channels.zalo_bot_calls import Calls, Refusal
from bot.channels.zalo_bot_events import CHANNEL
from bot.channels.zalo_fields import text
from bot.fetching import Fetcher

MAX_TEXT = 2_000
"""UTF-16 units; no parse_mode is ever sent, so that what a person wrote stays text."""
API = "https://bot-api.zaloplatforms.com"


def account_of(token: str) -> str:
    """The bot's own account: updates do not name it, its token begins with it."""
    return token.partition(":")[0]


class ZaloBot:
    """One bot; a `Platform`."""

    channel = CHANNEL

    def __init__(
        self,
        token: str,
        client: httpx.AsyncClient,
        fetcher: Fetcher,
        picture_address: Callable[[str], str | None],
        *,
        api_base: str = API,
    ) -> None:
        """`picture_address` gives a public address of a picture, good for some minutes, as Zalo
        fetches it itself. `client` and `fetcher` are closed with the platform.
        """
        self.account = account_of(token)
        self.calls = Calls(client, api_base, token)
        self._client, self._fetcher = client, fetcher
        self._picture_address = picture_address
        self._unfinished = Unfinished()

    async def send(self, sender: str, body: Body, pace: Pace = at_once) -> Outcome:
        """Say one outbox row: its pictures, then its text in parts."""
        messages = self._messages(sender, body)
        done = self._unfinished.done(sender, body)
        outcome: Outcome = Sent() if done else Failed("nothing_to_send")
        for number, send in enumerate(messages[done:], start=done):
            outcome = (await pace() if number > done else None) or await send()
            if not isinstance(outcome, Sent):
                self._unfinished.stopped(sender, body, number, outcome)
                return outcome
        self._unfinished.finished(sender)
        return outcome

    async def fetch(self, reference: str, most: int) -> bytes:
        """The bytes of a photo or voice note. Raises NotFetched."""
        return await self._fetcher.fetch(reference, most)

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()
        await self._fetcher.close()

    def _messages(self, sender: str, body: Body) -> list[partial[Any]]:
        choices = body.get("choices") or []
        whole = numbered(body["text"], choices) if choices else body["text"]
        found = [self._picture_address(one) for one in body.get("pictures") or []]
        return [
            *(
                partial(self._post, "sendPhoto", {"chat_id": sender, "photo": address})
                for address in found
                if address
            ),
            *(
                partial(self._post, "sendMessage", {"chat_id": sender, "text": part})
                for part in parts(whole, MAX_TEXT)
            ),
        ]

    async def _post(self, method: str, content: dict[str, Any]) -> Outcome:
        answer = await self.calls.post(method, content)
        if isinstance(answer, Refusal):
            return answer.outcome
        return Sent(text(answer.get("message_id"), 128))
