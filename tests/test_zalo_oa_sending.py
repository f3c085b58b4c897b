"""What leaves to Zalo OA, as the person sees it, and what each of Zalo's answers comes to."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bot.channels import zalo_oa_calls
from bot.channels.platform import Failed, Later, Outcome, Platform, Sent, Unsure
from bot.channels.zalo_oa_errors import outcome_of
from bot.channels.zalo_oa_window import window
from bot.http_client import make_client
from tests.conftest import START, HandClock
from tests.fakes.zalo_faults import FAULTS
from tests.fakes.zalo_oa import APP_SECRET, FIRST_REFRESH, OA_SECRET, FakeZaloOa
from tests.fakes.zalo_oa_people import Person
from tests.zalo_double import Rig, rig

KINDS = [
    {"id": "Zm9vYmFyYmF6.1", "label": "Góp tiền"},
    {"id": "Zm9vYmFyYmF6.2", "label": "Ngày công"},
]


@pytest.fixture
async def oa(clock: HandClock) -> AsyncIterator[Rig]:
    async with rig(clock) as made:
        made.fake.people.follows(made.fake.people.person(1))
        yield made


def pao(oa: Rig) -> Person:
    return oa.fake.people.person(1)


async def say(
    oa: Rig, text: str, choices: list[dict[str, str]] | None = None, **more: Any
) -> Outcome:
    return await oa.oa.send(pao(oa).user_id, {"text": text, "choices": choices or [], **more})


def texts(oa: Rig) -> list[str]:
    return [one.text for one in pao(oa).seen]


# ---- Texts and buttons -------------------------------------------------------------------------


async def test_it_is_a_platform(oa: Rig) -> None:
    platform: Platform = oa.oa
    assert (platform.channel, platform.account) == ("zalo_oa", "388613280878808645")


async def test_a_text_with_choices_has_buttons_that_come_back(oa: Rig) -> None:
    sent = await say(oa, "Góp gì ạ?", KINDS)
    [seen] = pao(oa).seen
    assert sent == Sent(seen.message_id)
    assert seen.buttons == (("Góp tiền", "#Zm9vYmFyYmF6.1"), ("Ngày công", "#Zm9vYmFyYmF6.2"))
    assert oa.oa.is_ours(seen.message_id)
    assert not oa.oa.is_ours("another")


async def test_both_ways_of_writing_vietnamese_leave_alike(oa: Rig) -> None:
    text = "Đường bản em đã làm xong rồi ạ. " * 63
    assert len(unicodedata.normalize("NFD", text)) > 2_000 > len(text) - 16
    await say(oa, unicodedata.normalize("NFD", text))
    await say(oa, text)
    half = len(texts(oa)) // 2
    assert texts(oa)[:half] == texts(oa)[half:]
    assert all(unicodedata.is_normalized("NFC", one) for one in texts(oa))


@pytest.mark.parametrize("text", ["a" * 2_001, "a" * 1_999 + "😀", "😀" * 1_001, "một hai. " * 500])
async def test_a_long_text_leaves_in_parts_with_the_buttons_on_the_last(oa: Rig, text: str) -> None:
    assert isinstance(await say(oa, text, KINDS), Sent)
    assert len(pao(oa).seen) >= 2
    assert [bool(one.buttons) for one in pao(oa).seen[-2:]] == [False, True]
    assert "".join("".join(texts(oa)).split()) == "".join(text.split())


async def test_where_buttons_are_refused_choices_are_numbered_and_that_is_remembered(
    clock: HandClock,
) -> None:
    async with rig(clock, FakeZaloOa(clock, buttons=False)) as oa:
        oa.fake.people.follows(pao(oa))
        assert isinstance(await say(oa, "Góp gì ạ?", KINDS), Sent)
        assert oa.fake.calls.count("send") == 2
        assert isinstance(await say(oa, "Góp gì ạ?", KINDS), Sent)
        assert oa.fake.calls.count("send") == 3
        assert texts(oa) == ["Góp gì ạ?\n1. Góp tiền\n2. Ngày công"] * 2


@pytest.mark.parametrize("code", [-201, -233])
async def test_one_bad_message_does_not_take_the_buttons_away_for_ever(oa: Rig, code: int) -> None:
    oa.fake.faults.switch("send", f"error:{code}", times=2)
    assert await say(oa, "Góp gì ạ?", KINDS) == Failed(f"zalo_{-code}")
    await say(oa, "Góp gì ạ?", KINDS)
    assert pao(oa).seen[-1].buttons


async def test_what_buttons_cannot_hold_is_numbered(oa: Rig) -> None:
    await say(oa, "Chọn:", [{"id": f"{'x' * 12}.{n}", "label": f"Số {n}"} for n in range(1, 7)])
    assert texts(oa)[0].endswith("\n6. Số 6")
    await say(oa, "Nhãn dài:", [{"id": "x" * 12, "label": "đ" * 101}])
    assert pao(oa).seen[-1].buttons[0][0] == "đ" * 100


async def test_nothing_to_say_is_not_said(oa: Rig) -> None:
    assert await say(oa, "  ") == Failed("nothing_to_send")
    assert pao(oa).seen == []


# ---- Pictures, files, the phone card -----------------------------------------------------------


async def test_pictures_and_files_are_uploaded_once_and_again_when_they_have_expired(
    oa: Rig,
) -> None:
    oa.shelf.pictures["p"] = b"a picture"
    oa.shelf.files["f"] = ("mẫu.pdf", b"%PDF")
    assert isinstance(await say(oa, "Xem ạ", KINDS, pictures=["p"], files=["f"]), Sent)
    assert [(one.kind, one.content) for one in pao(oa).seen] == [
        ("image", b"a picture"),
        ("file", b"%PDF"),
        ("text", b""),
    ]
    await say(oa, "", pictures=["p"])
    assert oa.fake.calls.count("upload_image") == 1
    oa.clock.move(timedelta(days=6))
    oa.fake.people.says(pao(oa), "a")
    await say(oa, "", pictures=["p"])
    assert oa.fake.calls.count("upload_image") == 2


async def test_an_upload_zalo_forgot_early_is_made_again(oa: Rig) -> None:
    oa.shelf.pictures["p"] = b"a picture"
    await say(oa, "", pictures=["p"])
    oa.fake._uploads.clear()
    assert isinstance(await say(oa, "", pictures=["p"]), Sent)
    assert oa.fake.calls.count("upload_image") == 2
    oa.fake.faults.switch("send", "error:-100", times=9)
    assert await say(oa, "", pictures=["p"]) == Failed("zalo_100")


async def test_a_picture_we_no_longer_have_does_not_hold_the_words_back(oa: Rig) -> None:
    oa.shelf.pictures["large"] = b"a" * (1024 * 1024 + 1)
    assert isinstance(await say(oa, "Xem ạ", pictures=["gone", "large"]), Sent)
    assert texts(oa) == ["Xem ạ"]


async def test_the_phone_card(oa: Rig) -> None:
    card = {"title": "UBND xã", "subtitle": "Xin bác số điện thoại"}
    assert isinstance(await say(oa, "", phone_card=card), Sent)
    assert [(one.kind, one.text) for one in pao(oa).seen] == [("card", "UBND xã")]


async def test_a_row_that_stopped_midway_goes_on_from_there(oa: Rig) -> None:
    oa.shelf.pictures["p"] = b"a picture"
    body = {"text": "a" * 2_000 + "b", "choices": KINDS, "pictures": ["p"]}
    who = pao(oa).user_id
    sent = oa.fake.faults
    await oa.keeper.access()
    for fault in ("503", "reset_after"):
        # The picture, then a part that fails; the next try begins with that part.
        assert isinstance(await _with_fault_after(oa, who, body, fault), Later | Unsure)
    assert isinstance(await oa.oa.send(who, body), Sent)
    assert [one.kind for one in pao(oa).seen] == ["image", "text", "text"]
    assert texts(oa)[1:] == ["a" * 2_000, "b"]
    assert len(sent.met) == 2
    # The same row said again is said wholly.
    await oa.oa.send(who, body)
    assert len(pao(oa).seen) == 6


async def _with_fault_after(oa: Rig, who: str, body: dict[str, Any], fault: str) -> Outcome:
    """Send with a fault on the first text part."""
    real = oa.oa._message

    def message(sender: str, made: dict[str, Any]) -> Any:
        step = real(sender, made)

        async def faulty() -> Outcome:
            oa.fake.faults.switch("send", fault)
            return await step()

        return faulty

    oa.oa._message = message  # type: ignore[method-assign]
    try:
        return await oa.oa.send(who, body)
    finally:
        oa.oa._message = real  # type: ignore[method-assign]


# ---- The windows -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (timedelta(0), "free"),
        (timedelta(hours=48), "free"),
        (timedelta(hours=48, seconds=1), "paid"),
        (timedelta(days=7), "paid"),
        (timedelta(days=7, seconds=1), "closed"),
        (timedelta(seconds=-5), "free"),
    ],
)
def test_when_a_person_may_be_written_to(since: timedelta, expected: str) -> None:
    assert window(START - since, START) == expected


def test_who_never_wrote_cannot_be_written_to() -> None:
    assert window(None, START) == "closed"


async def test_the_windows_are_zalo_s_and_a_template_is_the_way_around(oa: Rig) -> None:
    who = pao(oa)
    for days, charged in ((2, False), (5, True)):
        oa.clock.move(timedelta(days=days))
        assert window(who.last_interaction, oa.clock()) == ("paid" if charged else "free")
        await say(oa, "Nhắc hạn")
        assert who.seen[-1].charged is charged
    oa.clock.move(timedelta(seconds=1))
    assert window(who.last_interaction, oa.clock()) == "closed"
    assert await say(oa, "Nhắc hạn") == Failed("zalo_230", unreachable=True)
    data = {"han": unicodedata.normalize("NFD", "ngày 30/10")}
    assert isinstance(await oa.oa.send_template(who.user_id, "7895417a7d3f9461cd2e", data), Sent)
    assert (who.seen[-1].kind, who.seen[-1].text) == ("template", '{"han": "ngày 30/10"}')
    assert await oa.oa.send_template(who.user_id, "unknown", data) == Failed("zalo_249")


# ---- Every error code --------------------------------------------------------------------------

LATER = {-32: True, -200: False, -211: False, -218: False, -311: False, -144: False, -147: False}
UNREACHABLE = {-213, -217, -227, -230, -232, -244, -305, -403}
PERMANENT = {
    -100,
    -108,
    -1123,
    -114,
    -119,
    -139,
    -140,
    -141,
    -201,
    -210,
    -214,
    -233,
    -240,
    -248,
    -249,
}
ALARM = {-202, -204, -205, -209, -212, -219, -221, -223, -224, -235, -237, -238, -241, -242}
ALARM |= {-320, -321, -115, -127, -131, -136, -137, -146, -9999, 7}


@pytest.mark.parametrize("code", sorted({*LATER, *UNREACHABLE, *PERMANENT, *ALARM}))
async def test_every_code_of_the_documents(oa: Rig, code: int) -> None:
    oa.fake.faults.switch("send", f"error:{code}", times=2)
    came, reason = await say(oa, "Chào"), f"zalo_{abs(code)}"
    if code in LATER:
        assert isinstance(came, Later)
        assert (came.reason, came.whole) == (reason, LATER[code])
        assert came.seconds >= 30
    elif code in UNREACHABLE:
        assert came == Failed(reason, unreachable=True)
    else:
        assert came == Failed(reason, alarm=code in ALARM)
    assert oa.fake.calls.count("refresh") == 1


@pytest.mark.parametrize("code", [-216, -220, -124])
async def test_a_token_that_is_not_taken_is_refreshed_once(oa: Rig, code: int) -> None:
    await oa.keeper.access()
    oa.clock.move(timedelta(minutes=1))
    oa.fake.faults.switch("send", f"error:{code}")
    assert isinstance(await say(oa, "Chào"), Sent)
    oa.clock.move(timedelta(minutes=1))
    oa.fake.faults.switch("send", f"error:{code}", times=2)
    assert await say(oa, "Chào") == Failed(f"zalo_{-code}", alarm=True)
    assert oa.fake.calls.count("refresh") == 3


@pytest.mark.parametrize("code", [-234, -133])
@pytest.mark.parametrize(
    ("hour", "seconds"), [(22, 8 * 3600), (0, 6 * 3600), (5, 3600), (23, 7 * 3600)]
)
def test_at_night_it_waits_for_the_morning(code: int, hour: int, seconds: float) -> None:
    now = datetime(2025, 1, 2, hour, 0, tzinfo=UTC) - timedelta(hours=7)
    assert outcome_of(code, now) == Later(seconds, f"zalo_{-code}")


# ---- Faults of the network ---------------------------------------------------------------------

EXPECTED: dict[str, type[Outcome] | Outcome] = {
    "429": Later(35, "http_429", whole=True),
    "400": Failed("http_400"),
    "403": Failed("http_403", alarm=True),
    "500": Unsure("http_500"),
    "502_html": Unsure("http_502"),
    "503": Later(30, "http_503", whole=True),
    "bad_json": Unsure("bad_answer"),
    "wrong_json": Unsure("bad_answer"),
    "empty": Unsure("bad_answer"),
    "hang": Unsure("TimeoutError"),
    "slow": Unsure("TimeoutError"),
    "reset_before": Unsure,
    "reset_after": Unsure,
    "lost": Unsure,
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", ["send", "template"])
async def test_what_each_fault_comes_to(
    oa: Rig, fault: str, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await oa.keeper.access()
    if fault in {"hang", "slow"}:
        monkeypatch.setattr(zalo_oa_calls, "SECONDS", 0.2)
    oa.fake.faults.switch(call, fault)

    async def send() -> Outcome:
        if call == "send":
            return await say(oa, "Chào")
        return await oa.oa.send_template(pao(oa).user_id, "7895417a7d3f9461cd2e", {})

    came, expected = await send(), EXPECTED[fault]
    assert isinstance(came, expected) if isinstance(expected, type) else came == expected
    assert len(pao(oa).seen) == (fault == "lost")
    assert isinstance(await send(), Sent)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    ("call", "field"), [("upload_image", "pictures"), ("upload_file", "files")]
)
async def test_an_upload_that_may_have_been_made_is_simply_made_again(
    oa: Rig, fault: str, call: str, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    oa.shelf.pictures["p"], oa.shelf.files["p"] = b"a picture", ("a.pdf", b"%PDF")
    await oa.keeper.access()
    if fault in {"hang", "slow"}:
        monkeypatch.setattr(zalo_oa_calls, "SECONDS", 0.2)
    if fault == "lost":
        pytest.skip("the fake cannot read a form twice; for an upload it is reset_after")
    oa.fake.faults.switch(call, fault)
    came = await say(oa, "Chào", **{field: ["p"]})
    assert isinstance(came, Later | Failed)
    assert pao(oa).seen == []
    assert isinstance(await say(oa, "Chào", **{field: ["p"]}), Sent)
    assert len(pao(oa).seen) == 2


async def test_without_a_connection_it_is_surely_for_later(oa: Rig) -> None:
    def refused(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    await oa.keeper.access()
    oa.oa._calls._client = make_client(transport=httpx.MockTransport(refused))
    assert await say(oa, "Chào") == Later(5, "no_connection")


# ---- Secrets -----------------------------------------------------------------------------------


async def test_no_secret_and_no_word_enters_any_log(
    clock: HandClock,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(zalo_oa_calls, "SECONDS", 0.2)
    async with rig(clock) as oa:
        oa.fake.people.follows(pao(oa))
        canaries = {APP_SECRET, OA_SECRET, FIRST_REFRESH, "chim hoàng yến", pao(oa).user_id}
        for call in ("send", "refresh", "template"):
            for fault in (*FAULTS, "error:-216", "error:-32", "error:-999"):
                if call == "refresh":
                    clock.move(timedelta(days=3))
                    oa.fake.consent(oa.store.tokens.refresh if oa.store.tokens else FIRST_REFRESH)
                    oa.fake.people.says(pao(oa), "chim hoàng yến")
                    if fault in {"hang", "slow"}:
                        continue
                oa.fake.faults.switch(call, fault)
                await say(oa, "chim hoàng yến", KINDS)
                await oa.oa.send_template(pao(oa).user_id, "x", {"ten": "chim hoàng yến"})
                canaries |= {oa.fake.grant.access, oa.fake.grant.refresh}
                canaries |= {pair.access for pair in oa.store.pairs}
    canaries.discard("")
    printed = capsys.readouterr()
    written = caplog.text + printed.out + printed.err
    assert not [one for one in canaries if one in written]
