"""What leaves to Zalo OA, as the person sees it, and what each of Zalo's answers comes to."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.channels.platform import Failed, Later, Platform, Sent, Unsure
from bot.channels.zalo_oa_events import Said, read
from bot.channels.zalo_oa_window import window
from tests.conftest import START, HandClock
from tests.fakes.zalo_oa import OA_ID, FakeZaloOa
from tests.fakes.zalo_push import compact
from tests.zalo_double import KINDS, Rig, followed, pao, rig, say


@pytest.fixture
async def oa(clock: HandClock) -> AsyncIterator[Rig]:
    async with followed(clock) as made:
        yield made


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


async def test_a_tap_on_an_old_message_is_the_choice_it_offered(oa: Rig) -> None:
    await say(oa, "Góp gì ạ?", KINDS)
    await say(oa, "Ở bản nào ạ?")
    tapped = read(compact(oa.fake.people.taps(pao(oa), pao(oa).seen[0], 1)), OA_ID, oa.clock())
    assert isinstance(tapped, Said)
    assert (tapped.message.choice, tapped.message.text) == (KINDS[1]["id"], "")


async def test_both_ways_of_writing_vietnamese_leave_alike(oa: Rig) -> None:
    text = "Đường bản em đã làm xong rồi ạ. " * 62
    assert len(unicodedata.normalize("NFD", text)) > 2_000 > len(text)
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


@pytest.mark.parametrize("head", ["", "một hai. " * 222])
async def test_numbered_choices_that_wait_in_between_are_each_said_once(
    clock: HandClock, head: str
) -> None:
    """Two texts without buttons, the second of which has to wait its turn."""
    turns = iter([None] * (1 + bool(head)) + [Later(1.0, "held")])

    async def pace() -> Later | None:
        return next(turns)

    async with rig(clock, FakeZaloOa(clock, buttons=False)) as oa:
        oa.fake.people.follows(pao(oa))
        body = {"text": head + "b" * 1_990, "choices": KINDS}
        assert await oa.oa.send(pao(oa).user_id, body, pace) == Later(1.0, "held")
        said = len(texts(oa))
        assert isinstance(await oa.oa.send(pao(oa).user_id, body), Sent)
        assert said == len(texts(oa)) - 1
        assert "".join("\n".join(texts(oa)).split()) == "".join(
            f"{head}{'b' * 1_990}1. Góp tiền 2. Ngày công".split()
        )
        # It was the buttons, which is known from then on.
        calls = oa.fake.calls.count("send")
        assert isinstance(await say(oa, "Góp gì ạ?", KINDS), Sent)
        assert oa.fake.calls.count("send") == calls + 1


async def test_a_row_under_way_goes_on_as_it_was_begun_when_buttons_turn_out_to_be_refused(
    oa: Rig,
) -> None:
    card = {"title": "UBND xã", "subtitle": "Xin bác số điện thoại"}
    body = {"text": "b" * 1_990, "choices": KINDS, "phone_card": card}
    for fault in ("ok", "503"):
        oa.fake.faults.switch("send", fault)
    assert isinstance(await oa.oa.send(pao(oa).user_id, body), Later)
    oa.oa._buttons_taken = False
    assert isinstance(await oa.oa.send(pao(oa).user_id, body), Sent)
    assert [(one.kind, bool(one.buttons)) for one in pao(oa).seen] == [
        ("text", True),
        ("card", False),
    ]


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
    # The picture, then a part that fails; the next try begins with that part.
    for faults in (("ok", "503"), ("reset_after",)):
        for fault in faults:
            oa.fake.faults.switch("send", fault)
        assert isinstance(await oa.oa.send(who, body), Later | Unsure)
    assert isinstance(await oa.oa.send(who, body), Sent)
    assert [one.kind for one in pao(oa).seen] == ["image", "text", "text"]
    assert texts(oa)[1:] == ["a" * 2_000, "b"]
    assert len(oa.fake.faults.met) == 3
    # The same row said again is said wholly.
    await oa.oa.send(who, body)
    assert len(pao(oa).seen) == 6


async def test_another_row_after_one_that_was_given_up_begins_at_its_beginning(oa: Rig) -> None:
    long = {"text": "a" * 2_000 + "b", "choices": []}
    for fault in ("ok", "503"):
        oa.fake.faults.switch("send", fault)
    assert isinstance(await oa.oa.send(pao(oa).user_id, long), Later)
    await say(oa, "c" * 2_000 + "d")
    assert [text[0] for text in texts(oa)] == ["a", "c", "d"]


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
