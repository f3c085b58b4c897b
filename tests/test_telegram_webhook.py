"""Updates pushed to us: who may push, what is answered when, and what becomes of odd ones."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from starlette.applications import Starlette

from bot.channels import telegram_intake
from bot.channels import telegram_webhook as webhook
from bot.channels.telegram import Telegram
from bot.channels.telegram_buttons import data_of
from bot.errors import BadUsage, StorageAway
from handlers.messages import Message
from handlers.turn import World
from tests.conftest import Fresh, HandClock
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_people import Seen
from tests.hooks_double import hooks, site_of
from tests.telegram_double import (
    MemoryPort,
    Taps,
    intake_of,
    people_and_updates,
    served,
    telegram_at,
)
from tests.test_telegram_read import anything, nearly

CHAT = 8_123_456_789_012
SECRET = "aZ09_-" * 7
HEADER = webhook.HEADER
GOOD = [(HEADER, SECRET.encode())]


@pytest.fixture
def port() -> MemoryPort:
    return MemoryPort()


def a_text(text: str = "chào") -> bytes:
    people, updates = people_and_updates()
    people.say(CHAT, text)
    return json.dumps(updates[0]).encode()


async def post(
    port: MemoryPort, body: bytes, headers: list[tuple[bytes, bytes]] = GOOD
) -> httpx.Response:
    site = Starlette(routes=[webhook.route(SECRET, intake_of(port).take)])
    transport = httpx.ASGITransport(app=site)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot.test") as client:
        return await client.post(webhook.PATH, content=body, headers=headers)


# ---- Who may push --------------------------------------------------------------------------


def variants() -> list[list[tuple[bytes, bytes]]]:
    """200 ways not to know the secret."""
    real = SECRET.encode()
    values = [
        b"", b"a", b"null", real + b"\x00", real + b"x", b"x" + real, real.lower(), real.upper(),
        real[::-1], real * 2, real + b", " + real, b'"' + real + b'"', b"Bearer " + real,
        "bí mật".encode(), b"\xff\xfe", b"\xc3", real[:-1] + b"\xe9", b"x" * 60_000,
        real.hex().encode(),
    ]  # fmt: skip
    values += [real[:length] for length in range(1, len(real))]
    values += [real[:at] + b"!" + real[at + 1 :] for at in range(len(real))]
    values += [real[:at] + bytes([200]) + real[at + 1 :] for at in range(len(real))]
    values += [real[:at] + real[at + 1 :] for at in range(len(real))]
    found = [[(HEADER, value)] for value in values]
    found += [
        [],
        [(b"authorization", real)],
        [(HEADER + b"s", real)],
        [(b"x-telegram-bot-api-secret", real)],
        [*GOOD, *GOOD],
        [*GOOD, (HEADER, b"a")],
        [(HEADER, b"a"), *GOOD],
        [*GOOD, (HEADER, b"")],
        [(b"cookie", b"x-telegram-bot-api-secret-token=" + real)],
    ]
    return found[-9:] + found[:191]


async def test_two_hundred_headers_without_the_secret_are_refused(port: MemoryPort) -> None:
    tried = variants()
    answers = [await post(port, a_text(), headers) for headers in tried]
    assert len(tried) >= 190
    assert {answer.status_code for answer in answers} == {401}
    assert (port.received, port.kept) == ([], [])


async def test_forged_calls_over_http_are_refused(port: MemoryPort) -> None:
    async with (
        served(webhook.route(SECRET, intake_of(port).take)) as base,
        httpx.AsyncClient(base_url=base) as client,
    ):
        for value in (b"\xff\xfe", b"a", SECRET.encode()[:-1]):
            answer = await client.post(webhook.PATH, content=b"x", headers=[(HEADER, value)])
            assert answer.status_code == 401
        assert (await client.post(webhook.PATH, content=a_text())).status_code == 401
        assert (await client.get(webhook.PATH, headers=GOOD)).status_code == 405
        answer = await client.post(webhook.PATH, content=a_text(), headers=GOOD)
        assert answer.status_code == 200
    assert len(port.received) == 1


@pytest.mark.parametrize("secret", ["", "a b", "bí mật", "x" * 257, "a\n"])
def test_there_is_no_route_without_a_usable_secret(secret: str) -> None:
    with pytest.raises(BadUsage) as wrong:
        webhook.route(secret, intake_of(MemoryPort()).take)
    assert str(wrong.value).startswith("BOT_TELEGRAM_WEBHOOK_SECRET:")


# ---- What is answered when -----------------------------------------------------------------


async def test_an_update_is_answered_once_it_is_kept() -> None:
    committed = asyncio.Event()

    class SlowPort(MemoryPort):
        async def receive(self, message: Message, raw: bytes) -> None:
            await committed.wait()
            await super().receive(message, raw)

    port = SlowPort()
    call = asyncio.create_task(post(port, a_text()))
    for _ in range(50):
        await asyncio.sleep(0)
    assert not call.done()
    committed.set()
    answer = await call
    assert (answer.status_code, answer.content) == (200, b"")
    assert port.texts(str(CHAT)) == ["chào"]


async def test_while_storage_is_away_it_is_to_come_again(port: MemoryPort) -> None:
    people, updates = people_and_updates()
    people.tap(CHAT, Seen(1, "a", (("A", "x.1"),)), "x.1")
    people.block(CHAT)
    bodies = [a_text(), b"{", *(json.dumps(update).encode() for update in updates)]
    port.away[""] = StorageAway(9)
    for body in bodies:
        answer = await post(port, body)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "9")
    port.away.clear()
    for body in bodies:
        assert (await post(port, body)).status_code == 200
    assert (len(port.received), len(port.kept), len(port.reach)) == (2, 1, 1)


async def test_a_body_over_a_mebibyte_is_not_read(port: MemoryPort) -> None:
    answer = await post(port, b" " * (2**20 + 1))
    assert answer.status_code == 413
    assert (port.received, port.kept) == ([], [])


async def test_a_fault_of_ours_is_kept_and_holds_up_nobody(port: MemoryPort) -> None:
    port.broken.add("hỏng")
    body = a_text("hỏng")
    assert (await post(port, body)).status_code == 200
    assert port.kept == [body]


# ---- What cannot be understood -------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1]",
        b"null",
        b'"text"',
        b"{}",
        b'{"update_id":"x"}',
        b'{"update_id":1,"message":{}}',
        b'{"update_id":1,"message":{"text":"a"}}',
        b'{"update_id":1,"x":NaN}',
        b'{"update_id":1,"x":' + b"9" * 5000 + b"}",
        b'{"update_id":1,"message":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"update_id":1,"message":{"chat":{"id":1e999}}}',
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"\x00",
    ],
    ids=lambda body: repr(body[:30]),
)
async def test_what_cannot_be_understood_is_kept_once_and_answered(
    port: MemoryPort, body: bytes
) -> None:
    for _ in range(2):
        assert (await post(port, body)).status_code == 200
    assert port.kept == [body]
    assert port.received == []


@settings(max_examples=300, deadline=None)
@given(nearly | anything)
def test_whatever_json_comes_it_is_taken(update: object) -> None:
    port = MemoryPort()
    intake = intake_of(port)
    raw = json.dumps(update).encode()

    async def take() -> None:
        await intake.take(raw)
        await intake.close()

    asyncio.run(take())
    assert len(port.received) + len(port.kept) <= 1


# ---- Taps ----------------------------------------------------------------------------------


async def test_a_tap_is_answered_even_when_its_turn_cannot_be_kept(port: MemoryPort) -> None:
    people, updates = people_and_updates()
    tap = people.tap(CHAT, Seen(1, "a", (("A", "x.1"),)), "x.1")
    taps = Taps()
    intake = intake_of(port, taps)
    port.away[str(CHAT)] = StorageAway()
    with pytest.raises(StorageAway):
        await intake.take(json.dumps(updates[0]).encode())
    await intake.close()
    assert taps.answered == [tap]


async def test_a_tap_nobody_could_answer_is_a_turn_all_the_same(port: MemoryPort) -> None:
    class Deaf(Taps):
        async def answer(self, tap: str) -> None:
            raise OSError(tap)

    people, updates = people_and_updates()
    people.tap(CHAT, Seen(1, "a", (("A", "x.1"),)), "x.1")
    intake = intake_of(port, Deaf())
    await intake.take(json.dumps(updates[0]).encode())
    await intake.close()
    assert [one.choice for one in port.received] == ["x.1"]


@pytest.mark.parametrize("comes", [True, False])
async def test_a_tap_s_answer_is_waited_for_when_the_program_ends(
    fresh_url: Fresh,
    world: World,
    clock: HandClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    comes: bool,
) -> None:
    gate, done = asyncio.Event(), []

    async def answer(_platform: Telegram, tap: str) -> None:
        await gate.wait()
        done.append(tap)

    async def close(platform: Telegram) -> None:
        done.append("closed")
        await closing(platform)

    closing = Telegram.close
    monkeypatch.setattr(Telegram, "answer", answer)
    monkeypatch.setattr(Telegram, "close", close)
    people, updates = people_and_updates()
    tap = people.tap(CHAT, Seen(1, "a", (("A", "x.1"),)), "x.1")
    async with site_of(fresh_url("sqlite"), world, clock, tmp_path) as site:
        assert await site.post(hooks()["telegram"], json.dumps(updates[0]).encode()) == 200
        if comes:
            asyncio.get_running_loop().call_soon(gate.set)
        else:
            monkeypatch.setattr(telegram_intake, "END_SECONDS", 0)
    assert done == ([tap, "closed"] if comes else ["closed"])


@pytest.mark.parametrize("remembered", [True, False])
async def test_a_long_choice_is_found_in_what_was_sent(port: MemoryPort, remembered: bool) -> None:
    choice = "=xem đóng góp của các hộ gia đình ở bản Nà Khương, xã Bản Bo"
    port.choices[str(CHAT)] = ["x.1", "=" + "a" * 80, *([choice] if remembered else [])]
    people, updates = people_and_updates()
    people.tap(CHAT, Seen(1, "a", (("Xem", data_of(choice)),)), data_of(choice))
    await intake_of(port).take(json.dumps(updates[0]).encode())
    (message,) = port.received
    assert message.choice == (choice if remembered else data_of(choice))


# ---- With the server that pushes -----------------------------------------------------------


async def test_pushed_updates_come_in_order_and_once(port: MemoryPort) -> None:
    """Storage is away for a while: nothing is lost, nothing changes places."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            port.away.clear()

    port.away["1001"] = StorageAway(9)
    async with FakeTelegram(sleep=sleep) as fake, telegram_at(fake) as platform:
        intake = intake_of(port)
        async with served(webhook.route(SECRET, intake.take)) as base:
            await platform.use_webhook(base + webhook.PATH, SECRET)
            for number in range(5):
                fake.people.say(1001, f"một {number}")
                fake.people.say(1002, f"hai {number}")
            fake.people.raw({"message": {"text": "không có chat"}}, lane="chat1001")
            fake.people.invite_to_group(-5)
            await fake.until(lambda: not fake.unconfirmed)
            await platform.use_polling()
        await intake.close()
    assert port.texts("1001") == [f"một {number}" for number in range(5)]
    assert port.texts("1002") == [f"hai {number}" for number in range(5)]
    assert (port.repeats, port.groups, len(port.kept)) == (0, ["-5"], 1)
    assert set(slept) == {9.0}
