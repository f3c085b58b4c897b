"""Readers of answers that several kinds share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers.amounts import read_money
from handlers.forms import Answers, Question, Unclear, read_line
from handlers.kinds import WORTH, Kind, Told
from handlers.turn import Offer, Turn
from knowledge import quantities

MOST_NAMED = 40
"""Characters of a name or a description: what a read-back shows whole."""
UNKNOWN = "unknown"
"""The answer of who does not know a value: kept, so that it is not asked again."""


def quantity(kind: str) -> Callable[[Turn, Answers, str], float]:
    """A reader of person-days ("labour") or m² ("land")."""

    def read(turn: Turn, _answers: Answers, text: str) -> float:
        found = quantities.read(text, kind)
        if found.result == "value" and found.value is not None:
            return found.value
        echo = turn.world.words.text
        offers = [
            Offer(echo(f"{kind}.figure", quantity=value), value) for value in found.readings[:4]
        ]
        raise Unclear("report.amount_unclear", offers, why=found.why)

    return read


def worth(needs: str) -> Question:
    """What it is worth in money, for who knows; needed only to be weighed against a sum."""
    return Question(
        f"{needs}_worth",
        says=WORTH,
        read=read_money,
        offers=lambda turn, _: [turn.label("worth_unknown", UNKNOWN)],
        needs=(needs,),
    )


def named_thing(
    name: str, order: int, *, weighs: str, purpose: bool = True, rare: bool = False
) -> Kind:
    """A kind that is told in words and weighed by its value in money, where that is known."""
    return Kind(
        name,
        order,
        (
            Question(name, says=f"{name}.{name}", read=read_line(4, MOST_NAMED), free=True),
            worth(name),
        ),
        lambda answers: Told(vnd=value(answers, name), details={"what": answers[name]}),
        correct=read_money,
        counts="vnd",
        again=lambda told: {name: told.details["what"], **worth_again(name, told)},
        weighs=(weighs, ""),
        purpose=purpose,
        rare=rare,
    )


def value(answers: Answers, name: str) -> int | None:
    """The value told under this name, None when it was not known."""
    told: Any = answers.get(f"{name}_worth")
    return None if told in (None, UNKNOWN) else int(told)


def worth_again(name: str, told: Told) -> Answers:
    """The answer that told this value, be it that nobody knows it."""
    return {f"{name}_worth": UNKNOWN if told.vnd is None else told.vnd}
