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
from tests import event_kinds
from tests.conftest import HandClock
from tests.fakes import telegram, zalo_bot, zalo_oa
from tests.fakes.zalo_oa_people import People as ZaloPeople
from tests.fakes.zalo_push import sign
from tests.telegram_double import people_and_updates

SECRET = "aZ09_-" * 7
NOBODY = "http://127.0.0.1:1"
"""Where a platform would be called: a group that is joined is greeted at once."""
Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Hook:
    """One platform's webhook from its own side. `says` is the event of a person's words, `kinds`
    makes an event of every kind; `headers` are those of a genuine body."""

    name: str
    path: str
    header: bytes
    headers: Callable[[bytes], Headers]
    says: Callable[[int, str], dict[str, Any]]
    kinds: Mapping[str, event_kinds.Make]
    person: Callable[[int], str]
    """The id of the person with this number."""


def written(event: Mapping[str, Any]) -> bytes:
    """An event's bytes as the platforms write them."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def hooks() -> dict[str, Hook]:
    """All three."""
    return {one.name: one for one in (_telegram(), _zalo_oa(), _zalo_bot())}


def _telegram() -> Hook:
    people, updates = people_and_updates()

    def says(number: int, text: str) -> dict[str, Any]:
        people.say(event_kinds.FIRST_CHAT + number, text)
        return updates.pop()

    header = telegram_webhook.HEADER
    headers: Headers = [(header, SECRET.encode())]
    return Hook(
        "telegram",
        telegram_webhook.PATH,
        header,
        lambda _raw: headers,
        says,
        event_kinds.telegram(people, updates),
        lambda number: str(event_kinds.FIRST_CHAT + number),
    )


def _zalo_oa() -> Hook:
    people = ZaloPeople(zalo_oa.APP_ID, zalo_oa.OA_ID, HandClock())
    header = zalo_oa_signature.HEADER

    def headers(raw: bytes) -> Headers:
        return [(header, sign(zalo_oa.APP_ID, raw, stamp(raw), zalo_oa.OA_SECRET).encode())]

    return Hook(
        "zalo_oa",
        zalo_oa_webhook.PATH,
        header,
        headers,
        lambda number, text: people.says(people.person(number), text),
        event_kinds.zalo_oa(people, zalo_oa.OA_ID),
        lambda number: people.person(number).user_id,
    )


def stamp(raw: bytes) -> str:
    """The timestamp an event of Zalo OA is signed with, "" without one."""
    found = list(zalo_oa_signature._TIMESTAMP.finditer(raw))
    return found[-1][1].decode() if found else ""


def _zalo_bot() -> Hook:
    fake = zalo_bot.FakeZaloBot(HandClock())
    header = zalo_bot_webhook.HEADER
    headers: Headers = [(header, SECRET.encode())]
    return Hook(
        "zalo_bot",
        zalo_bot_webhook.PATH,
        header,
        lambda _raw: headers,
        lambda number, text: fake.body(fake.says(fake.person(number), text)),
        event_kinds.zalo_bot(fake),
        lambda number: fake.person(number).user_id,
    )


@dataclass(slots=True)
class Site:
    """The program, its webhooks, and its folder."""

    app: App
    asgi: Starlette
    folder: Path
    spool: Spool

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
        yield Site(app, Starlette(routes=linked.routes), folder, spool)
    finally:
        await linked.close()
        engine.close()
