"""The people of the bench: those who ask, and those who walk through a report step by step.

How a person's words are posted is the channel's business. What the steps of a report are is not
written down here: one scout walks through two reports first, reading what he is asked.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Self

import aiohttp

from tests.load import script
from tests.load.client import request
from tests.load.traffic import asked, told

Post = Callable[[str], bytes]
"""One person's next words as a request."""
_PATIENCE = 20.0
_MOST_STEPS = 30


def token(seed: str) -> str:
    """A cookie's value, 43 characters of base64url, the same for the same seed."""
    raw = random.Random(seed).randbytes(32)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def cookie(seed: str) -> str:
    """The Cookie header of a person."""
    return f"chung_suc={token(seed)}"


@dataclass(frozen=True, slots=True)
class Steps:
    """What the bot asks for in a person's first report and in each later one, in order."""

    first: tuple[str, ...]
    later: tuple[str, ...]


async def scout(port: int, seed: str) -> Steps:
    """Walk through two reports, answering what is asked. Raises script.Unknown, TimeoutError."""
    headers = {"Cookie": cookie(seed)}
    async with (
        aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as session,
        session.get("/chat/events", timeout=aiohttp.ClientTimeout(total=None)) as stream,
    ):
        numbers = count()
        walks = [await _walk(session, stream, numbers, 900_000 + n) for n in range(2)]
    return Steps(*walks)


async def _walk(
    session: aiohttp.ClientSession,
    stream: aiohttp.ClientResponse,
    numbers: Iterator[int],
    report: int,
) -> tuple[str, ...]:
    steps: list[str] = []
    body: dict[str, Any] = {"text": script.START}
    while len(steps) < _MOST_STEPS:
        async with session.post("/chat/messages", json={"id": f"s{next(numbers)}", **body}) as got:
            got.raise_for_status()
        said = await asyncio.wait_for(_next(stream), _PATIENCE)
        async with session.post("/chat/acks", json={"ids": [said["id"]]}) as got:
            got.raise_for_status()
        if script.RECEIPT in said["text"]:
            return tuple(steps)
        steps.append(script.wanted(said["text"]))
        body = {"text": _typed(steps[-1], report)}
    raise script.Unknown(f"no receipt after {_MOST_STEPS} steps: {steps}")


async def _next(stream: aiohttp.ClientResponse) -> dict[str, Any]:
    async for line in stream.content:
        if line.startswith(b"data: {"):
            row: dict[str, Any] = json.loads(line[6:])
            return row
    raise ConnectionError("the event stream ended")


def _typed(what: str, report: int) -> str:
    """The answer as typed; a choice as its label, since its id is only known by listening."""
    answer = script.answer(what, told(report))
    return answer.label if isinstance(answer, script.Press) else answer.text


def on_the_web(seed: str) -> Post:
    """A person with the web chat's cookie of that seed."""
    header, events = f"Cookie: {cookie(seed)}", count()

    def post(text: str) -> bytes:
        body = json.dumps({"id": f"e{next(events)}", "text": text}, ensure_ascii=False).encode()
        return request("/chat/messages", body, header)

    return post


def asking(number: int, post: Post) -> Iterator[bytes]:
    """Somebody who asks one question after the other."""
    return map(post, asked(number))


class Reporter:
    """Someone who reports one contribution after the other, a request for each step.

    `first` is the number of his first report. `sent_off` counts the reports whose last step, "Gửi",
    was handed out.
    """

    def __init__(self, first: int, steps: Steps, post: Post) -> None:
        self.sent_off = 0
        self._requests = map(post, self._walks(first, steps))

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        return next(self._requests)

    def _walks(self, first: int, steps: Steps) -> Iterator[str]:
        for report in count(first):
            yield script.START
            for what in steps.later if report > first else steps.first:
                self.sent_off += what == script.SEND
                yield _typed(what, report)
