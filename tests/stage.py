"""Conversations inside one transaction that is never committed: quick, for thousands of turns.

What a turn does is the real thing: the router, the handlers, storage and the audit chain. Only the
engine, its commits and its queue are left out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection

from bot import schedule
from handlers import router
from handlers.messages import Message
from handlers.turn import TYPED, Turn, World
from knowledge.text import fold
from storage import grants, outbox, people, timers
from storage.audit import write_chain
from storage.database import Database, Tx
from storage.grants import Grant
from storage.people import Conversation
from tests.conftest import HandClock


@dataclass(slots=True)
class Stage:
    """A store under one open transaction, and people who talk."""

    world: World
    clock: HandClock
    connection: Connection
    heard: dict[int, list[outbox.Body]] = field(default_factory=dict)
    """What each account was told so far, oldest first."""
    _events: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def tx(self) -> Tx:
        """The open transaction, at the clock's time."""
        return Tx(self.connection, self.clock())

    def close(self, tx: Tx) -> None:
        """Chain what was audited and hear what was said; what a commit would do."""
        outbox.write(tx)
        write_chain(tx)
        for one in tx.news:
            self.heard.setdefault(one.account_id, []).append(dict(one.body))

    def who(self, sender: str) -> Conversation:
        """Somebody's conversation."""
        return people.open_conversation(self.tx(), "terminal", "test", sender)

    def say(self, sender: str, text: str = "", choice: str | None = None) -> list[str]:
        """`sender` writes or presses; the texts he is answered with."""
        tx = self.tx()
        conversation = people.open_conversation(tx, "terminal", "test", sender)
        event = f"e{next(self._events)}"
        message = Message("terminal", "test", sender, event, self.clock(), text, choice)
        router.handle(Turn(self.world, tx, message, conversation))
        self.close(tx)
        return [
            str(one.body["text"]) for one in tx.news if one.account_id == conversation.account_id
        ]

    def press(self, sender: str, label: str) -> list[str]:
        """Press the newest choice with this label, offered or pushed. Raises KeyError."""
        for body in reversed(self.heard.get(self.who(sender).account_id, [])):
            for one in body["choices"]:
                if one["label"] == label:
                    return self.say(sender, choice=one["id"])
        raise KeyError(label)

    def typed(self, sender: str, command: str) -> list[str]:
        """As a pushed button does: its id is what it types."""
        return self.say(sender, choice=f"{TYPED}{command}")

    def tick(self) -> None:
        """Let everything happen that is due."""
        while due := timers.due(self.tx(), schedule.SLICE):
            for timer_id in due:
                tx = self.tx()
                partial(schedule.fire, self.world, timer_id)(tx)
                self.close(tx)

    def officer(self, sender: str, role: str, place: str, **more: Any) -> Grant:
        """Somebody with a role."""
        tx, who = self.tx(), self.who(sender)
        grant = grants.give(tx, who.person.id, who.account_id, role, place, by=None, **more)
        people.rename(tx, who.person, f"Cán bộ {sender}", fold(f"Cán bộ {sender}"))
        self.close(tx)
        return grant

    @contextmanager
    def tried(self) -> Iterator[None]:
        """What is done inside is undone at its end."""
        heard = {account: list(bodies) for account, bodies in self.heard.items()}
        self.connection.exec_driver_sql("SAVEPOINT tried")
        try:
            yield
        finally:
            # A savepoint that is only rolled back stays open, and thousands of them make every
            # write slow.
            self.connection.exec_driver_sql("ROLLBACK TO SAVEPOINT tried")
            self.connection.exec_driver_sql("RELEASE SAVEPOINT tried")
            self.heard = heard


@contextmanager
def staged(database: Database, world: World, clock: HandClock | None = None) -> Iterator[Stage]:
    """A Stage over a fresh store; nothing of it stays."""
    with database.connect_for_writing() as connection:
        transaction = connection.begin()
        try:
            yield Stage(world, clock or HandClock(), connection)
        finally:
            transaction.rollback()
