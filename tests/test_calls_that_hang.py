"""Calls that hang hold up nobody else: who is served together, and who apart."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.channels.platform import Body, Outcome, Pace, Unsure, at_once
from bot.delivery import APART_AT_ONCE
from bot.engine import Engine
from handlers.turn import World
from storage.database import Database
from tests.conftest import STORES, Fresh, HandClock
from tests.test_delivery import Scripted, delivering, queue, states, until

VICTIMS = 40


class Hanging(Scripted):
    """Calls to victims are left unsure, or hang while the test wants them to."""

    def __init__(self) -> None:
        super().__init__()
        self.hangs, self.ends = False, asyncio.Event()
        self.hanging = 0

    async def send(self, sender: str, body: Body, pace: Pace = at_once) -> Outcome:
        if not sender.startswith("victim") or self.ends.is_set():
            return await super().send(sender, body, pace)
        if self.hangs:
            self.hanging += 1
            try:
                await self.ends.wait()
            finally:
                self.hanging -= 1
        return Unsure("timeout")


@pytest.fixture(params=STORES)
def engine(
    request: pytest.FixtureRequest, fresh_url: Fresh, world: World, clock: HandClock
) -> Iterator[Engine]:
    made = Engine(Database(fresh_url(request.param)), world, clock)
    yield made
    made.close()


async def test_many_first_calls_that_hang_leave_room(engine: Engine, clock: HandClock) -> None:
    platform = Hanging()
    platform.hangs = True
    async with delivering(engine, platform, clock):
        for number in range(VICTIMS):
            queue(engine, f"victim.{number}", "tin")
        await until(lambda: platform.hanging == VICTIMS)
        queue(engine, "páo", "tin")
        await until(lambda: platform.heard["páo"] == ["tin"])
        assert platform.hanging == VICTIMS
        platform.ends.set()


async def test_whose_last_call_was_unsure_are_tried_a_few_at_a_time(
    engine: Engine, clock: HandClock
) -> None:
    platform = Hanging()
    victims = [f"victim.{number}" for number in range(VICTIMS)]
    accounts = [queue(engine, one, "tin") for one in victims]
    async with delivering(engine, platform, clock):
        await until(lambda: all(states(engine, one)[0][2] == 1 for one in accounts))
        platform.hangs = True
        clock.move(timedelta(seconds=2))
        for sender in ("páo", "mai"):
            queue(engine, sender, "tin")
            await until(lambda sender=sender: platform.heard[sender] == ["tin"])  # type: ignore[misc]
        await until(lambda: platform.hanging > 0)
        assert platform.hanging <= APART_AT_ONCE
        platform.ends.set()
        # Those of whom a few hung are heard of again, and then all.
        await until(lambda: _moved(clock, engine, platform, victims))


def _moved(clock: HandClock, engine: Engine, platform: Scripted, victims: list[str]) -> bool:
    clock.move(timedelta(seconds=1))
    engine.outgoing.set()
    return all(platform.heard[one] == ["tin"] for one in victims)
