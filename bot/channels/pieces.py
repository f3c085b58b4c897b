"""Cuts a long text into messages a platform takes: lengths there are counted in UTF-16 units."""

from __future__ import annotations

import unicodedata

_JOINS = {0x200D, 0xFE0E, 0xFE0F, *range(0x1F3FB, 0x1F400), *range(0xE0020, 0xE0080)}
"""What belongs to the character before it: joiner, variation selectors, skin tones, flag tags."""


def units(text: str) -> int:
    """The length of a text in UTF-16 units: letters count 1, most emoji 2."""
    return len(text) + sum(char > "\uffff" for char in text)


def pieces(text: str, most: int) -> list[str]:
    """The text in order, in parts of at most `most` units and not empty; [] for a blank text.

    It is cut at a line's end if one lies in the second half of a part, else between words, else
    between two characters as people see them. White space at a cut is left out.
    """
    parts = []
    rest = text.strip()
    while units(rest) > most:
        end = _end(rest, most)
        at = _cut(rest, end)
        parts.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return [*parts, rest] if rest else parts


def _end(text: str, most: int) -> int:
    """How many characters of the text fit into `most` units."""
    used = 0
    for number, char in enumerate(text):
        used += 2 if char > "\uffff" else 1
        if used > most:
            return number
    return len(text)


def _cut(text: str, end: int) -> int:
    # A space right behind the last character that fits is as good as one before it.
    for mark in ("\n", " "):
        at = text.rfind(mark, end // 2, end + 1)
        if at > 0:
            return at
    at = end
    while at > end // 2 and not _parts(text, at):
        at -= 1
    return at if at > end // 2 else end


def _parts(text: str, at: int) -> bool:
    """Whether a person sees two characters on the two sides of `at`."""
    before, after = text[at - 1], text[at]
    if ord(after) in _JOINS or unicodedata.combining(after) or before == "\u200d":
        return False
    return not (_is_flag(before) and _is_flag(after))


def _is_flag(char: str) -> bool:
    # Two of these make one flag; which two of a row is not worth telling apart.
    return "\U0001f1e6" <= char <= "\U0001f1ff"
