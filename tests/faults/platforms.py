"""Kill the program again and again while a platform's people report, send photos and decide.

`python -m tests.faults.platforms zalo-oa --kills 60` prints the figures and ends with 1 when a
promise was broken. The reminder of 21 December falls due during the run: 07:30 passes soon after
the first kill.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from tests.faults import platform_evidence, platform_ledger
from tests.faults.chat import Stuck
from tests.faults.driver import KILLED_STARTING, Outcome
from tests.faults.evidence import gather
from tests.faults.far_sides import PLATFORMS, FarSide, far_side
from tests.faults.ledger import codes_twice, compare
from tests.faults.platform_people import PLACES, Officer, Person, Villager
from tests.faults.site import Site
from tests.faults.zygote import Zygote
from tests.picture_double import encoded, scene

VILLAGERS = 20
UPTIME = (0.05, 0.9)
"""Seconds a server lives once it is ready."""
JUST_BEFORE = timedelta(minutes=29, seconds=57)
BETWEEN_RESTARTS = (1.0, 4.0)
AWAY = (0.5, 3.0)
"""Seconds between two restarts of the store, and for how long it is away."""
STARTS_IN = 1.0
"""Seconds a start takes about: some are killed within."""
A_LEASE = timedelta(seconds=45)
"""Longer than a recipient's lease."""
LEASES_END = timedelta(minutes=70)
"""Longer than anything a killed server may have had in hand stays in its hand."""
SETTLE_SECONDS = 90.0


async def run(
    data: Path,
    platform: str,
    *,
    kills: int,
    seed: int,
    database_url: str | None = None,
    replicas: int = 1,
    restart: Callable[[float], None] | None = None,
) -> Outcome:
    """Drive the program in the empty folder `data` through `kills` SIGKILLs.

    `database_url` is an empty PostgreSQL database, which more than one replica needs. With its
    `restart` that is killed instead of the program. Raises DidNotStart when the program does not
    come back.
    """
    begun = time.monotonic()
    with ExitStack() as undo:
        log = undo.enter_context((data / "server.log").open("w+b"))
        modules = ["bot.channels.telegram"] if platform.startswith("telegram") else []
        zygote = Zygote(log, data, modules)
        undo.callback(zygote.close)
        site = Site(data, database_url, replicas, zygote)
        async with far_side(platform, site.ports, site.now, site.up, seed) as side:
            site.settings = side.settings
            counts, people, stuck = await _drive(site, side, kills, seed, restart)
            wrong = await asyncio.to_thread(_judge, site, side, people, counts)
    return Outcome(seed, time.monotonic() - begun, counts, (*stuck, *wrong))


async def _drive(
    site: Site, side: FarSide, kills: int, seed: int, restart: Callable[[float], None] | None
) -> tuple[Counter[str], list[Person], list[str]]:
    photos = [encoded(scene(number, (160, 120))) for number in range(20)]
    villagers = [
        Villager(number, side, random.Random(f"{seed}/{number}"), photos=photos)
        for number in range(VILLAGERS)
    ]
    officers = [
        Officer(VILLAGERS + number, side, random.Random(f"{seed}/o{number}"))
        for number in range(len(PLACES))
    ]
    people: list[Person] = [*villagers, *officers]
    codes = await asyncio.to_thread(site.invitations, PLACES)
    await site.start_all()
    counts: Counter[str] = Counter()
    try:
        await asyncio.gather(*map(Officer.redeem, officers, codes))
        await asyncio.gather(*(one.subscribe() for one in people))
        # So that officers have something to decide from the first kill on.
        await asyncio.gather(*map(Villager.report, villagers))
        await site.stop()
        site.leap(JUST_BEFORE)
        await site.start_all()
        closing = asyncio.Event()
        talks = [asyncio.create_task(one.talk(closing)) for one in villagers]
        talks += [asyncio.create_task(one.talk(closing)) for one in officers]
        moments = random.Random(seed)
        if restart is None:
            await _kill(site, kills, moments, counts)
        else:
            await _restart(site, restart, kills, moments, counts)
        closing.set()
        ended = await asyncio.gather(*talks, return_exceptions=True)
        counts["left in the spool"] = len(_spooled(site))
        await _settle(site)
        stuck = [f"STUCK: {end}" for end in ended if isinstance(end, BaseException)]
        for one in people:
            try:
                one.listen()
            except Stuck as fault:
                stuck.append(f"STUCK: {fault}")
    finally:
        await site.stop()
    return counts, people, stuck


async def _kill(site: Site, kills: int, moments: random.Random, counts: Counter[str]) -> None:
    for _ in range(kills):
        await asyncio.sleep(moments.uniform(*UPTIME))
        number = moments.randrange(len(site.ports))
        _kill_one(site, number)
        counts["kills"] += 1
        if moments.random() < KILLED_STARTING:
            await site.start(number, wait=False)
            await asyncio.sleep(moments.uniform(0, STARTS_IN))
            _kill_one(site, number)
            counts["kills while starting"] += 1
        await site.start(number)


def _kill_one(site: Site, number: int) -> None:
    site.kill(number)
    if site.database_url is not None and len(site.ports) == 1:
        # Leases there outlive their holder, and nobody else takes people on meanwhile.
        site.leap(A_LEASE)


async def _restart(
    site: Site, restart: Callable[[float], None], times: int, moments: random.Random,
    counts: Counter[str],
) -> None:  # fmt: skip
    """Restart the store under the program, and see what is spooled meanwhile."""
    for _ in range(times):
        await asyncio.sleep(moments.uniform(*BETWEEN_RESTARTS))
        away = asyncio.create_task(asyncio.to_thread(restart, moments.uniform(*AWAY)))
        spooled: set[str] = set()
        while not away.done():
            await asyncio.sleep(0.05)
            spooled.update(_spooled(site))
        await away
        counts["restarts of the store"] += 1
        counts["spooled"] += len(spooled)
        back = time.monotonic()
        while _spooled(site) and time.monotonic() < back + SETTLE_SECONDS:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        took = round(1000 * (time.monotonic() - back))
        counts["slowest replay, ms"] = max(counts["slowest replay, ms"], took)


def _spooled(site: Site) -> list[str]:
    return [path.name for path in (site.data / "spool").rglob("*.json")]


async def _settle(site: Site) -> None:
    """Let everything end, with a clock turned on past what dead servers had in hand."""
    await site.stop()
    site.leap(LEASES_END)
    await site.start_all()
    deadline = time.monotonic() + SETTLE_SECONDS
    while any(await asyncio.to_thread(platform_evidence.waiting, site.url)):
        if time.monotonic() > deadline:
            return
        await asyncio.sleep(0.2)


def _judge(site: Site, side: FarSide, people: list[Person], counts: Counter[str]) -> list[str]:
    villagers = [one for one in people if isinstance(one, Villager)]
    officers = [one for one in people if isinstance(one, Officer)]
    plain = gather(site.url, site.data, site.settings_at(site.ports[0]))
    more = platform_evidence.look(site.url)
    told = [report for one in villagers for report in one.reports]
    wrong = [*plain.wrong, *compare(told, plain.reports), *codes_twice(plain.reports)]
    if counts["left in the spool"]:
        wrong.append(f"SPOOLED: {counts['left in the spool']} events were never handed on")
    if side.untaken():
        wrong.append(f"UNTAKEN: {side.untaken()} events of the platform")
    for one in people:
        sender = side.sender(one.number)
        rows = [row for row in more.rows if row.sender == sender]
        broken, repeats = platform_ledger.walk(sender, rows, side.seen(one.number))
        wrong += broken
        counts["repeats"] += repeats
    wrong += platform_ledger.ends(more.rows)
    heard = {side.sender(one.number): one.reminders for one in people}
    wrong += platform_ledger.reminders(more.planned, more.noted, more.rows, heard)
    wrong += platform_ledger.decisions(
        more.decisions,
        [code for officer in officers for code in officer.decided],
        [code for one in villagers for code in one.verified],
        {code: many for one in villagers for code, many in one.shown_photos.items()},
    )
    counts["not taken at once"] = side.refused()
    counts["not answered in time"] = side.late()
    counts["beyond the platform's ladder"] = side.beyond()
    counts["reports"] = len(plain.reports)
    counts["photos"] = sum(sum(one.shown_photos.values()) for one in villagers)
    counts["decisions"] = sum(len(officer.decided) for officer in officers)
    counts["reminders"] = sum(row.is_reminder for row in more.rows)
    counts["messages"] = sum(len(side.seen(one.number)) for one in people)
    return wrong


def main() -> int:
    """Read the command line, run once, print, 0 or 1."""
    reader = argparse.ArgumentParser(prog="python -m tests.faults.platforms", description=__doc__)
    reader.add_argument("platform", choices=PLATFORMS)
    reader.add_argument("--kills", type=int, default=200)
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--database-url")
    reader.add_argument("--replicas", type=int, default=1)
    told = reader.parse_args()
    with tempfile.TemporaryDirectory(prefix="chungsuc-kills-") as folder:
        outcome = asyncio.run(
            run(
                Path(folder), told.platform, kills=told.kills, seed=told.seed,
                database_url=told.database_url, replicas=told.replicas,
            )
        )  # fmt: skip
    print(outcome)
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
