"""Delivery: order per person, waiting as asked, giving up, and what a crash repeats."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from bot.channels.platform import Body, Failed, Later, Outcome, Pace, Sent, Unsure, at_once
from bot.delivery import Delivery, Line
from bot.engine import Engine
from bot.speed import Speed
from handlers.messages import Message
from handlers.turn import World
from storage import delivery, outbox, people
from storage.database import Database, Tx
from tests.conftest import START, STORES, Fresh, HandClock

Script = Callable[[str, str], Outcome]


class Scripted:
    """A platform that answers by a script and keeps what each person was shown."""

    account = "1"

    def __init__(self, script: Script | None = None, channel: str = "telegram") -> None:
        self.channel = channel
        self.script = script or (lambda _sender, _text: Sent())
        self.calls: list[tuple[str, str]] = []
        self.heard: dict[str, list[str]] = defaultdict(list)

    async def send(self, sender: str, body: Body, pace: Pace = at_once) -> Outcome:
        await asyncio.sleep(0)
        self.calls.append((sender, body["text"]))
        outcome = self.script(sender, body["text"])
        if isinstance(outcome, (Sent, Unsure)):
            self.heard[sender].append(body["text"])
        return outcome

    async def fetch(self, reference: str, most: int) -> bytes:
        raise NotImplementedError

    async def close(self) -> None:
        return None


@pytest.fixture(params=STORES)
def engine(
    request: pytest.FixtureRequest, fresh_url: Fresh, world: World, clock: HandClock
) -> Iterator[Engine]:
    made = Engine(Database(fresh_url(request.param)), world, clock)
    yield made
    made.close()


Looked = Callable[[str, int], Awaitable[None]]


@contextmanager
def looking(engine: Engine, looked: Looked) -> Iterator[None]:
    """Tell `looked` of every look of a delivery: its channel, and how many it has found."""
    write = engine.write

    async def watched(work: Callable[[Tx], Any]) -> Any:
        value = await write(work)
        if isinstance(work, partial) and work.func is delivery.claim:
            await looked(work.keywords["channel"], len(value))
        return value

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "write", watched)
        yield


async def nobody_is_due(engine: Engine) -> None:
    """Delivery looks once more, beginning after now, and finds nobody whom it may tell anything."""
    looks: list[int] = []

    async def looked(_channel: str, found: int) -> None:
        looks.append(found)

    with looking(engine, looked):
        # The first may have begun before, and only the second was surely woken after it.
        for number in (1, 2):
            engine.outgoing.set()
            await until(lambda number=number: len(looks) >= number)  # type: ignore[misc]
    assert set(looks) == {0}


@asynccontextmanager
async def delivering(
    engine: Engine, platform: Scripted, clock: HandClock, rate: float | None = None
) -> AsyncIterator[list[float]]:
    engine.attach(asyncio.get_running_loop())
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.move(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    line = Line(platform, Speed(engine, f"{platform.channel}:1", rate, clock, sleep))
    task = asyncio.create_task(Delivery(engine, line, clock).run())
    try:
        yield slept
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def queue(
    engine: Engine,
    sender: str,
    *texts: str,
    kind: outbox.Kind = "reply",
    channel: str = "telegram",
) -> int:
    def work(tx: Tx) -> int:
        account_id = people.open_conversation(tx, channel, "1", sender).account_id
        outbox.put(tx, account_id, kind, [{"text": text, "choices": []} for text in texts])
        return account_id

    return _direct(engine, work)


def _direct(engine: Engine, work: Callable[[Tx], int]) -> int:
    with engine.database.writing(engine.clock()) as tx:
        made = work(tx)
    engine.outgoing.set()
    return made


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - what is waited for is in the store
            await asyncio.sleep(0.002)


def states(engine: Engine, account_id: int) -> list[tuple[str, str, int]]:
    from sqlalchemy import select

    from storage.schema import outbox as table

    with engine.database.reading(engine.clock()) as tx:
        found = select(table.c.state, table.c.reason, table.c.attempts)
        rows = tx.execute(found.where(table.c.account_id == account_id).order_by(table.c.id))
        return [tuple(row) for row in rows]


async def test_each_person_hears_in_order(engine: Engine, clock: HandClock) -> None:
    platform = Scripted()
    wanted = {f"p{n}": [f"{n}.{m}" for m in range(8)] for n in range(20)}
    for sender, texts in wanted.items():
        queue(engine, sender, *texts)
    async with delivering(engine, platform, clock):
        for said in (60, 120, 160):
            # Three rows a lease, then a second's rest.
            await until(lambda said=said: len(platform.calls) == said)  # type: ignore[misc]
            clock.move(timedelta(seconds=1))
            engine.outgoing.set()
    assert platform.heard == wanted


async def test_what_must_wait_waits_as_long_as_asked_and_holds_up_nobody_else(
    engine: Engine, clock: HandClock
) -> None:
    begun = clock()
    at: list[datetime] = []

    def script(sender: str, text: str) -> Outcome:
        if sender == "slow":
            at.append(clock())
            return Later(35, "retry_after") if clock() < begun + timedelta(seconds=35) else Sent()
        return Sent()

    platform = Scripted(script)
    slow = queue(engine, "slow", "một", "hai")
    queue(engine, "quick", "ba")
    async with delivering(engine, platform, clock):
        await until(lambda: platform.heard["quick"] == ["ba"] and states(engine, slow)[0][2] == 1)
        clock.move(timedelta(seconds=34))
        await nobody_is_due(engine)
        assert len(at) == 1
        clock.move(timedelta(seconds=1))
        engine.outgoing.set()
        await until(lambda: platform.heard["slow"] == ["một", "hai"])
        await until(lambda: [one[0] for one in states(engine, slow)] == ["sent", "sent"])


async def test_a_stop_for_the_whole_bot_stops_everybody(engine: Engine, clock: HandClock) -> None:
    begun = clock()
    platform = Scripted(
        lambda _sender, _text: Later(60, "flood", whole=True) if clock() == begun else Sent()
    )
    queue(engine, "a", "một")
    async with delivering(engine, platform, clock) as slept:
        await until(lambda: len(platform.calls) == 1)
        other = queue(engine, "b", "hai")
        # Longer than a lease: waiting in it, two would come to say the same.
        await until(lambda: states(engine, other)[0][1] == "held")
        assert slept == []
        clock.move(timedelta(seconds=59))
        await nobody_is_due(engine)
        assert len(platform.calls) == 1
        clock.move(timedelta(seconds=1))
        engine.outgoing.set()
        await until(lambda: (platform.heard["a"], platform.heard["b"]) == (["một"], ["hai"]))


async def test_a_short_stop_is_waited_for(engine: Engine, clock: HandClock) -> None:
    begun = clock()
    platform = Scripted(
        lambda _sender, _text: Later(20, "flood", whole=True) if clock() == begun else Sent()
    )
    queue(engine, "a", "một")
    async with delivering(engine, platform, clock) as slept:
        await until(lambda: len(platform.calls) == 1)
        queue(engine, "b", "hai")
        await until(lambda: platform.heard["b"] == ["hai"])
    assert max(slept) == pytest.approx(20)
    assert clock() >= begun + timedelta(seconds=20)


async def test_who_blocked_the_bot_is_left_alone_until_he_writes(
    engine: Engine, clock: HandClock
) -> None:
    gone = True
    platform = Scripted(
        lambda _sender, _text: Failed("blocked", unreachable=True) if gone else Sent()
    )
    account = queue(engine, "a", "một", "hai")
    async with delivering(engine, platform, clock):
        await until(lambda: [one[0] for one in states(engine, account)] == ["failed", "failed"])
        queue(engine, "a", "ba", kind="push")
        # `queue` opens the conversation, as a message would, so he counts as reachable again.
        await until(lambda: states(engine, account)[-1][0] == "failed")
        assert len(platform.calls) == 2
        _direct(engine, lambda tx: _push(tx, account, "bốn"))
        await until(lambda: states(engine, account)[-1][0] == "failed")
        assert len(platform.calls) == 2
        gone = False
        message = Message("telegram", "1", "a", "e1", clock(), text="menu")
        await engine.receive(message, b"")
        await until(lambda: len(platform.heard["a"]) == 1)


def test_who_writes_while_a_call_to_him_fails_gets_his_answer(
    engine: Engine, clock: HandClock
) -> None:
    """He had blocked the bot; he lets it write again and asks, while a push is still under way."""
    account = queue(engine, "a", "một", "hai", kind="push")
    with engine.database.writing(clock()) as tx:
        [leased] = delivery.claim(tx, "telegram", "me", 1)
    clock.move(timedelta(seconds=1))
    engine.take(Message("telegram", "1", "a", "e1", clock(), text="menu"), b"")
    failed = ((leased.rows[0].id, "blocked"),)
    told = delivery.Settled(account, leased.wrote_at, failed=failed, unreachable="blocked")
    with engine.database.writing(clock()) as tx:
        delivery.settle(tx, "me", [told])
        [again] = delivery.claim(tx, "telegram", "me", 1)
    assert [one[0] for one in states(engine, account)] == ["failed", "queued", "queued"]
    assert (again.unreachable, len(again.rows)) == ("", 2)


def _push(tx: Tx, account_id: int, text: str) -> int:
    outbox.put(tx, account_id, "push", [{"text": text, "choices": []}])
    return account_id


@pytest.mark.parametrize("kind", ["reply", "push"])
async def test_a_lost_answer_repeats_the_same_text(
    engine: Engine, clock: HandClock, kind: outbox.Kind
) -> None:
    answers = iter(list[Outcome]([Unsure("timeout"), Sent(), Sent()]))
    platform = Scripted(lambda _sender, _text: next(answers))
    account = queue(engine, "a", "một", "hai", kind=kind)
    async with delivering(engine, platform, clock):
        await until(lambda: states(engine, account)[0][2] == 1)
        clock.move(timedelta(seconds=2))
        engine.outgoing.set()
        await until(lambda: platform.heard["a"] == ["một", "một", "hai"])


async def test_what_waits_for_a_person_to_look_is_not_given_up(
    engine: Engine, clock: HandClock
) -> None:
    answers = iter(list[Outcome]([Failed("consent_needed", alarm=True), Sent()]))
    platform = Scripted(lambda _sender, _text: next(answers))
    account = queue(engine, "a", "một")
    async with delivering(engine, platform, clock):
        await until(lambda: states(engine, account)[0][:2] == ("queued", "consent_needed"))
        clock.move(timedelta(seconds=2))
        engine.outgoing.set()
        await until(lambda: platform.heard["a"] == ["một"])


async def test_who_waits_for_an_answer_goes_first(engine: Engine, clock: HandClock) -> None:
    for number in range(100):
        queue(engine, f"p{number}", "tin", kind="push")
    clock.move(timedelta(seconds=1))
    queue(engine, "asks", "trả lời")
    with engine.database.writing(clock()) as tx:
        first = delivery.claim(tx, "telegram", "me", 10)
    assert first[0].sender == "asks"
    assert len({one.account_id for one in first}) == 10


async def test_an_answer_behind_much_that_was_pushed_still_comes_first(
    engine: Engine, clock: HandClock
) -> None:
    """A lease ends with pushes queued before the answer: he who asked keeps his place."""
    queue(engine, "pushed", "tin", kind="push")
    queue(engine, "asks", "một", "hai", "ba", "bốn", kind="push")
    queue(engine, "asks", "đáp")
    with engine.database.writing(clock()) as tx:
        [first] = delivery.claim(tx, "telegram", "me", 1)
        assert len(first.rows) < 5
        sent = tuple(row.id for row in first.rows)
        delivery.settle(tx, "me", [delivery.Settled(first.account_id, sent=sent)])
    clock.move(timedelta(seconds=1))
    with engine.database.writing(clock()) as tx:
        [after] = delivery.claim(tx, "telegram", "me", 1)
    assert after.sender == first.sender == "asks"


async def test_a_lease_that_ran_out_is_taken_over_and_the_old_holder_frees_nobody(
    engine: Engine, clock: HandClock
) -> None:
    account = queue(engine, "a", "một", "hai")

    def claim(holder: str) -> list[int]:
        with engine.database.writing(clock()) as tx:
            return [r.id for one in delivery.claim(tx, "telegram", holder, 5) for r in one.rows]

    rows = claim("first")
    assert len(rows) == 2
    assert claim("second") == []
    clock.move(delivery.LEASE)
    assert claim("second") == rows
    with engine.database.writing(clock()) as tx:
        late = delivery.Settled(account, sent=(rows[0],))
        delivery.settle(tx, "first", [late])
    assert claim("third") == []
    with engine.database.writing(clock()) as tx:
        delivery.settle(tx, "second", [delivery.Settled(account, sent=tuple(rows))])
    clock.move(delivery.LEASE)
    assert claim("third") == []
    assert [one[0] for one in states(engine, account)] == ["sent", "sent"]


async def test_at_night_what_went_to_many_waits_for_the_morning_and_holds_up_no_answer(
    engine: Engine, clock: HandClock
) -> None:
    clock.now = START.replace(hour=13, minute=0)  # 20:00 in Lai Châu
    platform = Scripted()

    def push(tx: Tx) -> int:
        account_id = people.open_conversation(tx, "telegram", "1", "a").account_id
        outbox.put(tx, account_id, "push", [{"text": "nhắc", "choices": [], "quiet": True}])
        outbox.put(tx, account_id, "reply", [{"text": "một", "choices": []}])
        return account_id

    account = _direct(engine, push)
    async with delivering(engine, platform, clock):
        await until(lambda: platform.heard["a"] == ["một"])
        queue(engine, "a", "hai")
        await until(lambda: platform.heard["a"] == ["một", "hai"])
        await until(lambda: [one[0] for one in states(engine, account)][1:] == ["sent", "sent"])
        clock.move(timedelta(hours=11, minutes=29))
        await nobody_is_due(engine)
        assert platform.heard["a"] == ["một", "hai"]
        clock.move(timedelta(minutes=1))
        engine.outgoing.set()
        await until(lambda: platform.heard["a"] == ["một", "hai", "nhắc"])
        await until(lambda: states(engine, account)[0] == ("sent", "", 1))


async def test_no_platform_s_delivery_takes_another_s_waking_away(
    engine: Engine, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is queued while one looks, and has just not found it, is told at once all the same."""
    monkeypatch.setattr("bot.delivery.POLL_SECONDS", 3_600.0)
    looks = {"telegram": 0, "zalo_bot": 0}

    async def looked(channel: str, _found: int) -> None:
        looks[channel] += 1
        if channel == "zalo_bot" and looks[channel] == 1:
            seen = looks["telegram"]
            queue(engine, "páo", "một", channel="zalo_bot")
            await until(lambda: looks["telegram"] > seen)

    telegram, zalo = Scripted(), Scripted(channel="zalo_bot")
    with looking(engine, looked):
        async with delivering(engine, telegram, clock):
            await until(lambda: looks["telegram"] == 1)
            async with delivering(engine, zalo, clock):
                await until(lambda: zalo.heard["páo"] == ["một"])


async def test_who_finds_nobody_looks_again_only_when_something_was_queued(
    engine: Engine, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.delivery.POLL_SECONDS", 3_600.0)
    looks: list[int] = []

    async def looked(_channel: str, found: int) -> None:
        looks.append(found)

    with looking(engine, looked):
        async with delivering(engine, Scripted(), clock):
            await until(lambda: looks != [])
            for _ in range(20):
                await engine.write(lambda _tx: None)
            assert looks == [0]
            await engine.write(lambda tx: _push(tx, _someone(tx), "tin"))
            await until(lambda: 1 in looks)


def _someone(tx: Tx) -> int:
    return people.open_conversation(tx, "telegram", "1", "páo").account_id


async def test_the_speed_is_kept(engine: Engine, clock: HandClock) -> None:
    begun = clock()
    at: list[datetime] = []

    def script(_sender: str, _text: str) -> Outcome:
        at.append(clock())
        return Sent()

    platform = Scripted(script)
    for number in range(60):
        queue(engine, f"p{number}", "tin", kind="push")
    async with delivering(engine, platform, clock, rate=28.0):
        await until(lambda: len(at) == 60)
    assert sum(one < begun + timedelta(seconds=1) for one in at) <= 28


@pytest.mark.parametrize("late", [0.0, 0.3])
async def test_the_permitted_speed_is_nearly_used_and_never_passed(
    engine: Engine, clock: HandClock, late: float
) -> None:
    async def sleep(seconds: float) -> None:
        # Once the machine is slow: what was due meanwhile must not leave all at once.
        clock.move(timedelta(seconds=seconds + (late if len(at) == 50 else 0)))

    engine.attach(asyncio.get_running_loop())
    speed, at = Speed(engine, "telegram:1", 30.0, clock, sleep), list[datetime]()
    while len(at) < 600:
        assert await speed.take(clock() + timedelta(minutes=1)) == 0
        at.append(clock())
    assert most_in_a_second(at) <= 30
    assert (at[-1] - at[0]).total_seconds() - late < 599 / (0.97 * 30)


def most_in_a_second(at: list[datetime]) -> int:
    second = timedelta(seconds=1)
    return max(sum(begin <= one < begin + second for one in at) for begin in at)


async def test_what_cannot_be_said_for_a_day_is_given_up(engine: Engine, clock: HandClock) -> None:
    platform = Scripted(lambda _sender, _text: Later(1, "http_500"))
    account = queue(engine, "a", "một")
    async with delivering(engine, platform, clock):
        await until(lambda: states(engine, account)[0][2] == 1)
        clock.move(timedelta(hours=25))
        engine.outgoing.set()
        await until(lambda: states(engine, account)[0][0] == "failed")
    assert states(engine, account)[0][1] == "too_old: http_500"


def test_only_platforms_that_must_be_called_get_recipients(
    database: Database, clock: HandClock
) -> None:
    with database.writing(clock()) as tx:
        for channel in (*outbox.FETCHING, "telegram", "zalo_oa", "zalo_bot"):
            account_id = people.open_conversation(tx, channel, "x", "a").account_id
            outbox.put(tx, account_id, "push", [{"text": "tin", "choices": []}])
    assert [one.called for one in tx.news] == ["", "", "telegram", "zalo_oa", "zalo_bot"]


async def test_a_row_we_cannot_send_is_not_said_for_ever(engine: Engine, clock: HandClock) -> None:
    def script(_sender: str, text: str) -> Outcome:
        if text == "hỏng":
            raise KeyError(text)
        return Sent()

    platform = Scripted(script)
    account = queue(engine, "páo", "một", "hỏng", "ba")
    async with delivering(engine, platform, clock):
        await until(lambda: states(engine, account)[1][2] > 0)
        while states(engine, account)[1][0] == "queued":
            tries = states(engine, account)[1][2]
            clock.move(timedelta(minutes=11))
            engine.outgoing.set()
            await until(lambda tries=tries: states(engine, account)[1][2] > tries)  # type: ignore[misc]
        await until(lambda: states(engine, account)[2][0] == "sent")
    assert states(engine, account)[1][:2] == ("failed", "too_old: fault: KeyError")
    assert platform.heard["páo"] == ["một", "ba"]


async def test_a_turn_that_answers_its_sender_wakes_his_platform_alone(
    engine: Engine, clock: HandClock
) -> None:
    engine.attach(asyncio.get_running_loop())
    heard = {name: engine.outgoing.listener(name) for name in ("telegram", "zalo_bot")}
    await engine.receive(Message("zalo_bot", "1", "páo", "e1", clock(), text="menu"), b"")
    assert {name: one.is_set() for name, one in heard.items()} == {
        "telegram": False, "zalo_bot": True,
    }  # fmt: skip
    for one in heard.values():
        one.clear()
    await engine.write(lambda tx: _push(tx, _someone(tx), "tin"))
    assert heard["telegram"].is_set()


async def test_another_replica_hears_which_platform_is_to_be_called(
    fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    url = fresh_url("postgresql")
    here, there = (Engine(Database(url), world, clock) for _ in range(2))
    heard = {name: here.outgoing.listener(name) for name in ("telegram", "zalo_bot")}
    listener = here.listen()
    try:
        async with asyncio.timeout(20):
            # Whether it listens already only a notice that comes can tell.
            while not heard["telegram"].is_set():
                await there.write(lambda tx: _push(tx, _someone(tx), "tin"))
    finally:
        await asyncio.to_thread(listener.close)
        here.close()
        there.close()
    assert not heard["zalo_bot"].is_set()
