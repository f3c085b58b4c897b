"""Parts of an address as people type it: level words, commune, district, province, what is around.

Only where names begin and end is found here; how they compare is `knowledge.place_names`' matter,
which unit is valid on which day `knowledge.places`'.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from knowledge.place_names import LONGEST, NameIndex
from knowledge.text import clean, fold, key

# Names of places are short; longer texts are stories, not answers to "which commune".
MOST_CHARACTERS = 160
_TOKEN = re.compile(r"[^\W_]+|[,;/()\n:|-]")
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
        "người nguoi dân dan là ubnd e c tên thuộc thuoc"
    ).split()
)
_AFTER = frozenset(key("a ạ nhé nhe nha đấy nhá em anh chị ah ak rồi").split())
_VILLAGE = frozenset(key("bản ban thôn thon tổ to khu xóm xom đội doi").split())
_ERA_WORDS: dict[str, Literal["old", "new"]] = {
    key("cũ"): "old", "cu": "old", key("mới"): "new", "moi": "new",
}  # fmt: skip
_COUNTRY = frozenset({"viet nam", "vietnam", "vn"})


@dataclass(frozen=True, slots=True)
class Address:
    """One way to read a typed place; ids are those given to the name indexes.

    `upper` is set, and `words` empty, when the place itself is above a commune. `whole` has the
    words with those that seem only to stand around them, for they may be the end of a name typed
    with its space in the wrong place: "NậmM anh".
    """

    words: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    level: str | None = None
    district: str | None = None
    era: Literal["old", "new"] | None = None
    upper: str | None = None


@dataclass(frozen=True, slots=True)
class _Segment:
    level: str | None
    words: tuple[str, ...]
    whole: tuple[str, ...]


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
    words = _without_province(segment.words, upper)
    era = _ERA_WORDS.get(key(words[-1])) if len(words) > 1 else None
    words = words[:-1] if era else words
    yield Address(words, segment.whole, segment.level, district, era)
    cuts = [(words[:cut], words[cut:]) for cut in range(max(1, len(words) - LONGEST), len(words))]
    # A rest written rightly goes before one with a slip: "pa u | muong te", not "pa | u muong te".
    for right in (True, False):
        for name, rest in cuts:
            found = _district(rest, upper, right)
            if found and (not district or district == found):
                yield Address(name, (), segment.level, found, era)


def _without_province(words: tuple[str, ...], upper: Mapping[str, NameIndex]) -> tuple[str, ...]:
    """The words without the province's name at their end: "khoen on than uyen lai chau"."""
    for cut in range(len(words) - 1, max(1, len(words) - LONGEST), -1):
        if upper["province"].exactly(words[cut:], right=True):
            return words[:cut]
    return words


def _district(
    words: Sequence[str], upper: Mapping[str, NameIndex], right: bool = False
) -> str | None:
    return upper["district"].exactly(words, right) or upper["city"].exactly(words, right)


def _segments(text: str) -> list[_Segment]:
    """Parts between separators and level words, without the words that only stand around them."""
    tokens = _TOKEN.findall(text)
    found: list[_Segment] = []
    level: str | None = None
    words: list[str] = []

    def close(next_level: str | None = None) -> None:
        nonlocal level, words
        if kept := _trim(words):
            found.append(_Segment(level, kept, tuple(words)))
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
    if end - start > 2 and fold(" ".join(words[end - 2 : end])) in _COUNTRY:
        end -= 2
    return tuple(words[start:end])
