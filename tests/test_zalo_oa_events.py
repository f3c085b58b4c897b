"""Every kind of event Zalo OA sends, and everything it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.channels.zalo_fields import Unreadable
from bot.channels.zalo_oa_events import (
    PAUSE,
    Event,
    Ignored,
    Left,
    Paused,
    Receipt,
    Said,
    read,
)
from handlers.messages import Attachment, Message
from tests.conftest import START, HandClock
from tests.fakes.zalo_oa import APP_ID, OA_ID
from tests.fakes.zalo_oa_people import People, Seen
from tests.fakes.zalo_push import compact

PEOPLE = People(APP_ID, OA_ID, HandClock())
PAO = PEOPLE.person(1)
PHOTO = "http://f6.photo.talk.zdn.vn/a.jpg"


def of(event: dict[str, Any] | bytes) -> Event | Ignored:
    return read(event if isinstance(event, bytes) else compact(event), OA_ID, START)


def said(event: dict[str, Any]) -> Message:
    found = of(event)
    assert isinstance(found, Said)
    return found.message


# ---- What people say ---------------------------------------------------------------------------


def test_a_text_is_a_message() -> None:
    event = PEOPLE.says(PAO, "Nhà tôi góp 2 triệu")
    assert of(event) == Said(
        Message(
            "zalo_oa",
            OA_ID,
            PAO.user_id,
            event["message"]["msg_id"],
            START,
            text="Nhà tôi góp 2 triệu",
        ),
    )


def test_ids_keep_every_digit_even_as_numbers() -> None:
    event = PEOPLE.says(PAO, "a")
    event["sender"]["id"] = int(PAO.user_id)
    event["recipient"]["id"] = int(OA_ID)
    assert said(event).sender == PAO.user_id == "2468458835296190001"


@pytest.mark.parametrize(
    ("kind", "payload", "text", "expected", "words"),
    [
        ("image", {"url": PHOTO, "thumbnail": "t"}, "", Attachment("photo", PHOTO), ""),
        ("image", {"url": PHOTO}, "ảnh đường", Attachment("photo", PHOTO), "ảnh đường"),
        ("image", {"thumbnail": PHOTO}, "", Attachment("photo", PHOTO), ""),
        ("gif", {"url": PHOTO}, "", Attachment("photo", PHOTO), ""),
        ("audio", {"url": PHOTO}, "", Attachment("voice", PHOTO), ""),
        ("video", {"url": PHOTO, "description": "d"}, "", Attachment("file", PHOTO), ""),
        (
            "file",
            {"url": PHOTO, "name": "don.pdf", "size": "20220", "type": "pdf"},
            "",
            Attachment("file", PHOTO, "don.pdf", 20220),
            "",
        ),
        ("file", {"url": PHOTO, "size": 7}, "", Attachment("file", PHOTO, "", 7), ""),
        ("file", {"url": PHOTO, "size": "-1"}, "", Attachment("file", PHOTO), ""),
        ("sticker", {"id": "bfe4", "url": PHOTO}, "", Attachment("sticker", "bfe4"), ""),
        (
            "location",
            {"coordinates": {"latitude": "22.3964", "longitude": "103.4582067"}},
            "Chợ Lai Châu",
            Attachment("location", "22.396400,103.458207", "Chợ Lai Châu"),
            "",
        ),
        (
            "location",
            {"coordinates": {"latitude": 22.3964, "longitude": "x"}},
            "",
            None,
            "",
        ),
        ("location", {"coordinates": {"latitude": "91", "longitude": "1"}}, "", None, ""),
        ("location", {"coordinates": {"latitude": "nan", "longitude": "1"}}, "", None, ""),
        (
            "link",
            {"url": "https://example.vn/x", "description": "d"},
            "",
            None,
            "https://example.vn/x",
        ),
        ("link", {"url": "https://example.vn/x"}, "xem này", None, "xem này"),
        (
            "business_card",
            {"description": '{"phone":"84912345678","caption":"Lò Thị Sai"}', "url": "u"},
            "",
            Attachment("contact", "84912345678", "Lò Thị Sai"),
            "",
        ),
        (
            "business_card",
            {"url": "https://zalo.me/1"},
            "",
            Attachment("contact", "https://zalo.me/1"),
            "",
        ),
        ("business_card", {"description": "["}, "", None, ""),
        ("image", {}, "", None, ""),
    ],
)
def test_what_is_sent_beside_text(
    kind: str, payload: dict[str, Any], text: str, expected: Attachment | None, words: str
) -> None:
    message = said(PEOPLE.sends(PAO, kind, payload, text))
    assert message.attachments == ((expected,) if expected else ())
    assert message.text == words


def test_a_tap_comes_as_text_and_is_a_choice_again() -> None:
    seen = Seen(
        "1", "text", START, "Góp gì ạ?", (("Tiền", "#abcDEF_-1234.1"), ("Mẫu", "#=báo cáo"))
    )
    tapped = said(PEOPLE.taps(PAO, seen, 0))
    assert (tapped.choice, tapped.text) == ("abcDEF_-1234.1", "")
    typed = said(PEOPLE.taps(PAO, seen, 1))
    assert (typed.choice, typed.text) == ("=báo cáo", "")


@pytest.mark.parametrize(
    "text", ["#", "#1", "#chungsuc", "# 2 triệu", "#Chung sức Lai Châu", "a#abcDEF_-1234.1"]
)
def test_what_a_person_writes_with_that_sign_stays_his_text(text: str) -> None:
    message = said(PEOPLE.says(PAO, text))
    assert (message.choice, message.text) == (None, text)


@pytest.mark.parametrize("event", [PEOPLE.follows(PAO), PEOPLE.opens_chat(PAO)])
def test_who_comes_is_shown_the_menu(event: dict[str, Any]) -> None:
    found = of(event)
    assert isinstance(found, Said)
    assert found.message.text == "start"
    stamp = event["timestamp"]
    assert found.message.event_id == f"{event['event_name']}:{PAO.user_id}:{stamp}"


@pytest.mark.parametrize(
    "info",
    [
        {
            "name": "Giàng A Páo",
            "phone": "84912345678",
            "user_dob": "30/10/1999",
            "full_address": {"user_city": "Lai Châu", "user_ward": "Phong Thổ"},
        },
        {
            "address": "Bản 3",
            "phone": 84912345678,
            "city": "Lai Châu",
            "district": "Phong Thổ",
            "name": "Giàng A Páo",
            "ward": "Mường So",
        },
    ],
)
def test_both_shapes_of_the_phone_card(info: dict[str, Any]) -> None:
    found = of(PEOPLE.shares(PAO, info))
    assert isinstance(found, Said)
    assert found.message.attachments == (Attachment("contact", "84912345678", "Giàng A Páo"),)


# ---- What else happens -------------------------------------------------------------------------


def test_an_official_s_own_message_pauses_the_bot() -> None:
    seen = Seen("9f", "text", START, "Chào bác")
    event = PEOPLE.echo(PAO, seen, admin_id="4417")
    assert of(event) == Paused(PAO.user_id, START + PAUSE, "9f")
    assert of(PEOPLE.echo(PAO, seen)) == Ignored("oa_send_text")


def test_who_leaves_is_gone() -> None:
    assert of(PEOPLE.follows(PAO, "unfollow")) == Left(PAO.user_id, START)


def test_receipts() -> None:
    seen = PEOPLE.receipt(PAO, "user_seen_message", {"msg_ids": ["1a", "2b"]})
    assert of(seen) == Receipt(PAO.user_id, ("1a", "2b"), START, seen=True)
    got = PEOPLE.receipt(PAO, "user_received_message", {"msg_id": "1a"})
    assert of(got) == Receipt(PAO.user_id, ("1a",), START, seen=False)
    got["message"] |= {"tracking_id": "case-1", "delivery_time": "1"}
    got["recipient"]["id"] = "84912345678"
    assert of(got) == Receipt("", ("1a",), START, seen=False)


@pytest.mark.parametrize(
    "name",
    [
        "user_reacted_message",
        "add_user_to_tag",
        "user_send_group_text",
        "oa_send_group_text",
        "oa_send_consent",
        "new",
    ],
)
def test_what_does_not_concern_us_is_ignored(name: str) -> None:
    assert of({"event_name": name}) == Ignored(name)


def test_another_oa_s_event_is_kept_for_a_person_to_look_at() -> None:
    event = PEOPLE.says(PAO, "a")
    event["recipient"]["id"] = "1"
    with pytest.raises(Unreadable):
        of(event)


# ---- Time --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stamp", "at"),
    [
        (str(int(START.timestamp() * 1000) - 1), START - timedelta(milliseconds=1)),
        (int(START.timestamp() * 1000), START),
        (str(int(START.timestamp())), START),
        ("1540368141908", datetime(2018, 10, 24, 8, 2, 21, 908000, tzinfo=UTC)),
        ("9999999999999", START),
        ("99999999999999999", START),
        ("soon", START),
        (None, START),
        (True, START),
    ],
)
def test_the_time_is_zalo_s_but_never_the_future(stamp: object, at: datetime) -> None:
    event = PEOPLE.says(PAO, "a")
    event["timestamp"] = stamp
    assert said(event).at == at
