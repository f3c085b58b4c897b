"""My household (gia đình tôi): told once, so that nobody decides on what his own family gave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers import consent, contributor, forms
from handlers.forms import Answers, Form, Question, read_line
from handlers.menu import Entry
from handlers.turn import Turn
from handlers.where_when import commune_offers, read_commune, village_offers
from storage import households

MIN_WORDS = 2


def begin(turn: Turn) -> None:
    """Ask whose household it is; what was told before is said first."""
    known = households.of_person(turn.tx, turn.person.id)
    if known is not None:
        one = households.get(turn.tx, known)
        place = turn.world.places.get(one.place).name
        turn.say("household.known", [turn.typed("household_new")], household=one, place=place)
    else:
        begin_new(turn)


def begin_new(turn: Turn) -> None:
    """Tell it anew."""
    forms.restart(turn, FORM, {})


def _summary(turn: Turn, answers: Answers) -> dict[str, Any]:
    return {"place": turn.world.places.get(answers["commune"]).name}


def _finish(turn: Turn, answers: Answers) -> None:
    head = answers["head"]
    found = contributor.home(turn, answers["commune"], answers["village"], head)
    households.join(turn.tx, turn.person.id, found)
    turn.say("household.done", head=head)


FORM = Form(
    "household",
    (
        # Kept for the same purpose as a report: whoever agreed to that is not asked again.
        *consent.questions(consent.REPORT),
        Question("commune", read=read_commune, offers=commune_offers),
        Question(
            "village",
            read=read_line(MIN_WORDS, 40),
            offers=village_offers,
            needs=("commune",),
            free=True,
        ),
        Question("head", read=read_line(MIN_WORDS, 60), free=True),
        Question(
            "confirm",
            offers=lambda turn, _: [turn.label("household_yes"), turn.label("cancel")],
            values=_summary,
            counts=False,
        ),
    ),
    _finish,
)
FORMS = (FORM,)
COMMANDS: dict[str, Callable[[Turn], None]] = {
    "household": begin,
    "household_new": begin_new,
}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {}
MENU: tuple[Entry, ...] = ()
