"""How well each clause's own words cover a question: BM25 over syllables and syllable pairs.

A second opinion beside the example phrasings: where the two agree, nearly every answer is right.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

K1, B = 1.5, 0.75
"""BM25's usual constants."""


@dataclass(frozen=True, slots=True)
class ClauseIndex:
    """`postings`: term → (number of the clause in `clauses`, how much the term speaks for it)."""

    clauses: tuple[str, ...]
    postings: Mapping[str, tuple[tuple[int, float], ...]]

    def shares(self, tokens: Sequence[str]) -> dict[str, float]:
        """Each clause's score as a share of the best one's, 0…1; empty when no word is known."""
        sums = [0.0] * len(self.clauses)
        for term in dict.fromkeys(_terms(tokens)):
            for number, weight in self.postings.get(term, ()):
                sums[number] += weight
        best = max(sums, default=0.0)
        if not best:
            return {}
        return {self.clauses[number]: found / best for number, found in enumerate(sums) if found}


def build(documents: Mapping[str, Sequence[str]]) -> ClauseIndex:
    """Index clauses given the tokens of what they say."""
    counts = {clause: Counter(_terms(tokens)) for clause, tokens in documents.items()}
    spread = Counter(term for count in counts.values() for term in count)
    usual = sum(count.total() for count in counts.values()) / max(1, len(counts))
    postings: dict[str, list[tuple[int, float]]] = {}
    for number, count in enumerate(counts.values()):
        length = 1 - B + B * count.total() / usual
        for term, times in count.items():
            rarity = math.log(1 + (len(counts) - spread[term] + 0.5) / (spread[term] + 0.5))
            weight = rarity * times * (K1 + 1) / (times + K1 * length)
            postings.setdefault(term, []).append((number, weight))
    return ClauseIndex(tuple(counts), {term: tuple(found) for term, found in postings.items()})


def _terms(tokens: Sequence[str]) -> list[str]:
    return [*tokens, *(f"{one} {two}" for one, two in pairwise(tokens))]
