"""The day's reminder (tin nhắc hạn): who is told of what, as one message of all that is ahead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from handlers.turn import TYPED, World
from handlers.words import day as shown_day
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
Case = tuple[tuple[tuple[str, date], ...], frozenset[campaigns.Key]]


def remind(tx: Tx, world: World, campaign: Campaign, people: People) -> int:
    """Queue the day's reminder for those of these people who have one; how many."""
    today = tx.now.astimezone(ZONE).date()
    found = world.nudges.between(today - LOOKS_BACK, today)
    heard: dict[int, set[campaigns.Key]] = defaultdict(set)
    for person, key in campaigns.heard(tx, people, {one.key for one in found}):
        heard[person].add(key)
    alike: dict[Case, dict[int, int]] = defaultdict(dict)
    for person, wishes in people.items():
        case = _case(wishes, today - LOOKS_BACK, heard.get(person, ()))
        alike[case][person] = wishes[0].account_id
    count = 0
    for (since, told), to in alike.items():
        lines, owed = nudges.due(found, today, dict(since), told)
        if lines:
            body = _body(world, digest(world, lines, today))
            campaigns.queue(tx, campaign, body, to, sorted({one.key for one in owed}))
            count += len(to)
    return count


def _case(wishes: Sequence[Subscription], first: date, heard: Collection[campaigns.Key]) -> Case:
    """What decides on a person's reminder: as what he is reminded since when, what he has heard.

    Before the first day that is looked back to, since when makes no difference.
    """
    since: dict[str, date] = {}
    for one in wishes:
        day = max(first, one.since.astimezone(ZONE).date())
        # Of several places of one kind of office the first counts: the day is the same for all.
        since[one.actor] = min(day, since.get(one.actor, day))
    return tuple(sorted(since.items())), frozenset(heard)


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
            due=shown_day(one.deadline.due),
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
