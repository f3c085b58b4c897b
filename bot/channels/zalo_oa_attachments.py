"""What a person sends Zalo OA beside the text, by reference."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from bot.channels.zalo_fields import inner, listed, size, text
from handlers.messages import Attachment

MOST = 20
MOST_REFERENCE = 2_000
MOST_NAME = 200
_Payload = Mapping[str, object]


def attachments(message: Mapping[str, object]) -> tuple[Attachment, ...]:
    """The attachments of an event's message; what cannot be used is left out."""
    found = []
    for one in listed(message.get("attachments"))[:MOST]:
        read = _KINDS.get(text(one.get("type")))
        made = read(inner(one, "payload"), text(message.get("text"))) if read else None
        if made is not None and made.reference:
            found.append(made)
    return tuple(found)


def linked(message: Mapping[str, object]) -> str:
    """The address of the first link in the message, "" without one."""
    for one in listed(message.get("attachments"))[:MOST]:
        if text(one.get("type")) == "link":
            return text(inner(one, "payload").get("url"), MOST_REFERENCE)
    return ""


def business_card(message: Mapping[str, object]) -> tuple[Attachment, ...]:
    """The person on a card sent on; its details come as JSON inside the description."""
    for one in listed(message.get("attachments"))[:MOST]:
        payload = inner(one, "payload")
        described = {**_described(payload), **payload}
        phone = text(described.get("phone"), MOST_REFERENCE)
        if reference := phone or text(described.get("url"), MOST_REFERENCE):
            name = text(described.get("name") or described.get("caption"), MOST_NAME)
            return (Attachment("contact", reference, name),)
    return ()


def shared_contact(event: Mapping[str, object]) -> tuple[Attachment, ...]:
    """What a person put into the phone card: `reference` is the number, told and not verified."""
    info = inner(event, "info")
    phone, name = text(info.get("phone"), 32), text(info.get("name"), MOST_NAME)
    return (Attachment("contact", phone, name),) if phone else ()


def _described(payload: _Payload) -> dict[str, object]:
    try:
        value = json.loads(text(payload.get("description")))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _address(payload: _Payload) -> str:
    return text(payload.get("url"), MOST_REFERENCE)


def _photo(payload: _Payload, _caption: str) -> Attachment:
    return Attachment("photo", _address(payload) or text(payload.get("thumbnail"), MOST_REFERENCE))


def _voice(payload: _Payload, _caption: str) -> Attachment:
    return Attachment("voice", _address(payload))


def _file(payload: _Payload, _caption: str) -> Attachment:
    name = text(payload.get("name"), MOST_NAME)
    return Attachment("file", _address(payload), name, size(payload.get("size")))


def _sticker(payload: _Payload, _caption: str) -> Attachment:
    return Attachment("sticker", text(payload.get("id"), MOST_REFERENCE) or _address(payload))


def _location(payload: _Payload, caption: str) -> Attachment | None:
    where = inner(payload, "coordinates")
    try:
        latitude, longitude = (
            float(text(where.get("latitude"))),
            float(text(where.get("longitude"))),
        )
    except ValueError:
        return None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return None
    return Attachment("location", f"{latitude:.6f},{longitude:.6f}", caption[:MOST_NAME])


_KINDS: dict[str, Callable[[_Payload, str], Attachment | None]] = {
    "image": _photo,
    "gif": _photo,
    "audio": _voice,
    "video": _file,
    "file": _file,
    "sticker": _sticker,
    "location": _location,
}
