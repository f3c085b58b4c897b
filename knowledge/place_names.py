"""Comparing what people type with names of places: marks left out, spelling, slips.

Only names live here: what else an address has is `knowledge.place_addresses`' matter, which unit is
valid on which day `knowledge.places`'.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import DamerauLevenshtein

from knowledge.slips import is_syllable, sounds, telex
from knowledge.text import fold, key

_FAR = 9.0
# No name here has more words, however many spaces were typed into it.
LONGEST = 5
_LETTER_MARKS = frozenset("đ\u0302\u0306\u031b")
# Syllables up to which names of different places often differ in one letter alone.
_SHORT_NAME = 2
_LEVEL_PREFIX = re.compile(r"^(Xã|Phường|Thị trấn|Huyện|Thành phố|Tỉnh) ")


@dataclass(frozen=True, slots=True)
class _Name:
    id: str
    key: str
    fold: str
    sound: str
    marks: Counter[str]
    syllables: tuple[str, ...]


def bare_name(name: str) -> str:
    """A unit's name without its level: "Xã Bình Lư" → "Bình Lư"."""
    return _LEVEL_PREFIX.sub("", name)


class NameIndex:
    """Names to compare with, by id.

    Costs: 0 right, 0.1 marks left out, 0.5 wrong marks or spaces, 1 one other slip, 1.5 a slip in a
    name too short to be sure, 2 two slips, 3 only the beginning of the name.
    """

    EXACT = 0.1
    SURE = 1.0

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        self._names = [_name(bare_name(name).split(), id_) for id_, name in names]

    def match(self, words: Sequence[str]) -> list[tuple[float, str]]:
        """(cost, id) of every name the words can mean, best first; empty when none is near."""
        if not 0 < len(words) <= 2 * LONGEST:
            return []
        typed = _name(words)
        undone = _name([telex(word) or word for word in words])
        scored = (
            (min(_cost(typed, name), _telex_cost(undone, name)), name) for name in self._names
        )
        return sorted((cost, name.id) for cost, name in scored if cost < _FAR)

    def exactly(self, words: Sequence[str], right: bool = False) -> str | None:
        """The id of the one name that the words mean with at most one slip; None when in doubt.

        With `right`, only of a name that has no slip.
        """
        most = self.EXACT if right else self.SURE
        near = [(cost, id_) for cost, id_ in self.match(words) if cost <= most]
        first = [id_ for cost, id_ in near if cost <= self.EXACT] or [id_ for _, id_ in near]
        return first[0] if len(first) == 1 else None


def _name(words: Sequence[str], id_: str = "") -> _Name:
    joined = "".join(words).casefold()
    marks = Counter(
        char
        for char in unicodedata.normalize("NFD", joined)
        if char == "đ" or unicodedata.combining(char)
    )
    plain = fold(joined).replace(" ", "").replace("y", "i")
    written = "".join(key(word).replace("y", "i") for word in words)
    return _Name(id_, written, plain, sounds(plain), marks, tuple(fold(word) for word in words))


def _cost(typed: _Name, name: _Name) -> float:
    if typed.key == name.key:
        return 0.0
    if typed.fold == name.fold:
        if _letter_marks(typed) - _letter_marks(name) and len(typed.syllables) <= _SHORT_NAME:
            return 1.5
        spaced = [*map(len, typed.syllables)] == [*map(len, name.syllables)]
        return 0.1 if spaced and not typed.marks else 0.5
    distance = DamerauLevenshtein.distance(typed.fold, name.fold, score_cutoff=2)
    if typed.sound == name.sound:
        return 1.5 if len(name.fold) < 5 else 1.0
    if distance == 1:
        return 1.5 if len(name.fold) < 5 or _may_be_another(typed, name) else 1.0
    if distance == 2 and len(name.fold) >= 9:
        return 2.0
    size = len(typed.syllables)
    return (
        3.0
        if 2 <= size < len(name.syllables) and typed.syllables == name.syllables[:size]
        else _FAR
    )


def _letter_marks(name: _Name) -> Counter[str]:
    """The marks that make another letter, such as ă: wrong tones are the commoner slip."""
    return Counter({mark: n for mark, n in name.marks.items() if mark in _LETTER_MARKS})


def _may_be_another(typed: _Name, name: _Name) -> bool:
    """Whether a name one letter off can be right as it is, of another province: "Chà Nưa"."""
    size = len(typed.syllables)
    alike = size == len(name.syllables) and size <= _SHORT_NAME
    return alike and all(is_syllable(syllable) for syllable in typed.syllables)


def _telex_cost(undone: _Name, name: _Name) -> float:
    return 0.1 if undone.key == name.key else _FAR
