"""What an off-the-shelf search would find: BM25 and rapidfuzz over the clauses, folded."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

from rapidfuzz import fuzz, process

from knowledge.plan import Plan
from knowledge.text import fold

K1, B = 1.5, 0.75
"""BM25's usual constants."""
Finder = Callable[[str], str]
"""Gives the clause found first for a question."""


def _documents(plan: Plan) -> dict[str, str]:
    return {
        name: fold(f"{clause.heading} {clause.summary} {clause.detail}")
        for name, clause in plan.clauses.items()
    }


def _terms(folded: str) -> list[str]:
    words = folded.split()
    return words + [f"{one}_{two}" for one, two in pairwise(words)]


def bm25(plan: Plan) -> Finder:
    """BM25 over syllables and syllable pairs."""
    documents = {name: Counter(_terms(text)) for name, text in _documents(plan).items()}
    usual = sum(count.total() for count in documents.values()) / len(documents)
    spread = Counter(term for count in documents.values() for term in count)

    def rarity(term: str) -> float:
        return math.log(1 + (len(documents) - spread[term] + 0.5) / (spread[term] + 0.5))

    def find(question: str) -> str:
        asked = [term for term in _terms(fold(question)) if term in spread]

        def score(name: str) -> float:
            count = documents[name]
            length = 1 - B + B * count.total() / usual
            return sum(rarity(t) * count[t] * (K1 + 1) / (count[t] + K1 * length) for t in asked)

        return max(documents, key=score)

    return find


def fuzzy(plan: Plan) -> Finder:
    """rapidfuzz's token_set_ratio."""
    documents = _documents(plan)

    def find(question: str) -> str:
        found = process.extractOne(fold(question), documents, scorer=fuzz.token_set_ratio)
        return str(found[2])

    return find
