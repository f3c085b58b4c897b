"""Every fault × every call a message needs, through the real Delivery, at the platforms' fakes.

One person's message meets the fault; whatever it is, each message ends sent or failed with its
reason, nobody is called before the platform said so, what comes twice is what may have been lost,
and the others hear theirs at once unless the whole bot was told to wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

import pytest
from sqlalchemy import select

from bot import delivery
from bot.channels.platform import Body, Outcome, Pace, Platform, at_once
from bot.channels.zalo_bot import ZaloBot
from bot.delivery import Delivery, Line
from bot.engine import Engine
from bot.fetching import Fetcher
from bot.http_client import make_client
from bot.speed import Speed
from handlers.turn import World
from storage import outbox as rows_of
from storage import people
from storage.database import Database, Tx
from storage.schema import outbox, recipients
from tests.conftest import Fresh, HandClock
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_faults import Fault, Kind
from tests.fakes.zalo_bot import TOKEN, FakeZaloBot
from tests.fakes.zalo_faults import FAULTS
from tests.picture_double import encoded, plain
from tests.telegram_double import telegram_at
from tests.zalo_double import rig

CALLS = {
    "telegram": ("sendMessage", "sendPhoto"),
    "zalo_oa": ("send", "upload_image", "refresh"),
    "zalo_bot": ("sendMessage", "sendPhoto"),
}
OTHERS = 5
WAITS = {"429": 35, "503": 30}
"""Seconds a fault asks for at the least, as the fakes say them; Zalo's hold for the whole bot."""
FAILED = {
    ("telegram", "sendMessage", "400"): 1,
    ("telegram", "sendMessage", "409"): 1,
    **{
        ("telegram", call, fault): 2
        for call in ("sendMessage", "sendPhoto")
        for fault in ("403_blocked", "403_deactivated", "migrated")
    },
    ("zalo_oa", "send", "400"): 1,
    ("zalo_oa", "upload_image", "400"): 1,
    ("zalo_oa", "refresh", "lost"): 2 + OTHERS,
    ("zalo_bot", "sendMessage", "400"): 1,
    ("zalo_bot", "sendPhoto", "400"): 1,
}
"""How many messages may end failed: what was refused, all of who is gone, and all when a new token
was lost on its way. Whatever is not here is sent in the end."""
LOST = {"done_lost", "lost"}
WITH_PICTURE = {"sendPhoto", "upload_image"}
HANGS = {"hang", "slow"}
PATIENCE_SECONDS, PATIENCE_WITH_HANGS = 10.0, 2.0
"""A fault that hangs is waited for as long as a call may take: there, a short time."""
PICTURE = encoded(plain())
TURNS = [0, *(pytest.param(turn, marks=pytest.mark.long) for turn in range(1, 20))]
"""Each time another person meets the fault."""
CELLS = [
    (platform, call, fault)
    for platform, calls in CALLS.items()
    for call in calls
    for fault in (get_args(Kind) if platform == "telegram" else FAULTS)
]


class Timed:
    """A platform, and when each person was called by the clock."""

    def __init__(self, platform: Platform, now: Callable[[], datetime]) -> None:
        self._platform, self._now = platform, now
        self.channel, self.account = platform.channel, platform.account
        self.fetch, self.close = platform.fetch, platform.close
        self.calls: list[tuple[datetime, str]] = []
        self.under_way = 0

    async def send(self, sender: str, body: Body, pace: Pace = at_once) -> Outcome:
        self.calls.append((self._now(), sender))
        self.under_way += 1
        try:
            return await self._platform.send(sender, body, pace)
        finally:
            self.under_way -= 1


@dataclass(slots=True)
class Cell:
    """One platform at its fake, and what each person saw in words."""

    platform: Platform
    fail: Callable[[str, str], None]
    senders: list[str]
    seen: Callable[[str], list[str]]
    met: Callable[[], list[str]]
    """The faults that calls have met."""


@pytest.fixture
def engine(fresh_url: Fresh, world: World, clock: HandClock) -> Iterator[Engine]:
    made = Engine(Database(fresh_url("sqlite")), world, clock)
    yield made
    made.close()


async def _picture(_media: object) -> bytes | None:
    return PICTURE


@asynccontextmanager
async def _telegram(clock: HandClock) -> AsyncIterator[Cell]:
    async with (
        FakeTelegram(now=lambda: clock().timestamp()) as fake,
        telegram_at(fake, picture=_picture, patience=PATIENCE_SECONDS) as platform,
    ):
        numbers = range(7_000_000_001, 7_000_000_002 + OTHERS)
        for number in numbers:
            fake.people.start(number)

        def fail(call: str, fault: str) -> None:
            kind: Kind = next(one for one in get_args(Kind) if one == fault)
            fake.fail(call, Fault(kind, WAITS["429"]))

        def seen(sender: str) -> list[str]:
            return [one.text for one in fake.people.chats[int(sender)].seen if one.text]

        def met() -> list[str]:
            return [call.fault for call in fake.calls if call.fault]

        yield Cell(platform, fail, [str(number) for number in numbers], seen, met)


@asynccontextmanager
async def _zalo_oa(clock: HandClock) -> AsyncIterator[Cell]:
    async with rig(clock) as made:
        made.shelf.pictures["p"] = PICTURE
        people = [made.fake.people.person(number) for number in range(OTHERS + 1)]
        for who in people:
            made.fake.people.follows(who)

        def seen(sender: str) -> list[str]:
            return [one.text for one in made.fake.people.all[sender].seen if one.text]

        faults = made.fake.faults
        senders = [who.user_id for who in people]
        yield Cell(made.oa, faults.switch, senders, seen, lambda: [one for _, one in faults.met])


@asynccontextmanager
async def _zalo_bot(clock: HandClock) -> AsyncIterator[Cell]:
    fake = FakeZaloBot(clock)
    async with fake.serve() as base:
        address = {"p": f"{base}/media/p"}.get
        platform = ZaloBot(
            TOKEN, make_client(), Fetcher(["zdn.vn"], own=base), address, api_base=base
        )
        senders = [fake.person(number).user_id for number in range(OTHERS + 1)]

        def seen(sender: str) -> list[str]:
            return [one.text for one in fake.people[sender].seen if one.kind == "text"]

        faults = fake.faults
        yield Cell(platform, faults.switch, senders, seen, lambda: [one for _, one in faults.met])
        await platform.close()


MADE = {"telegram": _telegram, "zalo_oa": _zalo_oa, "zalo_bot": _zalo_bot}


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize(("platform", "call", "fault"), CELLS)
async def test_a_fault(
    engine: Engine, clock: HandClock, monkeypatch: pytest.MonkeyPatch,
    platform: str, call: str, fault: str, turn: int,
) -> None:  # fmt: skip
    patience = PATIENCE_WITH_HANGS if fault in HANGS else PATIENCE_SECONDS
    monkeypatch.setattr(delivery, "CALL_SECONDS", patience)
    async with MADE[platform](clock) as cell:
        timed = Timed(cell.platform, clock)
        cell.senders = cell.senders[turn % (OTHERS + 1) :] + cell.senders[: turn % (OTHERS + 1)]
        victim, others = cell.senders[0], cell.senders[1:]
        cell.fail(call, fault)
        _queue(engine, timed, victim, ["một", "hai"], picture=call in WITH_PICTURE)
        async with _delivering(engine, timed, clock):
            await _until(lambda: timed.calls != [] and timed.under_way == 0)
            begun = clock()
            for sender in others:
                _queue(engine, timed, sender, ["ba"])
            await _to_the_end(engine, timed, clock)
        assert cell.met() == [fault]
        _judge(engine, cell, timed, call, fault, begun)


def _judge(engine: Engine, cell: Cell, timed: Timed, call: str, met: str, begun: datetime) -> None:
    fault = met if call != "refresh" else ""
    victim, others = cell.senders[0], cell.senders[1:]
    with engine.database.reading(engine.clock()) as tx:
        rows = list(tx.execute(select(outbox.c.state, outbox.c.reason, outbox.c.sent_at,
                                      outbox.c.body).order_by(outbox.c.id)))  # fmt: skip
    assert all(row.state == "sent" or (row.state == "failed" and row.reason) for row in rows)
    failed = [row.state for row in rows].count("failed")
    assert failed == FAILED.get((timed.channel, call, met), 0)
    sent = [row.body["text"] for row in rows[:2] if row.state == "sent"]
    seen = cell.seen(victim)
    assert list(dict.fromkeys(seen)) == sent
    if fault not in LOST:
        assert seen == sent
    waited = timedelta(seconds=WAITS.get(fault, 0))
    is_whole = fault in WAITS and timed.channel != "telegram"
    again = [at for at, sender in timed.calls[1:] if is_whole or sender == victim]
    assert all(at >= timed.calls[0][0] + waited for at in again if at > timed.calls[0][0])
    for sender, row in zip(others, rows[2:], strict=True):
        if row.state == "sent":
            assert cell.seen(sender) == ["ba"]
        if fault and not is_whole:
            assert row.state == "sent"
            assert row.sent_at - begun <= timedelta(seconds=1)


def _queue(
    engine: Engine, platform: Platform, sender: str, texts: list[str], *, picture: bool = False
) -> None:
    more = {"pictures": ["p"]} if picture else {}

    def work(tx: Tx) -> None:
        where = (platform.channel, platform.account, sender)
        account_id = people.open_conversation(tx, *where).account_id
        bodies = [{"text": text, "choices": [], **more} for text in texts]
        rows_of.put(tx, account_id, "reply", bodies)

    with engine.database.writing(engine.clock()) as tx:
        work(tx)
    engine.outgoing.set()


@asynccontextmanager
async def _delivering(engine: Engine, timed: Timed, clock: HandClock) -> AsyncIterator[None]:
    engine.attach(asyncio.get_running_loop())

    async def sleep(seconds: float) -> None:
        clock.move(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    line = Line(timed, Speed(engine, "all", None, clock, sleep))
    task = asyncio.create_task(Delivery(engine, line, clock).run())
    try:
        yield
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def _to_the_end(engine: Engine, timed: Timed, clock: HandClock) -> None:
    """Until nothing is queued; while nothing can be done, to the next thing due."""
    async with asyncio.timeout(30):
        while True:
            await asyncio.sleep(0.005)
            with engine.database.reading(clock()) as tx:
                waiting = list(tx.execute(select(recipients.c.due_at, recipients.c.leased_until)))
            if not waiting:
                return
            if timed.under_way or any(row.leased_until > clock() for row in waiting):
                continue
            due = min(row.due_at for row in waiting)
            if due > clock():
                clock.move(due - clock())
            engine.outgoing.set()


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - what is waited for is at the other end of HTTP
            await asyncio.sleep(0.002)
