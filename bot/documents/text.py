"""Plain text and Markdown to paragraphs: encodings, wrapped lines, page numbers, emphasis."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from bot.documents.lines import Line, NotUnderstood, join, plain

_PAGE_NUMBER = re.compile(r"[-–—\s]*(?:trang\s+)?\d{1,3}(?:\s*/\s*\d{1,3})?[-–—\s]*", re.IGNORECASE)
_RULE = re.compile(r"[-–—_*=~.\s]{3,}")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_EMPHASIS = re.compile(r"(?<=[^(\s*\\])\*++|(?<![*\\])\*++(?![)\s])")
"""Asterisks that touch a word; "* " begins an item and "(*)" is a note's sign."""
_LIST_IN_LIST = re.compile(r"\s*-\s+(?=\+\s)")
"""A dash Markdown wants before a list that the document begins with "+"."""
_BREAK = ("  ", "\\")


def paragraphs(raw: bytes) -> list[str]:
    """The paragraphs of a text file. Raises NotUnderstood where it is no text."""
    return join(_lines(_decode(raw)))


def _decode(raw: bytes) -> str:
    """UTF-16 by its mark, else UTF-8, else Windows' Vietnamese code page."""
    utf16 = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "cp1258"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            raise NotUnderstood("đây không phải tệp văn bản")
        return text
    raise NotUnderstood("đây không phải tệp văn bản, hoặc chữ không theo mã UTF-8")


def _lines(text: str) -> Iterator[Line]:
    written = text.splitlines()
    markdown = "**" in text or any(_HEADING.match(line) for line in written)
    gap, ended = False, False
    for raw in written:
        heading = markdown and bool(_HEADING.match(raw))
        line = plain(_without_marks(raw) if markdown else raw)
        if _PAGE_NUMBER.fullmatch(line):
            continue
        if not line or _RULE.fullmatch(line):
            gap = True
            continue
        yield Line(line, gap, heading or ended)
        gap, ended = False, markdown and (heading or raw.endswith(_BREAK))


def _without_marks(line: str) -> str:
    line = _LIST_IN_LIST.sub("", _HEADING.sub("", line, count=1), count=1)
    return _ESCAPED.sub(r"\1", _EMPHASIS.sub("", line))
