"""The engine: updates in, turns committed, replies queued (design §2).

A turn is one transaction: the event's key, what the handler changed, the replies, the audit rows.
Only after its commit does the caller learn that it was taken. A handler that raises is undone; its
event is kept as a dead letter with one apology. When the database itself fails nobody is
acknowledged and `StorageAway` says so.
"""

from __future__ import annotations

import asyncio
import queue
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import structlog

from bot import faults, metrics
from bot.channels.web import CHANNEL as WEB
from bot.channels.web import Outgoing
from bot.clock import Clock
from bot.errors import StorageAway
from bot.open_pages import Page, outgoing
from bot.signal import Signal
from handlers import router
from handlers.messages import Message
from handlers.turn import Turn, World
from storage import outbox, people, received
from storage.database import Database, News, Tx
from storage.errors import DatabaseAway
from storage.listen import Listener
from storage.writer import Done, Outcome, Writer

T = TypeVar("T")
RETRY_AFTER = 5
"""Seconds a sender is asked to wait while storage is away."""
READERS = 4
LOOK_SECONDS = 1.9
"""Just under the web channel's own poll, so that each of its polls looks at storage."""
PER_SENDER = {WEB}
"""Channels on which an event id is unique only for its sender, not for the whole account."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a message: whose it was, and whether it was new, a repeat or a dead letter."""

    account_id: int | None
    outcome: str


class Engine:
    """Takes messages and gives the web chat what it has to show."""

    def __init__(
        self,
        database: Database,
        world: World,
        clock: Clock,
        note: Callable[[Turn, Sequence[News]], None] | None = None,
    ) -> None:
        """`database` must be upgraded. Call `close` at the end.

        `note` hears of every turn and all it said, before its commit.
        """
        self.database = database
        self.writer = Writer(database, clock)
        self._world = world
        self.clock = clock
        self._note = note
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._pages: dict[str, Page] = {}
        self._senders: dict[int, str] = {}
        """Who has a page open, by sender; and by account, for a commit names accounts."""
        self.outgoing = Signal()
        """Set when something may wait for a platform that must be called."""
        self.arrived = asyncio.Event()
        """Set when a turn was committed that may have brought files to fetch."""

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on outcomes are handed over on this loop, a whole commit at a time."""

        def hand_over(done: Done) -> None:
            _on(loop, partial(self._announce, done))

        self.writer.hand_over = hand_over

    def listen(self) -> Listener:
        """Wake also for what other replicas commit, until the listener is closed."""
        loop = asyncio.get_running_loop()
        return Listener(self.database, lambda told: _on(loop, partial(self.wake, *told)))

    def close(self) -> None:
        """Finish the turns under way and let go of the database."""
        self.writer.close()
        self._readers.shutdown()
        self.database.dispose()

    def submit(self, message: Message, raw: bytes, then: Callable[[Outcome], None]) -> None:
        """Queue a turn; `then` hears of it after the commit, with a `Taken` for its value."""
        own = (message.sender,) if message.channel in PER_SENDER else ()
        key = received.key_of(message.channel, message.account, *own, message.event_id)
        self.writer.submit(
            partial(self._turn, message, key),
            then,
            lane=f"{message.channel}:{message.sender}",
            rescue=partial(self._bury, message, key, raw),
        )

    def take(self, message: Message, raw: bytes) -> Taken:
        """Take one turn and wait for its commit, without an event loop. Raises DatabaseAway."""
        answer: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self.submit(message, raw, answer.put)
        outcome = answer.get()
        if outcome.error is not None:
            raise outcome.error
        taken: Taken = outcome.value
        return taken

    async def receive(self, message: Message, raw: bytes) -> None:
        """Take one turn and return after its commit. Raises StorageAway when nothing was kept."""
        begun = time.perf_counter()
        try:
            taken: Taken = await _committed(partial(self.submit, message, raw))
        except StorageAway:
            metrics.AWAY.inc()
            raise
        metrics.TURN_SECONDS.observe(time.perf_counter() - begun)
        metrics.TURNS.labels(message.channel, taken.outcome).inc()
        if taken.account_id is not None:
            self._bind(message.sender, taken.account_id)
        if message.attachments:
            self.arrived.set()

    async def pending(self, sender: str) -> Sequence[Outgoing]:
        """What the person's browser has not acknowledged, oldest first.

        While a page is open its rows are kept in mind, so that a turn need not be read back from
        storage to be shown; storage is looked at again every `LOOK_SECONDS`, and is the truth.
        """
        page = self._pages.get(sender)
        if page is not None and time.monotonic() - page.looked < LOOK_SECONDS:
            return [page.rows[row_id] for row_id in sorted(page.rows)]
        known = page.account_id if page is not None else None
        if page is not None:
            page.begin_look()

        def look(tx: Tx) -> tuple[int | None, list[outbox.Waiting]]:
            found = known or people.find_account(tx, WEB, WEB, sender)
            return found, outbox.waiting(tx, found) if found is not None else []

        try:
            found, waiting = await self.read(look)
        except StorageAway:
            if page is not None:
                page.end_look(None)
            raise
        rows = [outgoing(row.id, row.body, row.created_at) for row in waiting]
        if page is None:
            return rows
        if found is not None:
            self._bind(sender, found)
        return page.end_look(rows)

    async def acknowledge(self, sender: str, ids: Sequence[int]) -> None:
        """The person's browser has shown these."""
        page = self._pages.get(sender)
        known = page.account_id if page is not None else None

        def work(tx: Tx) -> None:
            account_id = known or people.find_account(tx, WEB, WEB, sender)
            if account_id is not None:
                outbox.acknowledge(tx, account_id, ids)

        await self.write(work)
        if page is not None:
            page.forget(ids)

    @contextmanager
    def watch(self, sender: str) -> Iterator[asyncio.Event]:
        """An event that is set when the person may have news."""
        news = asyncio.Event()
        page = self._pages.setdefault(sender, Page())
        page.events.append(news)
        try:
            yield news
        finally:
            page.events.remove(news)
            if not page.events:
                del self._pages[sender]
                if page.account_id is not None:
                    del self._senders[page.account_id]

    def wake(self, account_ids: Iterable[int], channels: Iterable[str]) -> None:
        """These accounts have something new in storage, with which these platforms are to be
        called. Call on the loop."""
        for channel in channels:
            self.outgoing.set(channel)
        for account_id in account_ids:
            page = self._pages.get(self._senders.get(account_id, ""))
            if page is not None:
                page.looked = 0.0
                page.wake()

    async def read(self, work: Callable[[Tx], T]) -> T:
        """A short read in the thread pool. Raises StorageAway."""

        def run() -> T:
            with self.database.reading(self.clock()) as tx:
                return work(tx)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, run)
        except DatabaseAway as away:
            raise StorageAway(RETRY_AFTER) from away

    async def write(self, work: Callable[[Tx], T]) -> T:
        """A write of ours that is no turn, through the same writer. Raises StorageAway."""
        value: T = await _committed(partial(self.writer.submit, work))
        return value

    def _announce(self, done: Done) -> None:
        for then, outcome in done:
            try:
                then(outcome)
            except Exception as fault:
                # One caller's fault must not leave the rest of the commit waiting.
                log.error("outcome_not_heard", fault=faults.told(fault))
            if not self.database.is_sqlite:
                # Another replica's row may have to come first: only storage knows the order.
                self.wake(outcome.woken, outcome.called)
                continue
            self.wake((), outcome.called)
            for one in outcome.news:
                page = self._pages.get(self._senders.get(one.account_id, ""))
                if page is not None:
                    page.add(outgoing(one.id, one.body, one.created_at))

    def _bind(self, sender: str, account_id: int) -> None:
        page = self._pages.get(sender)
        if page is not None and page.account_id != account_id:
            # Whoever has erased his data is another account from then on.
            self._senders.pop(page.account_id or 0, None)
            page.account_id = account_id
            self._senders[account_id] = sender
            # What came between the first look and now woke nobody.
            page.looked = 0.0
            page.wake()

    def _turn(self, message: Message, key: bytes, tx: Tx) -> Taken:
        people.lock(tx, message.channel, message.account, message.sender)
        if not received.take(tx, key):
            return Taken(None, "repeat")
        conversation = people.open_conversation(
            tx, message.channel, message.account, message.sender
        )
        if conversation.paused_until is not None and conversation.paused_until > tx.now:
            # A human operator reads and answers; two voices at once would only confuse.
            people.wrote(tx, conversation.account_id)
            return Taken(conversation.account_id, "paused")
        turn = Turn(self._world, tx, message, conversation)
        router.handle(turn)
        if self._note is not None:
            outbox.write(tx)
            self._note(turn, tx.news)
        return Taken(turn.conversation.account_id, "done")

    def _bury(self, message: Message, key: bytes, raw: bytes, tx: Tx, fault: Exception) -> Taken:
        told = faults.told(fault)
        log.error("dead_letter", fault=told)
        people.lock(tx, message.channel, message.account, message.sender)
        # Whose it was stands with it, so that it goes when he erases his data.
        if not received.bury(tx, key, raw, f"{message.sender}\n{told}"):
            return Taken(None, "repeat")
        conversation = people.open_conversation(
            tx, message.channel, message.account, message.sender
        )
        people.wrote(tx, conversation.account_id)
        apology = {"text": self._world.words.text("router.apology"), "choices": []}
        outbox.put(tx, conversation.account_id, "reply", [apology])
        return Taken(conversation.account_id, "dead")


def _on(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    # A notice or a commit may still arrive while the loop is closing; nobody waits for it then.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call)


async def _committed(submit: Callable[[Callable[[Outcome], None]], None]) -> Any:
    """Submit and await the value. Raises StorageAway when the database failed."""
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def then(outcome: Outcome) -> None:
        if future.cancelled():
            return
        if outcome.error is not None:
            future.set_exception(outcome.error)
        else:
            future.set_result(outcome.value)

    submit(then)
    try:
        return await future
    except DatabaseAway as away:
        raise StorageAway(RETRY_AFTER) from away
