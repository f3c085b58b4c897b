"""A turn: one message and everything its handler may use and say, inside one transaction.

Time comes with the turn. What is said is collected and written to the outbox at the end; what was
offered stands in the conversation's state, and a press or a typed number means only that.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from handlers.messages import MAX_CHOICES, Message
from handlers.words import Words
from knowledge.nudges import Nudges
from knowledge.places import Places
from knowledge.plan import Plan
from knowledge.zone import ZONE
from storage import outbox
from storage.database import Tx
from storage.grants import Grant
from storage.grants import of_person as grants_of_person
from storage.people import Conversation, Person, State

TYPED = "="
"""A choice whose id begins so is no more than typing the rest: it carries no right and no state."""


@dataclass(frozen=True, slots=True)
class Window:
    """The channel that takes nothing for whom it has not heard for longer than `silence`."""

    channel: str
    silence: timedelta


NO_WINDOW = Window("", timedelta(0))
"""Whoever is silent is reached on every channel."""


@dataclass(frozen=True, slots=True)
class World:
    """What every turn shares: the plan, its deadlines' reminders, the places, the words."""

    plan: Plan
    places: Places
    words: Words
    nudges: Nudges
    officer_contact: str = ""
    most_per_minute: int = 0
    """Messages of one person that are handled; 0 is no limit."""
    verify_days: int = 7
    """For so many days a commune has a report to itself."""
    window: Window = NO_WINDOW
    fileless: str = ""
    """The channel through which no file goes either way, "" for none."""
    keep_talk: Callable[[Turn], str | None] | None = None
    """While rehearsing: keeps the writer's conversation and gives the file's name."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A choice to be offered: what stands on it, and what choosing it means."""

    label: str
    value: Any
    also: tuple[str, ...] = ()
    lasting: bool = False
    """Its value is what a person types, so that its button may be pressed at any later time."""


def push(
    world: World,
    tx: Tx,
    account_id: int,
    key: str,
    typed: Sequence[tuple[str, str]] = (),
    /,
    **values: Any,
) -> None:
    """Tell an account something unasked; `typed` are (label, what pressing it types)."""
    body = {
        "text": world.words.text(key, **values),
        "choices": [{"id": TYPED + text, "label": label} for label, text in typed],
    }
    outbox.put(tx, account_id, "push", [body])


@dataclass(slots=True)
class Turn:
    """One message being handled. `state` is the conversation's, changed in place."""

    world: World
    tx: Tx
    message: Message
    conversation: Conversation
    replies: list[outbox.Body] = field(default_factory=list)
    offered: list[dict[str, Any]] = field(default_factory=list)
    """What the previous message offered; what this turn offers stands in the state."""
    _grants: list[Grant] | None = None

    @property
    def state(self) -> State:
        """The conversation's state."""
        return self.conversation.state

    @property
    def person(self) -> Person:
        """Who writes."""
        return self.conversation.person

    @property
    def now(self) -> datetime:
        """Aware UTC, the same throughout the turn."""
        return self.tx.now

    @property
    def today(self) -> date:
        """The date in Lai Châu."""
        return self.now.astimezone(ZONE).date()

    @property
    def grants(self) -> list[Grant]:
        """The person's live grants, read afresh each turn: revoked is revoked."""
        if self._grants is None:
            self._grants = grants_of_person(self.tx, self.person.id)
        return self._grants

    def become(self, conversation: Conversation) -> None:
        """Whoever wrote is somebody else from now on: what is said and kept is that one's."""
        self.conversation = conversation
        self.offered = []
        self._grants = None

    def label(self, key: str, value: Any = None) -> Offer:
        """The offer of a labelled choice; its value is the key unless given."""
        words = self.world.words
        return Offer(words.label(key), key if value is None else value, tuple(words.said_for(key)))

    def typed(self, key: str) -> Offer:
        """The offer of a command: choosing it is typing its label."""
        return self.label(key, self.world.words.label(key))

    def typing(self, command: str, code: str) -> str:
        """What a person types to do this to the report with this code."""
        return f"{self.world.words.label(f'typed.{command}')} {code}"

    def say(self, key: str, offers: Sequence[Offer] = (), /, **values: Any) -> None:
        """Answer with a template; with offers, these replace whatever was offered before."""
        self.say_text(self.world.words.text(key, **values), offers)

    def say_text(
        self, text: str, offers: Sequence[Offer] = (), pictures: Sequence[int] = ()
    ) -> None:
        """Answer with a finished text, such as an answer from the plan; with pictures by id.

        Whatever was offered before counts no more, or an old button would answer a new question.
        """
        if len(offers) > MAX_CHOICES:
            raise ValueError(f"{len(offers)} choices in one message")
        choices = []
        self.state.pop("offered", None)
        if offers:
            # The ids mean nothing outside this conversation and this moment.
            stem = secrets.token_urlsafe(9)
            self.state["offered"] = [
                {
                    "id": _id_of(offer, f"{stem}.{number}"),
                    "label": offer.label,
                    "value": offer.value,
                }
                | ({"also": list(offer.also)} if offer.also else {})
                for number, offer in enumerate(offers, start=1)
            ]
            choices = [{"id": one["id"], "label": one["label"]} for one in self.state["offered"]]
        shown = {"pictures": list(pictures)} if pictures else {}
        self.replies.append({"text": text, "choices": choices, **shown})

    def push(
        self, account_id: int, key: str, typed: Sequence[tuple[str, str]] = (), /, **values: Any
    ) -> None:
        """Tell another account something, as `push` does."""
        push(self.world, self.tx, account_id, key, typed, **values)


def _id_of(offer: Offer, passing: str) -> str:
    return f"{TYPED}{offer.value}" if offer.lasting else passing
