"""The questions about a commune's facts (số liệu của xã): what, its values, and the read-back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from handlers import commune_year, fact_values, standing
from handlers.fact_values import UNKNOWN
from handlers.forms import Answers, Question, Unclear, read_line
from handlers.turn import Offer, Turn
from knowledge.text import fold
from storage import facts, honours

GROUPS: dict[str, tuple[str, ...]] = {
    "level": ("level", "year_attained", "level_recognised"),
    "criteria": ("criteria_total", "criteria_completed_in_year"),
    "state": ("basic_construction_debt", "special_difficulty_commune"),
}
"""What is asked together: facts of the plan pack."""
VILLAGE, MORE, PRODUCT, HONOUR = "village", "more", "product", "honour"
EXCEL = "excel"
"""Chosen instead of a year: the whole of it is filled in elsewhere."""
AFTER_LEVEL = ("year_attained", "level_recognised")
RECIPIENTS = ("commune", "village", "individual", "household", "collective")
MOST_AWARDS = 5
MIN_NAME, MOST_NAME, MOST_DECISION = 2, 80, 60
_STARS = 5


def group_of(answers: Answers) -> str:
    """What is being entered, "" while that is not chosen."""
    group: str = answers.get("group", "")
    return str(answers.get("rare_group", "")) if group == MORE else group


def _in(*groups: str) -> Callable[[Turn, Answers], bool]:
    return lambda _turn, answers: group_of(answers) in groups


def _present(turn: Turn, answers: Answers) -> dict[str, Any]:
    place, year = answers["commune"], answers["year"]
    told = facts.told(turn.tx, place, year)
    reached = [one for one in facts.villages(turn.tx, place) if one.year <= year]
    awards = turn.world.plan.awards
    given = honours.given(turn.tx, place, [rule.id for rule in awards.rules]) if awards else []
    return {
        "place": turn.world.places.get(place).name,
        "year": year,
        "present": {
            name: fact_values.shown(turn.world.words, fact_values.fact(turn, name), told.get(name))
            for names in GROUPS.values()
            for name in names
        },
        "villages": len(reached),
        "products": len(facts.ranked(turn.tx, place, year)),
        "honours": sum(one.year == year for one in given),
    }


def _asks(name: str, group: str) -> Question:
    return Question(
        name,
        says="facts.ask",
        read=partial(_read, name),
        when=lambda _, answers: group_of(answers) == group and _applies(name, answers),
        offers=partial(_offers, name),
        values=partial(_about, name),
        effect=commune_year.still,
        needs=("group", *(("level",) if name in AFTER_LEVEL else ())),
    )


def _applies(name: str, answers: Answers) -> bool:
    return name not in AFTER_LEVEL or answers.get("level") not in (None, "none", UNKNOWN)


def _offers(name: str, turn: Turn, answers: Answers) -> list[Offer]:
    if name == fact_values.YEAR:
        # Four digits are never the number of a choice.
        years = [answers["year"], answers["year"] - 1]
        unknown = turn.label("fact.unknown", UNKNOWN)
        return [*(Offer(str(year), year) for year in years), unknown]
    return fact_values.offers(turn, fact_values.fact(turn, name))


def _read(name: str, turn: Turn, answers: Answers, text: str) -> Any:
    value = fact_values.read(turn, answers, fact_values.fact(turn, name), text)
    # The total is asked first and may be corrected: what follows it is then no measure of it.
    known = {fact_values.TOTAL: answers.get(fact_values.TOTAL)}
    return fact_values.checked(name, value, answers["year"], known)


def _about(name: str, turn: Turn, answers: Answers) -> dict[str, Any]:
    one = fact_values.fact(turn, name)
    told = facts.told(turn.tx, answers["commune"], answers["year"]).get(name)
    return {
        "label": one.label,
        "year": answers["year"],
        "before": fact_values.shown(turn.world.words, one, told) if told is not None else "",
        "typed": one.kind in ("whole", "measure") and name != fact_values.YEAR,
    }


def _decision(turn: Turn, _answers: Answers, text: str) -> str:
    number = " ".join(text.split())
    if len(number) > MOST_DECISION or not any(char.isdigit() for char in number):
        raise Unclear("facts.decision_unclear")
    return number


def _no_number(turn: Turn, _answers: Answers) -> list[Offer]:
    return [turn.label("decision_unknown", "")]


def _award_offers(turn: Turn, answers: Answers) -> list[Offer]:
    awards = turn.world.plan.awards
    kind = recipient_kind(turn, answers)
    rules = awards.rules if awards else ()
    flags = standing.flags(awards)
    fitting = [
        rule
        for rule in rules
        if (kind == "individual" if rule.seats else kind in rule.subjects)
        # A flag goes to communes; that others may ask about it is another matter.
        and not (rule.id in flags and kind != "commune")
    ]
    return [Offer(rule.name, rule.id) for rule in fitting[:MOST_AWARDS]]


def recipient_kind(turn: Turn, answers: Answers) -> str:
    kind: str = answers["recipient_kind"]
    return turn.world.places.get(answers["commune"]).level if kind == "commune" else kind


def _line(name: str, says: str, group: str, *, when: Any = None) -> Question:
    return Question(
        name,
        says=says,
        read=read_line(MIN_NAME, MOST_NAME),
        when=when or _in(group),
        effect=commune_year.still,
        needs=("group", "rare_group"),
        free=True,
    )


def _summary(turn: Turn, answers: Answers) -> dict[str, Any]:
    awards = turn.world.plan.awards
    lines = [
        (one.label, fact_values.shown(turn.world.words, one, answers[name]))
        for name in GROUPS.get(group_of(answers), ())
        if name in answers
        for one in [fact_values.fact(turn, name)]
    ]
    return {
        "place": turn.world.places.get(answers["commune"]).name,
        "group": group_of(answers),
        "lines": lines,
        "award": awards.name(answers["award"]) if awards and "award" in answers else "",
        "recipient": recipient(turn, answers) if "award" in answers else "",
    }


def recipient(turn: Turn, answers: Answers) -> str:
    own = turn.world.places.get(answers["commune"]).name
    return str(answers.get("recipient", own))


def _stars(_turn: Turn, _answers: Answers, text: str) -> int:
    digits = [int(char) for char in fold(text) if char.isdigit()]
    if len(digits) != 1 or not 1 <= digits[0] <= _STARS:
        raise Unclear("ocop.stars_unclear")
    return digits[0]


def _by_chat(_turn: Turn, answers: Answers) -> bool:
    return answers.get("year") != EXCEL


_COMMUNE, _YEAR = commune_year.questions("facts")
QUESTIONS: tuple[Question, ...] = (
    _COMMUNE,
    replace(
        _YEAR,
        offers=lambda turn, answers: [*_YEAR.offers(turn, answers), turn.label("workbook", EXCEL)],
    ),
    Question(
        "group",
        when=_by_chat,
        offers=lambda turn, _: [
            turn.label(f"facts.{name}", name) for name in (*GROUPS, VILLAGE, MORE)
        ],
        values=_present,
        effect=commune_year.still,
        needs=("commune", "year"),
    ),
    Question(
        "rare_group",
        when=lambda _, answers: answers.get("group") == MORE,
        offers=lambda turn, _: [turn.label(f"facts.{name}", name) for name in (PRODUCT, HONOUR)],
        effect=commune_year.still,
        needs=("group",),
    ),
    *(_asks(name, group) for group, names in GROUPS.items() for name in names),
    _line("village_name", "facts.village_name", VILLAGE),
    _line("product_name", "facts.product_name", PRODUCT),
    _line("owner", "facts.owner", PRODUCT),
    Question(
        "stars",
        says="ocop.stars",
        read=_stars,
        when=_in(PRODUCT),
        # From one on, so that the number typed is the number of stars.
        offers=lambda turn, _: [
            Offer(turn.world.words.text("facts.stars", count=n), n) for n in range(1, _STARS + 1)
        ],
        effect=commune_year.still,
        needs=("group", "rare_group"),
    ),
    Question(
        "recipient_kind",
        when=_in(HONOUR),
        offers=lambda turn, _: [turn.label(f"recipient.{name}", name) for name in RECIPIENTS],
        effect=commune_year.still,
        needs=("group", "rare_group"),
    ),
    Question(
        "award",
        when=_in(HONOUR),
        offers=_award_offers,
        effect=commune_year.still,
        needs=("recipient_kind",),
    ),
    _line(
        "recipient",
        "facts.recipient",
        HONOUR,
        when=lambda _, a: group_of(a) == HONOUR and a.get("recipient_kind") != "commune",
    ),
    Question(
        "decision",
        when=_in(VILLAGE, PRODUCT, HONOUR),
        read=_decision,
        offers=_no_number,
        effect=commune_year.still,
        needs=("group", "rare_group"),
    ),
    Question(
        "confirm",
        when=_by_chat,
        offers=lambda turn, _: [turn.label("record"), turn.label("cancel")],
        values=_summary,
        effect=commune_year.still,
        counts=False,
    ),
)
