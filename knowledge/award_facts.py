"""What officials told about a subject (đối tượng xét khen), read into sets of possible values.

Reading, checking and adding up only; what follows from a fact is decided in award_tables. A fact
that is null can still be anything; one that is absent is what awards.yaml says under `absent`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

LARGEST = 10**18
"""No amount in đồng comes near it, and sums stay exact below it."""
OTHER = "…"
"""Any word that the data does not name, of a fact whose words are open."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word or yes/no that can be any of `options`; known when there is one."""

    options: frozenset[str]


@dataclass(frozen=True, slots=True)
class Number:
    """A number that can lie anywhere from `low` to `high`, both included."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Records:
    """A list of records, or None when the whole list is not known."""

    items: tuple[Mapping[str, Value], ...] | None


@dataclass(frozen=True, slots=True)
class Yearly:
    """Amounts by year, or None when not known."""

    items: Mapping[int, Number] | None


Value = Word | Number | Records | Yearly | None
"""None: not told at all, so that no comparison with it holds."""
Values = Mapping[str, Value]
NOTHING = Number(0, 0)


@dataclass(frozen=True, slots=True)
class Fact:
    """One key of the facts. `label` is how a person is asked for it."""

    name: str
    kind: str
    words: frozenset[str]
    open: bool
    low: int
    high: int
    absent: str
    label: str
    of: str
    fields: Mapping[str, Fact]

    def default(self) -> Value:
        """What the fact is when it is absent."""
        if self.absent == "unknown":
            return unknown(self)
        if self.absent == "untold":
            return None
        if self.kind in ("flag", "word"):
            return Word(frozenset([self.absent]))
        if self.kind == "records":
            return Records(())
        return Yearly({}) if self.kind == "by_year" else Number(int(self.absent), int(self.absent))


def read_fact(name: str, raw: Mapping[str, Any]) -> Fact:
    """One entry of `facts` in awards.yaml."""
    words = ("yes", "no") if raw["kind"] == "flag" else raw.get("values", "").split()
    return Fact(
        name=name,
        kind=raw["kind"],
        words=frozenset(words),
        open=raw.get("open") == "yes",
        low=int(raw.get("from", 0)),
        high=int(raw.get("to", LARGEST)),
        absent=raw.get("absent", "no" if raw["kind"] == "flag" else "untold"),
        label=raw.get("label", ""),
        of=raw.get("of", ""),
        fields={part: read_fact(part, entry) for part, entry in raw.get("fields", {}).items()},
    )


def read_value(fact: Fact, raw: object) -> Value:
    """A told value. Raises ValueError naming the fact when it is not of its kind."""
    if raw is None:
        return unknown(fact)
    if fact.kind == "flag" and isinstance(raw, bool):
        return Word(frozenset(["yes" if raw else "no"]))
    if fact.kind == "word" and isinstance(raw, str) and (fact.open or raw in fact.words):
        return Word(frozenset([raw if raw in fact.words else OTHER]))
    if fact.kind in ("whole", "measure"):
        return _number(fact, raw)
    if fact.kind == "records" and isinstance(raw, list):
        return Records(tuple(_record(fact, item) for item in raw))
    if fact.kind == "by_year" and isinstance(raw, Mapping):
        return Yearly({_year(fact, key): _number(fact, raw[key]) for key in raw})
    raise ValueError(f"{fact.name}: not a {_expected(fact)}: {_shown(raw)}")


def unknown(fact: Fact) -> Value:
    """Everything the fact could be."""
    if fact.kind in ("flag", "word"):
        return Word(fact.words | ({OTHER} if fact.open else frozenset()))
    if fact.kind in ("whole", "measure"):
        return Number(fact.low, fact.high if fact.high < LARGEST else math.inf)
    return Records(None) if fact.kind == "records" else Yearly(None)


def is_open(value: Value) -> bool:
    """True when any part of the value is not known."""
    match value:
        case Word(options):
            return len(options) > 1
        case Number(low, high):
            return low != high
        case Records(items):
            return items is None or any(is_open(part) for item in items for part in item.values())
        case Yearly(years):
            return years is None or any(is_open(amount) for amount in years.values())
    return False


def _number(fact: Fact, raw: object) -> Number:
    if raw is None:
        return Number(fact.low, math.inf)
    fits = isinstance(raw, int) or (fact.kind == "measure" and isinstance(raw, float))
    if isinstance(raw, bool) or not fits or not isinstance(raw, int | float):
        raise ValueError(f"{fact.name}: not a {_expected(fact)}: {_shown(raw)}")
    if not fact.low <= raw <= fact.high:
        raise ValueError(f"{fact.name}: must be {fact.low} to {fact.high}: {_shown(raw)}")
    return Number(raw, raw)


def _year(fact: Fact, raw: object) -> int:
    text = str(raw)
    if len(text) != 4 or not (text.isascii() and text.isdigit()):
        raise ValueError(f"{fact.name}: not a year: {_shown(raw)}")
    return int(text)


def _record(fact: Fact, raw: object) -> Mapping[str, Value]:
    if not isinstance(raw, Mapping):
        raise ValueError(f"{fact.name}: not a list of records: {_shown(raw)}")
    for key in raw:
        if key not in fact.fields:
            raise ValueError(f"{fact.name}: unknown field {_shown(key)}")
    try:
        return {
            name: read_value(field, raw[name]) if name in raw else None
            for name, field in fact.fields.items()
        }
    except ValueError as wrong:
        raise ValueError(f"{fact.name}: {wrong}") from None


def _expected(fact: Fact) -> str:
    if fact.kind == "word" and not fact.open:
        return f"word of {', '.join(sorted(fact.words))}"
    kinds = {"flag": "boolean", "word": "text", "whole": "whole number", "measure": "number"}
    return kinds.get(fact.kind, "list of records" if fact.kind == "records" else "year to amount")


def _shown(raw: object) -> str:
    return repr(raw)[:60]


@dataclass(frozen=True, slots=True)
class Told:
    """The facts of one subject: possible values, and the names of those not (wholly) known."""

    values: Mapping[str, Value]
    open: frozenset[str]


@dataclass(frozen=True, slots=True)
class Schema:
    """The facts a plan pack knows, which are worth something only with a value beside them, sums.

    `valued` maps an amount to the measure it values: {"labour_vnd": "labour_days"}. `sums` maps a
    name to the facts added up under it. `defaults` is what each fact is when it is absent.
    """

    facts: Mapping[str, Fact]
    defaults: Mapping[str, Value]
    valued: Mapping[str, str]
    sums: Mapping[str, tuple[str, ...]]

    def read(self, facts: Mapping[str, object], start: int, end: int) -> Told:
        """Read facts for a plan running from year `start` to `end`.

        Raises ValueError naming the fact that is unknown or not of its kind.
        """
        values = dict(self.defaults)
        for name, raw in facts.items():
            if name not in self.facts:
                raise ValueError(f"unknown fact {_shown(name)}")
            values[name] = read_value(self.facts[name], raw)
        for amount, measure in self.valued.items():
            days, told = values[measure], values[amount]
            # A day of work or a plot has a value even where nobody has put a figure on it yet.
            if isinstance(days, Number) and days.high > 0 and told == NOTHING:
                values[amount] = unknown(self.facts[amount])
        named = {*facts, *self.valued, *self.never_assumed()}
        found = frozenset(name for name in named if is_open(values[name]))
        for name, fact in self.facts.items():
            if fact.kind == "by_year":
                values.update(spread(fact.of, values, values[name], start, end))
        for name, parts in self.sums.items():
            values[name] = _sum(values[part] for part in parts)
        return Told(values, found)

    def never_assumed(self) -> list[str]:
        """Facts that are not known when they are absent."""
        return [name for name, fact in self.facts.items() if fact.absent == "unknown"]


def _sum(parts: Iterator[Value]) -> Number:
    numbers = [part for part in parts if isinstance(part, Number)]
    return Number(sum(part.low for part in numbers), sum(part.high for part in numbers))


def spread(
    amount: str, values: Mapping[str, Value], by_year: Value, start: int, end: int
) -> dict[str, Value]:
    """What amounts by year say of one amount: of the year asked about, the best year, all years.

    Years before `start` count nowhere, years after `end` only in the sum that people must judge.
    An amount told beside them that is their very sum is not one year's.
    """
    told, year = values[amount], values["year"]
    own = told if isinstance(told, Number) else NOTHING
    if not isinstance(by_year, Yearly) or by_year.items is None:
        # Over which years an amount was given is not known: it may be several years' sum.
        anything = Number(0, math.inf)
        return _amounts(amount, anything, anything, anything)
    listed = by_year.items
    if own == _sum(iter(listed.values())):
        own = NOTHING
    asked = int(year.low) if isinstance(year, Number) and year.low == year.high else None
    rest = {key: one for key, one in listed.items() if key >= start and key != asked}
    counted = [one for key, one in rest.items() if key <= end]
    best = Number(
        max((one.low for one in counted), default=0), max((one.high for one in counted), default=0)
    )
    beside, own = own, listed.get(asked, own) if asked else own
    # Figures that contradict each other are for people, so the larger one counts in the sum.
    larger = Number(max(own.low, beside.low), max(own.high, beside.high))
    total = _sum(iter([larger, *rest.values()]))
    if asked is None:
        own = Number(0, max(own.high, best.high))
    return _amounts(amount, own, best, total)


def _amounts(amount: str, own: Number, best: Number, total: Number) -> dict[str, Value]:
    return {amount: own, f"{amount}.best_year": best, f"{amount}.all_years": total}


def samples(fact: Fact, numbers: frozenset[int], words: frozenset[str]) -> list[object]:
    """Values the fact could take, one for every way tables with these constants tell them apart."""
    if fact.kind == "flag":
        return [True, False]
    if fact.kind == "word":
        return [*sorted(fact.words), *(["khác"] if fact.open else [])]
    near = {0, 1} | {number + step for number in numbers for step in (-1, 0, 1)}
    if fact.kind in ("whole", "measure"):
        # The largest first: it is the one that tells most often.
        return [number for number in sorted(near)[::-1] if fact.low <= number <= fact.high]
    years = [number for number in sorted(near) if 1000 <= number <= 9999]
    if fact.kind == "by_year":
        amounts = [number for number in sorted(near)[::-1] if number > 9999] or [1]
        return [{}, *({str(year): amount} for year in years for amount in amounts)]
    [word, *_] = [part for part in fact.fields.values() if part.kind == "word"]
    named: list[dict[str, object]] = [{word.name: one} for one in sorted(word.words & words)]
    return [[], *([one] for one in named), *([one | {"year": y}] for one in named for y in years)]
