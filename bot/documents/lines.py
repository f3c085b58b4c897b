"""Lines of a document put together to paragraphs, and the fault every format shares."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

_SPACES = dict.fromkeys((0x00A0, 0x202F, 0x2009, 0x3000, 0x0009), " ")
_FULL = 0.75
"""Part of the widest line from which a line was broken by the margin, not by its writer."""
_WIDEST = 160
"""Characters: a text with a longer line was not wrapped at a margin, each line is a paragraph."""
_ITEM = re.compile(
    r"\(?(?:[IVXLC]{1,7}|\d{1,2}(?:\.\d{1,2})*|[a-zđ])\s?[.)/](?!\d)"
    r"|(?:Chương|Phần|Mục|Điều)\s+[\dIVXLC]+|[-–—+•*]\s|Nơi nhận|(?:TM|KT|TL|TUQ)\s*\."
)
_ENDED = (".", ";", ":", "!", "?", "…")


class NotUnderstood(ValueError):
    """A file that cannot be read as a document; the text says why in one Vietnamese clause."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line with text, as `plain` leaves it: `after_gap` where a paragraph's end or a blank line
    is above it, `broken` where its writer ended the line above on purpose."""

    text: str
    after_gap: bool
    broken: bool


def plain(text: str) -> str:
    """A text in NFC, its white space single spaces, without what cannot be seen."""
    text = unicodedata.normalize("NFC", text.translate(_SPACES))
    seen = (char for char in text if not unicodedata.category(char).startswith("C"))
    return " ".join("".join(seen).split())


def join(lines: Iterable[Line]) -> list[str]:
    """Paragraphs, whole again where a margin or the end of a page broke them."""
    kept = list(lines)
    widest = max((len(line.text) for line in kept), default=0)
    margin = _FULL * widest if widest <= _WIDEST else float("inf")
    joined: list[list[str]] = []
    for line in kept:
        if joined and _goes_on(joined[-1][-1], line, margin):
            joined[-1].append(line.text)
        else:
            joined.append([line.text])
    return [" ".join(parts) for parts in joined]


def _goes_on(above: str, line: Line, margin: float) -> bool:
    if line.broken or _ITEM.match(line.text):
        return False
    ended = above.endswith(_ENDED)
    if line.text[0].islower():
        return not (ended and line.after_gap)
    return not ended and not line.after_gap and len(above) >= margin
