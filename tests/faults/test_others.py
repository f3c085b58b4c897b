"""What chats whose calls hang cost the others: their replies' delays beside their quiet ones.

Each round measures the quiet and the troubled run side by side on one engine, so that the two can
be held against each other on any machine; the figures are printed too.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from bot.channels.platform import Body, Outcome, Pace, Sent, Unsure, at_once
from bot.clock import make_clock
from bot.delivery import CALL_SECONDS, Delivery, Line
from bot.engine import Engine
from bot.speed import Speed
from handlers.turn import World
from storage import outbox, people
from storage.database import Database, Tx
from tests.conftest import STORES, Fresh

ROUNDS = 10
OTHERS = 200
EVERY = 0.01
"""Seconds between two people's questions."""
VICTIMS = 40
CALL = 0.02
"""Seconds a call to the platform takes when all is well."""
HANG = CALL_SECONDS - 0.5
"""As long as a call may: no call of a round ends before the round does."""
MOST = 2.0
"""Times the quiet delays, in the middle of the rounds."""


class Troubled:
    """A platform at which, while it `is_ill`, some people's calls hang."""

    channel, account = "telegram", "1"

    def __init__(self) -> None:
        self.heard: dict[str, float] = {}
        self.faults = 0
        self.is_ill = False
        self.well = asyncio.Event()

    def fall_ill(self) -> None:
        self.is_ill = True
        self.well.clear()

    def recover(self) -> None:
        """What hangs comes back at once."""
        self.is_ill = False
        self.well.set()

    async def send(self, sender: str, body: Body, pace: Pace = at_once) -> Outcome:
        if self.is_ill and sender.startswith("victim"):
            self.faults += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(HANG):
                    await self.well.wait()
            return Unsure("timeout")
        await asyncio.sleep(CALL)
        self.heard[sender] = time.monotonic()
        return Sent()

    async def fetch(self, reference: str, most: int) -> bytes:
        raise NotImplementedError

    async def close(self) -> None:
        return None


@pytest.fixture(params=STORES)
def engine(request: pytest.FixtureRequest, fresh_url: Fresh, world: World) -> Iterator[Engine]:
    made = Engine(Database(fresh_url(request.param)), world, make_clock(None))
    yield made
    made.close()


async def _ask(engine: Engine, sender: str) -> float:
    def work(tx: Tx) -> None:
        account_id = people.open_conversation(tx, "telegram", "1", sender).account_id
        outbox.put(tx, account_id, "reply", [{"text": "tin", "choices": []}])

    await engine.write(work)
    return time.monotonic()


async def _waited(engine: Engine, platform: Troubled, name: str) -> float:
    """The 99th percentile, in seconds, of what others wait for their answers."""
    asked = {}
    for number in range(OTHERS):
        sender = f"{name}.{number}"
        asked[sender] = await _ask(engine, sender)
        await asyncio.sleep(EVERY)
    async with asyncio.timeout(60):
        while not asked.keys() <= platform.heard.keys():  # noqa: ASYNC110 - others' work
            await asyncio.sleep(0.01)
    waits = [platform.heard[sender] - at for sender, at in asked.items()]
    return statistics.quantiles(waits, n=100)[98]


@pytest.mark.long
async def test_what_others_wait_while_some_people_s_calls_go_wrong(engine: Engine) -> None:
    engine.attach(asyncio.get_running_loop())
    platform = Troubled()
    line = Line(platform, Speed(engine, "telegram:1", None, engine.clock))
    task = asyncio.create_task(Delivery(engine, line, engine.clock).run())
    ratios, quiet, loud = [], [], []
    try:
        for number in range(ROUNDS):
            platform.recover()
            quiet.append(await _waited(engine, platform, f"quiet.{number}"))
            platform.fall_ill()
            for victim in range(VICTIMS):
                await _ask(engine, f"victim.{number}.{victim}")
            loud.append(await _waited(engine, platform, f"loud.{number}"))
            assert platform.faults >= (number + 1) * VICTIMS
            ratios.append(loud[-1] / quiet[-1])
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    print(
        f"others' p99 while {VICTIMS} people's calls hang: "
        f"{1000 * statistics.median(loud):.0f} ms against {1000 * statistics.median(quiet):.0f} ms "
        f"quiet, × {statistics.median(ratios):.2f} (aim ≤ {MOST:g}), {platform.faults} faults"
    )
    assert statistics.median(ratios) <= MOST
