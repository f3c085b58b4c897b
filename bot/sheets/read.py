"""Reads a filled workbook: every row typed, every problem with its place.

Which row is the heading, which columns are known and what is left out; what a cell means is
`cells`', `units`' and `rules`'.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from bot.sheets import rules, words, xlsx
from bot.sheets.cells import Wrong, cells, shown
from bot.sheets.facts import Problem, Row, Sheet
from bot.sheets.parts import Grid, Refused, Value, letters, number
from bot.sheets.units import Units
from bot.sheets.words import Column, Page, Words, heading_key
from knowledge.awards import Awards
from knowledge.places import Places
from knowledge.plan import Plan
from knowledge.text import clean

HEADINGS_WITHIN = 10
"""Rows in which the headings are looked for: officials like a title above a table."""
MOST_PROBLEMS = 200
"""More of them nobody reads; usually one column is wrong all the way down."""
_WHEN_AND_WHERE = frozenset({"unit", "district", "year"})
"""Fields the template fills in: a row with nothing else tells nothing."""


def read_facts(
    data: bytes,
    places: Places,
    plan: Plan,
    awards: Awards,
    *,
    on: date,
    clock: Callable[[], float] = time.monotonic,
) -> Sheet:
    """Read a workbook of commune facts as of a day. Never raises on any bytes.

    `clock` counts seconds and ends a reading that takes longer than xlsx.LONGEST_READING.
    """
    said = words.load()
    try:
        return _Reading(places, plan, awards, on, said).read(xlsx.grids(data, clock))
    except Refused as refused:
        return Sheet((), (Problem(said.problem(refused.name, most=refused.most)),))


class _Reading:
    def __init__(self, places: Places, plan: Plan, awards: Awards, on: date, said: Words) -> None:
        self._words = said
        self._cells = cells(said, plan, awards, on)
        self._units = Units(places, said, on)
        self._problems: list[Problem] = []
        self._rows: list[Row] = []
        self._lines: dict[tuple[object, ...], int] = {}

    def read(self, grids: Sequence[Grid]) -> Sheet:
        titles = ", ".join(page.title for page in self._words.pages)
        ours = {
            heading_key(title) for title in (self._words.hints["title"], self._words.lists_title)
        }
        seen: set[str] = set()
        for grid in grids:
            name = heading_key(grid.name)
            page = next((page for page in self._words.pages if name in page.keys), None)
            if page is None:
                if name not in ours and grid.rows:
                    self._tell(grid, "unknown_sheet", titles=titles)
            elif page.id in seen:
                self._tell(grid, "sheet_twice")
            else:
                seen.add(page.id)
                before = len(self._problems)
                self._page(page, grid)
                self._problems[before:] = sorted(self._problems[before:], key=_where)
        if not seen:
            self._problems.append(Problem(self._words.problem("no_sheet", titles=titles)))
        if len(self._problems) > MOST_PROBLEMS:
            self._problems[MOST_PROBLEMS:] = [Problem(self._words.problem("too_many_problems"))]
        return Sheet(tuple(self._rows), tuple(self._problems))

    def _page(self, page: Page, grid: Grid) -> None:
        if grid.beyond:
            self._tell(grid, grid.beyond.name, most=grid.beyond.most)
        if not grid.rows:
            return
        head = _heading_line(page, grid)
        if head is None:
            self._tell(grid, "no_headings", titles=page.titles)
            return
        columns = self._columns(page, grid, head)
        merged = self._merged(grid, head)
        for line in sorted(line for line in grid.rows if line > head):
            if len(self._problems) > MOST_PROBLEMS:
                return
            row = {at: cell for at, cell in grid.rows[line].items() if at in columns}
            if line not in merged and not _tells_nothing(page, row, columns):
                self._row(
                    page, grid, line, {columns[at].field: (at, cell) for at, cell in row.items()}
                )

    def _columns(self, page: Page, grid: Grid, head: int) -> dict[int, Column]:
        """Columns by number, as the headings say; what they should have said is told."""
        columns: dict[int, Column] = {}
        for at, cell in sorted(grid.rows[head].items()):
            column = _column(page, cell)
            if column is None:
                self._tell(grid, "unknown_column", head, at, cell.text, titles=page.titles)
            elif column in columns.values():
                self._tell(grid, "column_twice", head, at, cell.text, title=column.title)
            else:
                columns[at] = column
        for column in page.columns:
            if column.needed and column not in columns.values():
                self._tell(grid, "column_missing", head, title=column.title)
        headed = grid.rows[head].keys()
        bare = {at: line for line in sorted(grid.rows) if line > head for at in grid.rows[line]}
        for at in sorted(bare.keys() - headed):
            self._tell(grid, "no_heading", 0, at)
        return columns

    def _merged(self, grid: Grid, head: int) -> set[int]:
        """Lines with merged cells, which are not read: what of them belongs where is not known."""
        lines: set[int] = set()
        last = max(grid.rows)
        for top, left, bottom, right in grid.merged:
            if bottom < head or top > last:
                continue
            told = f"{letters(left)}{top}:{letters(right)}{bottom}"
            self._tell(grid, "merged", top, left, cells=told)
            lines.update(range(max(top, head + 1), min(bottom, last) + 1))
        return lines

    def _row(self, page: Page, grid: Grid, line: int, row: Mapping[str, tuple[int, Value]]) -> None:
        told: dict[str, Any] = {}
        before = len(self._problems)
        for column in page.columns:
            at, cell = row.get(column.field, (0, None))
            try:
                if cell is not None:
                    told[column.field] = self._cells.read(column, cell)
                elif column.needed:
                    sample = self._cells.sample(column)
                    raise self._cells.wrong("needed", title=column.title, sample=sample)
            except Wrong as wrong:
                self._say(str(wrong), grid, line, at, column.title)
        if len(self._problems) > before:
            return
        places = {column.field: (row.get(column.field, (0,))[0], column) for column in page.columns}
        name, district = told.pop("unit"), told.pop("district", "")
        try:
            unit = self._units.find(name, district, told["year"])
        except Wrong as wrong:
            self._say(str(wrong), grid, line, *_headed(places["unit"]))
            return
        for field, text in rules.contradictions(page.id, self._cells, unit, told):
            self._say(text, grid, line, *_headed(places[field]))
        if len(self._problems) == before:
            self._keep(grid, rules.make(page.id, unit, told, line))

    def _keep(self, grid: Grid, row: Row) -> None:
        identity = rules.identity(row)
        first = self._lines.setdefault(identity, row.line)
        if first != row.line:
            self._tell(grid, "twice", row.line, line_before=first)
        else:
            self._rows.append(row)

    def _tell(
        self, grid: Grid, name: str, line: int = 0, at: int = 0, heading: str = "", **values: object
    ) -> None:
        self._say(self._words.problem(name, **values), grid, line, at, heading)

    def _say(self, text: str, grid: Grid, line: int, at: int, heading: str) -> None:
        column = letters(at)
        self._problems.append(Problem(text, shown(grid.name), line, column, shown(heading)))


def _heading_line(page: Page, grid: Grid) -> int | None:
    """The first row that has the unit's heading and another one."""
    for line in sorted(grid.rows)[:HEADINGS_WITHIN]:
        fields = {
            column.field for cell in grid.rows[line].values() if (column := _column(page, cell))
        }
        if "unit" in fields and len(fields) > 1:
            return line
    return None


def _column(page: Page, cell: Value) -> Column | None:
    told = heading_key(clean(cell.text)) if cell.kind == "text" else ""
    return next((column for column in page.columns if told in column.keys), None)


def _tells_nothing(page: Page, row: Mapping[int, Value], columns: Mapping[int, Column]) -> bool:
    filled = {columns[at].field for at in row}
    needed = {column.field for column in page.columns if column.needed}
    return not filled or (needed <= _WHEN_AND_WHERE and filled <= _WHEN_AND_WHERE)


def _where(problem: Problem) -> tuple[int, int]:
    return problem.line, number(problem.column)


def _headed(place: tuple[int, Column]) -> tuple[int, str]:
    at, column = place
    return at, column.title
