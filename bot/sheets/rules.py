"""What the cells of a row mean together, and which rows say the same thing.

A contradiction is told at one of its cells and never settled here: which of them is wrong only the
official knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.sheets.cells import Cells
from bot.sheets.facts import CommuneFacts, Honour, Problem, Product, Row, Village
from bot.sheets.words import heading_key, load
from knowledge.places import Unit
from knowledge.text import key
from knowledge.villages import village_key

Told = Mapping[str, Any]
"""The values of a row by field; a field that is not told is absent."""
_UNITS = frozenset({"commune", "ward", "town"})
_KINDS = {"communes": CommuneFacts, "villages": Village, "products": Product, "honours": Honour}


def make(page: str, unit: Unit, told: Told, line: int) -> Row:
    """The typed row of a sheet, given all it needs."""
    if told.get("recipient_kind") in _UNITS:
        told = {**told, "recipient": unit.name}
    row: Row = _KINDS[page](place=unit.key, line=line, **told)
    return row


def foreign(rows: Iterable[Row], units: Mapping[str, Unit]) -> list[Problem]:
    """What is wrong with rows that tell of units their writer does not serve: one problem for each
    unit and page, with all its lines."""
    said = load()
    titles = {_KINDS[page.id]: page.title for page in said.pages}
    found: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        found.setdefault((titles[type(row)], row.place), []).append(row.line)
    return [
        Problem(
            said.problem("units_foreign" if lines[1:] else "unit_foreign", unit=units[place].name),
            title, min(lines), lines=tuple(sorted(lines)),
        )
        for (title, place), lines in found.items()
    ]  # fmt: skip


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Problems as their reader comes to them: sheet by sheet in the template's order, by line."""
    known = {key: at for at, page in enumerate(load().pages) for key in page.keys}
    return sorted(problems, key=lambda one: (known.get(heading_key(one.sheet), -1), one.line))


def too_many(count: int, most: int) -> Problem:
    """What is wrong with a workbook that tells more news than are taken at once."""
    return Problem(load().problem("too_many_changes", count=count, most=most))


def contradictions(page: str, cells: Cells, unit: Unit, told: Told) -> Iterator[tuple[str, str]]:
    """(field, sentence) for every two cells that cannot both be right."""
    if page == "communes":
        yield from _of_commune(cells, told)
    elif page == "honours":
        yield from _of_honour(cells, unit, told)


def _of_commune(cells: Cells, told: Told) -> Iterator[tuple[str, str]]:
    words = cells.words
    attained = told.get("year_attained")
    if told.get("level") == "none":
        if attained is not None:
            yield "year_attained", words.problem("level_none_year")
        if told.get("level_recognised"):
            yield "level_recognised", words.problem("level_none_recognised")
    elif attained is not None and attained > told["year"]:
        yield (
            "year_attained",
            words.problem("attained_later", told=attained, year=told["year"]),
        )
    more, total = told.get("criteria_completed_in_year"), told.get("criteria_total")
    if more is not None and total is not None and more > total:
        yield "criteria_completed_in_year", words.problem("more_in_year", told=more, total=total)


def _of_honour(cells: Cells, unit: Unit, told: Told) -> Iterator[tuple[str, str]]:
    words, kind = cells.words, told["recipient_kind"]
    if kind not in cells.recipients[told["award"]]:
        label = cells.labels["recipient"][kind]
        yield "recipient_kind", words.problem("award_not_for", told=label)
    elif kind in _UNITS and kind != unit.level:
        yield "recipient_kind", words.problem("kind_not_unit", unit=unit.name)
    elif kind in _UNITS and key(told["recipient"]) != key(unit.name):
        yield "recipient", words.problem("recipient_not_unit", unit=unit.name)


def identity(row: Row) -> tuple[object, ...]:
    """What makes two rows tell of the same thing, so that one of them is too many."""
    match row:
        case CommuneFacts():
            return ("communes", row.place, row.year)
        case Village():
            return ("villages", row.place, village_key(row.name))
        case Product():
            return ("products", row.place, key(row.name), key(row.owner), row.year)
        case Honour():
            return (
                "honours",
                row.place,
                row.award,
                row.recipient_kind,
                key(row.recipient),
                row.year,
            )
