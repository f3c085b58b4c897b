"""What the Zalo Bot Platform tells a bot: one update, wrapped as getUpdates does it or bare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.channels.zalo_fields import Unreadable, ident, inner, moment, text
from bot.console.json_body import NotAnObject, parse_object
from handlers.messages import Attachment, Message

CHANNEL = "zalo_bot"
MOST_REFERENCE = 2_000
UNSUPPORTED = "unsupported"
"""The name, without a reference, of what Zalo keeps from bots: documents, places, cards, and all
that children send."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """An update that does not concern us: a group's, another bot's, an empty probe."""

    name: str


_Fields = Mapping[str, object]


def read(raw: bytes, account: str, now: datetime) -> Message | Ignored:
    """The message in a genuine body. Raises Unreadable."""
    if not raw.strip():
        return Ignored("probe")
    try:
        return read_update(parse_object(raw), account, now)
    except NotAnObject:
        raise Unreadable from None


def read_update(update: _Fields, account: str, now: datetime) -> Message | Ignored:
    """The message in an update. Raises Unreadable."""
    update = inner(update, "result") or update
    name, message = text(update.get("event_name")), inner(update, "message")
    if not message:
        if not update or set(update) <= {"ok", "result"}:
            return Ignored("probe")
        raise Unreadable
    if text(inner(message, "chat").get("chat_type")).upper() == "GROUP":
        return Ignored("group")
    if inner(message, "from").get("is_bot") is True:
        return Ignored("bot")
    things = tuple(_attachments(name, message))
    return Message(
        channel=CHANNEL,
        account=account,
        # In a private chat both ids are the person's; the chat's is the one to answer to.
        sender=ident(inner(message, "chat").get("id") or inner(message, "from").get("id")),
        event_id=ident(message.get("message_id")),
        at=moment(message.get("date"), now),
        text=text(message.get("text")) or text(message.get("caption")),
        attachments=things,
    )


def _attachments(name: str, message: _Fields) -> list[Attachment]:
    kind = name.removeprefix("message.").removesuffix(".received")
    reference = text(_REFERENCES.get(kind, _nothing)(message), MOST_REFERENCE)
    if kind == "image" and reference:
        return [Attachment("photo", reference)]
    if kind == "voice" and reference:
        return [Attachment("voice", reference)]
    if kind == "sticker":
        return [Attachment("sticker", reference)]
    # Nothing of it comes, yet the person waits for an answer.
    return [] if kind == "text" else [Attachment("file", "", UNSUPPORTED)]


def _nothing(_message: _Fields) -> object:
    return ""


_REFERENCES: dict[str, Callable[[_Fields], object]] = {
    "image": lambda message: message.get("photo_url") or message.get("photo"),
    "voice": lambda message: message.get("voice_url"),
    "sticker": lambda message: message.get("sticker") or message.get("url"),
}
