"""Delivery (gửi tin): the outbox → the platforms, in order per person, at the speed they allow.

Every send is recorded after the platform answered. A crash in between, or an answer that was lost,
repeats the same text: at least once, never another text. People are served in parallel; who waits
for an answer goes before who is only told something.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot import faults, metrics
from bot.campaigns import until_daytime
from bot.channels.platform import Failed, Later, Outcome, Pace, Platform, Sent, Unsure
from bot.engine import Engine
from bot.errors import StorageAway
from bot.speed import Speed
from storage import delivery
from storage.delivery import Recipient, Row, Settled

AT_ONCE = 72
"""People served at once per platform; with those apart below what a client has of connections. So
many may hang before others wait."""
APART_AT_ONCE = 8
"""Beside them, of those whom the last call left unsure: most hang again, each for long."""
AHEAD = 32
"""Of all those, who may wait for the speed: enough to fill 300 a second, and at 30 a second whoever
asks meanwhile has a second's pushes before him."""
CALL_SECONDS = 10.0
"""A call that takes longer has probably been taken; three fit into a lease."""
WAITS_AT_MOST = delivery.LEASE - timedelta(seconds=CALL_SECONDS + 1)
"""A call begun later than so long after the claim might end after the lease."""
POLL_SECONDS = 2.0
LONGEST = timedelta(hours=24)
"""What could not be said for a day is news no more."""
MOST_BACKOFF = 600.0
"""Seconds. After a long outage a platform is looked at every ten minutes."""
A_CHAT_SECONDS = 1.0
"""Between bursts to one person: more draws the platforms' own brake."""

log = structlog.get_logger()
Sleep = Callable[[float], Awaitable[None]]
Send = Callable[[Recipient, Row, datetime, Pace], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Line:
    """A platform and its speed; `send` where a platform has more than one way to a person."""

    platform: Platform
    speed: Speed
    send: Send | None = None


class Delivery:
    """Sends what waits for one platform's people. `run` until cancelled."""

    def __init__(self, engine: Engine, line: Line, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._line = line
        self._now = now
        self._channel = line.platform.channel
        self._holder = secrets.token_hex(8)
        self._tasks: set[asyncio.Task[None]] = set()
        self._apart: set[asyncio.Task[None]] = set()
        """Of the tasks, those of people served apart."""
        self._calling = 0
        self._freed = asyncio.Event()
        self._settled: list[Settled] = []
        self._something = asyncio.Event()
        self._news = engine.outgoing.listener(line.platform.channel)

    async def run(self) -> None:
        """Claim, send, record, until cancelled; what is under way is then finished first."""
        if self._engine.database.is_sqlite:
            await self._insist(partial(delivery.release, channel=self._channel))
        recorder = asyncio.create_task(self._record())
        try:
            while True:
                self._news.clear()
                if not await self._claim():
                    await self._wait()
        finally:
            if self._tasks:
                await asyncio.wait(self._tasks)
            recorder.cancel()
            with suppress(asyncio.CancelledError):
                await recorder
            with suppress(StorageAway):
                await self._flush()

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._news.wait()

    async def _claim(self) -> bool:
        """Lease whom there is room for; False when nobody waits."""
        while (room := self._room()) <= 0:
            self._freed.clear()
            await self._freed.wait()
        apart = APART_AT_ONCE - len(self._apart)
        claim = partial(
            delivery.claim, channel=self._channel, holder=self._holder, limit=room, apart=apart
        )
        try:
            found = await self._engine.write(claim)
        except StorageAway as away:
            await asyncio.sleep(away.retry_after)
            return True
        for recipient in found:
            task = asyncio.create_task(self._tell(recipient))
            self._tasks.add(task)
            if recipient.apart:
                self._apart.add(task)
            task.add_done_callback(self._ended)
        return bool(found)

    def _room(self) -> int:
        served, waiting = len(self._tasks) - len(self._apart), len(self._tasks) - self._calling
        return min(AT_ONCE - served, AHEAD - waiting)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._apart.discard(task)
        self._freed.set()
        if not task.cancelled() and (fault := task.exception()) is not None:
            # The lease runs out by itself and the rows are said again.
            log.error("delivery_fault", fault=faults.told(fault))

    async def _tell(self, to: Recipient) -> None:
        settled, by = Settled(to.account_id, to.wrote_at), self._now() + WAITS_AT_MOST
        for number, row in enumerate(to.rows):
            if row.body.get("quiet") and (wait := until_daytime(self._now())):
                due_at = self._now() + timedelta(seconds=wait)
                settled = replace(settled, put_off=(*settled.put_off, (row.id, due_at)))
                continue
            outcome = await self._say(to, row, by)
            metrics.SENDS.labels(self._channel, type(outcome).__name__.lower()).inc()
            settled = _after(settled, row, outcome, self._now())
            if settled.again_at is not None or settled.unreachable:
                break
            if number + 1 == delivery.MOST_ROWS:
                settled = replace(settled, again_at=self._now() + timedelta(seconds=A_CHAT_SECONDS))
        self._settled.append(settled)
        self._something.set()

    async def _say(self, to: Recipient, row: Row, by: datetime) -> Outcome:
        if to.unreachable:
            return Failed(to.unreachable, unreachable=True)
        if later := await self._turn(by):
            return later
        try:
            async with asyncio.timeout(CALL_SECONDS) as patience:
                outcome = await self._call(to, row, partial(self._next_turn, by, patience))
        except TimeoutError:
            outcome = Unsure("timeout")
        except Exception as fault:
            # A fault of ours: what went before in this lease is sent all the same, and this row
            # waits its turn as after an answer that was lost, instead of being said for ever.
            log.error("delivery_fault", fault=faults.told(fault))
            outcome = Unsure(f"fault: {type(fault).__name__}")
        if isinstance(outcome, Later) and outcome.whole:
            # This process waits in any case; the others hear of it when storage is back.
            with suppress(StorageAway):
                await self._line.speed.hold(outcome.seconds)
        if isinstance(outcome, Failed) and outcome.alarm:
            metrics.ALARMS.labels(self._channel).inc()
            log.error("a_person_must_look", channel=self._channel, reason=outcome.reason)
        return outcome

    async def _turn(self, by: datetime) -> Later | None:
        """Wait until one more call may be made."""
        try:
            wait = 0.0 if self._now() > by else await self._line.speed.take(by)
        except StorageAway as away:
            return Later(away.retry_after, "storage_away")
        # Waiting on would outlive the lease: another would then say the same.
        return Later(wait, "held") if wait > 0 or self._now() > by else None

    async def _next_turn(self, by: datetime, patience: asyncio.Timeout) -> Later | None:
        """The same for a row's further messages: each has a call's time, which begins only now."""
        patience.reschedule(None)
        self._calling -= 1
        try:
            return await self._turn(by)
        finally:
            self._calling += 1
            self._freed.set()
            patience.reschedule(asyncio.get_running_loop().time() + CALL_SECONDS)

    async def _call(self, to: Recipient, row: Row, pace: Pace) -> Outcome:
        self._calling += 1
        self._freed.set()
        try:
            if self._line.send is not None:
                return await self._line.send(to, row, self._now(), pace)
            return await self._line.platform.send(to.sender, row.body, pace)
        finally:
            self._calling -= 1

    async def _record(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            try:
                await self._flush()
            except StorageAway as away:
                await asyncio.sleep(away.retry_after)
                self._something.set()

    async def _flush(self) -> None:
        done, self._settled = self._settled, []
        if not done:
            return
        try:
            await self._engine.write(partial(delivery.settle, holder=self._holder, done=done))
        except StorageAway:
            # What the platform answered is worth keeping until storage is back.
            self._settled = done + self._settled
            raise
        self._news.set()

    async def _insist(self, work: Callable[..., None]) -> None:
        while True:
            try:
                await self._engine.write(work)
                return
            except StorageAway as away:
                await asyncio.sleep(away.retry_after)


def _after(so_far: Settled, row: Row, outcome: Outcome, now: datetime) -> Settled:
    """What the recipient's lease comes to with one more row's outcome."""
    match outcome:
        case Sent():
            return replace(so_far, sent=(*so_far.sent, row.id))
        case Failed(reason, unreachable, alarm) if not alarm:
            failed = (*so_far.failed, (row.id, reason))
            return replace(so_far, failed=failed, unreachable=reason if unreachable else "")
        case Later(_, reason) | Unsure(reason) | Failed(reason):
            # What waits for a person (a token, a permission) is no fault of the row: it waits too.
            if now - row.created_at > LONGEST:
                return replace(so_far, failed=(*so_far.failed, (row.id, f"too_old: {reason}")))
            asked = outcome.seconds if isinstance(outcome, Later) else 0.0
            wait = max(asked, min(2.0**row.attempts, MOST_BACKOFF))
            again_at = now + timedelta(seconds=wait)
            apart = isinstance(outcome, Unsure)
            return replace(so_far, tried=(row.id, reason), again_at=again_at, apart=apart)
