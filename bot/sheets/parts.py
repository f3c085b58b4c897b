"""The parts of an .xlsx, element by element: links, names of sheets, shared texts, cells.

What they make of a part is all in memory, so each has a bound; unpacking and time are `xlsx`'s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from posixpath import join, normpath
from typing import ClassVar, Literal

MOST_ROWS, MOST_COLUMNS, MOST_CELLS = 5_000, 100, 100_000
"""Of one sheet: rows, columns; of all sheets: cells that hold something."""
MOST_SHEETS = 50
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")

Kind = Literal["text", "number", "flag", "broken", "formula"]
_KINDS: Mapping[str, Kind] = {"n": "number", "b": "flag", "e": "broken"}


class Refused(ValueError):
    """A file that is not read. `name` is that of a sentence in words.yaml, `most` its limit."""

    def __init__(self, name: str, most: int = 0) -> None:
        super().__init__(name)
        self.name, self.most = name, most


@dataclass(frozen=True, slots=True)
class Value:
    """A cell that holds something. `text` is the number as it is stored, 0 or 1 for a flag."""

    kind: Kind
    text: str


@dataclass(slots=True)
class Grid:
    """A sheet: rows by number and in them cells by column, both from 1; ranges of merged cells as
    (first row, first column, last row, last column); what limit it is beyond, if any."""

    name: str
    rows: dict[int, dict[int, Value]] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    beyond: Refused | None = None


def letters(column: int) -> str:
    """Excel's name of a column counted from 1: 28 → "AB"."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def number(name: str) -> int:
    """The reverse of `letters`."""
    found = 0
    for letter in name:
        found = 26 * found + ord(letter) - 64
    return found


class Reader:
    """What is made of the elements of one part, by their names without their namespace."""

    def start(self, name: str, attributes: dict[str, str]) -> None: ...

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


class Links(Reader):
    """What a part refers to: link → (kind, part)."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.found: dict[str, tuple[str, str]] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "")
            at = target.lstrip("/") if target.startswith("/") else join(self._folder, target)
            kind = attributes.get("Type", "").rpartition("/")[2]
            self.found[attributes.get("Id", "")] = (kind, normpath(at))


class Names(Reader):
    """Sheets as people see them: (name, link)."""

    def __init__(self) -> None:
        self.sheets: list[tuple[str, str]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            if len(self.sheets) >= MOST_SHEETS:
                raise Refused("unpacks_too_large")
            link = next((at for key, at in attributes.items() if key.endswith(" id")), "")
            self.sheets.append((attributes.get("name", ""), link))


class _Texts(Reader):
    """Texts in a part: those between `t`, but for the reading aids of East Asian names."""

    HELD: ClassVar[frozenset[str]] = frozenset({"t"})

    def __init__(self) -> None:
        self._words: list[str] = []
        self._open = False
        self._aid = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._aid += name == "rPh"
        self._open = name in self.HELD and not self._aid

    def end(self, name: str) -> None:
        self._aid -= name == "rPh"
        self._open = False

    def text(self, text: str) -> None:
        if self._open:
            self._words.append(text)

    def taken(self) -> str:
        """What was heard since it was last asked."""
        text = "".join(self._words)
        self._words = []
        return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


class Strings(_Texts):
    """The texts cells refer to by number."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def end(self, name: str) -> None:
        super().end(name)
        if name == "si":
            if len(self.texts) >= MOST_CELLS:
                raise Refused("unpacks_too_large")
            self.texts.append(self.taken())


class Cells(_Texts):
    """The cells of a sheet that hold something, up to `left` of them. Raises Refused beyond."""

    HELD: ClassVar[frozenset[str]] = frozenset({"t", "v"})

    def __init__(self, grid: Grid, strings: list[str], left: int) -> None:
        super().__init__()
        self.grid, self.left = grid, left
        self._strings = strings
        self._row = self._column = 0
        self._type, self._formula = "n", False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        super().start(name, attributes)
        if name == "row":
            told = attributes.get("r", "")
            self._row = int(told) if told.isdecimal() else self._row + 1
            self._column = 0
        elif name == "c":
            at = _REFERENCE.fullmatch(attributes.get("r", ""))
            self._column = number(at[1]) if at else self._column + 1
            self._type, self._formula = attributes.get("t", "n"), False
            self.taken()
        elif name == "f":
            self._formula = True
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))

    def end(self, name: str) -> None:
        super().end(name)
        if name == "c":
            self._keep()

    def _keep(self) -> None:
        text, kind = self.taken(), _KINDS.get(self._type, "text")
        if self._formula:
            kind = "formula"
        elif self._type == "s" and text:
            text = self._strings[abs(int(text))]
        if kind != "formula" and not text.strip():
            return
        if self._row > MOST_ROWS:
            self.grid.beyond = self.grid.beyond or Refused("too_many_rows", MOST_ROWS)
        elif self._column > MOST_COLUMNS:
            self.grid.beyond = self.grid.beyond or Refused("too_many_columns", MOST_COLUMNS)
        elif not self.left:
            raise Refused("unpacks_too_large")
        else:
            self.left -= 1
            self.grid.rows.setdefault(self._row, {})[self._column] = Value(kind, text)

    def _merge(self, reference: str) -> None:
        first, _, last = reference.partition(":")
        start, end = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last)
        if start and end and len(self.grid.merged) < MOST_ROWS:
            self.grid.merged.append((int(start[2]), number(start[1]), int(end[2]), number(end[1])))
