"""Names of people and places in a text with an amount, left out before the amount is read.

Only capitalised words that mean nothing in an amount, or digits used as names, are names; "Em Chưa
Góp" has none in it. What is left out says nothing about the amount.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import yaml

from knowledge.amounts.words import fold_word, vocabulary

NAMES = Path(__file__).parent / "names.yaml"
_MOST_SYLLABLES = 4
_PAUSES = ",.;:()"
# A person's name is left out as one person: "Lò Văn Páo làm 3 ngày".
_ONE_PERSON = "tôi"


@lru_cache(maxsize=1)
def _lists() -> Mapping[str, frozenset[str]]:
    with NAMES.open(encoding="utf-8") as file:
        data = yaml.load(file, Loader=yaml.CBaseLoader)  # noqa: S506 - only strings
    return {name: frozenset(words) for name, words in data.items()}


def without_names(text: str) -> str:
    """The text without names: "ông Lò Văn Páo góp 2 triệu" → "ông góp 2 triệu"."""
    words = text.split(" ")
    # Where every word has a capital, capitals tell nothing.
    telling = any(word[:1].islower() for word in words)
    kept: list[str] = []
    at = 0
    while at < len(words):
        before = kept[-1] if kept else ""
        end = _name_end(words, at, before, telling)
        if end == at:
            kept.append(words[at])
        elif _plain(before) not in _lists()["titles"] | _lists()["places"]:
            kept.append(_ONE_PERSON)
        if end > at and words[end - 1][-1] in _PAUSES:
            kept.append(words[end - 1][-1])
        at = max(end, at + 1)
    return " ".join(kept)


def _name_end(words: Sequence[str], at: int, before: str, telling: bool) -> int:
    """Where the name that starts at a word ends; `at` itself when none starts there."""
    lists = _lists()
    if any(char.isdigit() for char in before):
        return at
    end = _capitalised(words, at) if telling else at
    size = end - at
    if before[-1:] not in _PAUSES:
        if _plain(before) in lists["titles"] and size and _gives(words, end):
            return end
        if _plain(before) in lists["places"]:
            return end if size > 1 and not _has_digit_word(words[at:end]) else at
    if _plain(words[at]) not in lists["surnames"]:
        return at
    if size > 1 and not _has_digit_word(words[at + 1 : end]):
        return end
    return _lower_case(words, at)


def _gives(words: Sequence[str], at: int) -> bool:
    return at < len(words) and _plain(words[at]) in _lists()["giving"]


def _has_digit_word(words: Sequence[str]) -> bool:
    return any(vocabulary().kind(_even(word)) in ("digit", "late") for word in words)


def _capitalised(words: Sequence[str], at: int) -> int:
    """Where the capitalised words end that start here and can be a name."""
    end = at
    while end < min(len(words), at + _MOST_SYLLABLES) and words[end][:1].isupper():
        if not _may_be_name(_even(words[end])):
            break
        end += 1
        if words[end - 1][-1] in _PAUSES:
            break
    return end


def _lower_case(words: Sequence[str], at: int) -> int:
    """ "lo van pao gop": a surname, a middle name, and one or two unknown words before giving."""
    if at + 2 >= len(words) or _plain(words[at + 1]) not in _lists()["middles"]:
        return at
    for end in (at + 3, at + 4):
        given = words[at + 2 : end]
        if _gives(words, end) and not any(vocabulary().kind(_even(word)) for word in given):
            return end
    return at


def _may_be_name(word: str) -> bool:
    lists = _lists()
    usual = fold_word(word) in lists["surnames"] | lists["middles"]
    return word.isalpha() and (usual or vocabulary().kind(word) in ("", "digit", "late"))


def _even(word: str) -> str:
    return word.casefold().strip(_PAUSES)


def _plain(word: str) -> str:
    return fold_word(_even(word)) if word else ""
