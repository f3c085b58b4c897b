"""Reminders (nhắc hạn): asking for them and stopping them by chat; what each day's reminder says.

Whoever serves in an office is reminded of its limits, a villager of the day by which the commune
proposes awards. Nobody is reminded who has not asked for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from handlers import consent, forms
from handlers.forms import Answers, Form, Question
from handlers.menu import Entry
from handlers.turn import TYPED, Turn, World
from handlers.where_when import commune_offers, read_commune
from handlers.words import day
from knowledge import nudges
from knowledge.nudges import VILLAGER, Nudge
from knowledge.zone import ZONE
from storage import campaigns, consents, subscriptions
from storage.campaigns import Campaign
from storage.database import Tx
from storage.subscriptions import Subscription

LOOKS_BACK = timedelta(days=31)
"""As far as the longest lead time reaches, so that whatever was missed is found."""
SHOWN = 3
People = Mapping[int, Sequence[Subscription]]


def ask_for(turn: Turn) -> None:
    """ "nhắc tôi": start asking to be reminded."""
    if subscriptions.of_person(turn.tx, turn.person.id):
        turn.say("reminders.already", [turn.typed("remind_stop")])
    else:
        forms.restart(turn, FORM, {})


def stop(turn: Turn) -> None:
    """ "thôi nhắc": no reminder any more, at once."""
    ended = subscriptions.end(turn.tx, turn.person.id)
    consents.withdraw(turn.tx, turn.person.id, consent.REMIND)
    turn.say("reminders.off" if ended else "reminders.none")


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
        actors = {one.actor: one.since.astimezone(ZONE).date() for one in wishes}
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


def _body(world: World, text: str) -> dict[str, Any]:
    label = world.words.label("remind_stop")
    choice = {"id": TYPED + label, "label": label}
    return {"text": text, "choices": [choice], "quiet": True}


def digest(world: World, lines: list[Nudge], today: date) -> str:
    """What one person is told on a day, of all that is ahead of him."""
    shown = [
        world.words.text(
            "reminders.villager" if one.actor == VILLAGER else "reminders.office",
            limit=one.deadline,
            left=(one.deadline.due - today).days,
            due=day(one.deadline.due),
        )
        for one in lines[:SHOWN]
    ]
    return world.words.text("reminders.digest", limits=shown, more=len(lines) - len(shown))


def _roles(turn: Turn) -> list[tuple[str, str]]:
    """(actor, place) the person is reminded as for the offices he holds."""
    known = set(turn.world.nudges.actors)
    return [(grant.role, grant.place) for grant in turn.grants if grant.role in known]


def _ahead(turn: Turn, actors: Iterable[str]) -> bool:
    until = turn.today + timedelta(days=400)
    found = turn.world.nudges.between(turn.today, until)
    return any(one.actor in actors for one in found)


def _finish(turn: Turn, answers: Answers) -> None:
    wanted = _roles(turn) or [(VILLAGER, answers["commune"])]
    for actor, place in wanted:
        subscriptions.begin(turn.tx, turn.person.id, turn.conversation.account_id, actor, place)
    ahead = _ahead(turn, {actor for actor, _ in wanted})
    turn.say("reminders.on", [turn.typed("remind_stop")], ahead=ahead)


FORM = Form(
    "reminders",
    (
        *consent.questions(consent.REMIND),
        Question(
            "commune",
            says="reminders.commune",
            when=lambda turn, _: not _roles(turn),
            read=read_commune,
            offers=commune_offers,
        ),
    ),
    _finish,
)
FORMS = (FORM,)
COMMANDS: dict[str, Callable[[Turn], None]] = {"remind": ask_for, "remind_stop": stop}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {}
MENU: tuple[Entry, ...] = (Entry("remind", 7),)
