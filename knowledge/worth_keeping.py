"""Whether a question nobody could answer is worth an official's time: no noise, no orders."""

from __future__ import annotations

from knowledge.lexicon import Lexicon
from knowledge.reading import ORDERS, read

LEAST_WORDS = 4
"""Fewer say too little for somebody who does not see the talk around them."""
_KNOWN = 0.7
"""Share of words a lexicon knows; keys struck at random stay far below, names seldom pull a real
question under it."""


def worth_keeping(text: str, lexicon: Lexicon) -> bool:
    """True for a text that could be a question to an official. Never raises on any text."""
    reading = read(text, lexicon)
    tokens = reading.tokens
    if len(tokens) < LEAST_WORDS or reading.english or ORDERS in reading.concepts:
        return False
    known = sum(token in lexicon.known for token in tokens)
    return known >= _KNOWN * len(tokens) and len(set(tokens)) >= LEAST_WORDS
