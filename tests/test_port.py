"""The port between a platform's channel and the engine, on a real store that is away at times."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.channels.zalo_oa_events import Left, Paused, Receipt, Said
from bot.engine import Engine
from bot.errors import StorageAway
from bot.events import Event, Reach
from bot.port import Port, storing
from bot.spool import Spool
from handlers import router
from handlers.messages import Message
from handlers.turn import World
from storage import delivery
from storage.database import Database
from storage.schema import accounts, dead_letters
from tests.conftest import START, STORES, Fresh, HandClock

OA = "388613280878808645"


class Away:
    """The engine's storage behind a switch."""

    def __init__(self, engine: Engine) -> None:
        self._store = storing(engine)
        self.is_away = False

    async def store(self, event: Event, raw: bytes) -> None:
        if self.is_away:
            raise StorageAway
        await self._store(event, raw)


@pytest.fixture(params=STORES)
async def engine(
    request: pytest.FixtureRequest, fresh_url: Fresh, world: World, clock: HandClock
) -> AsyncIterator[Engine]:
    made = Engine(Database(fresh_url(request.param)), world, clock)
    made.attach(asyncio.get_running_loop())
    yield made
    made.close()


def says(sender: str, number: int) -> Said:
    at = START + timedelta(seconds=number)
    return Said(Message("zalo_oa", OA, sender, f"{sender}{number}", at, text="menu"))


async def replayed(spool: Spool) -> None:
    task = asyncio.create_task(spool.run())
    async with asyncio.timeout(10):
        while spool.waiting:  # noqa: ASYNC110 - the files are the signal
            await asyncio.sleep(0.001)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("is_away", [False, True])
async def test_who_left_and_whom_an_official_answers_is_known_even_if_told_while_storage_was_away(
    engine: Engine, world: World, tmp_path: Path, is_away: bool
) -> None:
    gate = Away(engine)
    spool = Spool(tmp_path / "spool", gate.store)
    port = Port(engine, spool, world, "zalo_oa", OA)
    for sender in ("left", "answered", "back"):
        await port.take(says(sender, 0), b"")
    gate.is_away = is_away
    until = START + timedelta(minutes=30)
    await port.take(Left("left", START), b"")
    await port.take(Paused("answered", until, "m1"), b"")
    await port.take(Left("back", START), b"")
    await port.take(says("back", 1), b"")
    await port.take(Receipt("left", ("m1",), START, seen=True), b"")
    for _ in range(2):
        await port.keep(b"\xff")
    assert spool.waiting == (6 if is_away else 0)
    gate.is_away = False
    await replayed(spool)
    with engine.database.reading(engine.clock()) as tx:
        found = {
            row.sender: (row.unreachable_why, row.paused_until)
            for row in tx.execute(select(accounts))
        }
        kept = [bytes(row.raw) for row in tx.execute(select(dead_letters.c.raw))]
    assert found == {"left": ("blocked", None), "answered": ("", until), "back": ("", None)}
    assert kept == [b"\xff"]


async def test_that_somebody_left_told_again_after_he_wrote_is_no_news(
    engine: Engine, world: World, clock: HandClock
) -> None:
    """A crash may leave in the spool what was stored already."""
    store = storing(engine)
    left = Reach("zalo_oa", OA, "back", "blocked", clock())
    await store(says("back", 0).message, b"")
    for event in (left, left):
        clock.move(timedelta(seconds=1))
        await store(event, b"")
        clock.move(timedelta(seconds=1))
        await store(says("back", 1).message, b"")
    with engine.database.reading(engine.clock()) as tx:
        assert tx.execute(select(accounts.c.unreachable_why)).scalar_one() == ""


async def test_what_is_written_while_an_official_answers_keeps_zalo_s_window_open(
    engine: Engine, world: World, clock: HandClock, tmp_path: Path
) -> None:
    port = Port(engine, Spool(tmp_path / "spool", storing(engine)), world, "zalo_oa", OA)
    await port.take(says("a", 0), b"")
    await port.take(Paused("a", START + timedelta(hours=1), "m1"), b"")
    clock.move(timedelta(minutes=30))
    await port.take(says("a", 1), b"")
    with engine.database.writing(engine.clock()) as tx:
        [to] = delivery.claim(tx, "zalo_oa", "test", 9)
    assert to.wrote_at == START + timedelta(minutes=30)
    assert {row.created_at for row in to.rows} == {START}  # the bot itself was silent


async def test_what_ends_in_our_fault_was_written_all_the_same(
    engine: Engine,
    world: World,
    clock: HandClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = Port(engine, Spool(tmp_path / "spool", storing(engine)), world, "zalo_oa", OA)
    await port.take(says("a", 0), b"")
    clock.move(timedelta(minutes=30))
    monkeypatch.delattr(router, "handle")
    await port.take(says("a", 1), b"")
    with engine.database.writing(engine.clock()) as tx:
        [to] = delivery.claim(tx, "zalo_oa", "test", 9)
    assert to.wrote_at == START + timedelta(minutes=30)


async def test_that_somebody_left_told_late_is_no_news(
    engine: Engine, world: World, clock: HandClock, tmp_path: Path
) -> None:
    """Zalo tries again for two hours; meanwhile he may have come back."""
    port = Port(engine, Spool(tmp_path / "spool", storing(engine)), world, "zalo_oa", OA)
    await port.take(says("back", 0), b"")
    left = Left("back", clock())
    clock.move(timedelta(minutes=5))
    await port.take(says("back", 1), b"")
    clock.move(timedelta(minutes=30))
    await port.take(left, b"")
    with engine.database.reading(engine.clock()) as tx:
        assert tx.execute(select(accounts.c.unreachable_why)).scalar_one() == ""


async def test_a_platform_that_waits_only_briefly_is_answered_in_time(
    engine: Engine, world: World, tmp_path: Path
) -> None:
    async def never(_event: Event, _raw: bytes) -> None:
        await asyncio.Event().wait()

    spool = Spool(tmp_path / "spool", never)
    port = Port(engine, spool, world, "zalo_oa", OA, patience=0.0)
    await port.take(says("a", 0), b"")
    await port.take(Left("a", START), b"")
    await port.keep(b"\xff")
    assert spool.waiting == 3
