"""A fact's value as people type it and as it is read back, by the kind the plan pack gives it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from handlers.amounts import read_money
from handlers.forms import Answers, Unclear
from handlers.turn import Offer, Turn
from handlers.words import Words
from knowledge import blanks
from knowledge.award_facts import Fact
from knowledge.quantities import format_money

UNKNOWN = "unknown"
"""Chosen where an official does not know: not known is stored as such, never as no."""
NONE_GIVEN, SOME_GIVEN = "none_given", "some_given"
LEVEL, MONEY, YEAR = "level", "_vnd", "year_attained"
"""How the names of facts of one sort end, or begin."""
TOTAL, IN_YEAR = "criteria_total", "criteria_completed_in_year"
"""The second is a part of the first."""


def fact(turn: Turn, name: str) -> Fact:
    """The plan's definition. Raises KeyError for a fact it does not have."""
    awards = turn.world.plan.awards
    if awards is None:
        raise KeyError(name)
    return awards.schema.facts[name]


def can_ask(one: Fact) -> bool:
    """Whether a person can be asked for it in one message."""
    level = one.kind == "word" and one.name.endswith(LEVEL) and "ntm" in one.words
    return level or one.kind in ("flag", "whole", "measure", "records")


def offers(turn: Turn, one: Fact) -> list[Offer]:
    """The choices for a fact; not knowing is one of them. A number has none: 1 would be both the
    number and the first choice, so there not knowing is typed."""
    unknown = turn.label("fact.unknown", UNKNOWN)
    if one.kind == "flag":
        return [turn.label("fact.yes", True), turn.label("fact.no", False), unknown]
    if one.kind == "word":
        return [*(turn.label(f"level.{word}", word) for word in sorted(one.words)), unknown]
    if one.kind == "records":
        given = turn.label("fact.none_given", NONE_GIVEN), turn.label("fact.given", SOME_GIVEN)
        return [*given, unknown]
    return []


def read(turn: Turn, answers: Answers, one: Fact, text: str) -> Any:
    """A typed value. Raises Unclear."""
    if one.kind not in ("whole", "measure"):
        raise Unclear("forms.choose")
    if blanks.is_unknown(text):
        return UNKNOWN
    if turn.world.words.is_said(text, "fact.zero") and one.low == 0:
        return 0
    if one.name.endswith(MONEY):
        return read_money(turn, answers, text)
    found = re.findall(r"\d+", text)
    whole = len(found) == 1 and len(found[0]) <= len(str(one.high))
    if not whole or re.search(r"[-−]\s*\d|\d[.,]\d", text):
        raise Unclear("facts.number_unclear", low=one.low, high=one.high)
    value = int(found[0])
    if not one.low <= value <= one.high:
        raise Unclear("facts.number_unclear", low=one.low, high=one.high)
    return value


def checked(name: str, value: Any, year: int, known: Mapping[str, Any]) -> Any:
    """A value that fits the year asked about and what is known beside it. Raises Unclear."""
    if name == YEAR and value != UNKNOWN and value > year:
        raise Unclear("facts.later_year", year=year)
    if name in (TOTAL, IN_YEAR):
        total, in_year = ({**known, name: value}.get(one) for one in (TOTAL, IN_YEAR))
        if isinstance(total, int) and isinstance(in_year, int) and in_year > total:
            raise Unclear("facts.more_than_all", total=total)
    return value


def shown(words: Words, one: Fact, value: object) -> str:
    """A value as it is read back."""
    if value is None or value == UNKNOWN:
        return words.label("fact.unknown").lower()
    if isinstance(value, bool):
        return words.label("fact.yes" if value else "fact.no").lower()
    if one.kind == "word":
        return words.label(f"level.{value}").lower()
    if one.name.endswith(MONEY) and isinstance(value, int):
        return format_money(value)
    return str(value)


def stored(value: Any) -> Any:
    """What is kept of an answer."""
    return None if value == UNKNOWN else value
