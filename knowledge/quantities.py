"""Amounts people type: money (tiền), labour (ngày công), land (đất) → one value or a question.

The whole text is understood or we ask: nothing is guessed, nothing dropped. Understanding is done
in `knowledge.amounts`; here are the limits, the read-back and the questions. Measures and limits
are data of the plan pack.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml

from knowledge import numbers
from knowledge.amounts.direction import check_given
from knowledge.amounts.measures import MeasureReader
from knowledge.amounts.numbers import Doubt
from knowledge.amounts.sums import Amount, Context, Kind, amount
from knowledge.amounts.tokens import tokens
from knowledge.amounts.words import LAND, Token

DEFAULT = Path(__file__).parent / "plans" / "lai-chau-2021-2025"
REPLIES = Path(__file__).parent / "amounts" / "replies.yaml"
# An amount is a phrase; whoever writes more tells a story, and a story may hold several amounts.
MOST_CHARACTERS = 200
_REJECTED = frozenset({"zero", "negative", "malformed", "too_much"})
_UNIT: dict[Kind, Literal["VND", "person-day", "m2"]] = {
    "money": "VND",
    "labour": "person-day",
    "land": "m2",
}

_NAMED = {
    "scale": "money", "dong": "money", "cash": "money", "labour": "labour",
    "labour_half": "labour", "land": "land", "give_land": "land", "goods": "goods",
    **dict.fromkeys(LAND - {"sao"}, "land"),
}  # fmt: skip
_COUNTS = frozenset({"num", "digit", "ten", "hundred", "dozen", "half_before"})
_FIGURES = _COUNTS | LAND | frozenset({
    "late", "tens", "scale", "half_after", "linh", "point", "dong", "labour", "labour_half", "day",
    "session", "people", "metre", "long", "wide", "times", "land",
})  # fmt: skip
"""What one amount with its unit is made of."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_WORKED = frozenset({"day", "session", "people", "worker"})


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount read, or why not. `value` is in VND, person-days or m², an int where it is whole.

    `echo` reads a value back for confirmation, in figures and words. For "ask" and "reject", kind,
    value and unit are None, `why` says in one sentence what is needed, and `readings` holds the few
    values the text could mean.
    """

    result: Literal["value", "ask", "reject"]
    kind: Kind | None
    value: int | float | None
    unit: Literal["VND", "person-day", "m2"] | None
    echo: str
    why: str
    readings: tuple[int | float, ...] = ()


class Reader:
    """Reads amounts with the measures and limits of one plan pack (`quantities.yaml`)."""

    def __init__(self, conventions: Mapping[str, Any], replies: Mapping[str, Any]) -> None:
        self._land_m2 = _fractions(conventions["land_m2"])
        self._person_days = _fractions(conventions["person_days"])
        self._lowest = _fractions(conventions["lowest"])
        self._highest = _fractions(conventions["highest"])
        self._replies = replies

    def read(self, text: str, kind: str | None = None) -> Quantity:
        """Read one amount; see the module's `read`."""
        try:
            wanted = next((known for known in _UNIT if known == kind), None)
            return self._value(self._amount(text, wanted))
        except Doubt as doubt:
            return self._question(doubt)

    def _amount(self, text: str, wanted: Kind | None) -> Amount:
        if len(text) > MOST_CHARACTERS:
            raise Doubt("long")
        row = tokens(text)
        if not row:
            raise Doubt("empty")
        check_given(row)
        context = Context(
            wanted,
            self._lowest["bare_money"],
            self._lowest["bare_land"],
            self._highest["bare_labour"],
        )
        land_meant = wanted == "land" or _speaks_of_land(row)
        grammar = MeasureReader(row, self._land_m2, self._person_days, land_meant)
        result = amount(grammar.measures(), context)
        self._check(result)
        if wanted and result.kind != wanted:
            raise Doubt("other_kind")
        return result

    def _check(self, result: Amount) -> None:
        if result.value == 0:
            raise Doubt("zero")
        if result.value > self._highest[result.kind]:
            raise Doubt("too_much")
        if result.kind == "money" and result.value.denominator != 1:
            raise Doubt("malformed")
        if result.value < self._lowest[result.kind]:
            raise Doubt("small", *([result.value * 1000] if result.kind == "money" else []))

    def _value(self, result: Amount) -> Quantity:
        value = _number(result.value)
        how = ""
        if template := self._replies["how"].get(result.shown):
            factors = result.how or (self._land_m2[result.shown],)
            how = template.format(*(numbers.figure(factor) for factor in factors))
        echo = self._replies["echo"][result.kind].format(
            figure=numbers.figure(result.value), words=numbers.say_number(result.value), how=how
        )
        return Quantity("value", result.kind, value, _UNIT[result.kind], echo, "")

    def _question(self, doubt: Doubt) -> Quantity:
        why = self._replies["why"][doubt.code]
        if doubt.kind and len(doubt.readings) > 1:
            template = self._replies["reading"][doubt.kind]
            shown = [template.format(numbers.figure(reading)) for reading in doubt.readings]
            why = self._replies["offer"].format(readings=self._replies["or"].join(shown))
        readings = tuple(_number(reading) for reading in doubt.readings)
        result: Literal["ask", "reject"] = "reject" if doubt.code in _REJECTED else "ask"
        return Quantity(result, None, None, None, "", why, readings)


def _speaks_of_land(row: Sequence[Token]) -> bool:
    return any(
        t.kind in ("land", "give_land") or (t.kind in LAND and t.kind not in ("area", "sao"))
        for t in row
    )


def _fractions(values: Mapping[str, str]) -> dict[str, Fraction]:
    return {name: Fraction(value) for name, value in values.items()}


def _number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


@lru_cache(maxsize=8)
def load(folder: Path = DEFAULT) -> Reader:
    """The reader of a plan pack. Raises OSError or KeyError when `quantities.yaml` is not whole."""
    with (folder / "quantities.yaml").open(encoding="utf-8") as file:
        conventions = yaml.load(file, Loader=yaml.CBaseLoader)  # noqa: S506 - only strings
    with REPLIES.open(encoding="utf-8") as file:
        replies = yaml.load(file, Loader=yaml.CBaseLoader)  # noqa: S506 - only strings
    return Reader(conventions, replies)


def read(text: str, kind: str | None = None) -> Quantity:
    """Read one amount as a person typed it, with the measures of this plan.

    `kind` is "money", "labour" or "land" when the form's question is about one; a bare "200.000" is
    then an amount. Never raises, whatever the text.
    """
    return load().read(text, kind)


def alone(text: str) -> Quantity | None:
    """The amount a text is when it is nothing but figures and their unit, else None.

    A year behind an amount ("2 triệu năm 2024") is no part of it.
    """
    row = tokens(text)
    kinds = {token.kind for token in row}
    if not kinds <= (_FIGURES | {"work"} if "people" in kinds else _FIGURES):
        return None
    years = (token.kind == "num" and _YEAR.fullmatch(token.text) for token in row[1:])
    if any(years) or not kinds & _COUNTS:
        return None
    # Days and people alone are counted as work.
    found = read(text, "labour" if kinds & _WORKED else None)
    return found if found.result == "value" else None


def kinds_named(text: str) -> frozenset[str]:
    """What a text speaks of by its units and words: "money", "labour", "land", "goods" for things.

    Days, people and turns of work alone tell of labour only where nothing else is spoken of.
    """
    row = tokens(text[:MOST_CHARACTERS])
    found = {_NAMED[token.kind] for token in row if token.kind in _NAMED}
    if not found and any(token.kind in _WORKED for token in row):
        found = {"labour"}
    return frozenset(found)


def say_money(vnd: int) -> str:
    """Money in words as officials write it: 1500000 → "một triệu năm trăm nghìn đồng"."""
    return f"{numbers.say(vnd)} đồng"


def format_money(vnd: int) -> str:
    """Money in figures: 1500000 → "1.500.000 đ"."""
    return f"{numbers.group_digits(vnd)} đ"
