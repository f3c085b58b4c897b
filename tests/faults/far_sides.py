"""The three platforms as the kill driver sees them: people who say, press and send, and who see.

Each wraps a fake of `tests.fakes`, which tells the program what people do by its platform's own
rule: again when it was not taken. Waits between tries are shortened, their order is kept.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import httpx

from tests.fakes.telegram import TOKEN as TELEGRAM_TOKEN
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_people import MESSAGE_SECONDS
from tests.fakes.zalo_bot import SECRET, FakeZaloBot
from tests.fakes.zalo_bot import TOKEN as BOT_TOKEN
from tests.fakes.zalo_oa import APP_ID, APP_SECRET, OA_ID, OA_SECRET, FakeZaloOa
from tests.fakes.zalo_push import beyond

FIRST_CHAT = 7_000_000_001
SECOND = 0.05
"""What a second between two of Telegram's tries lasts here."""
REPLAYED = 0.05
"""How often a platform sends again what was taken."""
Clock = Callable[[], datetime]
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """One message as a person sees it: its text and the labels of its buttons."""

    text: str
    labels: tuple[str, ...] = ()


class FarSide(Protocol):
    """One platform. People are numbered from 0; what they do returns once the platform has it."""

    settings: dict[str, str]

    def sender(self, number: int) -> str:
        """The person's id there."""

    def seen(self, number: int) -> list[Shown]:
        """All he was ever shown in words."""

    async def say(self, number: int, text: str) -> None:
        """He writes."""

    async def press(self, number: int, label: str) -> None:
        """He presses a button of the latest message that has it, or types it without one."""

    async def photo(self, number: int, data: bytes) -> None:
        """He sends a photo."""

    def untaken(self) -> int:
        """How many events the program has not taken yet."""

    def refused(self) -> int:
        """How many tries were answered, or met, otherwise than with 200."""

    def late(self) -> int:
        """How many tries had no answer in the platform's time."""

    def beyond(self) -> int:
        """How many events took more tries than the platform makes."""


def _setting(**told: str) -> dict[str, str]:
    return {f"BOT_{name.upper()}": value for name, value in told.items()}


class Telegram:
    """Telegram, polled or pushing."""

    def __init__(self, fake: FakeTelegram, mode: str, address: str) -> None:
        self._fake = fake
        self.settings = _setting(
            telegram_token=TELEGRAM_TOKEN, telegram_api_base=fake.base, telegram_mode=mode,
            telegram_webhook_secret="s" * 43, telegram_per_second="1000",
            public_url=address,
        )  # fmt: skip

    def sender(self, number: int) -> str:
        return str(FIRST_CHAT + number)

    def seen(self, number: int) -> list[Shown]:
        chat = self._fake.people.chats.get(FIRST_CHAT + number)
        return [
            Shown(one.text, tuple(label for label, _ in one.buttons))
            for one in (chat.seen if chat else [])
            if one.text
        ]

    async def say(self, number: int, text: str) -> None:
        self._fake.people.say(FIRST_CHAT + number, text)

    async def press(self, number: int, label: str) -> None:
        try:
            self._fake.people.press(FIRST_CHAT + number, label)
        except KeyError:
            await self.say(number, label)

    async def photo(self, number: int, data: bytes) -> None:
        self._fake.people.photo(FIRST_CHAT + number, data)

    def untaken(self) -> int:
        return len(self._fake.unconfirmed)

    def refused(self) -> int:
        return sum(not 200 <= push.status < 300 for push in self._fake.pushes) - self.late()

    def late(self) -> int:
        return sum(push.status == -1 for push in self._fake.pushes)

    def beyond(self) -> int:
        # It tries for a day.
        return 0


class ZaloOa:
    """A Zalo Official Account with its webhook."""

    def __init__(self, fake: FakeZaloOa, base: str, seed: int) -> None:
        self._fake, self._base = fake, base
        self._again = _Again(fake.push.deliver, seed)
        self.settings = _setting(
            zalo_oa_id=OA_ID, zalo_oa_app_id=APP_ID, zalo_oa_app_secret=APP_SECRET,
            zalo_oa_secret_key=OA_SECRET, zalo_oa_refresh_token=fake.grant.refresh,
            zalo_oa_api_base=base, zalo_oa_oauth_base=base, zalo_oa_per_second="1000",
        )  # fmt: skip

    def sender(self, number: int) -> str:
        return self._fake.people.person(number).user_id

    def seen(self, number: int) -> list[Shown]:
        return [
            Shown(one.text, tuple(title for title, _ in one.buttons))
            for one in self._fake.people.person(number).seen
            if one.kind == "text"
        ]

    async def say(self, number: int, text: str) -> None:
        people = self._fake.people
        await self._again(people.says(people.person(number), text))

    async def press(self, number: int, label: str) -> None:
        people, who = self._fake.people, self._fake.people.person(number)
        for message in reversed(who.seen):
            titles = [title for title, _ in message.buttons]
            if label in titles:
                await self._again(people.taps(who, message, titles.index(label)))
                return
        await self.say(number, label)

    async def photo(self, number: int, data: bytes) -> None:
        people = self._fake.people
        name = f"{len(self._fake.media)}.jpg"
        self._fake.media[name] = data
        url = f"{self._base}/media/{name}"
        image = people.sends(people.person(number), "image", {"url": url, "thumbnail": url})
        await self._again(image)

    def untaken(self) -> int:
        return self._again.untaken

    def refused(self) -> int:
        return sum(status not in (200, -1) for _, status in self._fake.push.log)

    def late(self) -> int:
        return sum(status == -1 for _, status in self._fake.push.log)

    def beyond(self) -> int:
        return beyond(self._fake.push.log)


class ZaloBot:
    """A bot of the Zalo Bot Platform with its webhook; its people have no buttons."""

    def __init__(self, fake: FakeZaloBot, base: str, seed: int) -> None:
        self._fake, self._base = fake, base
        self._again = _Again(fake.push.deliver, seed)
        self.settings = _setting(
            zalo_bot_token=BOT_TOKEN, zalo_bot_api_base=base, zalo_bot_webhook_secret=SECRET,
            zalo_bot_per_second="1000",
        )  # fmt: skip

    def sender(self, number: int) -> str:
        return self._fake.person(number).user_id

    def seen(self, number: int) -> list[Shown]:
        seen = self._fake.person(number).seen
        return [Shown(one.text) for one in seen if one.kind == "text"]

    async def say(self, number: int, text: str) -> None:
        await self._tell(self._fake.says(self._fake.person(number), text))

    async def press(self, number: int, label: str) -> None:
        await self.say(number, label)

    async def photo(self, number: int, data: bytes) -> None:
        name = f"{len(self._fake.media)}.jpg"
        self._fake.media[name] = data
        image = {"photo_url": f"{self._base}/media/{name}"}
        await self._tell(self._fake.sends(self._fake.person(number), "image", image))

    async def _tell(self, update: Event) -> None:
        await self._again(self._fake.body(update))

    def untaken(self) -> int:
        return self._again.untaken

    def refused(self) -> int:
        return sum(status not in (200, -1) for _, status in self._fake.push.log)

    def late(self) -> int:
        return sum(status == -1 for _, status in self._fake.push.log)

    def beyond(self) -> int:
        return beyond(self._fake.push.log)


class _Again:
    """Zalo's pushing; now and then it sends a second time what was taken."""

    def __init__(self, deliver: Callable[[Event], Awaitable[bool]], seed: int) -> None:
        self._deliver = deliver
        self._chance = random.Random(f"{seed}/again")
        self.untaken = 0

    async def __call__(self, event: Event) -> None:
        self.untaken += 1
        if not await self._deliver(event):
            return
        self.untaken -= 1
        if self._chance.random() < REPLAYED:
            await self._deliver(event)


LADDER = (30.0,) * 1_000
"""Zalo's own ladder is climbed in two hours. Here the program dies every second, so that some event
meets a dead one at every rung, and the webhook would be switched off for everybody: `beyond` counts
these."""

PLATFORMS = ("telegram-polling", "telegram-webhook", "zalo-oa", "zalo-bot")


class _InTurn:
    """What stands before the replicas: each request goes to the next of them, dead or alive."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = itertools.cycle(ports)

    def __call__(self, url: str) -> str:
        return str(httpx.URL(url).copy_with(port=next(self._ports)))


@asynccontextmanager
async def far_side(
    platform: str, ports: Sequence[int], now: Clock, up: asyncio.Event, seed: int
) -> AsyncIterator[FarSide]:
    """One of `PLATFORMS`, listening; the program's replicas are at `ports`, `up` while one is
    there.

    Telegram keeps a tap as long as a message here: `now` is turned on at kills so that leases end,
    and four of these, a few seconds apart, would be the 150 s after which it drops one untold.
    """
    through, address = _InTurn(ports), f"http://127.0.0.1:{ports[0]}"

    async def until_up(_seconds: float) -> None:
        await asyncio.sleep(2 * SECOND)
        await up.wait()

    async def shortened(seconds: float) -> None:
        await asyncio.sleep(seconds * SECOND)

    if platform.startswith("telegram"):
        async with FakeTelegram(now=lambda: now().timestamp(), sleep=shortened) as telegram:
            telegram.through, telegram.people.tap_seconds = through, MESSAGE_SECONDS
            yield Telegram(telegram, platform.removeprefix("telegram-"), address)
    elif platform == "zalo-oa":
        oa = FakeZaloOa(now, webhook=f"{address}/zalo/oa/webhook", sleep=until_up)
        oa.push.ladder, oa.push.through = LADDER, through
        async with oa.serve() as base:
            yield ZaloOa(oa, base, seed)
    else:
        bot = FakeZaloBot(now, webhook=f"{address}/zalo/bot/webhook", sleep=until_up)
        bot.month_left, bot.push.ladder, bot.push.through = 10**9, LADDER, through
        async with bot.serve() as base:
            yield ZaloBot(bot, base, seed)
