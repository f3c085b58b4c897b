"""One villager on the web channel whose server keeps dying: sends until acknowledged, and listens.

It behaves as the page does: an event keeps its id until it is acknowledged, messages are known by
their ids, what was shown is acknowledged a little later. Beyond that it delivers some events twice.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.faults.ledger import CODE, ToldChat, ToldReport
from tests.load import script
from tests.load.traffic import told

PATIENCE = 40.0
"""Seconds without an answer after which a chat gives up: several restarts on a slow machine."""
MOST_TURNS = 30
REPORTS_PER_CHAT = 1_000
"""Amounts are told apart by number, so a chat's numbers must not run into the next chat's."""
AGAIN_AFTER, AGAIN_AT_ONCE, AGAIN_LATE = 0.10, 0.05, 0.03
"""How often an event is delivered twice: once more when acknowledged, two at once, an old one."""


class Stuck(Exception):
    """A chat that can go no further; the text says where."""


@dataclass(slots=True)
class Line:
    """What all chats share: the way to the server, whether it is up, when to stop, counts."""

    base: str
    session: aiohttp.ClientSession
    up: asyncio.Event = field(default_factory=asyncio.Event)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    counts: Counter[str] = field(default_factory=Counter)


class Chat:
    """One person. `talk` reports until the line closes; `listen`, `acknowledge` run beside it."""

    def __init__(self, number: int, seed: int, line: Line) -> None:
        self._line = line
        self._number = number
        self._rng = random.Random(f"{seed}/{number}")
        token = base64.urlsafe_b64encode(self._rng.randbytes(32)).decode().rstrip("=")
        self._headers = {"Cookie": f"chung_suc={token}"}
        self.ledger = ToldChat(hashlib.sha256(token.encode()).hexdigest())
        self.reports: list[ToldReport] = []
        self._heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._unacknowledged: set[int] = set()
        self._past: list[dict[str, str]] = []

    async def talk(self) -> None:
        """Report, hear the receipt, report again. Raises Stuck."""
        while not self._line.closing.is_set():
            number = self._number * REPORTS_PER_CHAT + len(self.reports)
            await self._report(number)

    async def _report(self, number: int) -> None:
        values = told(number)
        report = ToldReport(self.ledger.sender, values.vnd)
        self.reports.append(report)
        await self._deliver({"text": script.START})
        for _ in range(MOST_TURNS):
            said = await self._next()
            report.codes += sorted(set(CODE.findall(said["text"])))
            if script.RECEIPT in said["text"]:
                self._line.counts["reports"] += 1
                return
            try:
                what = script.wanted(said["text"])
                body = self._body(script.answer(what, values), said["choices"])
            except script.Unknown as unknown:
                raise Stuck(str(unknown)) from None
            report.pressed |= what == script.SEND
            await self._deliver(body)
            report.acknowledged |= what == script.SEND
        raise Stuck(f"no receipt after {MOST_TURNS} answers; last: {said['text']!r}")

    async def _next(self) -> dict[str, Any]:
        try:
            return await asyncio.wait_for(self._heard.get(), PATIENCE)
        except TimeoutError:
            raise Stuck(f"nothing heard for {PATIENCE:.0f} s after {self._past[-1]}") from None

    def _body(self, answer: script.Answer, choices: list[dict[str, str]]) -> dict[str, str]:
        """The answer; a choice is pressed, typed whole, or typed as its number."""
        if isinstance(answer, script.Type):
            return {"text": answer.text}
        place = script.place_of(answer.label, choices)
        how = self._rng.randrange(3)
        if how == 0:
            return {"text": answer.label}
        if how == 1:
            return {"text": str(place + 1)}
        return {"text": answer.label, "choice": choices[place]["id"]}

    async def _deliver(self, body: dict[str, str]) -> None:
        """Post one event until it is acknowledged, some on purpose more than once."""
        event = {"id": f"e{len(self._past)}", **body}
        counts = self._line.counts
        at_once = self._rng.random() < AGAIN_AT_ONCE
        tries = 0
        while True:
            await self._line.up.wait()
            tries += 1
            copies = 2 if at_once and tries == 1 else 1
            counts["on purpose"] += copies - 1
            answers = await asyncio.gather(*(self._post_event(event) for _ in range(copies)))
            if 200 in answers:
                break
            counts["redelivered"] += 1
        self._past.append(event)
        self.ledger.acknowledged += 1
        counts["messages"] += 1
        if self._rng.random() < AGAIN_AFTER:
            counts["on purpose"] += 1
            await self._post_event(event)
        if self._rng.random() < AGAIN_LATE:
            counts["on purpose"] += 1
            await self._post_event(self._rng.choice(self._past))

    async def _post_event(self, event: dict[str, str]) -> int:
        status = await self._post("/chat/messages", event)
        if status not in (0, 200, 503):
            raise Stuck(f"answered {status} to {event}")
        return status

    async def _post(self, path: str, body: dict[str, Any]) -> int:
        """The status, 0 when the server died over it."""
        try:
            async with self._line.session.post(
                self._line.base + path, json=body, headers=self._headers
            ) as answer:
                await answer.read()
                self._line.counts[f"status {answer.status}"] += 1
                if answer.status == 503:
                    await asyncio.sleep(float(answer.headers["Retry-After"]))
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            await asyncio.sleep(0.01)
            return 0

    async def listen(self) -> None:
        """Keep the event stream open for ever, as a browser does."""
        while True:
            await self._line.up.wait()
            try:
                async with self._line.session.get(
                    self._line.base + "/chat/events",
                    headers=self._headers,
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=2),
                ) as stream:
                    async for line in stream.content:
                        if line.startswith(b"data: {"):
                            self._hear(json.loads(line[6:]))
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass
            await asyncio.sleep(0.01)

    def _hear(self, row: dict[str, Any]) -> None:
        if self.ledger.show(row["id"], row["text"]):
            self._heard.put_nowait(row)
        else:
            self._line.counts["repeats"] += 1
        self._unacknowledged.add(row["id"])

    async def acknowledge(self) -> None:
        """Tell the server now and then what was shown; what it did not take is told again."""
        while True:
            await asyncio.sleep(self._rng.uniform(0.02, 0.3))
            await self._line.up.wait()
            ids = sorted(self._unacknowledged)
            if ids and await self._post("/chat/acks", {"ids": ids}) == 204:
                self._unacknowledged.difference_update(ids)

    def unread(self) -> list[str]:
        """Messages heard that no step of the conversation was waiting for."""
        return [self._heard.get_nowait()["text"] for _ in range(self._heard.qsize())]
