"""How long the planning of a day's reminders for many takes, in what memory, and what kills leave.

    python -m tests.load.planning --many 1000000
    python -m tests.load.planning --many 100000 --kills 10 [--store postgresql]

The store is filled here; planning runs in a process of its own, as in life, so that its memory is
its own and it can be killed. At the end everybody must have been planned once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, func, insert, select

from bot.app import make_world
from bot.campaigns import Campaigns
from bot.engine import Engine
from bot.replay.talk import HandClock
from knowledge import places
from storage import schema
from storage.database import Database, Tx
from storage.upgrade import upgrade
from tests.postgres import running

SLICE = 10_000
ASKED = datetime(2024, 12, 1, 2, tzinfo=UTC)
DAY = datetime(2024, 12, 21, 1, tzinfo=UTC)
"""08:00 on the day on which communes and villagers are reminded of 4 January."""
CHANNELS = ("telegram",) * 6 + ("zalo_oa",) * 3 + ("web",)
OFFICERS = 100
"""One in so many is reminded as an officer."""
BAR_SECONDS, BAR_MB = 120, 500
"""For a million, on embedded storage."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What one run came to: seconds, peak resident memory, how often it was killed; rows missing
    and rows too many."""

    seconds: float
    megabytes: float
    kills: int
    missed: int
    twice: int


def fill(url: str, many: int) -> None:
    """Put `many` invented people who asked to be reminded into a fresh store at `url`."""
    database = Database(url)
    upgrade(database)
    communes = [unit.key for unit in places.load().communes(ASKED.date())]
    try:
        for begin in range(1, many + 1, SLICE):
            with database.writing(ASKED) as tx:
                _people(tx, range(begin, min(begin + SLICE, many + 1)), communes)
    finally:
        database.dispose()


def _people(tx: Tx, ids: range, communes: list[str]) -> None:
    def put(table: Table, row: Callable[[int], dict[str, Any]], of: range = ids) -> None:
        if of:
            tx.execute(insert(table), [row(number) for number in of])

    def account(one: int) -> dict[str, Any]:
        told_by = {"channel": CHANNELS[one % len(CHANNELS)], "account": "1", "sender": f"{one}"}
        return {"id": one, "person_id": one, "created_at": ASKED, **told_by}

    def wish(one: int) -> dict[str, Any]:
        actor = "villager" if one % OFFICERS else "commune_officer"
        row = {"person_id": one, "account_id": one, "actor": actor, "since": ASKED}
        return {**row, "place": communes[one % len(communes)]}

    def grant(one: int) -> dict[str, Any]:
        row = {"person_id": one, "account_id": one, "role": "commune_officer"}
        return {**row, "place": communes[one % len(communes)], "given_at": ASKED}

    talk = {"state": {}, "version": 1, "updated_at": ASKED}
    put(schema.people, lambda one: {"id": one, "name": None, "created_at": ASKED})
    put(schema.accounts, account)
    put(schema.conversations, lambda one: {"account_id": one, **talk})
    put(schema.subscriptions, wish)
    first = -(-ids.start // OFFICERS) * OFFICERS
    put(schema.grants, grant, range(first, ids.stop, OFFICERS))


async def plan(url: str) -> None:
    """Plan the day, as the program's job does, until there is nothing left to do."""
    clock = HandClock(DAY)
    world = make_world("")
    engine = Engine(Database(url), world, clock)
    engine.attach(asyncio.get_running_loop())
    job = Campaigns(engine, world, clock)
    begun = time.perf_counter()
    while await job.once():
        pass
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    engine.close()
    print(json.dumps({"seconds": seconds, "megabytes": peak}))


def measure(url: str, many: int, kills: int, *, rate: float = 5_000.0, seed: int = 1) -> Planned:
    """Plan the filled store at `url` in processes of its own, all but the last of them killed.

    `rate` is how many people a second are expected, to choose when to kill.
    """
    rng = random.Random(seed)
    command = [sys.executable, "-m", "tests.load.planning", "--url", url]
    killed = 0
    begun = time.perf_counter()
    for _ in range(kills):
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _wait_for_growth(url, rng.randrange(1, 1 + many // (kills + 1)))
        time.sleep(rng.random() * SLICE / rate / 20)
        killed += child.poll() is None
        child.kill()
        child.wait()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told = json.loads(done.stdout)
    seconds = time.perf_counter() - begun if kills else told["seconds"]
    missed, twice = wrong(url, many)
    return Planned(seconds, told["megabytes"], killed, missed, twice)


def _wait_for_growth(url: str, by: int) -> None:
    database = Database(url)
    start = _cursor(database)
    until = time.monotonic() + 60
    while _cursor(database) < start + by and time.monotonic() < until:
        time.sleep(0.005)
    database.dispose()


def _cursor(database: Database) -> int:
    with database.reading(DAY) as tx:
        return tx.execute(select(func.max(schema.campaigns.c.cursor))).scalar() or 0


def wrong(url: str, many: int) -> tuple[int, int]:
    """(how many people were missed, how many messages are too many)."""
    database = Database(url)
    with database.reading(DAY + timedelta(hours=1)) as tx:
        rows, told = tx.execute(
            select(func.count(), func.count(schema.outbox.c.account_id.distinct()))
        ).one()
        noted = tx.execute(select(func.count(schema.reminded.c.person_id.distinct()))).scalar_one()
        [count] = tx.execute(select(schema.campaigns.c.count)).scalars()
    database.dispose()
    return many - min(told, noted, count), max(rows, count) - told


def report(store: str, many: int, kills: int) -> tuple[str, bool]:
    """Fill, plan and check; (one line, whether it is as it must be)."""
    with ExitStack() as stack:
        if store == "postgresql":
            url = stack.enter_context(running(lambda _url: None)).fresh()
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="chungsuc-plan-"))
            url = f"sqlite:///{Path(folder) / 'plan.db'}"
        fill(url, many)
        found = measure(url, many, kills)
    line = (
        f"planning {many:,} reminders on {store}: {found.seconds:.1f} s "
        f"({many / found.seconds:,.0f}/s), {found.megabytes:.0f} MB, {found.kills} kills, "
        f"{found.missed} missed, {found.twice} twice "
        f"(aim for a million ≤ {BAR_SECONDS} s, ≤ {BAR_MB} MB, none missed, none twice)"
    )
    return line, found.missed == 0 and found.twice == 0


def main() -> int:
    """Read the command line and measure; 1 when somebody was missed or planned twice."""
    reader = argparse.ArgumentParser(prog="python -m tests.load.planning")
    reader.add_argument("--many", type=int, default=100_000)
    reader.add_argument("--kills", type=int, default=0)
    reader.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    reader.add_argument("--url", help="plan this filled store and print what it took")
    told = reader.parse_args()
    if told.url:
        asyncio.run(plan(told.url))
        return 0
    line, right = report(told.store, told.many, told.kills)
    print(line)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
