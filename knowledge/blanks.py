"""Answers that tell nothing (câu trả lời trống): "không biết", "ko nhớ", "quên rồi", "không có".

Told by their words alone, all of which must be of that sort: "Vàng A Chưa" is a name. The words
stand in `blanks.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from knowledge.lexicon import read_yaml
from knowledge.text import fold, key

WORDS = Path(__file__).parent / "blanks.yaml"
MOST_WORDS = 8
Sorts = Mapping[str, frozenset[str]]


def is_unknown(text: str) -> bool:
    """True when somebody says that he does not know or remember, or leaves it open."""
    return _sort(text) == "unknown"


def is_blank(text: str) -> bool:
    """True when nothing is told: not known, or none, or a mere "không"."""
    return bool(_sort(text))


@lru_cache(maxsize=1)
def _sorts() -> Sorts:
    """KEY words of each sort, and their FOLD forms for who types no marks."""
    raw = read_yaml(WORDS)
    return {
        name: frozenset(
            "-".join(form(word).split()) for word in words.split() for form in (key, fold)
        )
        for name, words in raw.items()
    }


def _sort(text: str) -> str:
    """ "unknown", "none", or "" for a text that may tell something."""
    sorts, row = _sorts(), key(text).split()
    if not row or len(row) > MOST_WORDS:
        return ""
    spoken = False
    while len(row) > 1 and row[0] in sorts["speaker"]:
        row, spoken = row[1:], True
    if "-".join(row[:2]) in sorts["skipped"]:
        return "unknown" if _only(row[2:], sorts["rest"]) else ""
    if row[0] in sorts["forgot"]:
        return "unknown" if _only(row[1:], sorts["rest"] | sorts["forgot"]) else ""
    if row[0] not in sorts["no"]:
        return ""
    if len(row) > 1 and row[1] in sorts["know"]:
        return "unknown" if _only(row[2:], sorts["rest"] | sorts["know"]) else ""
    if len(row) > 1 and row[1] in sorts["have"]:
        return "none" if _only(row[2:], sorts["rest"]) else ""
    # "hong" may be the name Hồng, "Ông Chưa" somebody's.
    may_be_name = spoken or row[0] in sorts["names"]
    return "none" if not may_be_name and _only(row[1:], sorts["particles"]) else ""


def _only(row: Sequence[str], words: frozenset[str]) -> bool:
    return all(word in words for word in row)
