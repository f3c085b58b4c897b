"""Calls to Telegram against the fake server: what every fault of every call comes to."""

from __future__ import annotations

import logging
import socket
import traceback
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Never

import pytest

from bot.channels import telegram
from bot.channels.platform import Failed, Later, NotFetched, Outcome, Sent, Unsure, Why
from bot.channels.telegram_answers import CallFailed, NotReached, Refused, outcome_of
from bot.errors import BadUsage, StorageAway
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.fakes.telegram_faults import Fault, Kind
from tests.telegram_double import JPEG, no_picture, telegram_at

CHAT = 8_123_456_789_012
BODY = {"text": "Bà con góp gì ạ?", "choices": [{"id": "aB3.1", "label": "Góp tiền"}]}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        server.people.start(CHAT)
        yield server


# ---- Sending -------------------------------------------------------------------------------


async def test_a_row_is_a_message_with_its_choices_as_buttons(fake: FakeTelegram) -> None:
    body = {
        "text": "Chọn <b>giúp</b> _em_ & http://a.vn",
        "choices": [{"id": f"s.{number}", "label": f"Số {number}"} for number in range(1, 6)],
    }
    async with telegram_at(fake) as platform:
        outcome = await platform.send(str(CHAT), body)
    (seen,) = fake.people.chats[CHAT].seen
    assert outcome == Sent(str(seen.message_id))
    assert seen.text == body["text"]
    assert seen.buttons == tuple((f"Số {number}", f"s.{number}") for number in range(1, 6))
    assert (platform.channel, platform.account) == ("telegram", "7000000001")


async def test_a_long_text_is_split_and_the_buttons_stand_under_its_end(
    fake: FakeTelegram,
) -> None:
    text = "\n".join(f"{number}. Bà con góp công làm đường 👩‍🌾" for number in range(300))
    async with telegram_at(fake) as platform:
        assert isinstance(await platform.send(str(CHAT), BODY | {"text": text}), Sent)
    seen = fake.people.chats[CHAT].seen
    assert "\n".join(one.text for one in seen) == text
    assert [len(one.buttons) for one in seen] == [0] * (len(seen) - 1) + [1]
    assert len(seen) == 3


async def test_emoji_at_the_limit_are_counted_as_telegram_counts(fake: FakeTelegram) -> None:
    async with telegram_at(fake) as platform:
        assert isinstance(await platform.send(str(CHAT), BODY | {"text": "😀" * 2049}), Sent)
    assert [one.text for one in fake.people.chats[CHAT].seen] == ["😀" * 2048, "😀"]


async def test_a_long_choice_has_a_button_that_works(fake: FakeTelegram) -> None:
    choice = "=xem đóng góp của các hộ gia đình ở bản Nà Khương, xã Bản Bo"
    body = {"text": "a", "choices": [{"id": choice, "label": "Xem"}]}
    async with telegram_at(fake) as platform:
        assert isinstance(await platform.send(str(CHAT), body), Sent)
    assert len(fake.people.chats[CHAT].seen[0].buttons[0][1].encode()) <= 64


async def test_pictures_come_before_the_text(fake: FakeTelegram) -> None:
    async def picture(media: object) -> bytes | None:
        return {1: JPEG, 2: PNG}.get(int(str(media)))

    async with telegram_at(fake, picture=picture) as platform:
        await platform.send(str(CHAT), BODY | {"pictures": [1, 2, 3]})
    seen = fake.people.chats[CHAT].seen
    assert [(one.photo, one.text) for one in seen] == [(JPEG, ""), (PNG, ""), (b"", BODY["text"])]
    assert seen[2].buttons


async def test_a_picture_it_will_not_have_does_not_hold_back_the_words(
    fake: FakeTelegram,
) -> None:
    async def picture(_media: object) -> bytes | None:
        return b"not a picture"

    async with telegram_at(fake, picture=picture) as platform:
        assert isinstance(await platform.send(str(CHAT), BODY | {"pictures": [1]}), Sent)
    assert [one.text for one in fake.people.chats[CHAT].seen] == [BODY["text"]]


async def test_pictures_wait_for_storage(fake: FakeTelegram) -> None:
    async def picture(_media: object) -> bytes | None:
        raise StorageAway(7)

    async with telegram_at(fake, picture=picture) as platform:
        outcome = await platform.send(str(CHAT), BODY | {"pictures": [1]})
    assert outcome == Later(7, "storage is away")
    assert fake.calls == []


async def test_a_row_said_in_part_goes_on_where_it_stopped(fake: FakeTelegram) -> None:
    async def picture(_media: object) -> bytes | None:
        return JPEG

    body = BODY | {"pictures": [1], "text": "a" * 5000}
    async with telegram_at(fake, picture=picture) as platform:
        fake.fail("sendMessage", Fault("429", 3))
        assert await platform.send(str(CHAT), body) == Later(
            3.0, "429 Too Many Requests: retry after 3"
        )
        assert isinstance(await platform.send(str(CHAT), body), Sent)
        assert isinstance(await platform.send(str(CHAT), body), Sent)
    once = [(JPEG, 0), (b"", 4096), (b"", 904)]
    assert [(one.photo, len(one.text)) for one in fake.people.chats[CHAT].seen] == once + once


async def test_pictures_erased_between_two_tries_take_no_words_with_them(
    fake: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {1: JPEG, 2: PNG}
    read: list[int] = []

    async def picture(media: object) -> bytes | None:
        read.append(int(str(media)))
        return kept.get(read[-1])

    body = BODY | {"pictures": [1, 2]}
    async with telegram_at(fake, picture=picture) as platform:
        call = platform._call

        async def second_is_lost(method: object) -> object:
            if fake.calls:
                fake.fail("sendPhoto", Fault("reset_before"))
            return await call(method)  # type: ignore[arg-type]

        with monkeypatch.context() as patched:
            patched.setattr(platform, "_call", second_is_lost)
            assert isinstance(await platform.send(str(CHAT), body), Unsure)
        kept.clear()
        assert isinstance(await platform.send(str(CHAT), body), Sent)
    assert [one.text for one in fake.people.chats[CHAT].seen] == ["", BODY["text"]]
    assert read == [1, 2, 2], "a picture that was sent is not read again"


async def test_an_empty_text_is_never_sent(fake: FakeTelegram) -> None:
    async with telegram_at(fake) as platform:
        assert await platform.send(str(CHAT), {"text": " \n", "choices": []}) == Failed("empty")
    assert fake.calls == []


SENDS: dict[Kind, Outcome] = {
    "429": Later(35.0, "429 Too Many Requests: retry after 35"),
    "500": Unsure("500 Internal Server Error: restart"),
    "502_html": Unsure("HTTP 502, answer unreadable"),
    "400": Failed("400 Bad Request: something in it is wrong"),
    "401": Failed("401 Unauthorized", alarm=True),
    "403_blocked": Failed("403 Forbidden: bot was blocked by the user", unreachable=True),
    "403_deactivated": Failed("403 Forbidden: user is deactivated", unreachable=True),
    "migrated": Failed(
        "400 Bad Request: group chat was upgraded to a supergroup chat", unreachable=True
    ),
    "ok_false": Later(5.0, "200"),
    "bad_json": Unsure("HTTP 200, answer unreadable"),
    "empty": Unsure("HTTP 200, answer unreadable"),
    "hang": Unsure("TimeoutError"),
    "slow": Unsure("TimeoutError"),
    "reset_before": Unsure("ServerDisconnectedError"),
    "reset_after": Unsure("ClientPayloadError"),
    "done_lost": Unsure("ServerDisconnectedError"),
}


@pytest.mark.parametrize("kind", SENDS)
@pytest.mark.parametrize("method", ["sendMessage", "sendPhoto"])
async def test_what_a_failed_send_comes_to(fake: FakeTelegram, kind: Kind, method: str) -> None:
    async def picture(_media: object) -> bytes | None:
        return JPEG

    fake.fail(method, Fault(kind, 35))
    body = BODY | ({"pictures": [1]} if method == "sendPhoto" else {})
    async with telegram_at(fake, picture=picture) as platform:
        outcome = await platform.send(str(CHAT), body)
    calls = [(call.method, call.fault) for call in fake.calls]
    if method == "sendPhoto" and kind in ("400",):
        # The picture is given up, the words are not.
        assert isinstance(outcome, Sent)
        return
    assert outcome == SENDS[kind]
    assert calls == [(method, kind)], "a platform makes one call and never a second"
    assert len(fake.people.chats[CHAT].seen) == (kind == "done_lost")


async def test_whom_the_bot_cannot_write_to(fake: FakeTelegram) -> None:
    async with telegram_at(fake) as platform:
        fake.people.block(CHAT)
        blocked = await platform.send(str(CHAT), BODY)
        unknown = await platform.send("999", BODY)
    assert blocked == Failed("403 Forbidden: bot was blocked by the user", unreachable=True)
    assert unknown == Failed("400 Bad Request: chat not found", unreachable=True)


def test_an_edit_that_changes_nothing_is_done() -> None:
    assert outcome_of(Refused(400, "Bad Request: message is not modified: specified new")) == Sent()


async def test_a_server_that_is_not_there_got_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused, and nobody else's
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        platform = telegram.Telegram(TOKEN, no_picture, api_base=address)
        outcome = await platform.send(str(CHAT), BODY)
        await platform.close()
    assert outcome == Later(5.0, "ClientConnectorError", whole=True)


async def test_a_server_that_does_not_let_us_in_got_nothing() -> None:
    """Its queue of connections is full, so ours hangs half open until patience ends."""
    with socket.socket() as full, ExitStack() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            guest = waiting.enter_context(socket.socket())
            guest.setblocking(False)
            guest.connect_ex(full.getsockname())
        address = f"http://127.0.0.1:{full.getsockname()[1]}"
        platform = telegram.Telegram(TOKEN, no_picture, api_base=address, patience=0.2)
        outcome = await platform.send(str(CHAT), BODY)
        await platform.close()
    assert outcome == Later(5.0, "ConnectionTimeoutError", whole=True)


@pytest.fixture
def _no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that knows no name, so that none of a test's leaves this machine."""

    def unknown(*_asked: object, **_how: object) -> Never:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)


@pytest.mark.usefixtures("_no_names")
async def test_a_name_nobody_knows_got_nothing() -> None:
    platform = telegram.Telegram(TOKEN, no_picture, api_base="http://nowhere.invalid", patience=5)
    outcome = await platform.send(str(CHAT), BODY)
    await platform.close()
    assert isinstance(outcome, Later)
    assert outcome.whole


@pytest.mark.usefixtures("_no_names")
async def test_calls_go_through_the_proxy(fake: FakeTelegram) -> None:
    """The fake is the proxy here, and answers by itself for a server nobody can reach."""
    proxied = telegram.Telegram(
        TOKEN, no_picture, api_base="http://nowhere.invalid", proxy=fake.base, patience=5
    )
    outcome = await proxied.send(str(CHAT), BODY)
    await proxied.close()
    assert isinstance(outcome, Sent)
    assert [one.text for one in fake.people.chats[CHAT].seen] == [BODY["text"]]


@pytest.mark.parametrize(
    ("setting", "options"),
    [
        ("BOT_TELEGRAM_TOKEN", {"token": "secret-without-number"}),
        ("BOT_TELEGRAM_TOKEN", {"token": "7 7:secret"}),
        ("BOT_TELEGRAM_PROXY", {"proxy": "socks5://user:secret@host"}),
        ("BOT_TELEGRAM_API_BASE", {"api_base": "secret.example"}),
    ],
)
def test_a_wrong_setting_is_named_and_not_shown(setting: str, options: dict[str, str]) -> None:
    with pytest.raises(BadUsage) as wrong:
        telegram.Telegram(options.pop("token", TOKEN), no_picture, **options)  # type: ignore[arg-type]
    assert str(wrong.value).startswith(setting)
    assert "secret" not in str(wrong.value)


# ---- Fetching ------------------------------------------------------------------------------


async def test_a_file_is_fetched_whole(fake: FakeTelegram) -> None:
    data = bytes(range(256)) * 2000
    reference = fake.people.file(data)
    async with telegram_at(fake) as platform:
        assert await platform.fetch(reference, len(data)) == data


FETCHES: dict[Kind, dict[str, Why]] = {
    kind: {"getFile": "gone" if kind in ("400", "migrated") else "later", "download": "later"}
    for kind in SENDS
}


@pytest.mark.parametrize("kind", FETCHES)
@pytest.mark.parametrize("method", ["getFile", "download"])
async def test_what_a_failed_fetch_comes_to(fake: FakeTelegram, kind: Kind, method: str) -> None:
    reference = fake.people.file(JPEG)
    # A GET on a connection that was kept open is tried twice by aiohttp when it is hung up on.
    twice = method == "download" and kind in ("reset_before", "done_lost")
    fake.fail(method, Fault(kind, 35), times=1 + twice)
    async with telegram_at(fake) as platform:
        with pytest.raises(NotFetched) as fault:
            await platform.fetch(reference, 1000)
        assert fault.value.why == FETCHES[kind][method]
        assert await platform.fetch(reference, 1000) == JPEG


async def test_a_file_too_large_is_not_loaded(fake: FakeTelegram) -> None:
    async with telegram_at(fake) as platform:
        for reference in (fake.people.file(bytes(1001)), fake.people.file(bytes(20_000_001))):
            with pytest.raises(NotFetched) as fault:
                await platform.fetch(reference, 1000)
            assert fault.value.why == "too_large"
    assert "download" not in [call.method for call in fake.calls]


async def test_a_file_longer_than_it_said_is_let_go(
    fake: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = fake.people.file(bytes(5_000_000))
    monkeypatch.setattr(telegram, "_path_and_size", lambda _file: (f"photos/{reference}", 10))
    async with telegram_at(fake) as platform:
        with pytest.raises(NotFetched) as fault:
            await platform.fetch(reference, 1000)
    assert fault.value.why == "too_large"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (None, "later"),
        ("../bot/getMe", "not_allowed"),
        ("http://127.0.0.1/x", "not_allowed"),
        ("photos/a?b", "not_allowed"),
        ("photos/a@b", "not_allowed"),
        ("", "not_allowed"),
    ],
)
async def test_nothing_is_loaded_from_anywhere_else(
    fake: FakeTelegram, monkeypatch: pytest.MonkeyPatch, path: str | None, why: Why
) -> None:
    async with telegram_at(fake) as platform:

        async def call(_method: object) -> object:
            return {"file_path": path, "file_size": 3}

        monkeypatch.setattr(platform, "_call", call)
        with pytest.raises(NotFetched) as fault:
            await platform.fetch("x", 1000)
    assert fault.value.why == why
    assert fake.calls == []


# ---- The other calls -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", SENDS)
async def test_a_tap_s_answer_may_fail_in_any_way(fake: FakeTelegram, kind: Kind) -> None:
    fake.fail("answerCallbackQuery", Fault(kind, 35))
    async with telegram_at(fake) as platform:
        await platform.send(str(CHAT), BODY)
        tap = fake.people.press(CHAT, "Góp tiền")
        await platform.answer(tap)
        if kind != "done_lost":
            await platform.answer(tap)
        await platform.answer("of nobody")
    assert fake.people.answered == [tap]


async def test_the_bot_says_who_it_is_and_how_it_wants_its_updates(fake: FakeTelegram) -> None:
    async with telegram_at(fake) as platform:
        assert (await platform.me())["username"] == "chungsuc_bot"
        await platform.show_commands([("bao_dong_gop", "Báo đóng góp")])
        await platform.use_webhook("http://127.0.0.1:9/telegram/webhook", "s" * 43)
        with pytest.raises(Refused) as fault:
            await platform.updates(None, 100)
        assert fault.value.code == 409
        await platform.use_polling()
        (update,) = await platform.updates(None, 100)
    assert fake.commands == [{"command": "bao_dong_gop", "description": "Báo đóng góp"}]
    assert isinstance(update, dict)
    assert update["message"]["text"] == "/start"


# ---- The token -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SENDS)
async def test_no_fault_ever_tells_the_token(
    fake: FakeTelegram,
    kind: Kind,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    reference = fake.people.file(JPEG)
    secret = TOKEN.partition(":")[2]
    for method in ("getMe", "getFile", "download", "sendMessage", "answerCallbackQuery"):
        fake.fail(method, Fault(kind, 35), times=1 + (method == "download"))
    said = []
    async with telegram_at(fake) as platform:
        with pytest.raises(CallFailed) as fault:
            await platform.me()
        with pytest.raises(NotFetched) as lost:
            await platform.fetch(reference, 1000)
        with pytest.raises(NotFetched):
            await platform.fetch(reference, 1000)
        said += [str(await platform.send(str(CHAT), BODY))]
        await platform.answer("1")
    for told in (fault.value, lost.value):
        said += traceback.format_exception(told)
        below: BaseException | None = told
        while below is not None:
            said.append(repr(below) + repr(getattr(below, "raw", "")))
            below = below.__context__
    output = capfd.readouterr()
    assert secret not in "".join([*said, caplog.text, output.out, output.err])


@pytest.mark.usefixtures("_no_names")
async def test_no_address_of_a_missing_server_tells_the_token(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    platform = telegram.Telegram(TOKEN, no_picture, api_base="http://nowhere.invalid", patience=5)
    with pytest.raises(NotReached) as fault:
        await platform.me()
    await platform.close()
    said = repr(fault.value) + repr(fault.value.__context__) + caplog.text
    assert TOKEN.partition(":")[2] not in said
