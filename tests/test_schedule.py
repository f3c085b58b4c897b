"""What falls due: taken once by whoever is first, told in daytime; a failure holds up no other."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from bot.engine import Engine
from bot.schedule import SLICE, Schedule, fire
from handlers.overdue import daytime
from handlers.turn import World
from storage import timers
from storage.contributions import get, keep_version
from storage.database import Database, Tx
from storage.schema import audit, outbox
from storage.schema import contributions as table
from storage.schema import timers as rows
from tests.conftest import STORES, Fresh, HandClock
from tests.stock import report


def _plan(tx: Tx, many: int) -> None:
    for _ in range(many):
        one = report(tx)
        timers.plan(tx, "overdue", f"contribution:{one.id}", tx.now, version=one.version)


def _raised(tx: Tx) -> int:
    found = select(func.count()).where(audit.c.action == "contribution.raised")
    return int(tx.execute(found).scalar_one())


@pytest.mark.parametrize("store", STORES)
async def test_what_is_due_is_done_once_by_two_replicas(
    store: str, fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    url = fresh_url(store)
    engines = [Engine(Database(url), world, clock) for _ in range(2)]
    engines[0].writer.run(lambda tx: _plan(tx, SLICE + 10))
    schedules = [Schedule(one, world) for one in engines]
    for one in engines:
        one.attach(asyncio.get_running_loop())
    for _ in range(3):
        await asyncio.gather(*(one.look() for one in schedules))
    assert [await one.look() for one in schedules] == [0, 0]
    assert await engines[0].read(_raised) == SLICE + 10
    for one in engines:
        one.close()


async def test_one_that_fails_is_put_off_and_the_rest_go_on(
    fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    engine = Engine(Database(fresh_url("sqlite")), world, clock)

    def plan(tx: Tx) -> None:
        timers.plan(tx, "overdue", "contribution:404", tx.now - timedelta(days=1))
        timers.plan(tx, "unheard of", "contribution:1", tx.now - timedelta(days=1))
        _plan(tx, 1)

    engine.writer.run(plan)
    engine.attach(asyncio.get_running_loop())
    schedule = Schedule(engine, world)
    assert await schedule.look() == 3
    assert await engine.read(_raised) == 1
    assert await schedule.look() == 0
    clock.move(timedelta(hours=1))
    assert await schedule.look() == 1
    engine.close()


async def test_nothing_is_lost_while_storage_is_away(
    fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    engine = Engine(Database(fresh_url("sqlite")), world, clock)
    engine.writer.run(lambda tx: _plan(tx, 1))
    engine.attach(asyncio.get_running_loop())
    away = Engine(Database("postgresql://postgres@127.0.0.1:1/away"), world, clock)
    away.attach(asyncio.get_running_loop())
    assert await Schedule(away, world).look() == 0
    assert await Schedule(engine, world).look() == 1
    away.close()
    engine.close()


async def test_a_full_slice_is_followed_at_once_and_a_wake_ends_the_wait(world: World) -> None:
    looked: list[int] = []
    enough = asyncio.Event()

    class Counting(Schedule):
        async def look(self) -> int:
            looked.append(1)
            if len(looked) >= 3:
                enough.set()
            return SLICE if len(looked) < 3 else 0

    schedule = Counting(None, world)  # type: ignore[arg-type]  # it is never asked
    running = asyncio.create_task(schedule.run())
    await enough.wait()
    enough.clear()
    schedule.wake()
    await enough.wait()
    assert len(looked) == 4
    running.cancel()


@pytest.mark.parametrize("store", STORES)
def test_an_overdue_report_is_told_of_and_a_changed_one_is_not(
    store: str, fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    database = Database(fresh_url(store))
    with database.writing(clock()) as tx:
        _plan(tx, 1)
        tx.execute(update(table).values(version=2))
        keep_version(tx, get(tx, 1), by=1, changes={"note": "thêm"})
    with database.writing(clock()) as tx:
        [due] = timers.due(tx, 9)
        fire(world, due, tx)
        assert tx.execute(select(func.count()).select_from(outbox)).scalar() == 0
        assert tx.execute(select(rows.c.done)).scalar()
    database.dispose()


@pytest.mark.parametrize(
    ("at", "then"),
    [
        ("2025-01-02T01:00", "2025-01-02T01:00"),
        ("2025-01-02T12:59", "2025-01-02T12:59"),
        ("2025-01-02T13:00", "2025-01-03T00:30"),
        ("2025-01-02T20:00", "2025-01-03T00:30"),
        ("2025-01-03T00:29", "2025-01-03T00:30"),
        ("2025-01-03T00:30", "2025-01-03T00:30"),
    ],
)
def test_nobody_is_told_at_night(at: str, then: str) -> None:
    """Given in UTC: in Lai Châu it is seven hours later."""
    moments = [datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (at, then)]
    assert daytime(moments[0]) == moments[1]
