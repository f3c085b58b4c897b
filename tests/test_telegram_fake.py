"""The fake Telegram itself: its retries, orders, expiries and limits are those of the real one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import InlineKeyboardMarkup, Message, Update

from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.fakes.telegram_faults import Fault
from tests.fakes.telegram_flood import Flood
from tests.fakes.telegram_limits import genuine, knows_all
from tests.fakes.telegram_people import Seen
from tests.telegram_double import JPEG, people_and_updates, served

CHAT = 1001
SECRET = "s" * 43


class Time:
    """A clock that sleeping moves on."""

    def __init__(self) -> None:
        self.now = 1_735_779_600.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Hook:
    """A webhook that answers what it is told, by what a message says."""

    def __init__(self, **answers: list[Response]) -> None:
        self.answers = answers
        self.got: list[str] = []
        self.secrets: set[str | None] = set()

    async def __call__(self, request: Request) -> Response:
        update = json.loads(await request.body())
        query = update.get("callback_query")
        text = query["data"] if query else update["message"]["text"]
        self.secrets.add(request.headers.get("x-telegram-bot-api-secret-token"))
        self.got.append(text)
        planned = self.answers.get(text, [])
        return planned.pop(0) if planned else Response()

    def route(self) -> Route:
        return Route("/hook", self.__call__, methods=["POST"])


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        server.people.start(CHAT)
        yield server


async def call(fake: FakeTelegram, method: str, **params: Any) -> dict[str, Any]:
    address = f"{fake.base}/bot{TOKEN}/{method}"
    async with aiohttp.ClientSession() as session, session.post(address, json=params) as answer:
        found: dict[str, Any] = await answer.json()
        assert (answer.status == 200) is found["ok"]
        assert found["ok"] or answer.status == found["error_code"]
        return found


# ---- Pushing -------------------------------------------------------------------------------


async def test_a_push_is_tried_at_once_then_after_2_4_8_up_to_60_seconds() -> None:
    time = Time()
    hook = Hook(a=[Response(status_code=500) for _ in range(8)])
    async with served(hook.route()) as base, FakeTelegram(now=time, sleep=time.sleep) as fake:
        await call(fake, "setWebhook", url=f"{base}/hook", secret_token=SECRET)
        fake.people.say(CHAT, "a")
        await fake.until(lambda: not fake.unconfirmed)
    assert time.slept == [0, 2, 4, 8, 16, 32, 60, 60]
    assert [push.status for push in fake.pushes] == [500] * 8 + [200]
    assert hook.secrets == {SECRET}


async def test_a_push_waits_as_long_as_it_is_asked_to_but_not_over_an_hour() -> None:
    time = Time()
    waits = [Response(status_code=503, headers={"Retry-After": wait}) for wait in ("5", "99999")]
    hook = Hook(a=waits)
    async with served(hook.route()) as base, FakeTelegram(now=time, sleep=time.sleep) as fake:
        await call(fake, "setWebhook", url=f"{base}/hook")
        fake.people.say(CHAT, "a")
        await fake.until(lambda: not fake.unconfirmed)
    assert time.slept == [5, 3600]
    assert hook.secrets == {None}


async def test_a_chat_s_updates_wait_for_each_other_and_for_no_other_chat_s() -> None:
    time = Time()
    hook = Hook(a=[Response(status_code=500) for _ in range(4)])
    async with served(hook.route()) as base, FakeTelegram(now=time, sleep=time.sleep) as fake:
        fake.people.say(CHAT, "a")
        fake.people.say(CHAT, "b")
        fake.people.say(1002, "c")
        await call(fake, "setWebhook", url=f"{base}/hook")
        await fake.until(lambda: not fake.unconfirmed)
    assert [text for text in hook.got if text != "c"] == ["a"] * 5 + ["b"]
    assert hook.got.count("c") == 1


async def test_what_nobody_takes_expires_a_tap_in_150_seconds_a_message_in_a_day() -> None:
    time = Time()
    hook = Hook(t=[Response(status_code=500)] * 99, a=[Response(status_code=500)] * 9999)
    async with served(hook.route()) as base, FakeTelegram(now=time, sleep=time.sleep) as fake:
        await call(fake, "setWebhook", url=f"{base}/hook")
        fake.people.tap(CHAT, Seen(1, "x", (("T", "t"),)), "t")
        await fake.until(lambda: not fake.unconfirmed)
        assert sum(time.slept) == 182  # 0 2 4 8 16 32 60 60: the last pause ends beyond 150
        fake.people.say(CHAT, "a")
        await fake.until(lambda: not fake.unconfirmed)
    assert 86_400 < sum(time.slept) - 182 <= 86_460
    assert [push.status for push in fake.pushes if push.status != 500] == [-1, -1]


# ---- Asking --------------------------------------------------------------------------------


async def test_an_offset_confirms_what_is_below_it(fake: FakeTelegram) -> None:
    fake.people.say(CHAT, "a")
    first, second = (await call(fake, "getUpdates"))["result"]
    assert (await call(fake, "getUpdates", limit=1))["result"] == [first]
    assert (await call(fake, "getUpdates", offset=second["update_id"]))["result"] == [second]
    assert fake.unconfirmed == [second["update_id"]]


async def test_kinds_nobody_asked_for_do_not_come(fake: FakeTelegram) -> None:
    await call(fake, "getUpdates", offset=10**12, allowed_updates='["message"]')
    fake.people.block(CHAT)
    fake.people.say(CHAT, "a")
    assert len(fake.unconfirmed) == 1


async def test_there_is_no_asking_while_a_webhook_is_set(fake: FakeTelegram) -> None:
    await call(fake, "setWebhook", url="http://127.0.0.1:9/")
    assert (await call(fake, "getUpdates"))["error_code"] == 409
    assert (await call(fake, "getWebhookInfo"))["result"]["url"] == "http://127.0.0.1:9/"
    await call(fake, "deleteWebhook")
    assert (await call(fake, "getUpdates"))["ok"]


# ---- Limits --------------------------------------------------------------------------------


def keyboard(*buttons: dict[str, Any]) -> str:
    return json.dumps({"inline_keyboard": [[button] for button in buttons]})


WRONG = [
    ("sendMessage", {"text": ""}, "message text is empty"),
    ("sendMessage", {"text": " \n "}, "message text is empty"),
    ("sendMessage", {"text": 5}, "message text is empty"),
    ("sendMessage", {"text": "a" * 4097}, "message is too long"),
    ("sendMessage", {"text": "😀" * 2049}, "message is too long"),
    ("sendMessage", {"chat_id": "x"}, "chat not found"),
    ("sendMessage", {"chat_id": 5}, "chat not found"),
    ("sendMessage", {"parse_mode": "HTML"}, "can't parse entities"),
    ("sendMessage", {"reply_markup": "{"}, "object expected"),
    ("sendMessage", {"reply_markup": '{"inline_keyboard":[[{"text":"a"}]]}'}, "BUTTON_DATA"),
    ("sendMessage", {"reply_markup": keyboard({"callback_data": "a"})}, "object expected"),
    ("sendMessage", {"reply_markup": keyboard({"text": "a", "callback_data": ""})}, "BUTTON_DATA"),
    (
        "sendMessage",
        {"reply_markup": keyboard({"text": "a", "callback_data": "ệ" * 22})},
        "BUTTON_DATA_INVALID",
    ),
    (
        "sendMessage",
        {"reply_markup": keyboard({"text": "a", "callback_data": "a", "colour": "red"})},
        "object expected",
    ),
    (
        "sendMessage",
        {"reply_markup": keyboard(*[{"text": "a", "callback_data": "a"}] * 101)},
        "reply markup is too long",
    ),
    ("sendPhoto", {"photo": "attach://x"}, "no photo"),
    ("editMessageText", {"message_id": 77}, "message to edit not found"),
    ("answerCallbackQuery", {"callback_query_id": "77"}, "query is too old"),
    ("getFile", {"file_id": "x"}, "invalid file_id"),
    ("getUpdates", {"limit": 101}, "out of range"),
    ("getUpdates", {"allowed_updates": '["thoughts"]'}, "allowed updates"),
    ("setWebhook", {"url": "ftp://a"}, "HTTPS URL must be provided"),
    ("setWebhook", {"url": "http://a", "secret_token": "bí"}, "unallowed characters"),
    ("setWebhook", {"url": "http://a", "max_connections": 101}, "out of range"),
    ("setMyCommands", {"commands": '[{"command":"Báo","description":"a"}]'}, "COMMAND_INVALID"),
]


@pytest.mark.parametrize(("method", "params", "told"), WRONG)
async def test_what_is_over_a_limit_is_refused(
    fake: FakeTelegram, method: str, params: dict[str, Any], told: str
) -> None:
    answer = await call(fake, method, **{"chat_id": CHAT, "text": "a"} | params)
    assert answer["error_code"] == 400
    assert told in answer["description"]
    assert fake.people.chats[CHAT].seen == []


async def test_what_is_just_within_is_taken(fake: FakeTelegram) -> None:
    row = keyboard(*[{"text": "a", "callback_data": "ệ" * 21 + "x"}] * 100)
    sent = await call(fake, "sendMessage", chat_id=CHAT, text="😀" * 2048, reply_markup=row)
    number = sent["result"]["message_id"]
    edit = {"chat_id": CHAT, "message_id": number, "text": "b"}
    assert (await call(fake, "editMessageText", **edit))["ok"]
    again = await call(fake, "editMessageText", **edit)
    assert "message is not modified" in again["description"]
    commands = '[{"command":"bao_1","description":"Báo"}]'
    assert (await call(fake, "setMyCommands", commands=commands))["ok"]
    assert (await call(fake, "unknown"))["error_code"] == 404
    assert [one.text for one in fake.people.chats[CHAT].seen] == ["b"]


async def test_a_tap_is_answered_once_and_within_150_seconds() -> None:
    time = Time()
    async with FakeTelegram(now=time) as fake:
        early, late = (fake.people.tap(CHAT, Seen(1, "x", (("T", "t"),)), "t") for _ in range(2))
        time.now += 149
        assert (await call(fake, "answerCallbackQuery", callback_query_id=early))["ok"]
        again = await call(fake, "answerCallbackQuery", callback_query_id=early)
        time.now += 2
        old = await call(fake, "answerCallbackQuery", callback_query_id=late)
    assert "query is too old" in again["description"]
    assert "query is too old" in old["description"]


async def test_a_wrong_token_is_nobody(fake: FakeTelegram) -> None:
    address = f"{fake.base}/bot1:x/getMe"
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        assert (answer.status, (await answer.json())["description"]) == (401, "Unauthorized")


async def test_a_fault_can_be_one_chat_s_alone(fake: FakeTelegram) -> None:
    fake.people.start(1002)
    fake.fail("sendMessage", Fault("429", 600), chat=1002)
    assert (await call(fake, "sendMessage", chat_id=CHAT, text="a"))["ok"]
    held = await call(fake, "sendMessage", chat_id=1002, text="a")
    assert held["parameters"] == {"retry_after": 600}
    assert [(one.chat, one.fault) for one in fake.calls] == [(CHAT, None), (1002, "429")]


def test_the_speed_limits() -> None:
    flood = Flood(per_second=30)
    assert [flood.wait(chat, 100.0) for chat in range(30)] == [0] * 30
    assert flood.wait(31, 100.5) == 1
    assert flood.wait(31, 101.0) == 0
    own = Flood(per_second=1000)
    assert [own.wait(7, 100.0 + n / 10) for n in range(20)] == [0] * 20
    assert own.wait(7, 102.0) == 18
    assert own.wait(8, 102.0) == 0


# ---- Its own JSON --------------------------------------------------------------------------


def test_updates_hold_nothing_ptb_does_not_know() -> None:
    people, updates = people_and_updates()
    people.album(CHAT, [JPEG, JPEG], "hai ảnh")
    people.sticker(CHAT)
    buttons = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}
    shown = people.show(CHAT, "x", buttons)
    assert knows_all(Message.de_json(shown, None))
    assert Message.de_json(shown, None).reply_markup == InlineKeyboardMarkup.de_json(buttons, None)
    people.press(CHAT, "A")
    people.block(CHAT)
    people.invite_to_group(-7)
    assert len(updates) == 6
    for update in updates:
        read = Update.de_json(json.loads(json.dumps(update)), None)
        assert knows_all(read)
        assert genuine(read) == update


def test_an_update_with_a_slip_is_noticed() -> None:
    people, updates = people_and_updates()
    people.say(CHAT, "a")
    slip = json.loads(json.dumps(updates[0]))
    slip["message"]["chat"]["colour"] = "red"
    assert not knows_all(Update.de_json(slip, None))
    with pytest.raises(ValueError, match="no update"):
        genuine(Update.de_json(slip, None))
