"""The platforms' webhooks under load: what each posts, signed as it signs, from many people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Self

from bot.channels import telegram_webhook, zalo_bot_webhook, zalo_oa_webhook
from tests.fakes import zalo_bot, zalo_oa
from tests.fakes.telegram import TOKEN
from tests.fakes.zalo_oa_people import People
from tests.fakes.zalo_push import compact, sign
from tests.load.client import request
from tests.load.traffic import asked, telegram_update
from tests.load.usual_aiogram import SECRET
from tests.load.villagers import Post, Reporter, Steps

PLATFORMS = ("telegram", "zalo_oa", "zalo_bot")
EACH = 20
"""Of each connection's askers, and of its reporters: one person is sent three messages a second."""
REPORTS_EACH = 100
"""Amounts are told apart by number, so a person's numbers must not run into the next one's."""


def settings(stub: str, port: int, *, at_once: bool) -> dict[str, str]:
    """All three platforms set up, their servers at `stub`. `at_once`: with nothing that slows
    sending down, else at the speed that platforms permit."""
    told = {
        "public_url": f"http://127.0.0.1:{port}",
        "telegram_token": TOKEN,
        "telegram_mode": "webhook",
        "telegram_webhook_secret": SECRET,
        "telegram_api_base": stub,
        "zalo_oa_id": zalo_oa.OA_ID,
        "zalo_oa_app_id": zalo_oa.APP_ID,
        "zalo_oa_app_secret": zalo_oa.APP_SECRET,
        "zalo_oa_secret_key": zalo_oa.OA_SECRET,
        "zalo_oa_refresh_token": zalo_oa.FIRST_REFRESH,
        "zalo_oa_api_base": stub,
        "zalo_oa_oauth_base": stub,
        "zalo_bot_token": zalo_bot.TOKEN,
        "zalo_bot_webhook_secret": zalo_bot.SECRET,
        "zalo_bot_api_base": stub,
    }
    if at_once:
        told |= {f"{platform}_per_second": "1000" for platform in PLATFORMS}
    return {f"BOT_{name.upper()}": value for name, value in told.items()}


def telegram() -> Callable[[int], Post]:
    """Who has a person's number gets his way to post."""
    path, numbers = telegram_webhook.PATH, count()
    header = f"X-Telegram-Bot-Api-Secret-Token: {SECRET}"

    def person(number: int) -> Post:
        def post(text: str) -> bytes:
            update = telegram_update(next(numbers), text, number)
            return request(path, compact(update), header)

        return post

    return person


def official_account() -> Callable[[int], Post]:
    """The same for Zalo OA."""
    people = People(zalo_oa.APP_ID, zalo_oa.OA_ID, lambda: datetime.now(UTC))

    def person(number: int) -> Post:
        who = people.person(number)

        def post(text: str) -> bytes:
            event = people.says(who, text)
            raw = compact(event)
            mac = sign(zalo_oa.APP_ID, raw, event["timestamp"], zalo_oa.OA_SECRET)
            return request(zalo_oa_webhook.PATH, raw, f"X-ZEvent-Signature: {mac}")

        return post

    return person


def bot_platform() -> Callable[[int], Post]:
    """The same for Zalo Bot."""
    fake = zalo_bot.FakeZaloBot(lambda: datetime.now(UTC))
    header = f"X-Bot-Api-Secret-Token: {zalo_bot.SECRET}"

    def person(number: int) -> Post:
        who = fake.person(number)

        def post(text: str) -> bytes:
            raw = compact(fake.body(fake.says(who, text)))
            return request(zalo_bot_webhook.PATH, raw, header)

        return post

    return person


POSTS = dict(zip(PLATFORMS, (telegram, official_account, bot_platform), strict=True))


class Crowd:
    """The people whose words come over one connection, each in turn: a question, a step of a
    report, a question …"""

    def __init__(self, number: int, person: Callable[[int], Post], steps: Steps) -> None:
        first = number * 2 * EACH
        self._posts = [person(first + n) for n in range(EACH)]
        self._reporters = [
            Reporter(one * REPORTS_EACH, steps, person(one))
            for one in range(first + EACH, first + 2 * EACH)
        ]
        self._requests = self._in_turn(number)

    @property
    def sent_off(self) -> int:
        """The reports whose last step was handed out."""
        return sum(one.sent_off for one in self._reporters)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        return next(self._requests)

    def _in_turn(self, number: int) -> Iterator[bytes]:
        for turn, question in enumerate(asked(number)):
            yield self._posts[turn % EACH](question)
            yield next(self._reporters[turn % EACH])
