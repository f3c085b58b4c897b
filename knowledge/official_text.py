"""Finds the clauses of a plan in the paragraphs of its official document (bản chính thức).

Pure: paragraphs and the pack's clauses in, the clauses' texts word for word out. A clause is found
by its label (số mục: "I.", "1.", "a)"), the five parts without one by their place, as Decree
30/2020/NĐ-CP lays out administrative documents. Files are read by `bot.documents`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from knowledge.pack import Clause
from knowledge.plan_check import numbers
from knowledge.text import fold

HEAD, PREAMBLE, CLOSING = "SO_HIEU", "MO_DAU", "KET"
SIGNATURE, RECIPIENTS = "KY", "NOI_NHAN"
"""Ids a pack gives the parts without a label: number and title, grounds, closing, who signed, to
whom it goes."""

LEAST_LIKE = 0.15
"""A labelled text less like the pack's telling than this is another's. On the plan of 2021-2025
every clause has at least 0.26 with its own, 10 of 1,560 pairs of different clauses over 0.15."""
LONGEST = 20_000
"""Characters of a clause. The longest known has 1,800; more is something gone wrong."""
MOST_LABELS = 2_000
"""Labelled paragraphs looked at, since pairing takes time in their number. A long plan has 300."""

Path = tuple[str, ...]
Pairs = frozenset[tuple[str, str]]

# Atomic: "I" is a number and a letter, and a long "I.I.I…" must not be tried both ways each time.
_PART = r"(?>[IVXLC]{1,7}|\d{1,3}|[A-Za-zđĐ])"
_PARTS = rf"{_PART}(?:\.{_PART})*"
_NUMBERED = re.compile(_PARTS)
_LABEL = re.compile(
    rf"(?:[-–•]\s+)?\(?(?:(?:Chương|Phần|Mục|Điều|Khoản|Điểm)\s+({_PARTS})(?:[.:)]|$)"
    rf"|({_PARTS})\s?[.)/:](?!\d)"
    r"|(\d{1,3}(?:\.\d{1,3})+)(?=\s))"
)
_ENDS = (".", ";", ":", ",")
_RECIPIENTS = re.compile(r"\W*Nơi nhận", re.IGNORECASE)
_SIGNATURE = re.compile(r"\W*(?:TM|KT|TL|TUQ|Q)\s*\.\s*\w")
_ANNEX = re.compile(r"\W*PHỤ LỤC\b")
_CLOSING = re.compile(r"(?:tren day la|trong qua trinh|yeu cau cac|de nghi cac|can cu ke hoach)\b")


@dataclass(frozen=True, slots=True)
class Found:
    """What a document holds of a plan: texts by clause id, ids nowhere to be seen (`missing`), and
    ids at whose place stands what the pack tells otherwise (`unlike`)."""

    texts: Mapping[str, str]
    missing: tuple[str, ...]
    unlike: tuple[str, ...]


def find(paragraphs: Sequence[str], clauses: Mapping[str, Clause]) -> Found:
    """The clauses of a pack, in its order, in a document. Never raises, whatever the paragraphs.

    A text that lacks a number of its clause's summary, or hardly shares a phrase with the telling,
    is `unlike`: every plan has the same labels, and a quote must not contradict the answer.
    """
    document = [text.strip() for text in paragraphs if text.strip()]
    likeness = Likeness(clauses)
    places = _align(document, _nodes(clauses), likeness)
    spans = _labelled(document, places) | _unlabelled(document, places)
    texts, missing, unlike = {}, [], []
    for name, clause in clauses.items():
        text = "\n".join(spans.get(name, ()))
        strange = _NUMBERED.fullmatch(name) and likeness.of(name, pairs(text)) < LEAST_LIKE
        if not text:
            missing.append(name)
        elif strange or len(text) > LONGEST or numbers(clause.summary) - numbers(text):
            unlike.append(name)
        else:
            texts[name] = text
    return Found(texts, tuple(missing), tuple(unlike))


class Likeness:
    """How much of the pack's telling of a clause stands in a text, 0…1: the share of its pairs of
    syllables, a pair counting less the more clauses tell it."""

    def __init__(self, clauses: Mapping[str, Clause]) -> None:
        self._told = {
            name: pairs(f"{clause.summary} {clause.detail}") for name, clause in clauses.items()
        }
        self._common = Counter(pair for told in self._told.values() for pair in told)

    def of(self, name: str, said: Pairs) -> float:
        """The likeness of a clause and the pairs of a text; 0 for an id the pack does not have."""
        told = self._told.get(name, frozenset())
        whole = sum(1 / self._common[pair] for pair in told)
        return sum(1 / self._common[pair] for pair in told & said) / whole if whole else 0.0


def pairs(text: str) -> Pairs:
    """Neighbouring syllables of a text, folded."""
    words = fold(text[:LONGEST]).split()
    return frozenset(pairwise(words))


def _nodes(ids: Iterable[str]) -> list[Path]:
    """Every labelled clause and, before the first of each, the headings it stands under."""
    nodes: dict[Path, None] = {}
    for name in ids:
        if _NUMBERED.fullmatch(name):
            path = tuple(name.split("."))
            nodes |= {path[:depth]: None for depth in range(1, len(path) + 1)}
    return list(nodes)


def _label(text: str) -> Path:
    """The label a paragraph begins with, () when there is none: "Điều 5." gives ("5",)."""
    found = _LABEL.match(text)
    if not found:
        return ()
    parts = (found[1] or found[2] or found[3]).split(".")
    return tuple(str(int(part)) if part.isdecimal() else part for part in parts)


def _align(document: Sequence[str], nodes: Sequence[Path], likeness: Likeness) -> dict[Path, int]:
    """Node → number of its paragraph. Of all ways to pair labels with nodes in the order of both,
    the one with most pairs, and of several the one whose texts are most like the pack's."""
    labels = [(at, label) for at, text in enumerate(document) if (label := _label(text))]
    labels = labels[:MOST_LABELS]
    best = [[0.0] * (len(nodes) + 1)]
    for (at, label), (end, _) in pairwise([*labels, (len(document), ())]):
        said = pairs("\n".join(document[at:end]))
        above, row = best[-1], [0.0]
        for column, path in enumerate(nodes):
            value = max(above[column + 1], row[column])
            if path[-len(label) :] == label:
                value = max(value, above[column] + 1 + likeness.of(".".join(path), said))
            row.append(value)
        best.append(row)
    places: dict[Path, int] = {}
    at, column = len(labels), len(nodes)
    while at and column:
        if best[at][column] == best[at - 1][column]:
            at -= 1
        elif best[at][column] == best[at][column - 1]:
            column -= 1
        else:
            at, column = at - 1, column - 1
            places[nodes[column]] = labels[at][0]
    return places


def _labelled(document: Sequence[str], places: Mapping[Path, int]) -> dict[str, Sequence[str]]:
    """Each clause from its label to the next node's, the last one to the tail."""
    starts = sorted(places.values())
    ends = dict(zip(starts, [*starts[1:], _tail(document, starts)], strict=False))
    return {".".join(path): document[at : ends[at]] for path, at in places.items()}


def _tail(document: Sequence[str], starts: Sequence[int]) -> int:
    """Where the labelled part is over: closing words, recipients, signature or an annex."""
    for at in range(starts[-1] + 1 if starts else 0, len(document)):
        text = document[at]
        if _CLOSING.match(fold(text[:80])) or _ANNEX.match(text) or _begins(text, ""):
            return at
    return len(document)


def _unlabelled(document: Sequence[str], places: Mapping[Path, int]) -> dict[str, Sequence[str]]:
    """The five parts without a label. Grounds end in punctuation, a title does not."""
    if not places:
        return {}
    starts = sorted(places.values())
    first = starts[0]
    grounds = first
    while grounds and document[grounds - 1].endswith(_ENDS):
        grounds -= 1
    found = {HEAD: document[:grounds], PREAMBLE: document[grounds:first]}
    part, begun = CLOSING, _tail(document, starts)
    over = next(
        (at for at in range(begun, len(document)) if _ANNEX.match(document[at])), len(document)
    )
    for at in range(begun, over):
        now = _begins(document[at], part)
        if now != part:
            found[part] = document[begun:at]
            part, begun = now, at
    found[part] = document[begun:over]
    return found


def _begins(text: str, part: str) -> str:
    """The part of the tail a paragraph begins, else the one it stands in."""
    if _RECIPIENTS.match(text):
        return RECIPIENTS
    return SIGNATURE if _SIGNATURE.match(text) else part
