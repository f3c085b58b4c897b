"""Telegram's side of the wire, outgoing: one bot's calls, through aiogram's `Bot` and methods.

With `telegram_session` the only file that imports aiogram (4 s and 170 MB): import it where a bot
is really made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from aiogram import Bot
from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteWebhook,
    GetFile,
    GetMe,
    GetUpdates,
    SendDocument,
    SendMessage,
    SendPhoto,
    SetMyCommands,
    SetWebhook,
    TelegramMethod,
)
from aiogram.types import (
    BotCommand,
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
)
from aiogram.utils.token import TokenValidationError

from bot.channels.plain_text import parts
from bot.channels.platform import Body, Failed, Later, NotFetched, Outcome, Pace, Sent, at_once
from bot.channels.telegram_answers import (
    CallFailed,
    NoAnswer,
    outcome_of,
    why_not_fetched,
)
from bot.channels.telegram_buttons import data_of
from bot.channels.telegram_read import CHANNEL
from bot.channels.telegram_session import CONNECTIONS, Session
from bot.channels.unfinished import Unfinished
from bot.errors import BadUsage, StorageAway

OFFICIAL = "https://api.telegram.org"
MAX_TEXT = 4096
"""UTF-16 units of one message."""
MAX_FILE = 20_000_000
"""Bytes a bot may fetch."""
POLL_SECONDS = 50
"""The longest a call for updates may wait at the server."""
KINDS = ["message", "edited_message", "callback_query", "my_chat_member"]
Picture = Callable[[Any], Awaitable[bytes | None]]
"""The bytes of a picture of ours by its media id, None when it is gone. May raise StorageAway."""
Workbook = Callable[[Mapping[str, Any]], Awaitable[bytes | None]]
"""The bytes of a workbook as an outbox row names it, None for none. May raise StorageAway."""
_Step = Callable[[], Awaitable[Outcome | None]]


class Telegram:
    """One bot; implements `platform.Platform`."""

    channel = CHANNEL

    def __init__(
        self,
        token: str,
        picture: Picture,
        *,
        workbook: Workbook | None = None,
        api_base: str = OFFICIAL,
        proxy: str | None = None,
        patience: float = 20.0,
    ) -> None:
        """Without `workbook` none is sent; `proxy` is http(s)://… or socks5://…; `patience` is how
        many seconds a call may take.

        Raises BadUsage, which names the setting and never its value.
        """
        if proxy and not _is_proxy(proxy):
            raise BadUsage(
                "BOT_TELEGRAM_PROXY: phải là http://, https:// hoặc socks5://, rồi "
                "tên:mật-khẩu@ nếu có, rồi máy:cổng"
            )
        if not re.match(r"https?://[^/\s]", api_base):
            raise BadUsage("BOT_TELEGRAM_API_BASE: phải là http://… hoặc https://…")
        self._session = Session(api_base.rstrip("/"), proxy, patience)
        try:
            self._call = Bot(token, session=self._session)
        except TokenValidationError:
            raise BadUsage("BOT_TELEGRAM_TOKEN: không đúng dạng 123456:ABC…") from None
        self.account = str(self._call.id)
        self._patience = patience
        self._picture, self._workbook = picture, workbook
        self._unfinished = Unfinished()

    async def send(self, sender: str, body: Body, pace: Pace = at_once) -> Outcome:
        """Say one outbox row: its pictures and its workbook, then its text, with the buttons under
        the last part.

        A row in several messages of which one came to nothing goes on from there next time.
        """
        shown = len(body.get("pictures", ())) + ("workbook" in body)
        steps = self._steps(int(sender), body)
        begun = self._unfinished.done(sender, body)
        outcome: Outcome = Sent() if begun else Failed("empty")
        for number, step in enumerate(steps[begun:], start=begun):
            if number > begun and (later := await pace()):
                self._unfinished.stopped(sender, body, number, later)
                return later
            came = await step()
            if came is None:
                continue
            outcome = came
            spoilt = isinstance(came, Failed) and not (came.unreachable or came.alarm)
            if number < shown and spoilt:
                continue  # a picture or file it will not have must not hold back the words
            if not isinstance(came, Sent):
                self._unfinished.stopped(sender, body, number, came)
                return came
        self._unfinished.finished(sender)
        return outcome

    async def fetch(self, reference: str, most: int) -> bytes:
        """The bytes of a file a person sent, at most `most` and 20 MB. Raises NotFetched."""
        most = min(most, MAX_FILE)
        try:
            file = await self._call(GetFile(file_id=reference))
            path, size = _path_and_size(file)
            if size > most:
                raise NotFetched("too_large")
            data = await self._session.download(self._call.token, path, most)
        except CallFailed as fault:
            raise NotFetched(why_not_fetched(fault)) from None
        if not data or len(data) != (size or len(data)):
            raise NotFetched("later")  # a proxy's page, or the half of it
        return data

    async def answer(self, tap: str) -> None:
        """Stop the little clock on a tapped button; whether that works is of no importance."""
        try:
            await self._call(AnswerCallbackQuery(callback_query_id=tap))
        except CallFailed:
            return

    async def me(self) -> dict[str, Any]:
        """What Telegram knows of the bot, "username" among it. Raises CallFailed."""
        return cast(dict[str, Any], await self._call(GetMe()))

    async def use_webhook(self, url: str, secret: str) -> None:
        """From now on updates are pushed to `url`. Raises CallFailed."""
        await self._call(
            SetWebhook(
                url=url, secret_token=secret, max_connections=CONNECTIONS, allowed_updates=KINDS
            )
        )

    async def use_polling(self) -> None:
        """From now on updates wait to be asked for; none is dropped. Raises CallFailed."""
        await self._call(DeleteWebhook())

    async def show_commands(self, commands: Sequence[tuple[str, str]]) -> None:
        """What stands behind the menu button, as (name of a–z 0–9 _, words). Raises CallFailed.

        A name is typed back with its underscores as spaces: `bao_dong_gop` is "bao dong gop".
        """
        shown = [BotCommand(command=name, description=words) for name, words in commands]
        await self._call(SetMyCommands(commands=shown))

    async def updates(self, offset: int | None, limit: int) -> list[object]:
        """Updates from `offset` on, which confirms all before it. Raises CallFailed."""
        method = GetUpdates(offset=offset, limit=limit, timeout=POLL_SECONDS, allowed_updates=KINDS)
        patience = int(POLL_SECONDS + self._patience)
        found = cast(object, await self._call(method, request_timeout=patience))
        if not isinstance(found, list):
            raise NoAnswer("no list of updates", json.dumps(found).encode())
        return found

    async def close(self) -> None:
        """Let go of connections."""
        await self._session.close()

    def _steps(self, chat: int, body: Body) -> list[_Step]:
        """One a picture or workbook, there or gone, and one a part of the text: a row's steps keep
        their numbers between two tries."""
        texts = parts(body["text"], MAX_TEXT)
        named = body.get("workbook")
        return [
            *(partial(self._photo, chat, media) for media in body.get("pictures", ())),
            *([partial(self._document, chat, named)] if named else []),
            *(
                partial(
                    self._say,
                    SendMessage(
                        chat_id=chat,
                        text=text,
                        reply_markup=_buttons(body) if number == len(texts) else None,
                        # A preview would open links that may be opened once only.
                        link_preview_options=LinkPreviewOptions(is_disabled=True),
                    ),
                )
                for number, text in enumerate(texts, start=1)
            ),
        ]

    async def _photo(self, chat: int, media: object) -> Outcome | None:
        """Send a picture; None when it no longer exists."""
        try:
            content = await self._picture(media)
        except StorageAway as away:
            return Later(away.retry_after, "storage is away")
        if content is None:
            return None
        return await self._say(SendPhoto(chat_id=chat, photo=BufferedInputFile(content, "anh.jpg")))

    async def _document(self, chat: int, named: Mapping[str, Any]) -> Outcome | None:
        """Send a workbook; None when there is none for this person any more."""
        try:
            content = await self._workbook(named) if self._workbook is not None else None
        except StorageAway as away:
            return Later(away.retry_after, "storage is away")
        if content is None:
            return None
        file = BufferedInputFile(content, str(named["name"]))
        return await self._say(SendDocument(chat_id=chat, document=file))

    async def _say(self, method: TelegramMethod[Any]) -> Outcome:
        try:
            said = await self._call(method)
        except CallFailed as fault:
            return outcome_of(fault)
        number = said.get("message_id") if isinstance(said, dict) else None
        return Sent(str(number) if type(number) is int else "")


def _is_proxy(address: str) -> bool:
    try:
        parts = urlsplit(address)
        known = parts.scheme in ("http", "https", "socks5", "socks5h")
        # SOCKS has no usual port that a library could fill in alike.
        whole = bool(parts.hostname) and (parts.port is not None or parts.scheme[:4] == "http")
    except ValueError:
        return False
    # Neither kind of proxy says how other letters of a password would be spelt.
    known &= unquote(parts.netloc).isascii()
    return known and whole and parts.path in ("", "/") and not re.search(r"\s", address)


def _buttons(body: Body) -> InlineKeyboardMarkup | None:
    rows = [
        [InlineKeyboardButton(text=choice["label"], callback_data=data_of(choice["id"]))]
        for choice in body.get("choices", ())
    ]
    return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None


def _path_and_size(file: object) -> tuple[str, int]:
    fields = file if isinstance(file, dict) else {}
    path, size = fields.get("file_path"), fields.get("file_size")
    if not isinstance(path, str) or not re.fullmatch(r"[\w ()./-]+", path) or ".." in path:
        raise NotFetched("later" if path is None else "not_allowed")
    return path.lstrip("/"), size if type(size) is int else 0
