"""Telegram's updates as messages: every kind, as PTB spells it, and everything that is none."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels import telegram_buttons
from bot.channels.telegram_read import Incoming, NotUnderstood, lane, read
from bot.console.json_body import NotAnObject, parse_object
from handlers.messages import Attachment, Message
from tests.fakes.telegram_people import Seen
from tests.telegram_double import ACCOUNT, AT, JPEG, people_and_updates

CHAT = 8_123_456_789_012
"""A person's id; beyond 32 bits, as newer ones are."""


def only(updates: list[dict[str, Any]]) -> Message:
    """The one message of the one update."""
    (update,) = updates
    message = read(update, ACCOUNT, AT).message
    assert message is not None
    return message


def test_a_text_is_a_message_of_its_chat() -> None:
    people, updates = people_and_updates()
    number = people.say(CHAT, "góp 2 triệu ạ")
    event = f"{updates[0]['update_id']}.{number}"
    assert only(updates) == Message("telegram", ACCOUNT, str(CHAT), event, AT, text="góp 2 triệu ạ")
    assert lane(updates[0]) == str(CHAT)


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("/start", "menu"),
        ("/start@chungsuc_bot", "menu"),
        ("/start abcdefghijkmnpqrstuvwxyz23", "mã mời abcdefghijkmnpqrstuvwxyz23"),
        ("/start ngắn", "menu"),
        ("/menu", "menu"),
        ("/Help", "help"),
        ("/bao_dong_gop", "bao dong gop"),
        ("/xem LC-234679A", "xem LC-234679A"),
        ("/", "/"),
        ("/ xem", "/ xem"),
        ("3/2", "3/2"),
    ],
)
def test_a_slash_command_is_its_words(typed: str, text: str) -> None:
    people, updates = people_and_updates()
    people.say(CHAT, typed)
    assert only(updates).text == text


def test_an_edited_message_is_an_event_of_its_own() -> None:
    people, updates = people_and_updates()
    number = people.say(CHAT, "góp 2 triệu")
    people.edit(CHAT, number, "góp 3 triệu")
    first, second = (read(update, ACCOUNT, AT).message for update in updates)
    assert first is not None
    assert second is not None
    assert (second.text, second.sender) == ("góp 3 triệu", first.sender)
    assert second.event_id != first.event_id


def test_a_live_location_on_its_way_is_no_new_message() -> None:
    people, updates = people_and_updates()
    people.location(CHAT, 22.3964, 103.4582)
    moved = {"update_id": 1, "edited_message": updates[0]["message"]}
    assert only(updates).attachments == (Attachment("location", "22.396400,103.458200"),)
    assert read(moved, ACCOUNT, AT) == Incoming()


def test_a_photo_is_its_largest_size_and_its_caption_the_text() -> None:
    people, updates = people_and_updates()
    people.photo(CHAT, JPEG, "đường bản")
    message = only(updates)
    largest = updates[0]["message"]["photo"][1]["file_id"]
    assert people.files[largest] == JPEG
    assert message.attachments == (Attachment("photo", largest, "", len(JPEG)),)
    assert (message.text, message.group) == ("đường bản", "")


def test_the_parts_of_an_album_share_their_group() -> None:
    people, updates = people_and_updates()
    people.album(CHAT, [JPEG] * 3, "ba ảnh")
    people.album(CHAT, [JPEG] * 2, "hai ảnh")
    messages = [read(update, ACCOUNT, AT).message for update in updates]
    groups = [one.group for one in messages if one is not None]
    assert len(groups) == 5
    assert [groups.count(group) for group in groups] == [3, 3, 3, 2, 2]
    assert "" not in groups


def test_files_of_every_kind() -> None:
    people, updates = people_and_updates()
    people.document(CHAT, b"%PDF", "biên bản.pdf", "application/pdf")
    people.document(CHAT, JPEG, "IMG_1.jpg", "image/jpeg")
    people.voice(CHAT, b"OggS")
    people.sticker(CHAT)
    people.contact(CHAT, "+84900000000", "Người Thử")
    found = [one.attachments[0] for u in updates if (one := read(u, ACCOUNT, AT).message)]
    assert [(one.kind, one.name) for one in found] == [
        ("file", "biên bản.pdf"),
        ("photo", "IMG_1.jpg"),
        ("voice", ""),
        ("sticker", "👍"),
        ("contact", "Người Thử"),
    ]
    assert found[4].reference == "+84900000000"
    assert [people.files[one.reference] for one in found[:3]] == [b"%PDF", JPEG, b"OggS"]


@pytest.mark.parametrize("kind", ["audio", "video", "video_note"])
def test_sound_and_film_are_files(kind: str) -> None:
    people, updates = people_and_updates()
    people.say(CHAT, "x")
    del updates[0]["message"]["text"]
    updates[0]["message"][kind] = {"file_id": "F1", "file_size": 7, "file_name": "a.bin"}
    name = Attachment("file", "F1", "a.bin", 7)
    assert only(updates).attachments == (name,)


def test_a_tap_is_its_choice_and_is_to_be_answered() -> None:
    people, updates = people_and_updates()
    tap = people.tap(CHAT, Seen(5, "Đúng không?", (("Đúng", "aB3.1"),)), "aB3.1")
    incoming = read(updates[0], ACCOUNT, AT)
    event = f"{updates[0]['update_id']}.{tap}"
    message = Message("telegram", ACCOUNT, str(CHAT), event, AT, choice="aB3.1")
    assert incoming == Incoming(message, tap=tap)
    assert lane(updates[0]) == str(CHAT)


def test_a_tap_under_a_message_too_old_to_be_shown_still_counts() -> None:
    people, updates = people_and_updates()
    people.tap(CHAT, Seen(5, "Đúng không?", (("Đúng", "x.1"),)), "x.1")
    query = updates[0]["callback_query"]
    query["message"] = {"chat": query["message"]["chat"], "message_id": 5, "date": 0}
    assert only(updates).choice == "x.1"
    del query["message"]
    assert only(updates).choice == "x.1"


def test_who_blocks_the_bot_cannot_be_written_to() -> None:
    people, updates = people_and_updates()
    people.block(CHAT)
    people.unblock(CHAT)
    found = [read(update, ACCOUNT, AT).reach for update in updates]
    assert found == [(str(CHAT), False), (str(CHAT), True)]


def test_a_group_is_noticed_once_and_then_left_alone() -> None:
    people, updates = people_and_updates()
    people.invite_to_group(-100_777)
    people.say(-100_777, "chào bot")
    people.tap(-100_777, Seen(5, "a", (("A", "x.1"),)), "x.1")
    first, second, third = (read(update, ACCOUNT, AT) for update in updates)
    assert first == Incoming(joined="-100777")
    assert second == Incoming()
    assert third.message is None
    assert third.tap


@pytest.mark.parametrize(
    "fields",
    [
        {"pinned_message": {"message_id": 1}},
        {"new_chat_title": "a"},
        {"delete_chat_photo": True},
        {"message_auto_delete_timer_changed": {}},
        {"text": "tôi là bot", "from": {"id": 3, "is_bot": True}},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_what_nobody_said_is_passed_over(fields: dict[str, Any]) -> None:
    chat = {"id": CHAT, "type": "private"}
    update = {"update_id": 1, "message": {"message_id": 2, "chat": chat, **fields}}
    assert read(update, ACCOUNT, AT) == Incoming()


def test_what_cannot_be_read_is_still_somebody_speaking() -> None:
    chat = {"id": CHAT, "type": "private"}
    for kind in ("poll", "dice", "venue", "paid_media", "voice", "photo", "location", "contact"):
        message = {"message_id": 2, "chat": chat, kind: {"new": 1}}
        found = read({"update_id": 1, "message": message}, ACCOUNT, AT).message
        assert found is not None
        assert (found.text, found.attachments) == ("", ())


def test_an_unheard_of_field_or_kind_disturbs_nothing() -> None:
    people, updates = people_and_updates()
    people.say(CHAT, "chào")
    updates[0]["message"] |= {"forward_origin": {"type": "from_mars"}, "effect": [1, {"a": None}]}
    assert only(updates).text == "chào"
    assert read({"update_id": 1, "thought": {"of": CHAT}}, ACCOUNT, AT) == Incoming()
    assert lane({"update_id": 1, "thought": {"of": CHAT}}) == ""


@pytest.mark.parametrize("date", [0, -5, 2**60, 10**30, "1735779600", None, 1.5, True])
def test_an_odd_time_is_now(date: object) -> None:
    people, updates = people_and_updates()
    people.say(CHAT, "chào")
    updates[0]["message"]["date"] = date
    assert only(updates).at == AT
    updates[0]["message"]["date"] = 1_735_779_601
    assert only(updates).at == datetime(2025, 1, 2, 1, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "update",
    [
        None,
        [1],
        "a",
        {},
        {"update_id": "7"},
        {"update_id": True, "message": {}},
        {"update_id": -1},
        {"update_id": 2**63},
        {"update_id": 1, "message": None},
        {"update_id": 1, "message": {"text": "không có chat"}},
        {"update_id": 1, "message": {"chat": {"id": "x", "type": "private"}, "text": "a"}},
        {"update_id": 1, "message": {"chat": {"id": 2**63, "type": "private"}, "text": "a"}},
        {"update_id": 1, "edited_message": 5},
        {"update_id": 1, "callback_query": {"id": "1", "data": "x"}},
        {"update_id": 1, "my_chat_member": {"chat": {"id": 1, "type": "private"}}},
    ],
    ids=repr,
)
def test_what_must_be_there_is_missed(update: object) -> None:
    with pytest.raises(NotUnderstood):
        read(update, ACCOUNT, AT)


# ---- Whatever comes ------------------------------------------------------------------------

ODD: list[Any] = [
    None, True, False, 0, 1, -1, 2**31, 2**63, -(2**63), 10**30, 0.5, float("nan"), float("inf"),
    "", "a", "a\0b", "\ud800", "private", "kicked", "member", "/start", "/start " + "a" * 26, "7",
    [], {}, [[]], [None], [{}], {"": None}, {"id": 7}, {"id": "7", "type": "private"}, "x" * 5000,
]  # fmt: skip
"""What a field may hold instead of what it should."""


def genuine_updates() -> list[dict[str, Any]]:
    """One of every kind."""
    people, updates = people_and_updates()
    people.edit(CHAT, people.say(CHAT, "góp 2 triệu"), "góp 3 triệu")
    people.start(CHAT, "a" * 26)
    people.album(CHAT, [JPEG, JPEG], "hai ảnh")
    people.document(CHAT, JPEG, "IMG_1.jpg", "image/jpeg")
    people.voice(CHAT, b"OggS")
    people.sticker(CHAT)
    people.location(CHAT, 22.4, 103.5)
    people.contact(CHAT, "+84900000000", "Người Thử")
    people.tap(CHAT, Seen(5, "Đúng không?", (("Đúng", "aB3.1"),)), "aB3.1")
    people.block(CHAT)
    people.invite_to_group(-7)
    return updates


def spoil(value: Any, chance: random.Random) -> Any:
    """The value with something in it missing, changed, added or put elsewhere."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        key = chance.choice(list(value))
        return value | {key: spoil(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.7:
        at = chance.randrange(len(value))
        return [*value[:at], spoil(value[at], chance), *value[at + 1 :]]
    change = chance.randrange(4)
    if isinstance(value, dict) and value and change == 0:
        return {key: one for key, one in value.items() if key != chance.choice(list(value))}
    if isinstance(value, dict) and change == 1:
        return value | {chance.choice(["x", "text", "chat", "location"]): chance.choice(ODD)}
    return [value] if change == 2 else chance.choice(ODD)


@pytest.mark.parametrize("kind", range(len(genuine_updates())))
def test_3000_spoilt_updates_of_every_kind_are_read_or_not_understood(kind: int) -> None:
    update = genuine_updates()[kind]
    chance = random.Random(kind)
    understood = 0
    for _ in range(3_000):
        spoilt = update
        for _ in range(chance.randint(1, 3)):
            spoilt = spoil(spoilt, chance)
        understood += taken(json.dumps(spoilt).encode())
    assert 0 < understood < 3_000


@pytest.mark.parametrize("kind", range(len(genuine_updates())))
def test_spoilt_bytes_are_read_or_not_understood(kind: int) -> None:
    raw = json.dumps(genuine_updates()[kind]).encode()
    chance = random.Random(kind)
    for _ in range(1_000):
        at, cut = chance.randrange(len(raw)), chance.choice([0, 1, 2, 50, len(raw)])
        taken(raw[:at] + chance.randbytes(chance.randrange(4)) + raw[at + cut :])


anything = st.recursive(
    st.sampled_from(ODD) | st.text(st.characters(codec=None), max_size=5) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
FIELDS = ["chat", "from", "text", "photo", "document", "location", "contact", "id", "data", "date"]
nearly = st.fixed_dictionaries(
    {"update_id": st.integers(0, 2**62)},
    optional={
        kind: st.dictionaries(st.sampled_from(FIELDS), anything, max_size=4)
        for kind in ("message", "edited_message", "callback_query", "my_chat_member")
    },
)


@settings(max_examples=300, deadline=None)
@given(nearly | anything)
def test_any_json_is_read_or_not_understood(update: object) -> None:
    lane(update)
    taken(json.dumps(update).encode())


def taken(raw: bytes) -> bool:
    """Whether a body was understood; nothing but the two faults meant for it may come of it."""
    try:
        assert_storable(read(parse_object(raw), ACCOUNT, AT))
    except (NotAnObject, NotUnderstood):
        return False
    return True


def assert_storable(incoming: Incoming) -> None:
    """No half an emoji, no zero byte in a name, ids within bounds."""
    message = incoming.message
    if message is None:
        return
    json.dumps([message.text, message.choice], ensure_ascii=False).encode()
    assert -(2**63) < int(message.sender) < 2**63
    assert message.at.tzinfo is UTC
    for one in message.attachments:
        assert one.reference
        assert "\0" not in (one.name + one.reference)
        (one.name + one.reference).encode()
        assert one.size is None or 0 <= one.size < 2**63
    assert message.event_id.isascii()
    assert len(message.event_id) < 600


# ---- Buttons -------------------------------------------------------------------------------


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=80))
def test_every_choice_fits_on_a_button_and_is_found_again(choice: str) -> None:
    data = telegram_buttons.data_of(choice)
    assert 1 <= len(data.encode()) <= 64
    if telegram_buttons.is_digest(data):
        others = ["=xem LC-234679A", "#", "=" + "ệ" * 30]
        assert telegram_buttons.find(data, [*others, choice]) == choice
        assert choice in others or telegram_buttons.find(data, others) is None
    else:
        assert data == choice
