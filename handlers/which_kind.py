"""The first question of a report: what was given (loại đóng góp), chosen or told in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from handlers import ask, given, told
from handlers.forms import Answers, Question, Unclear
from handlers.kinds import kinds
from handlers.telling import NOTHING
from handlers.turn import Offer, Turn


def _offers(turn: Turn, *, rare: bool) -> list[Offer]:
    found = [kind.name for kind in kinds().values() if kind.rare == rare]
    names = found if rare else [*found, given.OTHER_KINDS]
    return [turn.label(f"kind.{name}", name) for name in names]


def _read(turn: Turn, _answers: Answers, text: str) -> Answers:
    """All that is told where the kind is asked for: "2 triệu đồng", "hiến 50m2 đất"."""
    heard: Answers = {}
    if not ask.is_question(text):
        gift = turn.world.words.teller.read(text, meant=True)
        heard = told.answers(turn, gift or replace(NOTHING, amount=text))
    if "kind" not in heard:
        raise Unclear("forms.choose", _offers(turn, rare=False))
    return heard


def _take(turn: Turn, answers: Answers, value: Any) -> bool | None:
    if not isinstance(value, dict):
        return True
    told.say_heard(turn, value)
    answers.update(value)
    return None


QUESTIONS = (
    Question(
        "kind",
        read=_read,
        offers=lambda turn, _: _offers(turn, rare=False),
        effect=_take,
    ),
    Question(
        "rare_kind",
        when=lambda _, answers: answers.get("kind") == given.OTHER_KINDS,
        offers=lambda turn, _: _offers(turn, rare=True),
        needs=("kind",),
        counts=False,
    ),
)
