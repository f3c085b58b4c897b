"""The people at the other end: what they send becomes updates, what the bot sends they see."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from telegram import (
    CallbackQuery,
    Chat,
    ChatMember,
    ChatMemberBanned,
    ChatMemberLeft,
    ChatMemberMember,
    ChatMemberUpdated,
    Contact,
    Document,
    InlineKeyboardMarkup,
    Location,
    Message,
    PhotoSize,
    Sticker,
    Update,
    User,
    Voice,
)

from tests.fakes.telegram_limits import genuine

MESSAGE_SECONDS = 86_400
"""So long an update waits to be fetched or pushed."""
TAP_SECONDS = 150
"""A tap lives so long, and its answer is too late afterwards."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An update nobody has confirmed; `lane` is the queue it is pushed in, one at a time."""

    id: int
    body: dict[str, Any]
    lane: str
    until: float


@dataclass(frozen=True, slots=True)
class Seen:
    """One message of the bot as it stands in a chat now."""

    message_id: int
    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    photo: bytes = b""
    document: bytes = b""


@dataclass(slots=True)
class Chatting:
    """A chat, by its id; a group's is negative."""

    id: int
    seen: list[Seen] = field(default_factory=list)
    refuses: str = ""
    """The description of the 403 whoever writes here gets."""


class People:
    """All chats of one bot. `queue` gets every update they cause, `now` is seconds since 1970."""

    def __init__(
        self, bot_id: int, queue: Callable[[Waiting], None], now: Callable[[], float]
    ) -> None:
        self.chats: dict[int, Chatting] = {}
        self.files: dict[str, bytes] = {}
        self.taps: dict[str, float] = {}
        """When each tap was made; an answered one is gone."""
        self.answered: list[str] = []
        self.tap_seconds = TAP_SECONDS
        """How long a tap waits to be fetched or pushed."""
        self.bot_id = bot_id
        self._bot = User(bot_id, "Chung Sức", True, username="chungsuc_bot")
        self._queue = queue
        self._now = now
        self._updates = itertools.count(100_000_001)
        self._messages = itertools.count(1)

    def say(self, chat: int, text: str) -> int:
        """Somebody writes; the message's id."""
        return self.send(chat, text=text)

    def start(self, chat: int, payload: str = "") -> int:
        """Somebody presses Start, perhaps through a link."""
        self._chat(chat).refuses = ""
        return self.send(chat, text=f"/start {payload}".strip())

    def photo(self, chat: int, data: bytes, caption: str | None = None, group: str = "") -> int:
        """Somebody sends a photo; a large file and a preview come of it."""
        sizes = [self._size(data[:100], 90), self._size(data, 1280)]
        fields = {"media_group_id": group} if group else {}
        return self.send(chat, photo=sizes, caption=caption, **fields)

    def album(self, chat: int, photos: Sequence[bytes], caption: str) -> list[int]:
        """Several photos at once: an update each, the caption on the first."""
        group = f"album{next(self._messages)}"
        return [
            self.photo(chat, data, caption if number == 0 else None, group)
            for number, data in enumerate(photos)
        ]

    def document(self, chat: int, data: bytes, name: str, mime: str) -> int:
        """Somebody sends a file."""
        file_id = self.file(data)
        file = Document(file_id, f"u{file_id}", name, mime, file_size=len(data))
        return self.send(chat, document=file)

    def voice(self, chat: int, data: bytes) -> int:
        """Somebody talks."""
        file_id = self.file(data)
        return self.send(chat, voice=Voice(file_id, f"u{file_id}", 3, "audio/ogg", len(data)))

    def sticker(self, chat: int) -> int:
        """Somebody sends a sticker."""
        file_id = self.file(b"sticker")
        sticker = Sticker(file_id, f"u{file_id}", 512, 512, False, False, "regular", emoji="👍")
        return self.send(chat, sticker=sticker)

    def location(self, chat: int, latitude: float, longitude: float) -> int:
        """Somebody says where he is."""
        return self.send(chat, location=Location(longitude, latitude))

    def contact(self, chat: int, number: str, name: str) -> int:
        """Somebody passes on a phone number."""
        return self.send(chat, contact=Contact(number, name))

    def send(self, chat: int, **fields: Any) -> int:
        """Any message, its fields as PTB's `Message` has them."""
        message = self._message(chat, next(self._messages), self._person(chat), **fields)
        self._put(f"chat{chat}", MESSAGE_SECONDS, message=message)
        return message.message_id

    def edit(self, chat: int, message_id: int, text: str) -> None:
        """Somebody changes what he wrote."""
        message = self._message(
            chat, message_id, self._person(chat), text=text, edit_date=self._date()
        )
        self._put(f"chat{chat}", MESSAGE_SECONDS, edited_message=message)

    def press(self, chat: int, label: str) -> str:
        """Somebody taps the latest button so labelled; the tap's id. KeyError: there is none."""
        for seen in reversed(self._chat(chat).seen):
            for text, data in seen.buttons:
                if text == label:
                    return self.tap(chat, seen, data)
        raise KeyError(label)

    def tap(self, chat: int, seen: Seen, data: str) -> str:
        """A tap under one message of the bot."""
        tap = str(4_000_000_000_000_000_000 + next(self._messages))
        self.taps[tap] = self._now()
        markup = {
            "inline_keyboard": [[{"text": text, "callback_data": d}] for text, d in seen.buttons]
        }
        message = self._message(
            chat,
            seen.message_id,
            self._bot,
            text=seen.text,
            reply_markup=InlineKeyboardMarkup.de_json(markup, None),
        )
        query = CallbackQuery(tap, self._person(chat), f"i{chat}", message, data)
        # Keyed by the person, apart from his messages: the two may arrive side by side.
        self._put(f"tap{chat}", self.tap_seconds, callback_query=query)
        return tap

    def block(self, chat: int) -> None:
        """Somebody stops the bot from writing to him."""
        self._chat(chat).refuses = "Forbidden: bot was blocked by the user"
        bot = self._bot
        gone = datetime.fromtimestamp(0, UTC)
        self._member(chat, ChatMemberMember(bot), ChatMemberBanned(bot, gone))

    def unblock(self, chat: int) -> None:
        """Somebody lets the bot write to him again."""
        self._chat(chat).refuses = ""
        gone = datetime.fromtimestamp(0, UTC)
        self._member(chat, ChatMemberBanned(self._bot, gone), ChatMemberMember(self._bot))

    def invite_to_group(self, group: int) -> None:
        """Somebody adds the bot to a group."""
        self._member(group, ChatMemberLeft(self._bot), ChatMemberMember(self._bot))

    def raw(self, body: dict[str, Any], lane: str = "chat0") -> int:
        """An update nobody foresaw; its id is filled in."""
        update_id = next(self._updates)
        until = self._now() + MESSAGE_SECONDS
        self._queue(Waiting(update_id, {"update_id": update_id} | body, lane, until))
        return update_id

    def show(
        self, chat: int, text: str, buttons: Any = None, photo: bytes = b"", document: bytes = b""
    ) -> dict[str, Any]:
        """The bot's message appears in a chat; the message as the server answers with it."""
        seen = Seen(next(self._messages), text, _pairs(buttons), photo, document)
        self._chat(chat).seen.append(seen)
        return self._answer(chat, seen, buttons)

    def change(self, chat: int, message_id: int, text: str, buttons: Any) -> dict[str, Any] | None:
        """The bot's message changes; None when it already stood so. KeyError: there is none."""
        all_seen = self._chat(chat).seen
        for number, seen in enumerate(all_seen):
            if seen.message_id == message_id:
                changed = replace(seen, text=text, buttons=_pairs(buttons))
                if changed == seen:
                    return None
                all_seen[number] = changed
                return self._answer(chat, changed, buttons)
        raise KeyError(message_id)

    def file(self, data: bytes) -> str:
        """A file at Telegram's; its id."""
        file_id = f"AgACAgUAAx{len(self.files)}"
        self.files[file_id] = data
        return file_id

    def _size(self, data: bytes, width: int) -> PhotoSize:
        file_id = self.file(data)
        return PhotoSize(file_id, f"u{file_id}", width, width * 3 // 4, len(data))

    def _chat(self, chat: int) -> Chatting:
        return self.chats.setdefault(chat, Chatting(chat))

    def _person(self, chat: int) -> User:
        self._chat(chat)
        return User(abs(chat), "Người thử", False, language_code="vi")

    def _date(self) -> datetime:
        return datetime.fromtimestamp(int(self._now()), UTC)

    def _message(self, chat: int, message_id: int, sender: User, **fields: Any) -> Message:
        place = Chat(chat, "private", first_name="Người thử")
        if chat < 0:
            place = Chat(chat, "supergroup", title="Bản thử")
        return Message(message_id, self._date(), place, from_user=sender, **fields)

    def _answer(self, chat: int, seen: Seen, buttons: Any) -> dict[str, Any]:
        # By hand: PTB takes longer over it than the bot over the whole call.
        answer = {
            "message_id": seen.message_id,
            "date": int(self._now()),
            "chat": {"id": chat, "type": "private" if chat > 0 else "supergroup"},
            "from": {"id": self.bot_id, "is_bot": True, "first_name": self._bot.first_name},
        }
        answer |= {"text": seen.text} if seen.text else {}
        return answer | ({"reply_markup": buttons} if buttons else {})

    def _member(self, chat: int, old: ChatMember, new: ChatMember) -> None:
        person = self._person(chat)
        place = self._message(chat, 1, person).chat
        change = ChatMemberUpdated(place, person, self._date(), old, new)
        self._put(f"chat{chat}", MESSAGE_SECONDS, my_chat_member=change)

    def _put(self, lane: str, seconds: int, **fields: Any) -> None:
        update = Update(next(self._updates), **fields)
        self._queue(Waiting(update.update_id, genuine(update), lane, self._now() + seconds))


def _pairs(buttons: Any) -> tuple[tuple[str, str], ...]:
    rows = buttons["inline_keyboard"] if buttons else []
    return tuple((one["text"], one["callback_data"]) for row in rows for one in row)
