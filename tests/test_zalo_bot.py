"""The Zalo Bot Platform: both ways in, the numbered way out, and what its answers come to."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import structlog
from starlette.applications import Starlette

from bot.channels.zalo_bot import ZaloBot
from bot.channels.zalo_bot_events import UNSUPPORTED, Ignored, read
from bot.channels.zalo_bot_polling import FLOOR, poll
from bot.channels.zalo_bot_webhook import route
from bot.channels.zalo_fields import Unreadable
from handlers.messages import Attachment, Message
from tests.conftest import START, HandClock
from tests.fakes.zalo_bot import SECRET, FakeZaloBot
from tests.zalo_bot_double import MemoryPort, Time, bot_of, polled

ACCOUNT = "123456789"
PHOTO = "https://photo-stal-1.zdn.vn/a.jpg"
VOICE = "https://f2-voice-aac-dl.zdn.vn/a.aac"


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
    wild: list[object] = [
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
    assert (answer.status_code, port.received, port.kept) == (401, {}, [])


async def test_bounds_and_storage_away(port: MemoryPort, fake: FakeZaloBot) -> None:
    secret = ("X-Bot-Api-Secret-Token", SECRET.encode())
    raw = json.dumps(fake.says(fake.person(1), "a")).encode()
    assert (await post(port, b"a" * (1024 * 1024 + 1), secret)).status_code == 413
    port.away = 1
    answer = await post(port, raw, secret)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    assert (await post(port, b"[]", secret)).status_code == 200
    assert port.kept == [b"[]"]
    assert (await post(port, b"", secret)).status_code == 200


def test_a_webhook_without_a_secret_does_not_open(port: MemoryPort) -> None:
    with pytest.raises(ValueError, match="no secret"):
        route(port, ACCOUNT, "", HandClock())


# ---- Polling -----------------------------------------------------------------------------------


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
