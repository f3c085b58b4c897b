"""What Zalo OA tells us: one event of its webhook, read into one of the kinds below.

Whatever the JSON holds, reading ends in a kind or in `Unreadable`, never in another exception. Ids
are decimal text beyond what a float can hold; they are never turned into numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.channels.zalo_fields import Unreadable, ident, inner, moment, text
from bot.channels.zalo_oa_attachments import attachments, business_card, linked, shared_contact
from bot.console.json_body import NotAnObject, parse_object
from handlers.messages import Attachment, Message
from handlers.turn import TYPED

CHANNEL = "zalo_oa"
START = "start"
"""What following the OA and its "Nhắn tin" button stand for: the word that opens the menu."""
PAYLOAD = "#"
"""Before a button's choice id; a tap comes back as an ordinary text that holds both."""
PAUSE = timedelta(minutes=30)
"""How long the bot keeps silent after an official has written to the person himself."""
_TAPPED = re.compile(rf"{PAYLOAD}({TYPED}.+|[A-Za-z0-9_.~-]{{12,}})", re.DOTALL)
"""Choice ids are random and long; a person's own "#chungsuc" stays a text."""


@dataclass(frozen=True, slots=True)
class Said:
    """A person did something the conversation answers."""

    message: Message


@dataclass(frozen=True, slots=True)
class Paused:
    """An official wrote to the person in the OA's own tool: the bot keeps silent until then."""

    sender: str
    until: datetime
    message_id: str


@dataclass(frozen=True, slots=True)
class Left:
    """The person no longer follows the OA; nothing reaches him until he writes again."""

    sender: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """Messages of ours were read, or reached the person. A template message sent by phone number
    has no sender.
    """

    sender: str
    message_ids: tuple[str, ...]
    at: datetime
    seen: bool


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that does not concern us, or one we do not know."""

    name: str


Event = Said | Paused | Left | Receipt
_Fields = Mapping[str, object]


def read(raw: bytes, account: str, now: datetime) -> Event | Ignored:
    """The event in a genuine body. Raises Unreadable: it is to be kept for a person to look at.

    `account` is our OA's id. An event's time is Zalo's, but never later than `now`.
    """
    try:
        fields = parse_object(raw)
    except NotAnObject:
        raise Unreadable from None
    name = text(fields.get("event_name"))
    if name in _SAID:
        return _said(fields, name, account, now)
    if name.startswith("oa_send_") and not name.startswith(_NO_ECHO):
        return _echo(fields, name, account, now)
    if name in _OTHERS:
        return _OTHERS[name](fields, account, now)
    if not name:
        raise Unreadable
    return Ignored(name[:64])


def _ours(value: object, account: str) -> None:
    """Raises Unreadable for another OA's event: a wrong setting must not lose what people say."""
    if ident(value) != account:
        raise Unreadable


def _said(fields: _Fields, name: str, account: str, now: datetime) -> Said:
    message = inner(fields, "message")
    sender = ident(inner(fields, "sender").get("id"))
    _ours(inner(fields, "recipient").get("id"), account)
    words = text(message.get("text"))
    things: tuple[Attachment, ...] = ()
    if name == "user_send_business_card":
        things = business_card(message)
    elif name == "user_send_link":
        words = words or linked(message)
    elif name != "user_send_text":
        things = attachments(message)
    # The text of a location is the place's name, not something the person said.
    words = "" if name == "user_send_location" else words
    tapped = _TAPPED.fullmatch(words) if name == "user_send_text" else None
    said = Message(
        channel=CHANNEL,
        account=account,
        sender=sender,
        event_id=ident(message.get("msg_id")),
        at=moment(fields.get("timestamp"), now),
        text="" if tapped else words,
        choice=tapped[1] if tapped else None,
        attachments=things,
    )
    return Said(said)


def _echo(fields: _Fields, name: str, account: str, now: datetime) -> Paused | Ignored:
    by = inner(fields, "sender")
    _ours(by.get("id"), account)
    if not text(by.get("admin_id")):
        return Ignored(name)
    until = moment(fields.get("timestamp"), now) + PAUSE
    sender = ident(inner(fields, "recipient").get("id"))
    return Paused(sender, until, text(inner(fields, "message").get("msg_id"), 128))


def _without_msg_id(
    fields: _Fields,
    sender: str,
    account: str,
    now: datetime,
    words: str,
    things: tuple[Attachment, ...] = (),
) -> Message:
    """A message from an event Zalo gives no id: its name, person and time are its id."""
    name, stamp = text(fields.get("event_name")), ident(fields.get("timestamp"))
    at, key = moment(stamp, now), f"{name}:{sender}:{stamp}"
    return Message(CHANNEL, account, sender, key, at, text=words, attachments=things)


def _followed(fields: _Fields, account: str, now: datetime) -> Said:
    _ours(fields.get("oa_id"), account)
    sender = ident(inner(fields, "follower").get("id"))
    return Said(_without_msg_id(fields, sender, account, now, START))


def _opened(fields: _Fields, account: str, now: datetime) -> Said:
    _ours(fields.get("oa_id"), account)
    sender = ident(fields.get("user_id"))
    return Said(_without_msg_id(fields, sender, account, now, START))


def _submitted(fields: _Fields, account: str, now: datetime) -> Said:
    sender = ident(inner(fields, "sender").get("id"))
    _ours(inner(fields, "recipient").get("id"), account)
    things = shared_contact(fields)
    return Said(_without_msg_id(fields, sender, account, now, "", things))


def _unfollowed(fields: _Fields, account: str, now: datetime) -> Left:
    _ours(fields.get("oa_id"), account)
    sender = ident(inner(fields, "follower").get("id"))
    return Left(sender, moment(fields.get("timestamp"), now))


def _seen(fields: _Fields, _account: str, now: datetime) -> Receipt:
    return _receipt(fields, now, seen=True)


def _received(fields: _Fields, _account: str, now: datetime) -> Receipt:
    return _receipt(fields, now, seen=False)


def _receipt(fields: _Fields, now: datetime, *, seen: bool) -> Receipt:
    message = inner(fields, "message")
    ids = message.get("msg_ids")
    found = [text(one, 128) for one in ids if text(one)] if isinstance(ids, list) else []
    if one := text(message.get("msg_id"), 128):
        found.append(one)
    # A phone number stands in place of the id for what was sent by number.
    by_number = "tracking_id" in message or "tracking_id" in fields
    sender = "" if by_number else text(inner(fields, "recipient").get("id"), 128)
    return Receipt(sender, tuple(found), moment(fields.get("timestamp"), now), seen)


_SAID = {
    "user_send_text",
    "user_send_image",
    "user_send_gif",
    "user_send_link",
    "user_send_audio",
    "user_send_video",
    "user_send_sticker",
    "user_send_location",
    "user_send_business_card",
    "user_send_file",
}
_NO_ECHO = ("oa_send_group_", "oa_send_consent")
"""Of the names an echo begins like: said to a group, and what a person is asked to permit."""
_OTHERS: dict[str, Callable[[_Fields, str, datetime], Event]] = {
    "follow": _followed,
    "unfollow": _unfollowed,
    "user_click_chatnow": _opened,
    "user_submit_info": _submitted,
    "user_seen_message": _seen,
    "user_received_message": _received,
}
