"""The Zalo Bot Platform: both ways in, the numbered way out, and what its answers come to."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import random
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import structlog
from starlette.applications import Starlette

from bot.channels import zalo_bot_calls
from bot.channels.platform import Failed, Later, Outcome, Platform, Sent, Unsure
from bot.channels.zalo_bot import ZaloBot
from bot.channels.zalo_bot_events import UNSUPPORTED, Ignored, read
from bot.channels.zalo_bot_polling import FLOOR, poll
from bot.channels.zalo_bot_webhook import route
from bot.channels.zalo_fields import Unreadable
from bot.errors import StorageAway
from bot.fetching import Fetcher
from bot.http_client import make_client
from handlers.messages import Attachment, Message
from tests.conftest import START, HandClock
from tests.fakes.zalo_bot import SECRET, TOKEN, FakeZaloBot
from tests.fakes.zalo_faults import FAULTS

ACCOUNT = "123456789"
PHOTO = "https://photo-stal-1.zdn.vn/a.jpg"
VOICE = "https://f2-voice-aac-dl.zdn.vn/a.aac"


class MemoryPort:
    """An engine that knows a message it has taken by its id."""

    def __init__(self) -> None:
        self.received: dict[str, Message] = {}
        self.repeats = 0
        self.kept: dict[str, bytes] = {}
        self.away = 0

    async def receive(self, message: Message, raw: bytes) -> None:
        if self.away:
            self.away -= 1
            raise StorageAway(3)
        self.repeats += message.event_id in self.received
        self.received[message.event_id] = message

    async def keep(self, raw: bytes, key: str) -> None:
        self.kept[key] = raw


@pytest.fixture
def port() -> MemoryPort:
    return MemoryPort()


@pytest.fixture
def fake(clock: HandClock) -> FakeZaloBot:
    return FakeZaloBot(clock)


@pytest.fixture
async def bot(fake: FakeZaloBot) -> AsyncIterator[ZaloBot]:
    async with fake.serve() as base:
        address = {"p": f"{base}/media/p"}.get
        made = ZaloBot(TOKEN, make_client(), Fetcher(["zdn.vn"], own=base), address, api_base=base)
        yield made
        await made.close()


def of(update: dict[str, Any]) -> Message:
    found = read(json.dumps(update).encode(), ACCOUNT, START)
    assert isinstance(found, Message)
    return found


# ---- Updates -----------------------------------------------------------------------------------


def test_wrapped_and_bare_bodies_are_the_same_message(fake: FakeZaloBot) -> None:
    who = fake.person(1)
    update = fake.says(who, "Xin chào")
    expected = Message(
        "zalo_bot", ACCOUNT, who.user_id, update["message"]["message_id"], START, text="Xin chào"
    )
    assert of(update) == of({"ok": True, "result": update}) == expected


@pytest.mark.parametrize(
    ("kind", "fields", "text", "expected"),
    [
        ("image", {"photo_url": PHOTO, "caption": "đường"}, "đường", Attachment("photo", PHOTO)),
        ("image", {"photo": PHOTO}, "", Attachment("photo", PHOTO)),
        ("image", {"photo": PHOTO, "photo_url": ""}, "", Attachment("photo", PHOTO)),
        ("voice", {"voice_url": VOICE}, "", Attachment("voice", VOICE)),
        ("sticker", {"sticker": "bfe4", "url": PHOTO}, "", Attachment("sticker", "bfe4")),
        ("sticker", {"url": PHOTO}, "", Attachment("sticker", PHOTO)),
        ("unsupported", {}, "", Attachment("file", "", UNSUPPORTED)),
        ("image", {}, "", Attachment("file", "", UNSUPPORTED)),
        ("hologram", {"text": "x"}, "x", Attachment("file", "", UNSUPPORTED)),
    ],
)
def test_what_is_sent_beside_text(
    fake: FakeZaloBot, kind: str, fields: dict[str, Any], text: str, expected: Attachment
) -> None:
    message = of(fake.sends(fake.person(1), kind, fields))
    assert (message.text, message.attachments) == (text, (expected,))


@pytest.mark.parametrize("seconds", [True, False])
def test_the_date_may_be_in_seconds(fake: FakeZaloBot, seconds: bool) -> None:
    update = fake.says(fake.person(1), "a")
    if seconds:
        update["message"]["date"] //= 1000
    assert of(update).at == START


def test_groups_bots_and_probes_do_not_concern_us(fake: FakeZaloBot) -> None:
    group = fake.says(fake.person(1), "a")
    group["message"]["chat"] = {"id": "zgr-d0a1", "chat_type": "GROUP"}
    robot = fake.says(fake.person(1), "a")
    robot["message"]["from"]["is_bot"] = True
    for raw in (b"", b" \n", b"{}", b'{"ok":true}', b'{"ok":true,"result":null}'):
        assert read(raw, ACCOUNT, START) == Ignored("probe")
    assert read(json.dumps(group).encode(), ACCOUNT, START) == Ignored("group")
    assert read(json.dumps(robot).encode(), ACCOUNT, START) == Ignored("bot")


@pytest.mark.parametrize("kind", ["text", "image", "voice", "sticker", "unsupported"])
def test_three_thousand_broken_updates_of_each_kind(fake: FakeZaloBot, kind: str) -> None:
    chance = random.Random(kind)
    fields = {"photo_url": PHOTO, "voice_url": VOICE, "sticker": "1", "text": "a"}
    update = fake.sends(fake.person(1), kind, fields)
    wild = [
        None,
        True,
        0,
        -1,
        10**45,
        0.5,
        "",
        "\0",
        "\ud800",
        "1" * 400,
        [],
        {},
        [[{}]],
        {"id": 1},
    ]
    for _ in range(3_000):
        broken = json.loads(json.dumps(update))
        place = chance.choice([broken, broken["message"], broken["message"]["from"]])
        place = chance.choice([place, broken["message"]["chat"]])
        place[chance.choice(list(place))] = chance.choice(wild)
        raw = json.dumps(broken).encode()
        if chance.random() < 0.3:
            at = chance.randrange(len(raw))
            raw = raw[:at] + chance.randbytes(chance.randrange(4)) + raw[at + 1 :]
        try:
            found = read(raw, ACCOUNT, START)
        except Unreadable:
            continue
        if isinstance(found, Message):
            (found.sender + found.event_id + found.text).encode()
            assert "\0" not in found.text


# ---- The webhook -------------------------------------------------------------------------------


async def post(port: MemoryPort, raw: bytes, *headers: tuple[str, bytes]) -> httpx.Response:
    app = Starlette(routes=[route(port, ACCOUNT, SECRET, HandClock())])
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot.test") as client:
        return await client.post("/zalo/bot/webhook", content=raw, headers=list(headers))  # type: ignore[arg-type]


@pytest.mark.parametrize("bare", [True, False])
async def test_an_update_reaches_the_engine(clock: HandClock, port: MemoryPort, bare: bool) -> None:
    app = Starlette(routes=[route(port, ACCOUNT, SECRET, clock)])
    fake = FakeZaloBot(clock, bare=bare, transport=httpx.ASGITransport(app=app))
    update = fake.says(fake.person(1), "a")
    assert await fake.push.deliver(fake.body(update))
    assert list(port.received) == [update["message"]["message_id"]]
    await fake.push.close()


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [b""],
        [SECRET[:-1].encode()],
        [SECRET.encode() + b"x"],
        [SECRET.upper().encode()],
        [SECRET.encode(), SECRET.encode()],
        ["bí mật".encode()],
        [b"\xff" * 50],
        [b"a" * 50_000],
    ],
)
async def test_without_the_secret_nothing_is_taken(
    port: MemoryPort, fake: FakeZaloBot, headers: list[bytes]
) -> None:
    raw = json.dumps(fake.says(fake.person(1), "a")).encode()
    answer = await post(port, raw, *(("X-Bot-Api-Secret-Token", one) for one in headers))
    assert (answer.status_code, port.received, port.kept) == (401, {}, {})


async def test_bounds_and_storage_away(port: MemoryPort, fake: FakeZaloBot) -> None:
    secret = ("X-Bot-Api-Secret-Token", SECRET.encode())
    raw = json.dumps(fake.says(fake.person(1), "a")).encode()
    assert (await post(port, b"a" * (1024 * 1024 + 1), secret)).status_code == 413
    port.away = 1
    answer = await post(port, raw, secret)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    assert (await post(port, b"[]", secret)).status_code == 200
    assert port.kept == {hashlib.sha256(b"[]").hexdigest(): b"[]"}
    assert (await post(port, b"", secret)).status_code == 200


def test_a_webhook_without_a_secret_does_not_open(port: MemoryPort) -> None:
    with pytest.raises(ValueError, match="no secret"):
        route(port, ACCOUNT, "", HandClock())


# ---- Polling -----------------------------------------------------------------------------------


class Time:
    """Seconds that pass only in sleep; ends the poll after so many of them."""

    def __init__(self, most: float) -> None:
        self.at, self.most = 0.0, most
        self.begun: list[float] = []

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds
        if self.at >= self.most:
            raise asyncio.CancelledError


async def polled(bot: ZaloBot, port: MemoryPort, seconds: float) -> Time:
    time = Time(seconds)
    with pytest.raises(asyncio.CancelledError):
        await poll(
            bot.calls, port, bot.account, HandClock(), sleep=time.sleep, monotonic=time.monotonic
        )
    return time


async def test_polling_takes_one_update_at_a_time_and_waits_a_second(
    bot: ZaloBot, fake: FakeZaloBot, port: MemoryPort
) -> None:
    for number in range(5):
        fake.polled(fake.says(fake.person(number), f"{number}"))
    with structlog.testing.capture_logs() as logged:
        await polled(bot, port, 10 * FLOOR)
    assert [one.text for one in port.received.values()] == ["0", "1", "2", "3", "4"]
    assert len(fake.calls) == 10
    # It says what it cannot do; an idle poll is no fault.
    assert [line["event"] for line in logged] == ["zalo_bot_polling"]
    assert logged[0]["acknowledged"] is False


async def test_replays_are_the_engine_s_to_know(
    bot: ZaloBot, fake: FakeZaloBot, port: MemoryPort
) -> None:
    fake.replays = 3
    for number in range(4):
        fake.polled(fake.says(fake.person(number), f"{number}"))
    await polled(bot, port, 40)
    assert len(port.received) == 4
    assert port.repeats == 1 + 2 + 3 + 3


async def test_what_was_polled_is_not_lost_while_storage_is_away(
    bot: ZaloBot, fake: FakeZaloBot, port: MemoryPort
) -> None:
    fake.polled(fake.says(fake.person(1), "a"))
    port.away = 5
    await polled(bot, port, 30)
    assert len(port.received) == 1


@pytest.mark.parametrize("fault", ["500", "502_html", "bad_json", "empty", "reset_after", "429"])
async def test_faults_of_a_poll_are_waited_out(
    bot: ZaloBot, fake: FakeZaloBot, port: MemoryPort, fault: str
) -> None:
    fake.polled(fake.says(fake.person(1), "a"))
    fake.faults.switch("getUpdates", fault, times=3)
    await polled(bot, port, 200)
    assert len(port.received) == 1


async def test_a_token_that_is_not_taken_ends_the_polling(
    bot: ZaloBot, fake: FakeZaloBot, port: MemoryPort
) -> None:
    fake.faults.switch("getUpdates", "error:401")
    with structlog.testing.capture_logs() as logged:
        await poll(bot.calls, port, bot.account, HandClock(), sleep=Time(1).sleep)
    assert logged[-1]["event"] == "zalo_bot_alarm"


# ---- What leaves -------------------------------------------------------------------------------


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
