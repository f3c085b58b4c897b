"""What the fake Telegram does for calls about chats: messages, photos, taps, files."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from telegram import File

from tests.fakes import telegram_limits as limits
from tests.fakes.telegram_flood import Flood
from tests.fakes.telegram_people import TAP_SECONDS, People

_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


class Refuse(Exception):
    """The server says no, with this code and description."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.answer = (code, description, parameters)


def refuse_if(wrong: str | None) -> None:
    """A 400 with this description, if there is one."""
    if wrong is not None:
        raise Refuse(400, f"Bad Request: {wrong}")


class Chatter:
    """The calls, over the chats of one bot."""

    def __init__(self, people: People, now: Callable[[], float], flood: Flood | None) -> None:
        self._people = people
        self._now = now
        self._flood = flood
        self.commands: list[dict[str, str]] = []
        self._methods: dict[str, Callable[[limits.Params], object]] = {
            "sendMessage": self._send_message,
            "sendPhoto": self._send_photo,
            "sendDocument": self._send_document,
            "editMessageText": self._edit,
            "answerCallbackQuery": self._answer_tap,
            "getFile": self._get_file,
            "setMyCommands": self._set_commands,
        }

    def obey(self, method: str, params: limits.Params) -> object:
        """The result of a call. Raises Refuse."""
        if method not in self._methods:
            raise Refuse(404, "Not Found")
        return self._methods[method](params)

    def _send_message(self, params: limits.Params) -> object:
        chat = self._writable(params)
        refuse_if(limits.wrong_text(params))
        # The real server trims a text before it shows it.
        return self._people.show(chat, params["text"].strip(), _buttons(params))

    def _send_photo(self, params: limits.Params) -> object:
        chat = self._writable(params)
        photo = params.get("photo", "")
        data = params.get(photo.removeprefix("attach://")) if isinstance(photo, str) else photo
        refuse_if(limits.wrong_photo(params, data if isinstance(data, bytes) else None))
        return self._people.show(
            chat, params.get("caption", ""), _buttons(params), bytes(data or b"")
        )

    def _send_document(self, params: limits.Params) -> object:
        chat = self._writable(params)
        data = params.get(str(params.get("document", "")).removeprefix("attach://"))
        if not isinstance(data, bytes) or not data:
            raise Refuse(400, "Bad Request: file must be non-empty")
        return self._people.show(chat, params.get("caption", ""), _buttons(params), document=data)

    def _edit(self, params: limits.Params) -> object:
        chat = self._writable(params)
        refuse_if(limits.wrong_text(params))
        try:
            changed = self._people.change(
                chat, int(params["message_id"]), params["text"], _buttons(params)
            )
        except KeyError:
            raise Refuse(400, "Bad Request: message to edit not found") from None
        if changed is None:
            raise Refuse(
                400,
                "Bad Request: message is not modified: specified new message content and reply "
                "markup are exactly the same as a current content and reply markup of the message",
            )
        return changed

    def _answer_tap(self, params: limits.Params) -> object:
        refuse_if(limits.wrong_answer(params))
        made = self._people.taps.pop(params.get("callback_query_id", ""), None)
        if made is None or self._now() - made > TAP_SECONDS:
            raise Refuse(400, f"Bad Request: {_TOO_OLD}")
        self._people.answered.append(params["callback_query_id"])
        return True

    def _get_file(self, params: limits.Params) -> object:
        file_id = params.get("file_id", "")
        data = self._people.files.get(file_id)
        if data is None:
            raise Refuse(400, "Bad Request: invalid file_id")
        if len(data) > limits.MAX_DOWNLOAD:
            raise Refuse(400, "Bad Request: file is too big")
        return File(file_id, f"u{file_id}", len(data), f"photos/{file_id}").to_dict()

    def _set_commands(self, params: limits.Params) -> object:
        refuse_if(limits.wrong_commands(params))
        self.commands = json.loads(params["commands"])
        return True

    def _writable(self, params: limits.Params) -> int:
        """The chat a call writes to, if it may."""
        try:
            chat = int(params["chat_id"])
            known = self._people.chats[chat]
        except (KeyError, ValueError):
            raise Refuse(400, "Bad Request: chat not found") from None
        if known.refuses:
            raise Refuse(403, known.refuses)
        if self._flood is not None and (wait := self._flood.wait(chat, self._now())):
            raise Refuse(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
        return chat


def _buttons(params: limits.Params) -> Any:
    return json.loads(params["reply_markup"]) if "reply_markup" in params else None
