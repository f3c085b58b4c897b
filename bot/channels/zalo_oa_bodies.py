"""The bodies of Zalo OA's calls: consultation messages (tin tư vấn) and templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.channels.plain_text import composed, parts
from bot.channels.zalo_oa_events import PAYLOAD

MAX_TEXT = 2_000
"""UTF-16 units; longer is refused with -210, not cut."""
MAX_BUTTONS = 5
MAX_TITLE = 100
MAX_PAYLOAD = 1_000
MAX_SUBTITLE = 500
MAX_IMAGE = 1024 * 1024
MAX_FILE = 5 * 1024 * 1024

Json = dict[str, Any]
Choices = Sequence[Mapping[str, Any]]


def fits_buttons(choices: Choices) -> bool:
    """Whether these choices can stand as buttons at all."""
    return 0 < len(choices) <= MAX_BUTTONS and all(
        len(PAYLOAD + str(one["id"])) <= MAX_PAYLOAD for one in choices
    )


def texts(text: str) -> list[Json]:
    """A text as messages without buttons."""
    return [{"text": part} for part in parts(text, MAX_TEXT)]


def with_buttons(message: Json, choices: Choices) -> Json:
    """The message with a button for each choice; pressing one is not shown in the chat."""
    buttons = [
        {
            "title": _short(str(one["label"]), MAX_TITLE),
            "type": "oa.query.hide",
            "payload": PAYLOAD + str(one["id"]),
        }
        for one in choices
    ]
    return {**message, "attachment": {"type": "template", "payload": {"buttons": buttons}}}


def image(attachment_id: str) -> Json:
    """A picture that has been uploaded."""
    element = {"media_type": "image", "attachment_id": attachment_id}
    return _template({"template_type": "media", "elements": [element]})


def file(token: str) -> Json:
    """A file that has been uploaded."""
    return {"attachment": {"type": "file", "payload": {"token": token}}}


def phone_card(title: str, subtitle: str, picture: str) -> Json:
    """The card on which a person shares name and phone number; `picture` is a public address."""
    element = {
        "title": _short(title, MAX_TITLE),
        "subtitle": _short(subtitle, MAX_SUBTITLE),
        "image_url": picture,
    }
    return _template({"template_type": "request_user_info", "elements": [element]})


def consultation(sender: str, message: Json) -> Json:
    """A message to one person."""
    return {"recipient": {"user_id": sender}, "message": message}


def template(sender: str, template_id: str, data: Mapping[str, str]) -> Json:
    """An approved template message by the person's id on this OA."""
    values = {name: composed(value) for name, value in data.items()}
    return {"user_id": sender, "template_id": template_id, "template_data": values}


def _short(text: str, most: int) -> str:
    return next(iter(parts(text, most)), "")


def _template(payload: Json) -> Json:
    return {"attachment": {"type": "template", "payload": payload}}
