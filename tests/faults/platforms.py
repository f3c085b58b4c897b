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
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from handlers.roles import REVIEWER
from knowledge import places
from storage import grants
from storage.database import Database
from storage.upgrade import upgrade
from tests.faults import platform_evidence, platform_ledger
from tests.faults.chat import Stuck
from tests.faults.driver import KILLED_STARTING, Outcome
from tests.faults.evidence import gather
from tests.faults.far_sides import PLATFORMS, FarSide, far_side
from tests.faults.ledger import codes_twice, compare
from tests.faults.platform_people import PLACES, Officer, Person, Villager
from tests.faults.zygote import Child, Zygote
from tests.load.server import bot_settings, free_port
from tests.picture_double import encoded, scene

VILLAGERS = 20
UPTIME = (0.05, 0.9)
"""Seconds a server lives once it is ready."""
STARTS = datetime(2024, 12, 21, 0, 0, tzinfo=UTC)
"""07:00 in Lai Châu of a day with a reminder for communes and villagers."""
JUST_BEFORE = timedelta(minutes=29, seconds=57)
STARTS_IN = 1.0
"""Seconds a start takes about: some are killed within."""
A_LEASE = timedelta(seconds=45)
"""Longer than a recipient's lease."""
LEASES_END = timedelta(minutes=3)
"""Longer than anything a killed server may have had in hand stays in its hand."""
SETTLE_SECONDS = 90.0


class Site:
    """The program under kills: its clock, its store, its replicas."""

    def __init__(self, data: Path, database_url: str | None, replicas: int, zygote: Zygote) -> None:
        self.data, self.database_url, self._zygote = data, database_url, zygote
        self.ports = [free_port() for _ in range(replicas)]
        self.url = database_url or f"sqlite:///{data / 'chung-suc.db'}"
        self.up = asyncio.Event()
        self.settings: dict[str, str] = {}
        self._children: dict[int, Child] = {}
        self._shift, self._begun = STARTS, time.monotonic()

    def now(self) -> datetime:
        """The time everybody goes by."""
        return self._shift + timedelta(seconds=time.monotonic() - self._begun)

    def leap(self, by: timedelta) -> None:
        """Turn the clock on; a server knows it from its next start."""
        self._shift += by

    def settings_at(self, port: int) -> dict[str, str]:
        """What a server on a port is started with now."""
        clock = {"BOT_CLOCK": self.now().isoformat()}
        return {**bot_settings(self.data, port, self.database_url), **self.settings, **clock}

    async def start(self, number: int, *, wait: bool = True) -> None:
        """Start a replica."""
        port = self.ports[number]
        child = self._zygote.start(port, self.settings_at(port))
        self._children[number] = child
        if wait:
            await child.wait_ready()
            self.up.set()

    async def start_all(self) -> None:
        """Start every replica."""
        await asyncio.gather(*(self.start(number) for number in range(len(self.ports))))

    def kill(self, number: int) -> None:
        """SIGKILL a replica."""
        if number == 0:
            self.up.clear()
        self._children.pop(number).kill()

    async def stop(self) -> None:
        """SIGTERM for all."""
        self.up.clear()
        children = list(self._children.values())
        self._children.clear()
        await asyncio.gather(*(asyncio.to_thread(child.stop) for child in children))

    def invitations(self) -> list[str]:
        """A code for an officer of each place."""
        database = Database(self.url)
        upgrade(database)
        known, today = places.load(), self.now().date()
        with database.writing(self.now()) as tx:
            codes = [
                grants.invite(tx, REVIEWER, known.find(name, today).units[0].key, by=None)
                for name in PLACES
            ]
        database.dispose()
        return codes


async def run(
    data: Path,
    platform: str,
    *,
    kills: int,
    seed: int,
    database_url: str | None = None,
    replicas: int = 1,
) -> Outcome:
    """Drive the program in the empty folder `data` through `kills` SIGKILLs.

    `database_url` is an empty PostgreSQL database, which more than one replica needs. Raises
    DidNotStart when the program does not come back.
    """
    begun = time.monotonic()
    with ExitStack() as undo:
        log = undo.enter_context((data / "server.log").open("w+b"))
        modules = ["bot.channels.telegram"] if platform.startswith("telegram") else []
        zygote = Zygote(log, data, modules)
        undo.callback(zygote.close)
        site = Site(data, database_url, replicas, zygote)
        async with far_side(platform, site.ports[0], site.now, site.up, seed) as side:
            site.settings = side.settings
            counts, people, stuck = await _drive(site, side, kills, seed)
            wrong = await asyncio.to_thread(_judge, site, side, people, counts)
    return Outcome(seed, time.monotonic() - begun, counts, (*stuck, *wrong))


async def _drive(
    site: Site, side: FarSide, kills: int, seed: int
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
    codes = await asyncio.to_thread(site.invitations)
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
        await _kill(site, kills, random.Random(seed), counts)
        closing.set()
        ended = await asyncio.gather(*talks, return_exceptions=True)
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
        site.kill(number)
        counts["kills"] += 1
        if site.database_url is not None and len(site.ports) == 1:
            # Leases there outlive their holder, and nobody else takes people on meanwhile.
            site.leap(A_LEASE)
        if moments.random() < KILLED_STARTING:
            await site.start(number, wait=False)
            await asyncio.sleep(moments.uniform(0, STARTS_IN))
            site.kill(number)
            counts["kills while starting"] += 1
        await site.start(number)


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
        {code: 1 for one in villagers for code in one.shown_photos},
    )
    counts["reports"] = len(plain.reports)
    counts["photos"] = sum(len(one.shown_photos) for one in villagers)
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
