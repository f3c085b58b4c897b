"""What one cell means: a year, a number, yes or no, one of a list, an award, a text.

Bounds and words come from the plan pack and words.yaml. Nothing is guessed: what is not plainly of
its kind is `Wrong`, with a sentence on what to write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from bot.sheets.export import unescaped
from bot.sheets.parts import Value
from bot.sheets.words import Column, Words
from knowledge.awards import Awards
from knowledge.plan import Plan
from knowledge.text import clean, fold

SHOWN = 40
"""Characters of what was written that a sentence repeats."""


class Wrong(ValueError):
    """A cell that cannot be taken; the text says in Vietnamese what to write instead."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Reads cells for one plan. `today` bounds what can have happened; `awards` are those given to
    people and places of a commune, by their name; `recipients` who each is given to."""

    words: Words
    bounds: Mapping[str, tuple[int, int]]
    choices: Mapping[str, Mapping[str, str]]
    labels: Mapping[str, Mapping[str, str]]
    recipients: Mapping[str, frozenset[str]]
    years: tuple[int, int]

    def wrong(self, name: str, **values: object) -> Wrong:
        """A problem of words.yaml, ready to be raised."""
        return Wrong(self.words.problem(name, **values))

    def year_bounds(self, column: Column) -> tuple[int, int]:
        """First and last year a column can hold."""
        return column.since or self.years[0], self.years[1]

    def whole_bounds(self, column: Column) -> tuple[int, int]:
        """Least and most a column of whole numbers can hold."""
        low, high = self.bounds[column.fact]
        return column.since or low, high

    def sample(self, column: Column) -> str:
        """An example of what the column can hold."""
        return column.sample.format(award=next(iter(self.labels["award"].values()), ""))

    def read(self, column: Column, cell: Value) -> object:
        """The value of a cell that holds something. Raises Wrong."""
        if cell.kind in ("formula", "broken"):
            raise self.wrong(cell.kind)
        match column.kind:
            case "year":
                return self._year(column, cell)
            case "whole":
                return self._whole(column, cell)
            case "flag":
                return self._choice("flag", cell) == "yes"
            case "choice":
                return self._choice(column.choices, cell)
            case "award":
                return self._choice("award", cell)
            case _:
                return self._text(column, cell)

    def _year(self, column: Column, cell: Value) -> int:
        low, high = self.year_bounds(column)
        told = _number(cell)
        if told is None:
            raise self.wrong("not_year", told=shown(cell.text), low=low, high=high)
        if not low <= told <= high:
            raise self.wrong("year_outside", told=told, low=low, high=high)
        return told

    def _whole(self, column: Column, cell: Value) -> int:
        low, high = self.whole_bounds(column)
        told = _number(cell)
        if told is None:
            raise self.wrong("not_whole", told=shown(cell.text), low=low, high=high)
        if not low <= told <= high:
            raise self.wrong("whole_outside", told=told, low=low, high=high)
        return told

    def _choice(self, name: str, cell: Value) -> str:
        told = cell.text
        if cell.kind == "flag" and name == "flag":
            return "no" if told == "0" else "yes"
        found = self.choices[name].get(fold(unescaped(told)))
        if found is None or cell.kind != "text":
            if name == "award":
                raise self.wrong("not_award", told=shown(told))
            listed = ", ".join(self.labels[name].values())
            raise self.wrong("not_choice", told=shown(told), choices=listed)
        return found

    def _text(self, column: Column, cell: Value) -> str:
        told = " ".join(clean(unescaped(cell.text)).split())
        # A spreadsheet turns 12/2023 into the number of a day: better typed again than guessed.
        if cell.kind != "text" or not told:
            raise self.wrong("not_text", sample=self.sample(column))
        if column.most and len(told) > column.most:
            raise self.wrong("text_too_long", most=column.most)
        if column.kind == "decision" and not any(char.isdecimal() for char in told):
            raise self.wrong("no_digit", told=shown(told), sample=self.sample(column))
        return told


def cells(words: Words, plan: Plan, awards: Awards, today: date) -> Cells:
    """Set up for a plan pack. Raises KeyError when words.yaml names a fact the pack has not."""
    facts = awards.schema.facts
    lists = {
        column.choices: facts[column.fact].words
        for page in words.pages
        for column in page.columns
        if column.kind == "choice"
    }
    told = {
        name: {value: also for value, also in values.items() if value in lists.get(name, values)}
        for name, values in words.choices.items()
    }
    recipients = {
        # Where seats are counted, people are picked for them whoever puts them forward.
        rule.id: frozenset(["individual"]) if rule.seats else rule.subjects
        for rule in awards.rules
    }
    here = [rule for rule in awards.rules if recipients[rule.id] & told["recipient"].keys()]
    labels = {name: {value: also[0] for value, also in rest.items()} for name, rest in told.items()}
    labels["award"] = {rule.id: rule.name for rule in here}
    choices = {
        name: {fold(word): value for value, also in rest.items() for word in also}
        for name, rest in told.items()
    }
    choices["award"] = {fold(word): rule.id for rule in here for word in (rule.name, rule.id)}
    return Cells(
        words=words,
        bounds={name: (fact.low, fact.high) for name, fact in facts.items()},
        choices=choices,
        labels=labels,
        recipients=recipients,
        years=(plan.starts.year, min(plan.ends, today).year),
    )


def shown(text: str) -> str:
    """What was written, short enough to be repeated in a sentence."""
    told = " ".join(clean(text, SHOWN * 4).split())
    return told if len(told) <= SHOWN else f"{told[: SHOWN - 1]}…"


def _number(cell: Value) -> int | None:
    if cell.kind == "text":
        told = unescaped(cell.text).strip()
        return int(told) if len(told) <= 9 and told.isascii() and told.isdecimal() else None
    try:
        found = float(cell.text)
    except ValueError:
        return None
    return int(found) if cell.kind == "number" and found.is_integer() else None
