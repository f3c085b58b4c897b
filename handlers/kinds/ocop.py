"""An OCOP product (sản phẩm OCOP): its name, stars, and the decision that recognised it."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from handlers.forms import Answers, Question, Unclear, read_line
from handlers.kinds import Kind, Told
from handlers.kinds._answers import MOST_NAMED, UNKNOWN
from handlers.turn import Offer, Turn
from knowledge.first_years import first_years
from knowledge.text import fold

MOST_DECISION = 30
"""Characters: what a read-back shows whole."""
STARS = (3, 4, 5)
"""Offered; fewer can be typed."""


def _stars(_turn: Turn, _answers: Answers, text: str) -> int:
    found = re.fullmatch(r"(?:duoc )?([1-5])(?: sao)?", fold(text))
    if found is None:
        raise Unclear("ocop.stars_unclear")
    return int(found[1])


def _year(turn: Turn, _answers: Answers, text: str) -> int:
    found = re.fullmatch(r"(?:nam )?(\d{4})", fold(text))
    earliest = first_years()["ocop"]
    if found is None or not earliest <= int(found[1]) <= turn.today.year:
        raise Unclear("ocop.year_unclear", earliest=earliest, latest=turn.today.year)
    return int(found[1])


def _decision(_turn: Turn, _answers: Answers, text: str) -> str:
    number = " ".join(text.split())
    if len(number) > MOST_DECISION or not any(char.isdigit() for char in number):
        raise Unclear("ocop.decision_unclear")
    return number


def _tell(answers: Answers) -> Told:
    details: dict[str, Any] = {"what": answers["product"], "year": answers["recognised"]}
    if answers["decision"] != UNKNOWN:
        details["decision"] = answers["decision"]
    # Only its year is asked, so it counts from that year's first day.
    made_on = date(answers["recognised"], 1, 1)
    return Told(quantity=answers["stars"], details=details, made_on=made_on)


def _again(told: Told) -> Answers:
    return {
        "product": told.details["what"],
        "stars": int(told.quantity or 0),
        "recognised": told.details["year"],
        "decision": told.details.get("decision", UNKNOWN),
    }


KIND = Kind(
    "ocop",
    5,
    (
        Question("product", says="ocop.product", read=read_line(2, MOST_NAMED), free=True),
        Question(
            "stars",
            says="ocop.stars",
            read=_stars,
            offers=lambda turn, _: [turn.label(f"stars.{stars}", stars) for stars in STARS],
            needs=("product",),
        ),
        Question(
            "recognised",
            says="ocop.recognised",
            read=_year,
            offers=lambda turn, _: [
                Offer(str(year), year) for year in range(turn.today.year, turn.today.year - 3, -1)
            ],
            needs=("product",),
        ),
        Question(
            "decision",
            says="ocop.decision",
            read=_decision,
            offers=lambda turn, _: [turn.label("decision_unknown", UNKNOWN)],
            needs=("product",),
        ),
    ),
    _tell,
    correct=_stars,
    counts="quantity",
    again=_again,
    weighs=("", "ocop_stars"),
    ranked=True,
    purpose=False,
    day=False,
    rare=True,
)
