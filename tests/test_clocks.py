"""Reminders under clocks that jump and replicas that disagree: nothing twice, nothing left out.

A case is a life of some weeks around a day that matters: two replicas look at their own clocks at
odd hours, one clock may be ahead, step back, or leap forward and return. What was said is held
against an oracle that knows only the deadlines' days and when anybody looked in daytime.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from sqlalchemy import delete, select

from bot.campaigns import Campaigns
from bot.signal import Signal
from handlers import campaigns as planning
from handlers import digests
from handlers.turn import World
from knowledge import nudges
from knowledge.nudges import VILLAGER, Nudge
from knowledge.zone import ZONE
from storage import grants, people, subscriptions
from storage.database import Database, Tx
from storage.schema import campaign_people, campaigns, outbox, recipients, reminded
from tests.conftest import HandClock

CASES, STORED = 10_000, 200
AROUND = (
    date(2024, 2, 29),  # a leap day
    date(2024, 12, 31),  # year end
    date(2025, 1, 4),  # communes' last day, a Saturday
    date(2025, 1, 14),  # districts' last day
    date(2025, 1, 29),  # Tết
    date(2025, 6, 30),  # a half year's report, the last day of the districts
    date(2025, 12, 31),  # the plan's end
    date(2026, 1, 19),  # its very last day
)
ACTORS = ("commune_officer", "district_officer", "department_officer", "province_officer", VILLAGER)
EDGES = ((7, 29, 59), (7, 30, 0), (12, 0, 0), (19, 59, 59), (20, 0, 0), (23, 59, 59), (0, 0, 0))
SKEW = timedelta(seconds=90)
Key = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Case:
    """Who is reminded as what since when, and at which times, by its own clock, which replica
    looked."""

    actor: str
    since: date
    looks: tuple[tuple[int, datetime], ...]


def make(rng: random.Random) -> Case:
    """A case by chance."""
    at = rng.choice(AROUND) - timedelta(days=rng.randrange(36))
    since = at - timedelta(days=rng.choice((0, 1, 40)))
    looks: list[tuple[int, datetime]] = []
    ahead = rng.choice((timedelta(0), SKEW, -SKEW))
    day = at
    for _ in range(rng.randrange(4, 12)):
        hour, minute, second = rng.choice(EDGES)
        now = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=ZONE)
        for replica in rng.sample((0, 1), 2):
            looks.append((replica, now + (ahead if replica else timedelta(0))))
        fault = rng.randrange(8)
        if fault == 0:
            looks.append((rng.randrange(2), now - timedelta(hours=2)))
        elif fault == 1:
            looks.append((rng.randrange(2), now + timedelta(days=2)))
            looks.append((rng.randrange(2), now))
        day += timedelta(days=rng.choice((0, 1, 1, 1, 2, 5)))
    return Case(
        rng.choice(ACTORS), since, tuple((who, when.astimezone(UTC)) for who, when in looks)
    )


def oracle(world: World, case: Case) -> set[Key]:
    """What must have been said, once each: whatever came due since he asked and was still ahead
    when anybody looked in daytime."""
    looked = {
        local.date()
        for _, when in case.looks
        if (7, 30) <= ((local := when.astimezone(ZONE)).hour, local.minute) < (20, 0)
    }
    found: set[Key] = set()
    for year in range(2023, 2028):
        for one in world.nudges.deadlines.in_year(year):
            mine = one.actor_role == case.actor
            if case.actor == VILLAGER:
                mine = one.actor_role == "commune_officer" and one.last_day is not None
            leads = {14, 3} if case.actor == VILLAGER else {30, 14, 7, 3, 1}
            if one.last_working_day and case.actor != VILLAGER:
                leads |= {(one.due - one.last_working_day).days}
            for lead in leads if mine else ():
                on = one.due - timedelta(days=lead)
                if on >= case.since and any(on <= day <= one.due for day in looked):
                    found.add((one.id, one.due.year, lead))
    return found


def test_ten_thousand_lives_hear_everything_once(world: World) -> None:
    found = cache(lambda day: world.nudges.between(day - digests.LOOKS_BACK, day))
    rng = random.Random(20250104)
    said, wrong = 0, []
    for number in range(CASES):
        case = make(rng)
        heard = Counter(_run(found, case))
        wanted = oracle(world, case)
        if set(heard) != wanted or max(heard.values(), default=0) > 1:
            wrong.append((number, case, set(heard) ^ wanted))
        said += len(heard)
    assert wrong == []
    assert said > CASES


def _run(found: Callable[[date], tuple[Nudge, ...]], case: Case) -> Iterator[Key]:
    """What a day's campaign says, each planned once by its date."""
    told: set[Key] = set()
    planned: set[date] = set()
    for _, when in case.looks:
        local = when.astimezone(ZONE)
        day = local.date()
        if not planning.is_daytime(local) or day in planned:
            continue
        planned.add(day)
        _, owed = nudges.due(found(day), day, {case.actor: case.since}, told)
        keys = {one.key for one in owed}
        told |= keys
        yield from keys


class OneStore:
    """As much of an engine as planning needs, with a clock of its own."""

    def __init__(self, database: Database, clock: HandClock) -> None:
        self.database, self.clock = database, clock
        self.outgoing = Signal()

    async def read(self, work: Callable[[Tx], Any]) -> Any:
        with self.database.reading(self.clock()) as tx:
            return work(tx)

    async def write(self, work: Callable[[Tx], Any]) -> Any:
        with self.database.writing(self.clock()) as tx:
            return work(tx)


async def test_a_few_hundred_of_them_through_storage(database: Database, world: World) -> None:
    rng = random.Random(20250129)
    clocks = [HandClock(), HandClock()]
    stores: list[Any] = [OneStore(database, clock) for clock in clocks]
    many = STORED if database.is_sqlite else STORED // 10
    heard: set[Key] = set()
    for number in range(many):
        case = make(rng)
        person = _subscribe(database, case, number)
        # Each case begins with replicas that have just started.
        jobs = [Campaigns(store, world, clock) for store, clock in zip(stores, clocks, strict=True)]
        for replica, when in case.looks:
            clocks[replica].now = when
            while await jobs[replica].once():
                pass
        with database.writing(case.looks[-1][1]) as tx:
            rows = tx.execute(select(reminded).where(reminded.c.person_id == person))
            keys = [(row.deadline, row.year, row.lead) for row in rows]
            made = tx.execute(select(campaigns.c.key, campaigns.c.count)).all()
            sent = len(tx.execute(select(outbox.c.id)).all())
            for table in (campaign_people, campaigns, reminded, recipients, outbox):
                tx.execute(delete(table))
            subscriptions.end(tx, person)
        assert set(keys) == oracle(world, case), case
        # A primary key keeps anything from being noted twice; a message too many shows here.
        assert sent == sum(count for _, count in made) <= max(1, len(keys))
        assert all(count <= 1 for _, count in made)
        heard |= set(keys)
    assert len(heard) > 20


def _subscribe(database: Database, case: Case, number: int) -> int:
    begun = datetime(case.since.year, case.since.month, case.since.day, 1, tzinfo=ZONE)
    with database.writing(begun) as tx:
        who = people.open_conversation(tx, "telegram", "1", f"{number}")
        place = "" if case.actor == VILLAGER else "old:12"
        subscriptions.begin(tx, who.person.id, who.account_id, case.actor, place)
        if case.actor != VILLAGER:
            grants.give(tx, who.person.id, who.account_id, case.actor, place, by=None)
    return who.person.id


@pytest.mark.parametrize("hours", [-2, 48])
def test_the_oracle_would_see_a_reminder_left_out(world: World, hours: int) -> None:
    noon = datetime(2024, 12, 5, 12, tzinfo=ZONE)
    case = Case(
        "commune_officer", date(2024, 12, 1), ((0, noon), (1, noon + timedelta(hours=hours)))
    )
    assert ("award_files_commune", 2025, 30) in oracle(world, case)
    night = Case("commune_officer", date(2024, 12, 1), ((0, noon + timedelta(hours=9)),))
    assert oracle(world, night) == set()
