"""Comparing what people type with names of places: parts of an address, spelling, slips.

Only names live here; which unit is valid on which day is `knowledge.places`' matter.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rapidfuzz.distance import DamerauLevenshtein

from knowledge.slips import sounds, telex
from knowledge.text import clean, fold, key

# Names of places are short; longer texts are stories, not answers to "which commune".
MOST_CHARACTERS = 160
_FAR = 9.0
_TOKEN = re.compile(r"[^\W_]+|[,;/()\n:|-]")
_LEVEL_PREFIX = re.compile(r"^(Xã|Phường|Thị trấn|Huyện|Thành phố|Tỉnh) ")
_LEVEL_WORDS = {
    "commune": ("xã", "xa", "x"),
    "ward": ("phường", "phuong", "p"),
    "town": ("thị trấn", "thi tran", "tt", "t t"),
    "district": ("huyện", "huyen", "h"),
    "city": ("thành phố", "thanh pho", "tp", "t p"),
    "province": ("tỉnh", "tinh"),
}
_LEVEL_KEYS = {
    tuple(key(form).split()): level for level, forms in _LEVEL_WORDS.items() for form in forms
}
# Words that may stand before or after a name; none of them is a syllable of a name, even folded.
_BEFORE = frozenset(
    key(
        "em tôi toi tui mình minh con cháu chau anh chị chi nhà nha ở o tại tai dạ bên ben "
        "người nguoi dân dan"
    ).split()
)
_AFTER = frozenset(key("ạ nhé nhe nha đấy nhá").split())
_VILLAGE = frozenset(key("bản ban thôn thon tổ to khu xóm xom đội doi").split())
_ERA_WORDS: dict[str, Literal["old", "new"]] = {
    key("cũ"): "old", "cu": "old", key("mới"): "new", "moi": "new",
}  # fmt: skip
_COUNTRY = frozenset({"viet nam", "vietnam", "vn"})


@dataclass(frozen=True, slots=True)
class Address:
    """One way to read a typed place; ids are those given to the name indexes.

    `upper` is set, and `words` empty, when the place itself is above a commune.
    """

    words: tuple[str, ...] = ()
    level: str | None = None
    district: str | None = None
    era: Literal["old", "new"] | None = None
    upper: str | None = None


@dataclass(frozen=True, slots=True)
class _Name:
    id: str
    key: str
    fold: str
    sound: str
    marks: Counter[str]
    syllables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Segment:
    level: str | None
    words: tuple[str, ...]


def bare_name(name: str) -> str:
    """A unit's name without its level: "Xã Bình Lư" → "Bình Lư"."""
    return _LEVEL_PREFIX.sub("", name)


class NameIndex:
    """Names to compare with, by id.

    Costs: 0 right, 0.1 marks left out, 0.5 wrong marks, 1 one other slip, 1.5 a slip in a name too
    short to be sure, 2 two slips, 3 only the beginning of the name.
    """

    EXACT = 0.1
    SURE = 1.0

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        self._names = [_name(bare_name(name).split(), id_) for id_, name in names]

    def match(self, words: Sequence[str]) -> list[tuple[float, str]]:
        """(cost, id) of every name the words can mean, best first; empty when none is near."""
        if not words:
            return []
        typed = _name(words)
        undone = _name([telex(word) or word for word in words])
        scored = (
            (min(_cost(typed, name), _telex_cost(undone, name)), name) for name in self._names
        )
        return sorted((cost, name.id) for cost, name in scored if cost < _FAR)

    def exactly(self, words: Sequence[str]) -> str | None:
        """The id of the one name that the words mean with at most one slip; None when in doubt."""
        near = [(cost, id_) for cost, id_ in self.match(words) if cost <= 1.0]
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
        return 0.5 if typed.marks else 0.1
    distance = DamerauLevenshtein.distance(typed.fold, name.fold, score_cutoff=2)
    if distance == 1 or typed.sound == name.sound:
        return 1.5 if len(name.fold) < 5 else 1.0
    if distance == 2 and len(name.fold) >= 9:
        return 2.0
    size = len(typed.syllables)
    return (
        3.0
        if 2 <= size < len(name.syllables) and typed.syllables == name.syllables[:size]
        else _FAR
    )


def _telex_cost(undone: _Name, name: _Name) -> float:
    return 0.1 if undone.key == name.key else _FAR


def parse(text: str, upper: Mapping[str, NameIndex]) -> Iterator[Address]:
    """Ways to read a typed place, likeliest first; `upper` has names above communes by level."""
    segments = _segments(clean(text[: MOST_CHARACTERS + 1]).casefold())
    if len(text) > MOST_CHARACTERS or not segments:
        return
    rest: list[_Segment] = []
    named: dict[str, str] = {}
    for segment in segments:
        if segment.level and segment.level in upper:
            id_ = upper[segment.level].exactly(segment.words)
            if id_ is None or segment.level in named:
                return
            named[segment.level] = id_
        elif not _is_country_or_province(segment, upper) or len(segments) == 1:
            rest.append(segment)
    district = named.get("district") or named.get("city")
    if not rest:
        if place := district or named.get("province"):
            yield Address(upper=place)
        return
    yield from _communes(rest, district, upper)


def _is_country_or_province(segment: _Segment, upper: Mapping[str, NameIndex]) -> bool:
    if segment.level:
        return False
    return fold(" ".join(segment.words)) in _COUNTRY or bool(
        upper["province"].exactly(segment.words)
    )


def _communes(
    segments: list[_Segment], district: str | None, upper: Mapping[str, NameIndex]
) -> Iterator[Address]:
    levelled = [segment for segment in segments if segment.level]
    if len(levelled) > 1:
        return
    if levelled:
        others = [s for s in segments if not s.level and key(s.words[0]) not in _VILLAGE]
        yield from _with_district(levelled[0], others, district, upper)
        return
    plain = [s for s in segments if key(s.words[0]) not in _VILLAGE]
    orders = [segments, segments[::-1]]
    # "bản X, Y": the village says nothing about the commune, unless the commune's name is Bản ….
    orders += [plain, plain[::-1]] if len(plain) < len(segments) else []
    for order in orders:
        if order:
            yield from _with_district(order[0], order[1:], district, upper)


def _with_district(
    segment: _Segment,
    others: Sequence[_Segment],
    district: str | None,
    upper: Mapping[str, NameIndex],
) -> Iterator[Address]:
    for other in others:
        found = _district(other.words, upper)
        if found is None or (district and district != found):
            return
        district = found
    words = segment.words
    era = _ERA_WORDS.get(key(words[-1])) if len(words) > 1 else None
    words = words[:-1] if era else words
    yield Address(words, segment.level, district, era)
    for cut in range(1, len(words)):
        found = _district(words[cut:], upper)
        if found and (not district or district == found):
            yield Address(words[:cut], segment.level, found, era)


def _district(words: Sequence[str], upper: Mapping[str, NameIndex]) -> str | None:
    return upper["district"].exactly(words) or upper["city"].exactly(words)


def _segments(text: str) -> list[_Segment]:
    """Parts between separators and level words, without the words that only stand around them."""
    tokens = _TOKEN.findall(text)
    found: list[_Segment] = []
    level: str | None = None
    words: list[str] = []

    def close(next_level: str | None = None) -> None:
        nonlocal level, words
        if kept := _trim(words):
            found.append(_Segment(level, kept))
        level, words = next_level, []

    at = 0
    while at < len(tokens):
        for size in (2, 1):
            keys = tuple(key(token) for token in tokens[at : at + size])
            if len(keys) == size and keys in _LEVEL_KEYS and at + size < len(tokens):
                close(_LEVEL_KEYS[keys])
                at += size
                break
        else:
            if tokens[at][0].isalnum():
                words.append(tokens[at])
            elif words:
                close()
            at += 1
    close()
    return found


def _trim(words: list[str]) -> tuple[str, ...]:
    keys = [key(word) for word in words]
    start, end = 0, len(words)
    while start < end and keys[start] in _BEFORE:
        start += 1
    while end > start and keys[end - 1] in _AFTER:
        end -= 1
    return tuple(words[start:end])
