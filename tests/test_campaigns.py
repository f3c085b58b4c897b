"""Reminders and announcements: on the right day, once, in slices that a crash does not lose."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from bot.app import make_world
from bot.campaigns import Campaigns, until_daytime
from bot.engine import Engine
from handlers import audience, digests
from handlers import campaigns as planning
from handlers.turn import NO_WINDOW, World
from knowledge import nudges
from knowledge.nudges import VILLAGER, Nudge
from knowledge.zone import ZONE
from storage import campaigns, grants, households, people, subscriptions
from storage.campaigns import Campaign
from storage.database import Database, Tx
from storage.schema import outbox, reminded
from tests.conftest import STORES, Fresh, HandClock
from tests.load import planning as planning_load

OFFICE = "commune_officer"


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE).astimezone(UTC)


@pytest.fixture(params=STORES)
def engine(
    request: pytest.FixtureRequest, fresh_url: Fresh, world: World, clock: HandClock
) -> Iterator[Engine]:
    made = Engine(Database(fresh_url(request.param)), world, clock)
    yield made
    made.close()


def subscribe(
    engine: Engine, many: int, actor: str = OFFICE, place: str = "old:3412", start: int = 0
) -> None:
    def work(tx: Tx) -> None:
        for number in range(start, start + many):
            who = people.open_conversation(tx, "web", "web", f"u{number}")
            subscriptions.begin(tx, who.person.id, who.account_id, actor, place)
            if actor != VILLAGER:
                grants.give(tx, who.person.id, who.account_id, actor, place, by=None)

    with engine.database.writing(engine.clock()) as tx:
        work(tx)


def texts(engine: Engine) -> list[str]:
    with engine.database.reading(engine.clock()) as tx:
        rows = tx.execute(select(outbox.c.body).order_by(outbox.c.account_id, outbox.c.id))
        return [body["text"] for body in rows.scalars()]


async def run_all(engine: Engine, world: World) -> int:
    engine.attach(asyncio.get_running_loop())
    job, slices = Campaigns(engine, world, engine.clock), 0
    while await job.once():
        slices += 1
    return slices


async def test_each_day_at_half_past_seven_and_once(
    engine: Engine, world: World, clock: HandClock
) -> None:
    clock.now = at(date(2024, 12, 1), 9)
    subscribe(engine, 3)
    subscribe(engine, 2, VILLAGER, start=3)
    sent: dict[str, int] = {}
    for number in range(45):
        day = date(2024, 12, 1) + timedelta(days=number)
        for hour, minute in ((3, 0), (7, 29), (7, 30), (12, 0), (19, 59), (20, 0), (23, 59)):
            clock.now = at(day, hour, minute)
            before = len(texts(engine))
            await run_all(engine, world)
            if len(texts(engine)) > before:
                sent[f"{day:%d/%m} {hour}:{minute:02}"] = len(texts(engine)) - before
    # 04/01/2025 is a Saturday, so the last working day is one day before it; villagers 14 and 3.
    assert sent == {
        "05/12 7:30": 3, "21/12 7:30": 5, "28/12 7:30": 3, "01/01 7:30": 5, "03/01 7:30": 3,
    }  # fmt: skip


async def test_what_was_missed_is_said_once_while_it_helps(
    engine: Engine, world: World, clock: HandClock
) -> None:
    clock.now = at(date(2024, 12, 1), 9)
    subscribe(engine, 1)
    clock.now = at(date(2024, 12, 30), 9)
    await run_all(engine, world)
    assert ["Còn 5 ngày" in text for text in texts(engine)] == [True]
    clock.now = at(date(2025, 1, 10), 9)
    await run_all(engine, world)
    assert len(texts(engine)) == 1


async def test_who_asks_late_is_not_told_of_days_gone_by(
    engine: Engine, world: World, clock: HandClock
) -> None:
    clock.now = at(date(2024, 12, 24), 9)
    subscribe(engine, 1)
    await run_all(engine, world)
    assert texts(engine) == []


async def test_who_stops_hears_nothing_more(engine: Engine, world: World, clock: HandClock) -> None:
    clock.now = at(date(2024, 12, 1), 9)
    subscribe(engine, 2)
    with engine.database.writing(clock()) as tx:
        first = subscriptions.after(tx, 0, 1)[0]
        assert subscriptions.end(tx, first.person_id) == 1
    clock.now = at(date(2024, 12, 5), 8)
    await run_all(engine, world)
    assert len(texts(engine)) == 1


async def test_slices_stopped_anywhere_tell_everybody_once(
    engine: Engine, world: World, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaigns, "SLICE", 7)
    clock.now = at(date(2024, 12, 1), 9)
    subscribe(engine, 50)
    clock.now = at(date(2024, 12, 5), 8)
    with engine.database.writing(clock()) as tx:
        planning.plan_today(tx, world)
        planning.plan_today(tx, world)
    for number in range(20):
        # Every other slice is undone before it commits, as a crash would.
        def work(tx: Tx, number: int = number) -> None:
            campaign = campaigns.lock_due(tx)
            if campaign is not None:
                planning.fan_out(tx, world, campaign)
            if number % 2:
                raise RuntimeError("killed")

        try:
            with engine.database.writing(clock()) as tx:
                work(tx)
        except RuntimeError:
            pass
    assert len(texts(engine)) == 50
    with engine.database.reading(clock()) as tx:
        told = tx.execute(select(func.count()).select_from(reminded)).scalar()
        found = campaigns.find(tx, "reminders:2024-12-05")
    assert told == 50
    assert found is not None
    assert (found.state, found.count) == ("done", 50)


async def test_a_stopped_announcement_takes_back_what_has_not_left(
    engine: Engine, world: World, clock: HandClock
) -> None:
    clock.now = at(date(2024, 12, 2), 9)
    subscribe(engine, 3, VILLAGER)
    with engine.database.writing(clock()) as tx:
        who = people.open_conversation(tx, "web", "web", "u0")
        campaigns.plan(
            tx, "LC-AAAAAAA", "announce", clock(), text="Họp bản", places=["old:3412"],
            made_by=who.person.id, account_id=who.account_id,
        )  # fmt: skip
    engine.attach(asyncio.get_running_loop())
    job = Campaigns(engine, world, clock)
    while not texts(engine):
        assert await job.once()
    assert texts(engine) == ["Họp bản"] * 3
    with engine.database.writing(clock()) as tx:
        assert campaigns.stop(tx, "LC-AAAAAAA", by=who.person.id)
        assert not campaigns.stop(tx, "LC-AAAAAAA", by=who.person.id)
    with engine.database.reading(clock()) as tx:
        states = set(tx.execute(select(outbox.c.state)).scalars())
    assert states == {"queued"}
    # Not at night only: it is taken back at once, slice by slice.
    clock.now = at(date(2024, 12, 2), 23)
    while await job.once():
        pass
    with engine.database.reading(clock()) as tx:
        assert set(tx.execute(select(outbox.c.state)).scalars()) == {"stopped"}
        assert getattr(campaigns.find(tx, "LC-AAAAAAA"), "state", "") == "stopped"


def test_only_somebody_else_lets_a_held_one_go(database: Database, clock: HandClock) -> None:
    with database.writing(clock()) as tx:
        one, other = (people.open_conversation(tx, "web", "web", s).person.id for s in "ab")
        campaigns.plan(tx, "K", "announce", clock(), made_by=one, held=True)
        assert campaigns.lock_due(tx) is None
        assert not campaigns.release(tx, "K", by=one)
        assert campaigns.release(tx, "K", by=other)
        assert isinstance(campaigns.lock_due(tx), Campaign)


ZONES = st.integers(0, 24 * 60 * 60 * 800)


@given(ZONES)
def test_daytime_is_from_half_past_seven_to_eight(seconds: int) -> None:
    now = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    local = now + timedelta(hours=7)
    minutes = local.hour * 60 + local.minute
    if 450 <= minutes < 1200:
        assert until_daytime(now) == 0
    else:
        then = local + timedelta(seconds=until_daytime(now))
        assert (then.hour, then.minute, then.second) == (7, 30, 0)
        assert 0 < until_daytime(now) <= 11.5 * 3600


def oracle(nudge: Nudge) -> bool:
    due = nudge.deadline.due
    leads = {30, 14, 7, 3, 1}
    if nudge.actor == VILLAGER:
        leads = {14, 3}
    elif nudge.deadline.last_working_day:
        leads |= {(due - nudge.deadline.last_working_day).days}
    return nudge.lead_days in leads and nudge.on == due - timedelta(days=nudge.lead_days)


@pytest.mark.parametrize("year", range(2020, 2029))
def test_every_nudge_is_one_of_the_leads_and_none_is_missing(world: World, year: int) -> None:
    found = world.nudges.between(date(year, 1, 1), date(year, 12, 31))
    assert all(oracle(one) and one.on.year == year for one in found)
    assert len({(one.key, one.actor) for one in found}) == len(found)
    days: list[tuple[str, date]] = []
    for one in (*world.nudges.deadlines.in_year(year), *world.nudges.deadlines.in_year(year + 1)):
        leads = {30, 14, 7, 3, 1}
        if one.last_working_day:
            leads.add((one.due - one.last_working_day).days)
        days += [(one.id, one.due - timedelta(days=lead)) for lead in leads]
    wanted = sorted((name, day) for name, day in days if day.year == year)
    assert sorted((o.deadline.id, o.on) for o in found if o.actor != VILLAGER) == wanted


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=8, unique=True),
    st.integers(0, 60),
    st.sampled_from([OFFICE, VILLAGER, "district_officer", "province_officer"]),
)
def test_run_on_any_days_nothing_is_said_twice_or_too_late(
    world: World, runs: list[int], since: int, actor: str
) -> None:
    first = date(2024, 12, 1)
    told: set[tuple[str, int, int]] = set()
    for day in sorted(first + timedelta(days=run) for run in runs):
        found = world.nudges.between(day - timedelta(days=31), day)
        joined = {actor: first + timedelta(days=since)}
        said, owed = nudges.due(found, day, joined, told)
        assert not told & {one.key for one in owed}
        assert all(one.deadline.due >= day and one.actor == actor for one in said)
        assert all(one.on >= joined[actor] for one in owed)
        assert len({one.deadline.id for one in said}) == len(said)
        told |= {one.key for one in owed}


def test_the_preview_counts_people_and_why_they_cannot_be_reached(
    database: Database, world: World, clock: HandClock
) -> None:
    with database.writing(clock()) as tx:
        for channel, sender in (("web", "a"), ("zalo_oa", "b"), ("zalo_oa", "c")):
            who = people.open_conversation(tx, channel, "x", sender)
            subscriptions.begin(tx, who.person.id, who.account_id, OFFICE, "old:3412")
            if sender != "c":
                grants.give(tx, who.person.id, who.account_id, OFFICE, "old:3412", by=None)
            subscriptions.begin(tx, who.person.id, who.account_id, VILLAGER, "old:3414")
    clock.move(timedelta(days=8))
    templated = replace(world, window=NO_WINDOW)
    with database.reading(clock()) as tx:
        assert audience.reach(tx, world, actors=[OFFICE]) == (2, {"window": 1})
        assert audience.reach(tx, world) == (3, {"window": 2})
        assert audience.reach(tx, world, ["old:3414"]) == (3, {"window": 2})
        assert audience.reach(tx, templated) == (3, {})


def test_the_loudspeakers_list_names_villages(
    database: Database, world: World, clock: HandClock
) -> None:
    with database.writing(clock()) as tx:
        for number, village in enumerate(["Nà Đon", "Nà Đon", "Nà Khan", "Nà Khan", "Nà Khan", ""]):
            who = people.open_conversation(tx, "zalo_oa", "x", f"v{number}")
            subscriptions.begin(tx, who.person.id, who.account_id, VILLAGER, "old:3412")
            if village:
                home = households.find_or_make(
                    tx, "old:3412", village, f"h{number}",
                    place_key="old:3412", village_key=village, head_key=f"{number}",
                )  # fmt: skip
                households.join(tx, who.person.id, home)
    clock.move(timedelta(days=8))
    with database.writing(clock()) as tx:
        # He wrote yesterday, so he is reached.
        people.save_state(tx, 2, {})
    with database.reading(clock()) as tx:
        found = audience.villages(tx, world, ["old:3412"], 5)
        assert [(one.name, one.people) for one in found] == [("Nà Khan", 3), ("", 1), ("Nà Đon", 1)]
        assert audience.villages(tx, world, ["old:3412"], 5, 2) == found[2:]
        assert audience.villages(tx, world, ["old:3414"], 5) == []


async def test_an_office_that_ended_is_reminded_no_more_and_again_once_it_is_held_again(
    engine: Engine, world: World, clock: HandClock
) -> None:
    clock.now = at(date(2024, 12, 1), 9)
    subscribe(engine, 2)
    with engine.database.writing(clock()) as tx:
        first = subscriptions.after(tx, 0, 1)[0]
        [grant] = grants.of_person(tx, first.person_id)
        assert grants.revoke(tx, grant.id, by="operator")
    clock.now = at(date(2024, 12, 5), 8)
    await run_all(engine, world)
    assert len(texts(engine)) == 1
    with engine.database.writing(clock()) as tx:
        grants.give(tx, first.person_id, first.account_id, OFFICE, "old:3412", by=None)
    clock.now = at(date(2024, 12, 6), 8)
    await run_all(engine, world)
    assert len(texts(engine)) == 2


async def test_who_withdraws_before_it_leaves_is_not_sent_it(
    engine: Engine, world: World, clock: HandClock
) -> None:
    clock.now = at(date(2024, 12, 1), 9)
    subscribe(engine, 2)
    clock.now = at(date(2024, 12, 5), 8)
    await run_all(engine, world)
    with engine.database.writing(clock()) as tx:
        subscriptions.end(tx, subscriptions.after(tx, 0, 1)[0].person_id)
    with engine.database.reading(clock()) as tx:
        states = list(tx.execute(select(outbox.c.state).order_by(outbox.c.id)).scalars())
    assert states == ["stopped", "queued"]


def test_two_who_become_one_are_told_once_and_stop_at_once(
    database: Database, clock: HandClock
) -> None:
    from storage import merging

    with database.writing(clock()) as tx:
        kept, gone = (people.open_conversation(tx, "web", "web", name) for name in ("a", "b"))
        for who, place in ((kept, "old:3412"), (gone, "old:3412"), (gone, "old:3414")):
            subscriptions.begin(tx, who.person.id, who.account_id, VILLAGER, place)
        campaigns.plan(tx, "LC-AAAAAAB", "announce", clock(), made_by=gone.person.id, held=True)
        tx.insert(reminded, {"person_id": gone.person.id, "deadline": "d", "year": 2024, "lead": 3})
        merging.merge(tx, gone.person, kept.person)
        assert campaigns.heard(tx, [kept.person.id], [("d", 2024, 3)])
        wishes = subscriptions.of_person(tx, kept.person.id)
        assert [one.place for one in wishes] == ["old:3412", "old:3414"]
        assert not campaigns.release(tx, "LC-AAAAAAB", by=kept.person.id)
        assert subscriptions.end(tx, kept.person.id) == 2
        assert subscriptions.after(tx, 0, 9) == []
        two = people.accounts_of(tx, kept.person.id, 2)
        subscriptions.begin(tx, kept.person.id, two[0].id, VILLAGER, "old:3412")
        by = people.open_conversation(tx, "web", "web", two[1].sender)
        assert people.let_go(tx, two[0], by=by)
        assert subscriptions.of_person(tx, kept.person.id)[0].account_id == two[1].id


@pytest.mark.parametrize("until", [None, date(2027, 12, 31)])
def test_every_digest_of_any_offices_fits_and_tells_when_the_plan_ends(until: date | None) -> None:
    world = make_world("", until)
    long, last = [], set[date]()
    for number in range(2300):
        day = date(2022, 1, 1) + timedelta(days=number)
        found = world.nudges.between(day - digests.LOOKS_BACK, day)
        since = {actor: date(2021, 1, 1) for actor in world.nudges.actors}
        ours: list[tuple[str, ...]] = [(one,) for one in since]
        for actors in (*ours, tuple(since)):
            lines, _ = nudges.due(found, day, {one: since[one] for one in actors}, set())
            if not lines:
                continue
            text = digests.digest(world, lines, day)
            most = (300, 5) if actors == (VILLAGER,) else (600, 8)
            if len(text) > most[0] or text.count("\n") >= most[1]:
                long.append(text)
            if "không còn hạn nào" in text:
                last.add(max(one.deadline.due for one in lines))
    assert long == []
    assert {one.year for one in last} <= ({2027, 2028} if until else {2025, 2026})
    assert last


def test_planning_killed_in_between_leaves_nobody_out_and_tells_nobody_twice(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'plan.db'}"
    planning_load.fill(url, 6_000)
    found = planning_load.measure(url, 6_000, 2)
    assert found.kills > 0
    assert (found.missed, found.twice) == (0, 0)
