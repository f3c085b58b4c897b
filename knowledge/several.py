"""Two questions in one message: where a text falls into two, each a question by itself.

Only the cut is decided here; `knowledge.ask` answers both halves and may still think better of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from knowledge.lexicon import language
from knowledge.questions import asks
from knowledge.text import clean, fold

MOST_CUTS = 2
"""Places tried: each costs two answers, and who asks more than two things rarely separates them."""
_LONGEST = 400
"""A longer message is a story, with one question at its end."""
_LEAST_WORDS = 4
_STOPS = re.compile(r"[?!.;\n]+\s+")
_WORD = re.compile(r"\s+")


def halves(text: str) -> Iterator[tuple[str, str]]:
    """Ways to cut a message in two: after a sentence, else before "và", "với lại", "còn", a comma.

    Each half has at least four words. Never raises; an ordinary question yields nothing.
    """
    raw = clean(text, _LONGEST + 1)
    if len(raw) > _LONGEST:
        return
    cuts = [(stop.start() + 1, stop.end()) for stop in _STOPS.finditer(raw)]
    cuts += list(_joints(raw))
    tried = 0
    for end, start in cuts:
        first, second = raw[:end].rstrip(" ,;:"), raw[start:].strip()
        if min(len(first.split()), len(second.split())) < _LEAST_WORDS:
            continue
        yield first, second
        tried += 1
        if tried == MOST_CUTS:
            return


def last_question(text: str) -> str:
    """The question with which a long story ends, "" in a short message or where it ends with none.

    What is told before it would drown it.
    """
    if len(text) <= _LONGEST:
        return ""
    sentences = [one for one in _STOPS.split(clean(text[-_LONGEST:])) if one.strip()]
    last = next((one for one in reversed(sentences) if asks(one)), "")
    return last if len(last.split()) >= _LEAST_WORDS else ""


def _joints(raw: str) -> Iterator[tuple[int, int]]:
    """Ends of first halves and starts of second halves around joining words and commas."""
    spaces = [(gap.start(), gap.end()) for gap in _WORD.finditer(raw)]
    joining = language().joining
    for at, (end, start) in enumerate(spaces):
        if raw[end - 1] == ",":
            yield end, start
            continue
        for size in (2, 1):
            if at + size >= len(spaces) + (size > 1):
                continue
            stop = spaces[at + size][0] if at + size < len(spaces) else len(raw)
            if fold(raw[start:stop]) in joining and at + size < len(spaces):
                yield end, spaces[at + size][1]
                break
