"""The list numbers Word counts by itself: "I.", "1.", "a)" stand nowhere in the text of a .docx.

ECMA-376 part 1, section 17.9: a paragraph, or its style, names a list (`num`) and a level; the
list's definition (`abstractNum`) holds each level's first number, format and pattern.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

LEVELS = 9
_MOST_STYLES = 20
"""Styles based on styles; more is a circle."""
_LARGEST = 3_000
"""Numbers up to here are written out in Roman ones; no list is longer."""
_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
    (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
_VALUE = "{w}val"


@dataclass(frozen=True, slots=True)
class _Level:
    """`restart` is the level from which a new entry begins this one anew, 0 for never."""

    start: int
    format: str
    pattern: str
    restart: int


class Numbering:
    """Counts the lists of one document; `label` is to be asked for every paragraph in order."""

    def __init__(self, numbering: Element, styles: Element) -> None:
        self._definitions = _definitions(numbering)
        self._lists: dict[str, str] = {}
        self._levels: dict[str, dict[int, _Level]] = {}
        self._starts: dict[tuple[str, int], int] = {}
        for entry in numbering.findall("{w}num"):
            self._add_list(entry)
        self._styles = {_get(style, "{w}styleId"): style for style in styles.findall("{w}style")}
        self._default = next(
            (
                name
                for name, style in self._styles.items()
                if style.get("{w}default") in ("1", "true") and style.get("{w}type") == "paragraph"
            ),
            "",
        )
        self._counts: dict[str, dict[int, int]] = {}
        self._begun: set[tuple[str, int]] = set()

    def label(self, paragraph: Element) -> str:
        """What Word prints before this paragraph: "I.", "a)", "-" for any bullet, "" for none."""
        name, level = self._place(paragraph)
        known = self._levels.get(name, {})
        if level not in known:
            return ""
        counts = self._counts.setdefault(self._lists[name], {})
        self._count(counts, name, level, known)
        if known[level].format == "bullet":
            return "-"

        def number(found: re.Match[str]) -> str:
            at = int(found[1]) - 1
            shown = known.get(at)
            return _written(counts.get(at, shown.start), shown.format) if shown else ""

        return re.sub(r"%([1-9])", number, known[level].pattern).strip()

    def _count(
        self, counts: dict[int, int], name: str, level: int, known: Mapping[int, _Level]
    ) -> None:
        fresh = (name, level) not in self._begun and (name, level) in self._starts
        self._begun.add((name, level))
        if fresh:
            counts[level] = self._starts[name, level]
        elif level in counts:
            counts[level] += 1
        else:
            counts[level] = self._starts.get((name, level), known[level].start)
        for deeper in [one for one in counts if one > level]:
            restart = known[deeper].restart if deeper in known else deeper
            if level < restart:
                del counts[deeper]

    def _place(self, paragraph: Element) -> tuple[str, int]:
        """A paragraph's list and level, its own or its style's."""
        own = paragraph.find("{w}pPr/{w}numPr")
        if own is not None and own.find("{w}numId") is not None:
            return _value(own, "{w}numId"), _number(own, "{w}ilvl", 0)
        style = _value(paragraph.find("{w}pPr"), "{w}pStyle") or self._default
        for _ in range(_MOST_STYLES):
            found = self._styles.get(style)
            if found is None:
                break
            numbered = found.find("{w}pPr/{w}numPr")
            if numbered is not None and numbered.find("{w}numId") is not None:
                name = _value(numbered, "{w}numId")
                level = self._linked(name, style)
                if own is not None:
                    level = _number(own, "{w}ilvl", level)
                return name, _number(numbered, "{w}ilvl", level)
            style = _value(found, "{w}basedOn")
        return "", 0

    def _linked(self, name: str, style: str) -> int:
        definition = self._definitions.get(self._lists.get(name, ""))
        for level in definition.findall("{w}lvl") if definition is not None else ():
            if _value(level, "{w}pStyle") == style:
                return _integer(_get(level, "{w}ilvl"), 0)
        return 0

    def _add_list(self, entry: Element) -> None:
        name, definition = _get(entry, "{w}numId"), _value(entry, "{w}abstractNumId")
        if definition not in self._definitions:
            return
        self._lists[name] = definition
        levels = _levels(self._definitions[definition])
        for override in entry.findall("{w}lvlOverride"):
            at = _integer(_get(override, "{w}ilvl"), 0)
            levels |= _levels(override)
            if override.find("{w}startOverride") is not None:
                self._starts[name, at] = _number(override, "{w}startOverride", 1)
        self._levels[name] = levels


def _definitions(numbering: Element) -> dict[str, Element]:
    """Definitions by id; one that only points to a list style stands for that style's."""
    found = {_get(one, "{w}abstractNumId"): one for one in numbering.findall("{w}abstractNum")}
    named = {link: one for one in found.values() if (link := _value(one, "{w}styleLink"))}
    return {name: named.get(_value(one, "{w}numStyleLink"), one) for name, one in found.items()}


def _levels(parent: Element) -> dict[int, _Level]:
    levels = {}
    for one in parent.findall("{w}lvl"):
        at = _integer(_get(one, "{w}ilvl"), 0)
        levels[at] = _Level(
            _number(one, "{w}start", 0),
            _value(one, "{w}numFmt") or "decimal",
            _value(one, "{w}lvlText"),
            _number(one, "{w}lvlRestart", at),
        )
    return {at: level for at, level in levels.items() if 0 <= at < LEVELS}


def _written(number: int, form: str) -> str:
    if form == "none":
        return ""
    if form in ("upperRoman", "lowerRoman") and 0 < number <= _LARGEST:
        roman = ""
        for value, sign in _ROMAN:
            count, number = divmod(number, value)
            roman += sign * count
        return roman if form == "upperRoman" else roman.lower()
    if form in ("upperLetter", "lowerLetter") and 0 < number <= _LARGEST:
        # As Word does: after z comes aa, then bb.
        letter = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letter.upper() if form == "upperLetter" else letter
    return f"{number:02}" if form == "decimalZero" else str(number)


def _get(element: Element, name: str) -> str:
    return element.get(name, "")


def _value(parent: Element | None, name: str) -> str:
    found = parent.find(name) if parent is not None else None
    return found.get(_VALUE, "") if found is not None else ""


def _number(parent: Element, name: str, default: int) -> int:
    return _integer(_value(parent, name), default)


def _integer(text: str, default: int) -> int:
    return int(text) if re.fullmatch(r"-?\d{1,6}", text, re.ASCII) else default
