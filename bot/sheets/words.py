"""Reads words.yaml: the sheets and their columns, lists of choices, and every sentence.

What a cell means is decided in `cells` and `units`; here are only its words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.sheets.facts import Problem
from knowledge.first_years import first_years
from knowledge.lexicon import read_yaml
from knowledge.text import fold


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `fact` gives bounds and words, `choices` the name of a list, `since` the first
    year that can be; each "" or None where it has none. `most` is in characters."""

    field: str
    title: str
    keys: frozenset[str]
    kind: str
    fact: str
    choices: str
    since: int | None
    most: int
    width: int
    needed: bool
    hint: str
    sample: str


@dataclass(frozen=True, slots=True)
class Page:
    """One sheet of the workbook, its columns in the order of the template."""

    id: str
    title: str
    keys: frozenset[str]
    columns: tuple[Column, ...]

    @property
    def titles(self) -> str:
        """Its headings, as a sentence lists them."""
        return ", ".join(column.title for column in self.columns)


@dataclass(frozen=True, slots=True)
class Words:
    """All of words.yaml. `choices`: list → value → its label first, then what else people write."""

    pages: tuple[Page, ...]
    choices: Mapping[str, Mapping[str, tuple[str, ...]]]
    lookup: Mapping[str, str]
    hints: Mapping[str, Any]
    lists_title: str
    problems: Mapping[str, str]
    places: Mapping[str, str]

    def problem(self, name: str, **values: object) -> str:
        """A problem's sentence."""
        return self.problems[name].format(**values)


def heading_key(text: str) -> str:
    """What a heading is recognised by: no marks, case or signs, and nothing in brackets."""
    return fold(text.partition("(")[0])


@lru_cache(maxsize=1)
def load() -> Words:
    """The words, read once."""
    raw = read_yaml(Path(__file__).with_name("words.yaml"))
    return Words(
        pages=tuple(_page(name, entry) for name, entry in raw["sheets"].items()),
        choices={
            name: {value: tuple(labels) for value, labels in values.items()}
            for name, values in raw["choices"].items()
        },
        lookup=raw["lookup"],
        hints=raw["hints"],
        lists_title=raw["lists"]["title"],
        problems=raw["problems"],
        places={key: text for key, text in raw.items() if key.startswith("place")},
    )


def _page(name: str, raw: Mapping[str, Any]) -> Page:
    columns = tuple(_column(field, entry) for field, entry in raw["columns"].items())
    return Page(name, raw["title"], _keys(raw), columns)


def _least(told: str) -> int:
    return int(told) if told.isdecimal() else first_years()[told]


def _column(field: str, raw: Mapping[str, Any]) -> Column:
    return Column(
        field=field,
        title=raw["title"],
        keys=_keys(raw),
        kind=raw["kind"],
        fact=raw.get("fact", ""),
        choices=raw.get("list", "flag" if raw["kind"] == "flag" else ""),
        since=_least(raw["from"]) if "from" in raw else None,
        most=int(raw.get("most", 0)),
        width=int(raw["width"]),
        needed=raw.get("needed") == "yes",
        hint=raw["hint"],
        sample=raw["sample"],
    )


def _keys(raw: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(heading_key(text) for text in (raw["title"], *raw.get("also", ())))


def say(problem: Problem) -> str:
    """A problem in one line: where it is and what to write instead."""
    part = (
        "place" if problem.line and problem.column and problem.heading
        else "place_bare" if problem.line and problem.column
        else "place_line" if problem.line
        else "place_column" if problem.column
        else "place_sheet" if problem.sheet
        else "place_file"
    )  # fmt: skip
    return (
        load()
        .places[part]
        .format(
            sheet=problem.sheet,
            line=_runs(problem.lines or (problem.line,)),
            column=problem.column,
            heading=problem.heading,
            text=problem.text,
        )
    )


def _runs(lines: Sequence[int]) -> str:
    """ "5–124, 130" of lines in ascending order."""
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][-1] + 1:
            runs[-1][1:] = [line]
        else:
            runs.append([line])
    return ", ".join("–".join(map(str, run)) for run in runs)
