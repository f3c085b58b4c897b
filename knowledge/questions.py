"""Whether a text, or half of one, is a question: by its words alone, without a plan."""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import pairwise

from knowledge.lexicon import language
from knowledge.text import clean, fold, key


@lru_cache(maxsize=64)
def is_question(text: str) -> bool:
    """True when a text looks like a question, not a statement; "làm đường bản" is none."""
    words = language()
    raw = clean(text, 2000)
    folded = fold(raw)
    if not folded or folded in words.not_questions:
        return False
    if "?" in raw:
        return True
    marked = any(ord(char) > 127 for char in raw)
    form = key if marked else fold
    padded = f" {form(raw)} "
    if any(phrase in padded for phrase in _question_phrases(marked)):
        return True
    tokens = padded.split()
    while len(tokens) > 1 and fold(tokens[-1]) in words.trailing:
        tokens.pop()
    plain = [fold(token) if marked else _long(fold(token)) for token in tokens]
    endings, openers = _question_frame()
    return plain[-1] in endings and not openers.isdisjoint(plain[:-1])


@cache
def _question_phrases(marked: bool) -> tuple[str, ...]:
    form = key if marked else fold
    return tuple(f" {form(phrase)} " for phrase in language().question_words)


@cache
def _question_frame() -> tuple[frozenset[str], frozenset[str]]:
    words = language()
    return (
        frozenset(map(fold, words.question_endings)),
        frozenset(map(fold, words.question_openers)),
    )


def _long(token: str) -> str:
    forms = language().short.get(token)
    return forms[0][-1] if forms else token


def asks(half: str) -> bool:
    """True when half a message has a word of its own that asks."""
    words, numbers = language().asking, language().digits
    tokens = ["", *key(half).split()]
    return is_question(half) or any(
        # "sao" asks, but for "3 sao".
        token in words and not (before.isdigit() or fold(before) in numbers)
        for before, token in pairwise(tokens)
    )
