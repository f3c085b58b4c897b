"""The permitted speed and a platform's stop, between two replicas over one store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from bot.engine import Engine
from bot.speed import Speed
from handlers.turn import World
from storage.database import Database
from tests.conftest import STORES, Fresh, HandClock

PERMITTED = 30.0
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@pytest.fixture(params=STORES)
def replicas(
    request: pytest.FixtureRequest, fresh_url: Fresh, world: World, clock: HandClock
) -> Iterator[list[Engine]]:
    url = fresh_url(request.param)
    made = [Engine(Database(url), world, clock) for _ in range(2)]
    yield made
    for one in made:
        one.close()


def _speeds(replicas: list[Engine], clock: HandClock) -> list[Speed]:
    async def sleep(seconds: float) -> None:
        clock.move(timedelta(seconds=seconds))

    for one in replicas:
        one.attach(asyncio.get_running_loop())
    return [Speed(one, "telegram:1", PERMITTED, clock, sleep) for one in replicas]


async def test_after_a_rest_replicas_together_keep_the_permitted_speed(
    replicas: list[Engine], clock: HandClock
) -> None:
    speeds, at = _speeds(replicas, clock), list[datetime]()
    for speed in speeds:
        assert await asyncio.gather(*(speed.take(clock() + MINUTE) for _ in range(3))) == [0] * 3
    clock.move(timedelta(seconds=3))
    for number in range(90):
        assert await speeds[number % 2].take(clock() + MINUTE) == 0
        at.append(clock())
    assert max(sum(begin <= one < begin + SECOND for one in at) for begin in at) <= PERMITTED
    assert (at[-1] - at[0]).total_seconds() < 89 / (0.97 * PERMITTED)


async def test_a_stop_one_replica_was_asked_for_stops_the_other(
    replicas: list[Engine], clock: HandClock
) -> None:
    one, other = _speeds(replicas, clock)
    assert await one.take(clock() + SECOND) == await other.take(clock() + SECOND) == 0
    await one.hold(300)
    assert await other.take(clock() + SECOND) == pytest.approx(300)


async def test_what_is_given_up_in_a_long_stop_costs_nothing_after_it(
    replicas: list[Engine], clock: HandClock
) -> None:
    speeds = _speeds(replicas, clock)
    await speeds[0].hold(300)
    for number in range(100):
        assert await speeds[number % 2].take(clock() + MINUTE) == pytest.approx(300)
    clock.move(timedelta(seconds=300))
    assert await speeds[1].take(clock()) == 0
