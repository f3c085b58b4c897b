"""What was said lately, remembered only while rehearsing (BOT_CLOCK), so that it can be kept."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.replay import writing
from bot.replay.masks import Masks, nth
from handlers.messages import Message
from handlers.turn import Turn
from storage import contributions, grants, people
from storage.database import News

MOST_EVENTS = 2_000
"""A rehearsal of a day; what is older is forgotten."""
MOST_FILES = 500
NAMES_IN = frozenset({"name", "reporter", "recipient", "owner", "head", "guardian"})
"""Answers of forms that are people's names."""


@dataclass(frozen=True, slots=True)
class Event:
    """One message and what the bot said because of it, to whomever.

    `roles` are (role, place) its writer holds since; `names` are those told so far.
    """

    at: datetime
    account_id: int
    person_id: int
    message: Message
    said: tuple[tuple[int, Mapping[str, Any]], ...]
    roles: tuple[tuple[str, str], ...]
    names: frozenset[str]


class Memory:
    """The last messages of everybody. `keep` writes one person's conversation into `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._events: deque[Event] = deque(maxlen=MOST_EVENTS)
        self._lock = threading.Lock()

    def note(self, turn: Turn, news: Sequence[News]) -> None:
        """Remember a turn that is over."""
        forms = turn.state.get("forms", {}).values()
        # Afresh: in this turn a role may have been taken up, or the chat become somebody else's.
        person_id = people.of_account(turn.tx, turn.conversation.account_id)
        held = grants.of_person(turn.tx, person_id)
        told = {str(form["answers"].get(name) or "") for form in forms for name in NAMES_IN}
        event = Event(
            turn.now,
            turn.conversation.account_id,
            turn.person.id,
            turn.message,
            tuple((one.account_id, one.body) for one in news),
            tuple((one.role, one.place) for one in held),
            frozenset(told | {people.name_of(turn.tx, turn.person.id)}),
        )
        with self._lock:
            self._events.append(event)

    def keep(self, turn: Turn) -> str | None:
        """Write the writer's conversation with all who had to do with it; the file's name.

        None when there is nothing to keep, or no room for one more file.
        """
        with self._lock:
            events = list(self._events)
        chosen = _connected(events, turn.conversation.account_id)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = len(list(self._folder.glob("*.txt")))
        if not chosen or kept >= MOST_FILES:
            return None
        accounts = dict.fromkeys(event.account_id for event in chosen)
        callers = {account: nth("callers", number) for number, account in enumerate(accounts)}
        text = writing.transcript(chosen, callers, _masks(turn, chosen, callers), turn.world.places)
        path = self._folder / f"{turn.now:%Y%m%d-%H%M%S}-{kept + 1:03}.txt"
        path.write_text(text, "utf-8")
        return path.name


def _connected(events: list[Event], account_id: int) -> list[Event]:
    """Events of an account and of all it is tied to: by what one's message made the bot tell the
    other, or by a code both were told or one of them was told and the other typed."""
    ties: dict[int, set[int]] = {}
    told: dict[str, set[int]] = {}
    for event in events:
        ties.setdefault(event.account_id, set()).update(to for to, _ in event.said)
        for to, body in event.said:
            for code in re.findall(f"{writing.CODE}|{writing.ONE_TIME}", writing.whole(body)):
                told.setdefault(code, set()).update({to, event.account_id})
    for event in events:
        for code in told:
            if code in event.message.text:
                told[code].add(event.account_id)
    for group in told.values():
        for one in group:
            ties.setdefault(one, set()).update(group)
    for one, others in list(ties.items()):
        for other in others:
            ties.setdefault(other, set()).add(one)
    found, waiting = {account_id}, [account_id]
    while waiting:
        more = ties.get(waiting.pop(), set()) - found
        found |= more
        waiting += more
    if not any(event.account_id == account_id for event in events):
        return []
    return [event for event in events if event.account_id in found]


def _masks(turn: Turn, events: list[Event], callers: dict[int, str]) -> Masks:
    officers: dict[str, str] = {}
    for event in events:
        if event.roles:
            name = people.name_of(turn.tx, event.person_id)
            officers.setdefault(name, writing.OFFICER.format(callers[event.account_id]))
    masks = Masks({name: made for name, made in officers.items() if name})
    for event in events:
        for name in sorted(event.names):
            masks.learn(name)
    texts = {writing.whole(body) for event in events for _, body in event.said}
    for code in sorted({code for text in texts for code in re.findall(writing.CODE, text)}):
        found = contributions.find(turn.tx, code)
        if found is not None:
            masks.learn(found.contributor_name)
            masks.learn(people.name_of(turn.tx, found.reporter_id))
    return masks
