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
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import structlog

from bot import metrics
from bot.channels.web import CHANNEL as WEB
from bot.channels.web import Outgoing
from bot.clock import Clock
from bot.errors import StorageAway
from handlers import router
from handlers.messages import Choice, Message
from handlers.turn import Turn, World
from storage import outbox, people, received
from storage.database import Database, Tx
from storage.errors import DatabaseAway
from storage.listen import Listener
from storage.writer import Done, Outcome, Writer

T = TypeVar("T")
RETRY_AFTER = 5
"""Seconds a sender is asked to wait while storage is away."""
READERS = 4
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

    def __init__(self, database: Database, world: World, clock: Clock) -> None:
        """`database` must be upgraded. Call `close` at the end."""
        self.database = database
        self.writer = Writer(database, clock)
        self._world = world
        self._clock = clock
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._watching: dict[str, list[asyncio.Event]] = {}
        self._accounts: dict[str, int] = {}
        self._senders: dict[int, str] = {}
        """Both ways for those who watch now: they are known by sender, a wake names accounts."""

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on outcomes are handed over on this loop, a whole commit at a time."""

        def hand_over(done: Done) -> None:
            _on(loop, partial(self._announce, done))

        self.writer.hand_over = hand_over

    def listen(self) -> Listener:
        """Wake also for what other replicas commit, until the listener is closed."""
        loop = asyncio.get_running_loop()
        return Listener(self.database, lambda accounts: _on(loop, partial(self.wake, accounts)))

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

    async def pending(self, sender: str) -> Sequence[Outgoing]:
        """What the person's browser has not acknowledged, oldest first."""
        account_id = self._accounts.get(sender)

        def read(tx: Tx) -> tuple[int | None, list[outbox.Waiting]]:
            found = account_id or people.find_account(tx, WEB, WEB, sender)
            return found, outbox.waiting(tx, found) if found is not None else []

        found, rows = await self.read(read)
        if found is not None:
            self._bind(sender, found)
        return [
            Outgoing(
                row.id,
                row.body["text"],
                tuple(Choice(one["id"], one["label"]) for one in row.body["choices"]),
                row.created_at,
            )
            for row in rows
        ]

    async def acknowledge(self, sender: str, ids: Sequence[int]) -> None:
        """The person's browser has shown these."""

        def work(tx: Tx) -> None:
            account_id = people.find_account(tx, WEB, WEB, sender)
            if account_id is not None:
                outbox.acknowledge(tx, account_id, ids)

        await self.write(work)

    @contextmanager
    def watch(self, sender: str) -> Iterator[asyncio.Event]:
        """An event that is set when the person may have news."""
        news = asyncio.Event()
        self._watching.setdefault(sender, []).append(news)
        try:
            yield news
        finally:
            self._watching[sender].remove(news)
            if not self._watching[sender]:
                del self._watching[sender]
                account_id = self._accounts.pop(sender, None)
                if account_id is not None:
                    del self._senders[account_id]

    def wake(self, account_ids: frozenset[int]) -> None:
        """These accounts have something new in the outbox. Call on the loop."""
        for account_id in account_ids:
            for news in self._watching.get(self._senders.get(account_id, ""), ()):
                news.set()

    async def read(self, work: Callable[[Tx], T]) -> T:
        """A short read in the thread pool. Raises StorageAway."""

        def run() -> T:
            with self.database.reading(self._clock()) as tx:
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
            then(outcome)
            if outcome.woken:
                self.wake(outcome.woken)

    def _bind(self, sender: str, account_id: int) -> None:
        if sender in self._watching and sender not in self._accounts:
            self._accounts[sender] = account_id
            self._senders[account_id] = sender
            # What came between the first look and now woke nobody.
            for news in self._watching[sender]:
                news.set()

    def _turn(self, message: Message, key: bytes, tx: Tx) -> Taken:
        if not received.take(tx, key):
            return Taken(None, "repeat")
        conversation = people.open_conversation(
            tx, message.channel, message.account, message.sender
        )
        router.handle(Turn(self._world, tx, message, conversation))
        return Taken(conversation.account_id, "done")

    def _bury(self, message: Message, key: bytes, raw: bytes, tx: Tx, fault: Exception) -> Taken:
        # The fault's text may quote what a person wrote: it goes to the store, not to the log.
        where = traceback.extract_tb(fault.__traceback__)[-1]
        log.error(
            "dead_letter", fault=type(fault).__name__, where=f"{where.filename}:{where.lineno}"
        )
        if not received.bury(tx, key, raw, "".join(traceback.format_exception(fault))):
            return Taken(None, "repeat")
        conversation = people.open_conversation(
            tx, message.channel, message.account, message.sender
        )
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
