"""What Telegram refuses, checked with python-telegram-bot's classes and constants.

PTB reads leniently, so each object is also looked through for what it did not know (`api_kwargs`)
and written back. Each check returns the description of a 400, None when the call is right.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from telegram import BotCommand, InlineKeyboardMarkup, LinkPreviewOptions, TelegramObject, Update
from telegram.constants import (
    BotCommandLimit,
    CallbackQueryLimit,
    FileSizeLimit,
    InlineKeyboardButtonLimit,
    InlineKeyboardMarkupLimit,
    MessageLimit,
    WebhookLimit,
)

Params = Mapping[str, Any]
MAX_PHOTO = int(FileSizeLimit.PHOTOSIZE_UPLOAD)
MAX_DOWNLOAD = int(FileSizeLimit.FILESIZE_DOWNLOAD)
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")


def utf16(text: str) -> int:
    """Telegram counts a text's length so."""
    return len(text.encode("utf-16-le")) // 2


def knows_all(thing: object) -> bool:
    """Whether PTB knew every field in an object and all below it."""
    if isinstance(thing, TelegramObject):
        slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
        below = [getattr(thing, name) for name in slots if not name.startswith("_")]
        return not thing.api_kwargs and all(map(knows_all, below))
    if isinstance(thing, list | tuple):
        return all(map(knows_all, thing))
    return True


def genuine(update: Update) -> dict[str, Any]:
    """The JSON of an update as Telegram would send it; an error here is the test's own."""
    data: dict[str, Any] = json.loads(json.dumps(update.to_dict()))
    back = Update.de_json(data, None)
    if not knows_all(back) or back.to_dict() != data:
        raise ValueError("no update of Telegram's")
    for key in ("message", "edited_message"):
        for flag in [name for name, value in data.get(key, {}).items() if value is False]:
            # PTB spells out flags that the real server leaves away.
            del data[key][flag]
    return data


def wrong_text(params: Params) -> str | None:
    """What is wrong with a message to be sent or edited."""
    text = params.get("text")
    if not isinstance(text, str) or not text.strip():
        return "message text is empty"
    if utf16(text) > MessageLimit.MAX_TEXT_LENGTH:
        return "message is too long"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "strings must be encoded in UTF-8"
    if "parse_mode" in params:
        return "can't parse entities: nobody here escapes"
    return _wrong_preview(params.get("link_preview_options")) or wrong_markup(params)


def wrong_photo(params: Params, data: bytes | None) -> str | None:
    """What is wrong with a photo to be sent."""
    if data is None:
        return "there is no photo in the request"
    if not data or not data.startswith(_PICTURES):
        return "IMAGE_PROCESS_FAILED"
    if len(data) > MAX_PHOTO:
        return "file is too big"
    if utf16(params.get("caption", "")) > MessageLimit.CAPTION_LENGTH:
        return "message caption is too long"
    return wrong_markup(params)


def wrong_markup(params: Params) -> str | None:
    """What is wrong with the buttons under a message."""
    if "reply_markup" not in params:
        return None
    given = _object(params["reply_markup"])
    try:
        markup = InlineKeyboardMarkup.de_json(given or {}, None)
    except (TypeError, KeyError, AttributeError):
        return "object expected as reply markup"
    if given is None or not knows_all(markup) or markup.to_dict() != given:
        return "object expected as reply markup"
    rows = markup.inline_keyboard
    if sum(map(len, rows)) > InlineKeyboardMarkupLimit.TOTAL_BUTTON_NUMBER:
        return "reply markup is too long"
    for button in (button for row in rows for button in row):
        data = button.callback_data
        if not button.text.strip():
            return "inline keyboard button text must be non-empty"
        if not isinstance(data, str) or not (
            InlineKeyboardButtonLimit.MIN_CALLBACK_DATA
            <= len(data.encode())
            <= InlineKeyboardButtonLimit.MAX_CALLBACK_DATA
        ):
            return "BUTTON_DATA_INVALID"
    return None


def wrong_answer(params: Params) -> str | None:
    """What is wrong with the answer to a tap."""
    too_long = utf16(params.get("text", "")) > CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH
    return "MESSAGE_TOO_LONG" if too_long else None


def wrong_webhook(params: Params) -> str | None:
    """What is wrong with a webhook to be set. http is let pass: there is no TLS on a loopback."""
    secret = params.get("secret_token", "")
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret):
        return "secret token contains unallowed characters"
    most = int(params.get("max_connections", 40))
    if not WebhookLimit.MIN_CONNECTIONS_LIMIT <= most <= WebhookLimit.MAX_CONNECTIONS_LIMIT:
        return "max_connections is out of range"
    if not re.match(r"https?://", params.get("url", "http://")):
        return "bad webhook: an HTTPS URL must be provided for webhook"
    return _wrong_kinds(params)


def wrong_poll(params: Params) -> str | None:
    """What is wrong with a call for updates."""
    right = 1 <= int(params.get("limit", 100)) <= 100 and 0 <= int(params.get("timeout", 0)) <= 50
    return _wrong_kinds(params) if right else "limit or timeout is out of range"


def wrong_commands(params: Params) -> str | None:
    """What is wrong with a list of commands."""
    given = _object(params.get("commands"))
    if not isinstance(given, list) or len(given) > BotCommandLimit.MAX_COMMAND_NUMBER:
        return "BOT_COMMANDS_TOO_MUCH"
    for command in (BotCommand.de_json(one, None) for one in given):
        if not re.fullmatch(r"[a-z0-9_]{1,32}", command.command):
            return "BOT_COMMAND_INVALID"
        if not 1 <= len(command.description) <= BotCommandLimit.MAX_DESCRIPTION:
            return "BOT_COMMAND_DESCRIPTION_INVALID"
    return None


def _wrong_kinds(params: Params) -> str | None:
    kinds = _object(params.get("allowed_updates", "[]"))
    known = isinstance(kinds, list) and set(kinds) <= set(Update.ALL_TYPES)
    return None if known else "wrong type of allowed updates"


def _wrong_preview(value: Any) -> str | None:
    given = _object(value) if value is not None else {}
    right = isinstance(given, dict) and knows_all(LinkPreviewOptions.de_json(given, None))
    return None if right else "can't parse link preview options"


def _object(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None
