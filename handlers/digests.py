"""The day's reminder (tin nhắc hạn): who is told of what, as one message of all that is ahead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from handlers.turn import TYPED, World
from handlers.words import day
from knowledge import nudges
from knowledge.nudges import VILLAGER, Nudge
from knowledge.zone import ZONE
from storage import campaigns
from storage.campaigns import Campaign
from storage.database import Tx
from storage.subscriptions import Subscription

LOOKS_BACK = timedelta(days=31)
"""As far as the longest lead time reaches, so that whatever was missed is found."""
SHOWN = 3
MOST_VILLAGER, MOST_OFFICIAL, MOST_LINES = 300, 600, 8
"""Characters and lines of a message (chat manners)."""
People = Mapping[int, Sequence[Subscription]]


def remind(tx: Tx, world: World, campaign: Campaign, people: People) -> int:
    """Queue the day's reminder for those of these people who have one; how many."""
    today = tx.now.astimezone(ZONE).date()
    found = world.nudges.between(today - LOOKS_BACK, today)
    heard: dict[int, set[campaigns.Key]] = defaultdict(set)
    for person, key in campaigns.heard(tx, people, {one.key for one in found}):
        heard[person].add(key)
    texts: dict[tuple[Nudge, ...], str] = {}
    messages: dict[int, tuple[int, dict[str, Any]]] = {}
    said: list[tuple[int, campaigns.Key]] = []
    for person, wishes in people.items():
        # Of several places of one kind of office the first counts: the day is the same for all.
        since = {one.actor: one.since for one in sorted(wishes, key=_newest_first)}
        actors = {actor: at.astimezone(ZONE).date() for actor, at in since.items()}
        lines, owed = nudges.due(found, today, actors, heard[person])
        if not lines:
            continue
        kept = tuple(lines)
        if kept not in texts:
            texts[kept] = digest(world, lines, today)
        messages[person] = (wishes[0].account_id, _body(world, texts[kept]))
        said.extend((person, key) for key in {one.key for one in owed})
    campaigns.queue(tx, campaign, messages, said)
    return len(messages)


def _newest_first(one: Subscription) -> float:
    return -one.since.timestamp()


def _body(world: World, text: str) -> dict[str, Any]:
    label = world.words.label("remind_stop")
    choice = {"id": TYPED + label, "label": label}
    return {"text": text, "choices": [choice], "quiet": True}


def digest(world: World, lines: Sequence[Nudge], today: date) -> str:
    """What one person is told on a day, of as much of what is ahead of him as fits a message."""
    most = MOST_VILLAGER if all(one.actor == VILLAGER for one in lines) else MOST_OFFICIAL
    for shown in range(min(SHOWN, len(lines)), 1, -1):
        text = _digest(world, lines, shown, today)
        if len(text) <= most and text.count("\n") < MOST_LINES:
            return text
    return _digest(world, lines, 1, today)


def _digest(world: World, lines: Sequence[Nudge], shown: int, today: date) -> str:
    said = [
        world.words.text(
            "reminders.villager" if one.actor == VILLAGER else "reminders.office",
            limit=one.deadline,
            left=(one.deadline.due - today).days,
            due=day(one.deadline.due),
        )
        for one in lines[:shown]
    ]
    notes = dict.fromkeys(
        note
        for one in lines[:shown]
        for note in (*(one.deadline.notes if one.actor != VILLAGER else ()), one.deadline.prolonged)
        if note
    )
    return world.words.text(
        "reminders.digest",
        limits=said,
        more=len(lines) - shown,
        notes=list(notes),
        final=world.nudges.is_last(lines),
    )
