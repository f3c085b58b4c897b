"""What leaves to the Zalo Bot Platform, and what each of its answers comes to."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.channels import zalo_bot_calls
from bot.channels.platform import Failed, Later, Outcome, Platform, Sent, Unsure
from bot.channels.zalo_bot import ZaloBot
from tests.conftest import HandClock
from tests.fakes.zalo_bot import TOKEN, FakeZaloBot
from tests.fakes.zalo_faults import FAULTS
from tests.zalo_bot_double import MemoryPort, bot_of, polled


@pytest.fixture
def port() -> MemoryPort:
    return MemoryPort()


@pytest.fixture
def fake(clock: HandClock) -> FakeZaloBot:
    return FakeZaloBot(clock)


@pytest.fixture
async def bot(fake: FakeZaloBot) -> AsyncIterator[ZaloBot]:
    async with bot_of(fake) as made:
        yield made


async def say(bot: ZaloBot, fake: FakeZaloBot, text: str, **more: Any) -> Outcome:
    platform: Platform = bot
    return await platform.send(fake.person(1).user_id, {"text": text, "choices": [], **more})


async def test_choices_are_numbered_lines(bot: ZaloBot, fake: FakeZaloBot) -> None:
    choices = [{"id": "abcdefghijkl.1", "label": "Tiền"}, {"id": "=menu", "label": "Trang đầu"}]
    sent = await say(bot, fake, "Góp gì ạ?", choices=choices)
    [seen] = fake.person(1).seen
    assert sent == Sent(seen.message_id)
    assert seen.text == "Góp gì ạ?\n1. Tiền\n• menu (Trang đầu)"


async def test_long_texts_and_pictures(bot: ZaloBot, fake: FakeZaloBot) -> None:
    assert isinstance(await say(bot, fake, "😀" * 1_001, pictures=["p", "gone"]), Sent)
    assert [one.kind for one in fake.person(1).seen] == ["photo", "text", "text"]
    assert "".join(one.text for one in fake.person(1).seen[1:]) == "😀" * 1_001
    assert await say(bot, fake, " ") == Failed("nothing_to_send")


async def test_a_photo_is_fetched(bot: ZaloBot, fake: FakeZaloBot) -> None:
    fake.media["p"] = b"bytes"
    address = bot._picture_address("p")
    assert address is not None
    assert await bot.fetch(address, 10) == b"bytes"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (400, Failed("zalo_bot_400")),
        (401, Failed("zalo_bot_401", alarm=True)),
        (403, Unsure("zalo_bot_403")),
        (404, Failed("zalo_bot_404")),
        (408, Unsure("zalo_bot_408")),
        (426, Failed("zalo_bot_426")),
        (429, Later(300, "zalo_bot_429", whole=True)),
        (500, Unsure("zalo_bot_500")),
        (503, Later(30, "zalo_bot_503", whole=True)),
    ],
)
async def test_every_error_with_http_200(
    bot: ZaloBot, fake: FakeZaloBot, code: int, expected: Outcome
) -> None:
    fake.faults.switch("sendMessage", f"error:{code}")
    assert await say(bot, fake, "a") == expected


async def test_the_month_s_quota_is_later(bot: ZaloBot, fake: FakeZaloBot) -> None:
    fake.month_left = 0
    assert isinstance(await say(bot, fake, "a"), Later)


EXPECTED: dict[str, type[Outcome]] = {"429": Later, "503": Later, "400": Failed}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    ("call", "more"), [("sendMessage", {}), ("sendPhoto", {"pictures": ["p"]})]
)
async def test_what_each_fault_comes_to(
    bot: ZaloBot,
    fake: FakeZaloBot,
    fault: str,
    call: str,
    more: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if fault in {"hang", "slow"}:
        monkeypatch.setattr(zalo_bot_calls, "SECONDS", 0.2)
    fake.person(1)
    fake.faults.switch(call, fault)
    assert isinstance(await say(bot, fake, "a", **more), EXPECTED.get(fault, Unsure))
    assert len(fake.person(1).seen) == (fault == "lost")
    assert isinstance(await say(bot, fake, "a", **more), Sent)


async def test_the_token_enters_no_log_and_no_exception(
    bot: ZaloBot,
    fake: FakeZaloBot,
    port: MemoryPort,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(zalo_bot_calls, "SECONDS", 0.2)
    outcomes = []
    for fault in FAULTS:
        fake.faults.switch("sendMessage", fault)
        outcomes.append(await say(bot, fake, "chim hoàng yến"))
        if fault not in {"hang", "slow"}:
            fake.faults.switch("getUpdates", fault)
    fake.polled(fake.says(fake.person(1), "chim hoàng yến"))
    await polled(bot, port, 1_000)
    printed = capsys.readouterr()
    written = caplog.text + printed.out + printed.err + repr(outcomes)
    assert "zalo_bot_polling" in written
    for canary in (TOKEN, TOKEN.partition(":")[2], "chim hoàng yến", fake.person(1).user_id):
        assert canary not in written
