"""The workbook a commune fills in: headings, lists to choose from, hints, and what is on record.

Words and columns are words.yaml's; this file only lays them out.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date, timedelta
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from bot.sheets import words
from bot.sheets.cells import Cells, cells
from bot.sheets.export import put
from bot.sheets.facts import CommuneFacts, Honour, Product, Row, Village
from bot.sheets.parts import letters
from bot.sheets.words import Page, Words
from knowledge.awards import Awards
from knowledge.places import Places, Unit
from knowledge.plan import Plan

CHECKED_TO = 1_000
"""Last row with lists and bounds; more than a commune ever fills in."""
_HEAD = PatternFill("solid", fgColor="DDEBF7")
_NEEDED = PatternFill("solid", fgColor="FCE4D6")
_WRAPPED = Alignment(wrap_text=True, vertical="top")
_ROWS: Mapping[str, type[Row]] = {
    "communes": CommuneFacts,
    "villages": Village,
    "products": Product,
    "honours": Honour,
}
_LISTS = {"level": "level", "recipient_kind": "recipient", "award": "award"}
"""Fields whose values have a label in a list."""
Told = Mapping[str, Any]
_HINT_WIDTHS = (14, 32, 12, 70, 40)


def facts_template(
    places: Places,
    plan: Plan,
    awards: Awards,
    *,
    on: date,
    year: int | None = None,
    units: Iterable[Unit] | None = None,
    rows: Iterable[Row] = (),
) -> bytes:
    """A workbook (.xlsx) to tell a year's facts in, with one row a unit and `rows` filled in.

    `year` is that of `on`, or the plan's nearest, where none is given; `units` those of that year
    where none are. Read back unchanged it gives `rows`.
    """
    said = words.load()
    meant = cells(said, plan, awards, on)
    told_year = min(max(on.year if year is None else year, plan.starts.year), meant.years[1])
    listed = units_of(places, told_year, on) if units is None else list(units)
    book = Workbook()
    first = book.active
    if first is not None:
        book.remove(first)
    pages = [book.create_sheet(page.title) for page in said.pages]
    _hints(book.create_sheet(said.hints["title"], 1), said, meant)
    lists = _lists(book.create_sheet(said.lists_title), meant, listed)
    kept = list(rows)
    for page, sheet in zip(said.pages, pages, strict=True):
        filled = [_cells_of(row, meant, places) for row in kept if isinstance(row, _ROWS[page.id])]
        if page.id == "communes":
            filled = _one_a_unit(filled, [{**_named(unit), "year": told_year} for unit in listed])
        _fill(sheet, page, filled)
        _check(sheet, page, meant, lists)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def units_of(places: Places, year: int, on: date) -> list[Unit]:
    """The units a year's facts are told of: those of its end, or of today."""
    before = places.changed_on - timedelta(days=1)
    return list(places.communes(before if year < places.changed_on.year and on > before else on))


def _named(unit: Unit) -> Told:
    return {"unit": unit.name, "district": unit.district}


def _cells_of(row: Row, meant: Cells, places: Places) -> Told:
    """A row's values by field, in the words of the lists."""
    told: dict[str, Any] = {**_named(places.get(row.place))}
    for one in fields(row):
        value = getattr(row, one.name)
        if value is None or one.name in ("place", "line"):
            continue
        if isinstance(value, bool):
            value = meant.labels["flag"]["yes" if value else "no"]
        told[one.name] = meant.labels.get(_LISTS.get(one.name, ""), {}).get(value, value)
    return told


def _one_a_unit(filled: list[Told], blank: list[Told]) -> list[Told]:
    """A row for every unit, told or blank, then what is told of other years and units."""
    known = {_where_and_when(row): row for row in filled}
    rows = [known.pop(_where_and_when(row), row) for row in blank]
    return rows + list(known.values())


def _where_and_when(row: Told) -> tuple[object, ...]:
    return row["unit"], row["district"], row["year"]


def _fill(sheet: Worksheet, page: Page, rows: Sequence[Told]) -> None:
    for at, column in enumerate(page.columns, 1):
        put(sheet, 1, at, column.title)
        head = sheet.cell(1, at)
        head.font, head.alignment = Font(bold=True), _WRAPPED
        head.fill = _NEEDED if column.needed else _HEAD
        sheet.column_dimensions[letters(at)].width = column.width
        for line, row in enumerate(rows, 2):
            put(sheet, line, at, row.get(column.field))
        if column.kind in ("text", "decision"):
            # As text, or Excel turns 12/2023 into a day.
            sheet.column_dimensions[letters(at)].number_format = "@"
    sheet.freeze_panes = "B2"


def _check(
    sheet: Worksheet, page: Page, meant: Cells, lists: Mapping[str, tuple[str, int]]
) -> None:
    """Lists to choose from and bounds of numbers, as warnings: what is read is checked again."""
    for at, column in enumerate(page.columns, 1):
        name = _LISTS.get(column.field, column.choices or column.kind)
        if column.kind in ("year", "whole"):
            year = column.kind == "year"
            low, high = meant.year_bounds(column) if year else meant.whole_bounds(column)
            rule = DataValidation("whole", str(low), str(high), operator="between")
        elif name in lists:
            letter, last = lists[name]
            rule = DataValidation(
                "list", f"'{meant.words.lists_title}'!${letter}$2:${letter}${last}"
            )
        else:
            continue
        rule.allow_blank, rule.errorStyle, rule.prompt = True, "warning", column.hint
        rule.showErrorMessage = rule.showInputMessage = True
        rule.add(f"{letters(at)}2:{letters(at)}{CHECKED_TO}")
        sheet.add_data_validation(rule)


def _hints(sheet: Worksheet, said: Words, meant: Cells) -> None:
    line = 0
    for text in said.hints["before"]:
        line += 1
        put(sheet, line, 1, text)
    line += 2
    for at, (heading, width) in enumerate(
        zip(said.hints["headings"], _HINT_WIDTHS, strict=True), 1
    ):
        put(sheet, line, at, heading)
        sheet.cell(line, at).font = Font(bold=True)
        sheet.column_dimensions[letters(at)].width = width
    for page in said.pages:
        for column in page.columns:
            line += 1
            needed = said.hints["needed"] if column.needed else ""
            shown = (page.title, column.title, needed, column.hint, meant.sample(column))
            for at, text in enumerate(shown, 1):
                put(sheet, line, at, text)
                sheet.cell(line, at).alignment = _WRAPPED


def _lists(sheet: Worksheet, meant: Cells, units: Sequence[Unit]) -> dict[str, tuple[str, int]]:
    """Write every list in a column of its own: name → (column, last row)."""
    named = {name: list(values.values()) for name, values in meant.labels.items()}
    named["unit"] = [unit.name for unit in units]
    named["district"] = sorted({unit.district for unit in units if unit.district})
    found = {}
    for at, (name, values) in enumerate(named.items(), 1):
        for line, value in enumerate(values, 2):
            put(sheet, line, at, value)
        if values:
            found[name] = (letters(at), len(values) + 1)
    sheet.sheet_state = "hidden"
    return found
