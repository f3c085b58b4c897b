"""Telegram's update as a plain value: read by hand and leniently, for one odd update stops nothing.

Pure: no network, no clock. aiogram's own models refuse an update for a field nobody here needs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from handlers.messages import Attachment, AttachmentKind, Message
from knowledge.text import clean

CHANNEL = "telegram"
MAX_NAME = 200
"""Characters of a file's or a contact's name; longer ones are no names."""
MAX_TIME = 2**33
"""Seconds; a date beyond it is no date."""

_INVITATION = re.compile(r"[A-Za-z0-9_-]{16,64}")
"""What looks like an invitation's code; whether it is one is the conversation's business."""
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@\w{1,64})?(?:\s+(.*))?", re.DOTALL)
_REFERENCE = re.compile(r"[!-~]{1,512}")
_FILES: tuple[tuple[str, AttachmentKind], ...] = (
    ("document", "file"),
    ("voice", "voice"),
    ("audio", "file"),
    ("video", "file"),
    ("video_note", "file"),
    ("sticker", "sticker"),
)
"""An animation is not here: Telegram sends it as a document too."""
_SAID = (
    "text", "caption", "photo", *(key for key, _ in _FILES), "location", "contact",
    "poll", "dice", "game", "story", "invoice", "paid_media", "checklist", "venue",
)  # fmt: skip
"""What a person may send; with one of them he waits for an answer, even if nothing here can read
it. A message without any is a service message."""


class NotUnderstood(ValueError):
    """It is no update, or one of a known kind without what the kind must have."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """What one update brings; all of it empty for one that concerns nobody here.

    `tap` is the id of a callback to be answered. `reach` tells (sender, whether he can be written
    to) when he blocked or unblocked the bot. `joined` is a group the bot was just added to.
    """

    message: Message | None = None
    tap: str = ""
    reach: tuple[str, bool] | None = None
    joined: str = ""


def read(update: object, account: str, now: datetime) -> Incoming:
    """What an update brings to the bot `account`. Raises NotUnderstood."""
    fields = _object(update)
    update_id = fields.get("update_id")
    if type(update_id) is not int or not 0 <= update_id < 2**63:
        raise NotUnderstood("update_id")
    if "message" in fields:
        return _message(_object(fields["message"]), account, update_id, now, edited=False)
    if "edited_message" in fields:
        return _message(_object(fields["edited_message"]), account, update_id, now, edited=True)
    if "callback_query" in fields:
        return _tap(_object(fields["callback_query"]), account, update_id, now)
    if "my_chat_member" in fields:
        return _membership(_object(fields["my_chat_member"]))
    return Incoming()


def lane(update: object) -> str:
    """Whose updates this one must stay in order with: the chat's, "" for nobody's in particular."""
    fields = _optional(update)
    said = _optional(fields.get("message") or fields.get("edited_message"))
    tapped, member = (
        _optional(fields.get("callback_query")),
        _optional(fields.get("my_chat_member")),
    )
    # In a private chat the person and the chat have one id, so a tap queues with what was typed.
    owner = said.get("chat") or tapped.get("from") or member.get("chat")
    number = _optional(owner).get("id")
    return str(number) if type(number) is int else ""


def _message(
    fields: Mapping[str, Any], account: str, update_id: int, now: datetime, *, edited: bool
) -> Incoming:
    chat = _object(fields.get("chat"))
    sender = _id(chat)
    if not _is_private(chat) or _optional(fields.get("from")).get("is_bot") is True:
        return Incoming()
    if edited and "location" in fields:
        return Incoming()  # somebody walks with his live location on: an edit every few seconds
    text = _text(fields.get("text"))
    text = _typed(text) if text.startswith("/") else text or _text(fields.get("caption"))
    attachments = tuple(_attachments(fields))
    if not any(key in fields for key in _SAID):
        return Incoming()  # a pinned message, a new picture of the chat: nobody said anything
    return Incoming(
        Message(
            channel=CHANNEL,
            account=account,
            sender=sender,
            # Ids begin anew at random after a silent week: the message's own keeps them apart.
            event_id=f"{update_id}.{_number(fields.get('message_id')) or 0}",
            at=_time(fields.get("edit_date" if edited else "date"), now),
            text=text,
            attachments=attachments,
            group=_reference(fields.get("media_group_id")),
        )
    )


def _tap(fields: Mapping[str, Any], account: str, update_id: int, now: datetime) -> Incoming:
    tap = _reference(fields.get("id"))
    sender = _id(_object(fields.get("from")))
    chat = _optional(_optional(fields.get("message")).get("chat"))
    choice = _text(fields.get("data"))
    if not choice or (chat and not _is_private(chat)):
        return Incoming(tap=tap)
    event_id = f"{update_id}.{tap}"
    message = Message(CHANNEL, account, sender, event_id, now, choice=choice)
    return Incoming(message, tap=tap)


def _membership(fields: Mapping[str, Any]) -> Incoming:
    chat = _object(fields.get("chat"))
    status = _object(fields.get("new_chat_member")).get("status")
    before = _optional(fields.get("old_chat_member")).get("status")
    if _is_private(chat):
        return Incoming(reach=(_id(chat), status != "kicked"))
    arrived = status in ("member", "administrator") and before in ("left", "kicked")
    if chat.get("type") != "channel" and arrived:
        return Incoming(joined=_id(chat))
    return Incoming()


def _typed(text: str) -> str:
    """What a slash command stands for: typing its words, as everything here can be typed."""
    command = _COMMAND.fullmatch(text)
    if command is None:
        return text
    name, rest = command[1].lower(), (command[2] or "").strip()
    if name == "start":
        return f"mã mời {rest}" if _INVITATION.fullmatch(rest) else "menu"
    return f"{name.replace('_', ' ')} {rest}".strip()


def _attachments(fields: Mapping[str, Any]) -> list[Attachment]:
    found = _photo(fields.get("photo"))
    for key, kind in _FILES:
        file = _optional(fields.get(key))
        if reference := _reference(file.get("file_id")):
            is_picture = kind == "file" and _text(file.get("mime_type")).startswith("image/")
            name = _name(file.get("emoji") if kind == "sticker" else file.get("file_name"))
            size = _number(file.get("file_size"))
            found.append(Attachment("photo" if is_picture else kind, reference, name, size))
    place = _optional(fields.get("location"))
    latitude, longitude = _degrees(place.get("latitude")), _degrees(place.get("longitude"))
    if latitude is not None and longitude is not None:
        found.append(Attachment("location", f"{latitude:.6f},{longitude:.6f}"))
    contact = _optional(fields.get("contact"))
    if number := _name(contact.get("phone_number")):
        names = _name(contact.get("first_name")), _name(contact.get("last_name"))
        found.append(Attachment("contact", number, " ".join(filter(None, names))))
    return found


def _photo(sizes: object) -> list[Attachment]:
    """The largest of the sizes a photo comes in."""
    known = [_optional(size) for size in sizes] if isinstance(sizes, list) else []
    known = [size for size in known if _reference(size.get("file_id"))]
    if not known:
        return []
    best = max(
        known, key=lambda one: (_number(one.get("width")) or 0, _number(one.get("height")) or 0)
    )
    return [Attachment("photo", _reference(best["file_id"]), "", _number(best.get("file_size")))]


def _is_private(chat: Mapping[str, Any]) -> bool:
    return chat.get("type") == "private"


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise NotUnderstood(type(value).__name__)
    return value


def _optional(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _id(owner: Mapping[str, Any]) -> str:
    value = owner.get("id")
    if type(value) is not int or not -(2**63) < value < 2**63:
        raise NotUnderstood("id")
    return str(value)


def _text(value: object) -> str:
    # JSON can spell half an emoji, which no store can keep.
    return value.encode("utf-8", "ignore").decode("utf-8") if isinstance(value, str) else ""


def _name(value: object) -> str:
    return clean(value, MAX_NAME) if isinstance(value, str) else ""


def _reference(value: object) -> str:
    return value if isinstance(value, str) and _REFERENCE.fullmatch(value) else ""


def _number(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < 2**63 else None


def _degrees(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= 180:
        return None
    return float(value)


def _time(value: object, now: datetime) -> datetime:
    seconds = _number(value)
    return datetime.fromtimestamp(seconds, UTC) if seconds and seconds < MAX_TIME else now
