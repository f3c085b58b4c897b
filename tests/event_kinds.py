"""One event of every kind the platforms document, by whichever person, its ids always fresh."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.conftest import HandClock
from tests.fakes.telegram_people import People as TelegramPeople
from tests.fakes.telegram_people import Seen as SeenOnTelegram
from tests.fakes.zalo_bot import FakeZaloBot
from tests.fakes.zalo_oa_people import People as ZaloPeople
from tests.fakes.zalo_oa_people import Person, Seen

Event = dict[str, Any]
Make = Callable[[int], Event]
"""The event, by the person with this number."""
FIRST_CHAT = 8_123_456_789_012
PHOTO = {"url": "http://f6.photo.talk.zdn.vn/a.jpg", "thumbnail": "http://t.f6.talk.zdn.vn/a.jpg"}


def telegram(people: TelegramPeople, updates: list[Event]) -> dict[str, Make]:
    """By the update's kind, those of one kind told apart after a colon."""

    def of(act: Callable[[int], object]) -> Make:
        def make(number: int) -> Event:
            act(FIRST_CHAT + number)
            return updates.pop()

        return make

    def raw(kind: str, fields: Event) -> Make:
        return of(lambda chat: people.raw({kind: _by(chat, fields)}))

    def sent(**fields: Any) -> Make:
        return raw("message", {**message, **fields})

    message: Event = {"message_id": 1, "date": 1735779600, "chat": USER, "from": USER}
    channel = {**message, "chat": {"id": -1001, "type": "channel", "title": "Xã"}, "text": "chào"}
    member = {"user": USER, "status": "member"}
    change = {"chat": GROUP, "from": USER, "date": 1735779600, "old_chat_member": member}
    boost = {"boost_id": "b1", "add_date": 1735779600, "source": {"source": "premium"}}
    poll = {"id": "5", "question": "?", "options": [{"text": "có", "voter_count": 1}]}
    video = {"file_id": "BAADBAADa", "file_unique_id": "u", "width": 1, "height": 1, "duration": 1}
    heart = [{"type": "emoji", "emoji": "❤"}]
    return {
        "message": of(lambda chat: people.say(chat, "chào")),
        "message: start": of(lambda chat: people.start(chat, "mã-không-có-thật")),
        "message: photo": of(lambda chat: people.photo(chat, b"\xff\xd8\xff", "ảnh", "album")),
        "message: document": of(
            lambda chat: people.document(chat, b"%PDF", "a.pdf", "application/pdf")
        ),
        "message: voice": of(lambda chat: people.voice(chat, b"OggS")),
        "message: sticker": of(people.sticker),
        "message: location": of(lambda chat: people.location(chat, 22.4, 103.4)),
        "message: contact": of(lambda chat: people.contact(chat, "0912345678", "Páo")),
        "message: video": sent(video=video, caption="đường mới"),
        "message: video_note": sent(video_note=video),
        "message: audio": sent(audio={**video, "mime_type": "audio/mpeg", "file_name": "a.mp3"}),
        "message: poll": sent(poll=poll),
        "message: pinned": sent(pinned_message={**message, "text": "chào"}),
        "message: in a group": of(lambda chat: people.say(-chat, "chào")),
        "edited_message": of(lambda chat: people.edit(chat, 1, "chào lại")),
        "callback_query": of(
            lambda chat: people.tap(chat, SeenOnTelegram(1, "?", (("có", "cu-roi"),)), "cu-roi")
        ),
        "my_chat_member": of(people.block),
        "my_chat_member: unblocked": of(people.unblock),
        "my_chat_member: a group": of(lambda chat: people.invite_to_group(-chat)),
        "channel_post": raw("channel_post", channel),
        "edited_channel_post": raw("edited_channel_post", {**channel, "edit_date": 1735779601}),
        "business_connection": raw(
            "business_connection", {"id": "c", "user": USER, "user_chat_id": 1, "date": 1735779600}
        ),
        "business_message": raw("business_message", {**message, "text": "chào"}),
        "edited_business_message": raw("edited_business_message", {**message, "text": "chào"}),
        "deleted_business_messages": raw(
            "deleted_business_messages",
            {"business_connection_id": "c", "chat": USER, "message_ids": [1, 2]},
        ),
        "guest_message": raw("guest_message", {**message, "text": "chào"}),
        "message_reaction": raw(
            "message_reaction",
            {**message, "user": USER, "old_reaction": [], "new_reaction": heart},
        ),
        "message_reaction_count": raw(
            "message_reaction_count",
            {**channel, "reactions": [{"type": heart[0], "total_count": 2}]},
        ),
        "inline_query": raw("inline_query", {"id": "5", "from": USER, "query": "a", "offset": ""}),
        "chosen_inline_result": raw(
            "chosen_inline_result", {"result_id": "5", "from": USER, "query": "a"}
        ),
        "shipping_query": raw("shipping_query", {"id": "5", "from": USER, "invoice_payload": "a"}),
        "pre_checkout_query": raw(
            "pre_checkout_query", {"id": "5", "from": USER, "currency": "VND", "total_amount": 1}
        ),
        "purchased_paid_media": raw("purchased_paid_media", {"from": USER, "payload": "a"}),
        "poll": raw("poll", poll),
        "poll_answer": raw("poll_answer", {"poll_id": "5", "user": USER, "option_ids": [0]}),
        "chat_member": raw("chat_member", {**change, "new_chat_member": member}),
        "chat_join_request": raw(
            "chat_join_request", {"chat": GROUP, "from": USER, "user_chat_id": 1, "date": 1}
        ),
        "chat_boost": raw("chat_boost", {"chat": GROUP, "boost": boost}),
        "removed_chat_boost": raw("removed_chat_boost", {"chat": GROUP, **boost}),
        "managed_bot": raw("managed_bot", {"user": USER, "bot": {**USER, "is_bot": True}}),
        "subscription": raw("subscription", {"user": USER, "state": "active"}),
        "stopped_message_generation": raw("stopped_message_generation", message),
        "a kind to come": raw("a_kind_to_come", {**message, "text": "chào"}),
    }


USER = {"id": 0, "is_bot": False, "type": "private", "first_name": "Páo", "language_code": "vi"}
GROUP = {"id": -1002, "type": "supergroup", "title": "Bản"}


def _by(chat: int, fields: Event) -> Event:
    """With this person in the place of USER."""
    return {key: {**value, "id": chat} if value is USER else value for key, value in fields.items()}


def zalo_oa(people: ZaloPeople, account: str) -> dict[str, Make]:
    """By the event's name, those of one name told apart after a colon."""

    def of(act: Callable[[Person], Event]) -> Make:
        return lambda number: act(people.person(number))

    def sent(kind: str, payload: Event, text: str = "") -> Make:
        return of(lambda who: people.sends(who, kind, payload, text))

    def receipt(name: str, message: Event) -> Make:
        return of(lambda who: people.receipt(who, name, message))

    def echo(kind: str, admin_id: str = "") -> Make:
        seen = Seen(people.message_id(), kind, HandClock()(), "chào")
        return of(lambda who: people.echo(who, seen, admin_id))

    def about(event: str, **fields: Any) -> Make:
        return of(
            lambda who: people.event(event, {"oa_id": account, "user_id": who.user_id} | fields)
        )

    place = {"coordinates": {"latitude": "22.4", "longitude": "103.4"}}
    card = {"description": '{"phone":"84912345678","caption":"Páo"}', "url": "https://zalo.me/1"}
    info = {"name": "Páo", "phone": "84912345678", "full_address": {"user_city": "Lai Châu"}}
    file = {**PHOTO, "name": "don.pdf", "size": "20220", "type": "pdf", "checksum": "a"}
    said = {"message": {"text": "chào", "msg_id": "1"}, "recipient": {"id": "1"}}
    return {
        "user_send_text": of(lambda who: people.says(who, "chào")),
        "user_send_text: a tap": of(lambda who: people.says(who, "#cu-roi-khong-con")),
        "user_send_image": sent("image", PHOTO, "ảnh"),
        "user_send_gif": sent("gif", PHOTO),
        "user_send_link": sent("link", {**PHOTO, "description": "bài"}),
        "user_send_audio": sent("audio", PHOTO),
        "user_send_video": sent("video", {**PHOTO, "description": "đường"}),
        "user_send_sticker": sent("sticker", {"id": "1", **PHOTO}),
        "user_send_location": sent("location", place, "Nhà văn hóa"),
        "user_send_business_card": sent("business_card", card),
        "user_send_file": sent("file", file),
        **{f"oa_send_{kind}": echo(kind) for kind in ("text", "image", "gif", "list", "file")},
        "oa_send_sticker": echo("sticker"),
        "oa_send_text: by an official": echo("text", "2"),
        "follow": of(people.follows),
        "unfollow": of(lambda who: people.follows(who, "unfollow")),
        "user_click_chatnow": of(people.opens_chat),
        "user_submit_info": of(lambda who: people.shares(who, info)),
        "user_submit_info: flat": of(
            lambda who: people.shares(
                who, {"name": "Páo", "phone": 84912345678, "city": "Lai Châu"}
            )
        ),
        "user_seen_message": receipt("user_seen_message", {"msg_ids": ["1", "2"]}),
        "user_received_message": receipt("user_received_message", {"msg_id": "1"}),
        "user_received_message: by number": receipt(
            "user_received_message", {"msg_id": "1", "delivery_time": "1", "tracking_id": "a"}
        ),
        "user_reacted_message": receipt(
            "user_reacted_message", {"msg_id": "1", "react_icon": ":>"}
        ),
        "oa_reacted_message": receipt("oa_reacted_message", {"msg_id": "1", "react_icon": ":>"}),
        "add_user_to_tag": about("add_user_to_tag", tag_name="can-bo"),
        "oa_send_consent": about("oa_send_consent", request_type="call", expired_time="1"),
        "user_reply_consent": about("user_reply_consent", consent={"type": "call"}),
        "widget_interaction_accepted": about("widget_interaction_accepted", data={"a": 1}),
        "user_send_group_text": about("user_send_group_text", group_id="1", **said),
        "user_send_group_image": about("user_send_group_image", group_id="1", **said),
        "oa_send_group_text": about("oa_send_group_text", group_id="1", **said),
        "create_group": about("create_group", group_id="1", name="Bản"),
        "user_join_group": about("user_join_group", group_id="1", users=[{"id": "1"}]),
        "change_template_status": about("change_template_status", template_id="1", status="a"),
        "change_oa_daily_quota": about("change_oa_daily_quota", quota={"prev": "1", "new": "2"}),
        "a name to come": about("a_name_to_come", **said),
    }


def zalo_bot(fake: FakeZaloBot) -> dict[str, Make]:
    """By the event's name, each wrapped as getUpdates does it; a text bare as well."""

    def of(kind: str, fields: Event) -> Make:
        return lambda number: fake.body(fake.sends(fake.person(number), kind, fields))

    photo = {"caption": "ảnh", "message_type": "CHAT_PHOTO"}
    return {
        "message.text.received": of("text", {"text": "chào"}),
        "message.text.received: bare": lambda number: fake.says(fake.person(number), "chào"),
        "message.image.received": of("image", {**photo, "photo": "https://a.zdn.vn/a.jpg"}),
        "message.image.received: live": of(
            "image", {**photo, "photo_url": "https://a.zdn.vn/a.jpg"}
        ),
        "message.voice.received": of("voice", {"voice_url": "https://a.zdn.vn/a.aac"}),
        "message.sticker.received": of("sticker", {"sticker": "1", "url": "https://a.zdn.vn/a"}),
        "message.unsupported.received": of("unsupported", {}),
        "message.text.received: a group": of(
            "text", {"text": "chào", "chat": {"id": "zgr-1", "chat_type": "GROUP"}}
        ),
        "a name to come": of("to_come", {"text": "chào"}),
    }
