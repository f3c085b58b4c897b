"""Plain text as a platform without buttons or formatting takes it: counted, cut, choices as lines.

Platforms count in UTF-16 units, and Vietnamese written with separate marks is a quarter longer: so
what leaves is composed (NFC) first, and lengths here are always in UTF-16 units.
"""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from handlers.turn import TYPED

_ENDS = (
    re.compile(r"\n+"),
    re.compile(r"(?<=[.!?…;:])\s+"),
    re.compile(r"\s+"),
)
"""Where a long text may be cut, best first: between lines, sentences, words."""
_JOINED = {"\u200d", "\ufe0f", "\u20e3"}
"""What glues the parts of one emoji together."""


def composed(text: str) -> str:
    """The text in NFC, with nothing that UTF-8 cannot carry."""
    return unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))


def units(text: str) -> int:
    """How many UTF-16 units the text takes."""
    return len(text) + sum(char > "\uffff" for char in text)


def parts(text: str, most: int) -> list[str]:
    """The composed text in parts of at most `most` units, cut where a reader would pause.

    White space at a cut is dropped; nothing else is. An empty text has no part. `most` must leave
    room for one emoji (some 20 units).
    """
    rest, cut = composed(text).strip(), []
    while units(rest) > most:
        head = _whole_emoji(rest, _fitting(rest, most))
        end, start = _pause(rest, head)
        cut.append(rest[:end].rstrip())
        rest = rest[start:].lstrip()
    return [part for part in [*cut, rest] if part]


def _fitting(text: str, most: int) -> int:
    """How many characters fit into `most` units."""
    used = 0
    for index, char in enumerate(text):
        used += 2 if char > "\uffff" else 1
        if used > most:
            return index
    return len(text)


def _whole_emoji(text: str, end: int) -> int:
    """The last place not after `end` that does not tear apart what is shown as one sign."""
    place = end
    while place > max(0, end - 16) and _glued(text, place):
        place -= 1
    return place if place > max(0, end - 16) else end


def _glued(text: str, place: int) -> bool:
    before, after = text[place - 1], text[place]
    return (
        unicodedata.combining(after) > 0
        or after in _JOINED
        or before == "\u200d"
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
        or (_flag(before) and _flag(after) and _flags_before(text, place) % 2 == 1)
    )


def _flag(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _flags_before(text: str, place: int) -> int:
    count = 0
    while count < place and _flag(text[place - 1 - count]):
        count += 1
    return count


def _pause(text: str, head: int) -> tuple[int, int]:
    """Where the part ends and the next begins; a pause in the part's second half is preferred."""
    window = text[: head + 1]
    for ends in _ENDS:
        last = deque(ends.finditer(window), maxlen=1)
        if last and last[0].start() >= head // 2:
            return last[0].span()
    return head, head


def numbered(text: str, choices: Sequence[Mapping[str, Any]]) -> str:
    """The text with its choices as lines: what to type is a number, or the words it stands for."""
    return "\n".join([text, *(_line(number, one) for number, one in enumerate(choices, start=1))])


def _line(number: int, choice: Mapping[str, Any]) -> str:
    words = str(choice["id"])
    if not words.startswith(TYPED):
        return f"{number}. {choice['label']}"
    words = words.removeprefix(TYPED)
    return f"• {words}" if words == choice["label"] else f"• {words} ({choice['label']})"
