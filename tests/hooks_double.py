"""Every platform's webhook on a real store, posted to without a network; and what is kept.

No job runs: nothing is delivered, polled or replayed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.types import Message as AsgiEvent

from bot import platforms
from bot.app import App
from bot.channels import telegram_webhook, zalo_bot_webhook, zalo_oa_signature, zalo_oa_webhook
from bot.engine import Engine
from bot.kept_pictures import KeptPictures
from bot.port import storing
from bot.settings import Settings
from bot.spool import Spool
from bot.workbooks import Workbooks
from handlers.turn import World
from storage.database import Database
from storage.schema import metadata
from tests.conftest import HandClock
from tests.fakes import telegram, zalo_bot, zalo_oa
from tests.fakes.zalo_oa_people import People as ZaloPeople
from tests.fakes.zalo_oa_people import Seen
from tests.fakes.zalo_push import sign
from tests.telegram_double import people_and_updates

SECRET = "aZ09_-" * 7
NOBODY = "http://127.0.0.1:1"
"""Where a platform would be called: a group that is joined is greeted at once."""
Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Hook:
    """One platform's webhook from its own side. `says` is the event of a person's words, `kinds`
    one event of every kind; `headers` are those of a genuine body."""

    name: str
    path: str
    header: bytes
    headers: Callable[[bytes], Headers]
    says: Callable[[int, str], dict[str, Any]]
    kinds: Mapping[str, dict[str, Any]]
    sender: Callable[[dict[str, Any]], str]
    """Whose words an event of `says` holds."""


def written(event: Mapping[str, Any]) -> bytes:
    """An event's bytes as the platforms write them."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def hooks() -> dict[str, Hook]:
    """All three."""
    return {one.name: one for one in (_telegram(), _zalo_oa(), _zalo_bot())}


def _telegram() -> Hook:
    people, updates = people_and_updates()
    first = 8_123_456_789_012

    def says(number: int, text: str) -> dict[str, Any]:
        people.say(first + number, text)
        return updates.pop()

    def kinds() -> dict[str, dict[str, Any]]:
        chat = first - 1
        people.say(chat, "chào")
        people.photo(chat, b"\xff\xd8\xff", "ảnh")
        people.document(chat, b"%PDF", "a.pdf", "application/pdf")
        people.voice(chat, b"OggS")
        people.sticker(chat)
        people.location(chat, 22.4, 103.4)
        people.contact(chat, "0912345678", "Páo")
        people.edit(chat, 1, "chào lại")
        people.block(chat)
        people.unblock(chat)
        return {f"{number}.{[*one][-1]}": one for number, one in enumerate(updates)}

    def sender(event: dict[str, Any]) -> str:
        return str(event["message"]["chat"]["id"])

    made, header = kinds(), telegram_webhook.HEADER
    updates.clear()
    headers: Headers = [(header, SECRET.encode())]
    return Hook("telegram", telegram_webhook.PATH, header, lambda _raw: headers, says, made, sender)


def _zalo_oa() -> Hook:
    people = ZaloPeople(zalo_oa.APP_ID, zalo_oa.OA_ID, HandClock())
    who, photo = people.person(999_999), {"url": "http://f6.photo.talk.zdn.vn/a.jpg"}
    place = {"coordinates": {"latitude": "22.4", "longitude": "103.4"}}
    kinds = {
        "text": people.says(who, "chào"),
        "image": people.sends(who, "image", photo),
        "link": people.sends(who, "link", photo),
        "file": people.sends(who, "file", {**photo, "name": "a", "size": "1"}),
        "sticker": people.sends(who, "sticker", {"id": "1"}),
        "audio": people.sends(who, "audio", photo),
        "location": people.sends(who, "location", place),
        "card": people.sends(who, "business_card", {"description": "{}"}),
        "follow": people.follows(who),
        "unfollow": people.follows(who, "unfollow"),
        "chatnow": people.opens_chat(who),
        "info": people.shares(who, {"name": "Páo", "phone": 84912345678}),
        "seen": people.receipt(who, "user_seen_message", {"msg_ids": ["1"]}),
        "echo": people.echo(who, Seen("1", "text", HandClock()()), admin_id="2"),
    }
    header = zalo_oa_signature.HEADER

    def headers(raw: bytes) -> Headers:
        return [(header, sign(zalo_oa.APP_ID, raw, stamp(raw), zalo_oa.OA_SECRET).encode())]

    def says(number: int, text: str) -> dict[str, Any]:
        return people.says(people.person(number), text)

    def sender(event: dict[str, Any]) -> str:
        return str(event["sender"]["id"])

    return Hook("zalo_oa", zalo_oa_webhook.PATH, header, headers, says, kinds, sender)


def stamp(raw: bytes) -> str:
    """The timestamp an event of Zalo OA is signed with, "" without one."""
    found = list(zalo_oa_signature._TIMESTAMP.finditer(raw))
    return found[-1][1].decode() if found else ""


def _zalo_bot() -> Hook:
    fake = zalo_bot.FakeZaloBot(HandClock())
    who = fake.person(999_999)
    kinds = {
        "text": fake.says(who, "chào"),
        "bare": fake.says(who, "chào"),
        "image": fake.sends(who, "image", {"photo": "https://a.zdn.vn/a.jpg", "caption": "ảnh"}),
        "voice": fake.sends(who, "voice", {"voice_url": "https://a.zdn.vn/a.aac"}),
        "sticker": fake.sends(who, "sticker", {"sticker": "1", "url": "https://a.zdn.vn/a"}),
        "unsupported": fake.sends(who, "unsupported", {}),
    }
    kinds = {name: one if name == "bare" else fake.body(one) for name, one in kinds.items()}
    header = zalo_bot_webhook.HEADER
    headers: Headers = [(header, SECRET.encode())]

    def says(number: int, text: str) -> dict[str, Any]:
        return fake.body(fake.says(fake.person(number), text))

    def sender(event: dict[str, Any]) -> str:
        return str(event["result"]["message"]["chat"]["id"])

    return Hook(
        "zalo_bot", zalo_bot_webhook.PATH, header, lambda _raw: headers, says, kinds, sender
    )


@dataclass(slots=True)
class Site:
    """The program, its webhooks, and its folder."""

    app: App
    asgi: Starlette
    folder: Path

    async def post(self, hook: Hook, raw: bytes, headers: Headers | None = None) -> int:
        """The status of one call; genuine where no headers are given."""
        given = hook.headers(raw) if headers is None else headers
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": hook.path,
            "raw_path": hook.path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"content-length", b"%d" % len(raw)), *given],
            "server": ("bot.test", 80),
        }
        said: list[AsgiEvent] = []

        async def receive() -> AsgiEvent:
            return {"type": "http.request", "body": raw}

        async def send(event: AsgiEvent) -> None:
            said.append(event)

        await self.asgi(scope, receive, send)
        return int(said[0]["status"])

    def stored(self) -> dict[str, int]:
        """How many rows each table holds, and how many files the spool."""
        with self.app.database.reading(self.app.clock()) as tx:
            found = {
                name: int(tx.execute(select(func.count()).select_from(table)).scalar_one())
                for name, table in metadata.tables.items()
            }
        return {**found, "spool": len(list((self.folder / "spool").rglob("*.*")))}


@asynccontextmanager
async def site_of(url: str, world: World, clock: HandClock, folder: Path) -> AsyncIterator[Site]:
    """All three platforms set up on a store."""
    told = Settings(
        data_dir=folder,
        public_url="https://bot.test",
        telegram_api_base=NOBODY,
        telegram_token=SecretStr(telegram.TOKEN),
        telegram_mode="webhook",
        telegram_webhook_secret=SecretStr(SECRET),
        zalo_oa_id=zalo_oa.OA_ID,
        zalo_oa_app_id=zalo_oa.APP_ID,
        zalo_oa_app_secret=SecretStr(zalo_oa.APP_SECRET),
        zalo_oa_secret_key=SecretStr(zalo_oa.OA_SECRET),
        zalo_oa_refresh_token=SecretStr(zalo_oa.FIRST_REFRESH),
        zalo_bot_token=SecretStr(zalo_bot.TOKEN),
        zalo_bot_webhook_secret=SecretStr(SECRET),
    )
    database = Database(url)
    engine = Engine(database, world, clock)
    engine.attach(asyncio.get_running_loop())
    app = App(told, clock, database, world, engine)
    spool = Spool(folder / "spool", storing(engine))
    pictures, books = KeptPictures(engine, folder / "media"), Workbooks(engine, world)
    linked = platforms.make(app, spool, pictures, books)
    try:
        yield Site(app, Starlette(routes=linked.routes), folder)
    finally:
        await linked.close()
        engine.close()
