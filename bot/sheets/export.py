"""Writing text into a workbook so that it stays text: no cell a person filled becomes a formula."""

from __future__ import annotations

import re

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.worksheet.worksheet import Worksheet

LONGEST = 32_767
"""Characters a cell can hold; Excel calls a file with more in one damaged."""
_LIKE_AN_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
"""The format writes odd characters as _x000D_; what only looks so must not become one."""
_LIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The full-width signs too: East Asian editions take them for the others."""


def escaped(text: str) -> str:
    """Text no spreadsheet takes for a formula: with one more ' in front if it begins like one."""
    return f"'{text}" if text.lstrip("'").startswith(_LIVE) else text


def unescaped(text: str) -> str:
    """What `escaped` was given; any other text as it is."""
    begins = text.startswith("'") and text.lstrip("'").startswith(_LIVE)
    return text[1:] if begins else text


def put(page: Worksheet, line: int, column: int, value: str | int | float | None) -> None:
    """Write a value; line and column count from 1. Text is escaped and stays text, without what a
    workbook cannot hold, and at most LONGEST characters of it."""
    cell = page.cell(line, column)
    if not isinstance(value, str):
        cell.value = value
        return
    told = value.encode("utf-8", "ignore").decode("utf-8")
    told = _LIKE_AN_ESCAPE.sub("_x005F_", escaped(ILLEGAL_CHARACTERS_RE.sub("", told)))
    cell.value = told[:LONGEST]
    cell.data_type = "s"
