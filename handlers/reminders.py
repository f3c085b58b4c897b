"""Reminders (nhắc hạn): asking for them and stopping them by chat, by office and place.

Whoever serves in an office is reminded of its limits, as long as he serves; a villager of the day
by which the commune proposes awards. Nobody is reminded who has not asked for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from handlers import consent, forms
from handlers.forms import Answers, Form, Question
from handlers.menu import Entry
from handlers.messages import MAX_CHOICES
from handlers.turn import Offer, Turn
from handlers.where_when import commune_offers, read_commune
from knowledge import nudges
from knowledge.nudges import VILLAGER
from storage import consents, subscriptions

ALL = "all"


def ask_for(turn: Turn) -> None:
    """ "nhắc tôi": start asking to be reminded, or add the offices that are new."""
    wishes = subscriptions.of_person(turn.tx, turn.person.id)
    if not wishes or _new(turn):
        forms.restart(turn, FORM, {})
    else:
        key = "reminders.office_already" if _offices(turn) else "reminders.already"
        offers = [turn.typed("remind_stop"), turn.typed("remind_more")]
        turn.say(key, offers, wishes=[_named(turn, one.actor, one.place) for one in wishes])


def add(turn: Turn) -> None:
    """ "nhắc thêm xã": be told of one more commune, as a villager."""
    forms.restart(turn, FORM, {"which": VILLAGER})


def stop(turn: Turn) -> None:
    """ "thôi nhắc": no reminder any more, at once; whoever has several says which."""
    if len(subscriptions.of_person(turn.tx, turn.person.id)) > 1:
        forms.restart(turn, STOP, {})
    else:
        _stop_all(turn)


def _stop_all(turn: Turn) -> None:
    ended = subscriptions.end(turn.tx, turn.person.id)
    consents.withdraw(turn.tx, turn.person.id, consent.REMIND)
    turn.say("reminders.off" if ended else "reminders.none")


def _offices(turn: Turn) -> list[tuple[str, str]]:
    """(actor, place) the person can be reminded as for the offices he holds."""
    known = set(turn.world.nudges.actors)
    return [(grant.role, grant.place) for grant in turn.grants if grant.role in known]


def _new(turn: Turn) -> list[tuple[str, str]]:
    """Of these the ones he has not asked for."""
    wishes = subscriptions.of_person(turn.tx, turn.person.id)
    asked = {(one.actor, one.place) for one in wishes}
    return [one for one in _offices(turn) if one not in asked]


def _named(turn: Turn, actor: str, place: str) -> str:
    where = turn.world.places.get(place).name if place else ""
    return turn.world.words.text(
        "reminders.office_wish", role=turn.world.words.label(f"reminded.{actor}"), place=where
    )


def _which(turn: Turn, found: Iterable[tuple[str, str, Any]]) -> list[Offer]:
    """All of them, or one: (actor, place, its value)."""
    one_by_one = [Offer(_named(turn, actor, place), value) for actor, place, value in found]
    return [turn.label("remind_all", ALL), *one_by_one[: MAX_CHOICES - 1]]


def _ahead(turn: Turn, actors: Iterable[str]) -> bool:
    found = turn.world.nudges.between(turn.today, turn.today + nudges.A_YEAR)
    return any(one.actor in actors for one in found)


def _finish(turn: Turn, answers: Answers) -> None:
    which = answers.get("which", ALL)
    wanted = [one for one in _new(turn) if which in (ALL, "|".join(one))]
    if "commune" in answers:
        wanted = [(VILLAGER, answers["commune"])]
    for actor, place in wanted:
        subscriptions.begin(turn.tx, turn.person.id, turn.conversation.account_id, actor, place)
    turn.say(
        "reminders.on" if "commune" in answers else "reminders.office_on",
        [turn.typed("remind_stop")],
        ahead=_ahead(turn, {actor for actor, _ in wanted}),
        wishes=[_named(turn, *one) for one in wanted],
    )


def _some_stopped(turn: Turn, answers: Answers) -> None:
    wishes = subscriptions.of_person(turn.tx, turn.person.id)
    chosen = [one for one in wishes if one.id == answers["which"]]
    if answers["which"] == ALL or len(chosen) == len(wishes):
        _stop_all(turn)
        return
    subscriptions.end(turn.tx, turn.person.id, [one.id for one in chosen])
    left = [_named(turn, one.actor, one.place) for one in wishes if one not in chosen]
    turn.say("reminders.office_left", [turn.typed("remind_stop")], wishes=left)


FORM = Form(
    "reminders",
    (
        *consent.questions(consent.REMIND),
        Question(
            "which",
            says="reminders.office_which",
            when=lambda turn, _: len(_new(turn)) > 1,
            offers=lambda turn, _: _which(turn, ((*one, "|".join(one)) for one in _new(turn))),
        ),
        Question(
            "commune",
            says="reminders.commune",
            when=lambda turn, answers: answers.get("which") == VILLAGER or not _new(turn),
            read=read_commune,
            offers=commune_offers,
        ),
    ),
    _finish,
)
STOP = Form(
    "reminders_stop",
    (
        Question(
            "which",
            says="reminders.office_stop",
            offers=lambda turn, _: _which(
                turn,
                (
                    (one.actor, one.place, one.id)
                    for one in subscriptions.of_person(turn.tx, turn.person.id)
                ),
            ),
        ),
    ),
    _some_stopped,
)
FORMS = (FORM, STOP)
COMMANDS: dict[str, Callable[[Turn], None]] = {
    "remind": ask_for,
    "remind_more": add,
    "remind_stop": stop,
}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {}
MENU: tuple[Entry, ...] = (Entry("remind", 7),)
