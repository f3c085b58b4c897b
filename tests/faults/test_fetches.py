"""Every fault × every call that fetches what people sent, through the real job, over HTTP.

Whatever happens once, the picture is kept in the end, once and whole; what the platform says is
gone for good is refused with a word to its sender.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from bot import media as job_module
from bot.channels.platform import Platform
from bot.channels.zalo_bot import ZaloBot
from bot.engine import Engine
from bot.fetching import Fetcher
from bot.http_client import make_client
from bot.incoming import Incoming
from bot.media import MediaJob
from handlers.turn import World
from storage import media, outbox
from storage.database import Database, Tx
from storage.media import Evidence
from storage.people import Conversation
from tests.conftest import Fresh, HandClock
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_faults import Fault, Kind
from tests.fakes.zalo_bot import TOKEN, FakeZaloBot
from tests.fakes.zalo_faults import FAULTS
from tests.faults.test_calls import HANGS, PATIENCE_WITH_HANGS, WAITS
from tests.picture_double import encoded, files, scene
from tests.stock import report, villager
from tests.telegram_double import telegram_at
from tests.zalo_double import rig

PHOTO = encoded(scene(1))
CHAT = 7_000_000_001
CELLS = [
    *(("telegram", call, fault) for call in ("getFile", "download") for fault in get_args(Kind)),
    *((platform, "media", fault) for platform in ("zalo_oa", "zalo_bot") for fault in FAULTS),
]
GONE = {
    ("telegram", "getFile", "400"),
    ("telegram", "getFile", "migrated"),
    *((platform, "media", status) for platform in ("zalo_oa", "zalo_bot")
      for status in ("400", "403", "bad_json", "wrong_json")),
}  # fmt: skip
"""What the platform refuses for good, and what it gives as the file and is none of a known kind:
its sender is asked for it again."""


@dataclass(slots=True)
class Cell:
    """A platform at its fake with a picture somebody sent."""

    platform: Platform
    reference: str
    fail: Callable[[str, str], None]


async def _nothing(_media: object) -> bytes | None:
    return None


@asynccontextmanager
async def _telegram(clock: HandClock) -> AsyncIterator[Cell]:
    async with (
        FakeTelegram(now=lambda: clock().timestamp()) as fake,
        telegram_at(fake, picture=_nothing, patience=PATIENCE_WITH_HANGS) as platform,
    ):
        fake.people.start(CHAT)
        fake.people.photo(CHAT, PHOTO)
        reference = max(fake.people.files, key=lambda one: len(fake.people.files[one]))

        def fail(call: str, fault: str) -> None:
            kind: Kind = next(one for one in get_args(Kind) if one == fault)
            fake.fail(call, Fault(kind, WAITS["429"]))

        yield Cell(platform, reference, fail)


@asynccontextmanager
async def _zalo_oa(clock: HandClock) -> AsyncIterator[Cell]:
    async with rig(clock) as made:
        made.fake.media["a.jpg"] = PHOTO
        yield Cell(made.oa, f"{made.base}/media/a.jpg", made.fake.faults.switch)


@asynccontextmanager
async def _zalo_bot(clock: HandClock) -> AsyncIterator[Cell]:
    fake = FakeZaloBot(clock)
    async with fake.serve() as base:
        fake.media["a.jpg"] = PHOTO
        fetcher = Fetcher(["zdn.vn"], own=base)
        platform = ZaloBot(TOKEN, make_client(), fetcher, lambda _media: None, api_base=base)
        yield Cell(platform, f"{base}/media/a.jpg", fake.faults.switch)
        await platform.close()


MADE = {"telegram": _telegram, "zalo_oa": _zalo_oa, "zalo_bot": _zalo_bot}


@pytest.fixture
def engine(fresh_url: Fresh, world: World, clock: HandClock) -> Iterator[Engine]:
    made = Engine(Database(fresh_url("sqlite")), world, clock)
    yield made
    made.close()


@pytest.mark.parametrize(("platform", "call", "fault"), CELLS)
async def test_a_fault(
    engine: Engine, world: World, clock: HandClock, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, platform: str, call: str, fault: str,
) -> None:  # fmt: skip
    if fault in HANGS:
        monkeypatch.setattr(job_module, "FETCH_SECONDS", PATIENCE_WITH_HANGS)
    engine.attach(asyncio.get_running_loop())
    async with MADE[platform](clock) as cell:
        incoming = Incoming(tmp_path / "incoming")
        job = MediaJob(engine, world, tmp_path / "media", incoming, {platform: cell.platform})
        who = await engine.write(villager)
        number = await engine.write(lambda tx: _sent(tx, who, platform, cell.reference))
        cell.fail(call, fault)
        begun = clock()
        assert await job.once() == 1
        row = await engine.write(lambda tx: _row(tx, number))
        while row.state == "pending":
            clock.move(timedelta(seconds=15))
            assert clock() - begun < timedelta(minutes=5)
            await job.once()
            row = await engine.write(lambda tx: _row(tx, number))
        told = await engine.write(lambda tx: outbox.waiting(tx, who.account_id))
    if (platform, call, fault) in GONE:
        assert (row.state, len(told)) == ("refused", 1)
        assert row.reason
        assert files(tmp_path / "media") == []
    else:
        assert (row.state, len(told)) == ("kept", 0)
        assert len(files(tmp_path / "media")) == 2


def _sent(tx: Tx, who: Conversation, channel: str, reference: str) -> int:
    one = report(tx, who)
    made = media.take(
        tx, who.account_id, who.person.id, kind="photo", channel=channel, reference=reference
    )
    media.bind(tx, [made], one.id, who.account_id, by=who.person.id)
    return made


def _row(tx: Tx, number: int) -> Evidence:
    found = media.get(tx, number)
    assert found is not None
    return found
