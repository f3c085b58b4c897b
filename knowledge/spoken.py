"""Reads a question about a sum or a number of people wholly into items, or not at all.

Which phrases there are is data (`reckoning` in awards.yaml). Nothing is decided here; how amounts
are written is knowledge.quantities' affair.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from knowledge import quantities
from knowledge.amounts.words import key_word, kind_of, vocabulary
from knowledge.text import clean, fold, key

MOST_WORDS = 40
"""Words of a question that reckons: who tells more tells a story."""
_ASKING = frozenset({"people_asked", "how_many_over"})
_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
_FIGURES = frozenset({"num", "digit", "ten", "hundred", "half_before"})
_UNITS = frozenset({"scale", "dong"})
_TELLING = _UNITS | {"ten", "tens", "hundred"}
"""Classes of words that make a question count: "một", "hai", "năm" alone are in every other one."""
_IN_NUMBERS = _FIGURES | _UNITS | {"late", "tens", "dozen", "half_after", "linh", "point"}
_BETWEEN = re.compile(r"[\s,.;:?!…\"()]*")
"""What may stand between words: any other sign ("<60 triệu", "60 triệu*2") changes the sum."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_ANY_YEAR = "#"
_MARKED = "="


@dataclass(frozen=True, slots=True)
class Item:
    """A known phrase's kind, or "money" (VND), "days" (person-days), "count" with its value.

    `span` is where it stands in the cleaned question, as characters.
    """

    kind: str
    value: float = 0
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase's kind and its words in KEY and FOLD form; `marked` when marks may not be left out.

    A word that is "" stands for any year.
    """

    kind: str
    keys: tuple[str, ...]
    folds: tuple[str, ...]
    marked: bool


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a pack reckons with: `phrases` by their first word folded, longest first.

    `money` maps who gives to (subject, award) pairs to be weighed, `like` to whose sentences he
    shares; `shut` are concepts that make it another question, `open` those of the groups `unsaid`
    and `outside` that do not; `people` maps a unit to its award and the facts its question takes
    for granted; `roles` maps an asker's role to the giver he speaks for; `sentences` are families
    (text, clauses, tags, and what is said instead once the plan has ended).
    """

    phrases: Mapping[str, tuple[Phrase, ...]]
    money: Mapping[str, tuple[tuple[str, str], ...]]
    people: Mapping[str, tuple[str, Mapping[str, object]]]
    like: Mapping[str, str]
    shut: frozenset[str]
    open: frozenset[str]
    roles: Mapping[str, str]
    sentences: Mapping[str, Mapping[str, str]]
    ended: str
    """What is said first when the plan is over; each of the sentences has one to go with it."""
    asking: frozenset[str]
    """FOLD words with which a phrase of `people_asked` or `how_many_over` begins."""
    heard: frozenset[str]
    """FOLD words of all phrases."""

    def longest(self, typed: Sequence[Typed], at: int) -> tuple[str, int]:
        """Kind and number of words of the longest phrase that starts at a word; ("", 0) if none."""
        for phrase in self.phrases.get(typed[at].folded, ()):
            size = len(phrase.keys)
            if len(typed) >= at + size and all(
                word.keyed == right
                or (word.bare and not phrase.marked and word.folded == bare)
                or (not right and _YEAR.fullmatch(word.text))
                for word, right, bare in zip(typed[at:], phrase.keys, phrase.folds, strict=False)
            ):
                return phrase.kind, size
        return "", 0


@dataclass(frozen=True, slots=True)
class Typed:
    """A word as typed, its KEY and FOLD form, its class among the words of amounts.

    `bare` when nothing in the text carries a mark, `ends` when a comma or the like stands before.
    `span` is its place in the cleaned text.
    """

    text: str
    keyed: str
    folded: str
    kind: str
    glued: bool
    bare: bool
    ends: bool
    span: tuple[int, int]


def read_spoken(raw: Mapping[str, Any]) -> Spoken:
    """The entry `reckoning` of awards.yaml."""
    phrases: dict[str, list[Phrase]] = {}
    for kind, block in raw["phrases"].items():
        for phrase in filter(str.strip, block.replace("\n", "|").split("|")):
            words = phrase.strip().removeprefix(_MARKED).split()
            words = ["" if word == _ANY_YEAR else word for word in words]
            marked = phrase.strip().startswith(_MARKED)
            made = Phrase(kind, tuple(map(key, words)), tuple(map(fold, words)), marked)
            phrases.setdefault(made.folds[0], []).append(made)
    return Spoken(
        phrases={
            first: tuple(sorted(found, key=lambda one: -len(one.keys)))
            for first, found in phrases.items()
        },
        money={
            giver: tuple((pair.partition(":")[0], pair.partition(":")[2]) for pair in pairs.split())
            for giver, pairs in raw["money"].items()
        },
        people={
            unit: (
                entry["award"],
                {
                    name: int(told) if told.isdigit() else told
                    for name, told in entry["facts"].items()
                },
            )
            for unit, entry in raw["people"].items()
        },
        like=raw["like"],
        shut=frozenset(f"@{name}" for name in raw["shut"].split()),
        open=frozenset(f"@{name}" for name in raw["open"].split()),
        roles=raw["roles"],
        sentences=raw["sentences"],
        ended=raw["ended"],
        asking=frozenset(
            first for first, found in phrases.items() if any(one.kind in _ASKING for one in found)
        ),
        heard=frozenset(word for found in phrases.values() for one in found for word in one.folds),
    )


def counts(tokens: Sequence[str], spoken: Spoken) -> bool:
    """True when a question, as FOLD tokens, names a figure or asks for one: most do neither."""
    return any(
        token.isdecimal() or kind_of(token) in _TELLING or token in spoken.asking
        for token in tokens[:MOST_WORDS]
    )


def read_items(question: str, spoken: Spoken) -> list[Item]:
    """The whole question as items in order; empty when any of it is not understood."""
    words = _typed(question, spoken) if len(question) <= quantities.MOST_CHARACTERS else []
    if len(words) > MOST_WORDS:
        return []
    out: list[Item] = []
    at = 0
    while at < len(words):
        kind, size = spoken.longest(words, at)
        run = 0 if size > 1 else _figure_at(words, at, spoken)
        item, size = _amount(words, at, run) if run else (Item(kind), size)
        if item is None or not item.kind:
            return []
        span = words[at].span[0], words[at + size - 1].span[1]
        out.append(replace(item, span=span))
        at += size
    return out


def _typed(question: str, spoken: Spoken) -> list[Typed]:
    """The words of a question; none when one is in no phrase and no amount, or when a sign stands
    among them that could change a sum."""
    text = clean(question)
    known, bare, end = vocabulary(), text.isascii(), 0
    found = []
    for match in _WORD.finditer(text):
        word, between = match[0], text[end : match.start()]
        # ".5 triệu" is half a million: a figure's own sign must not be taken for a full stop.
        begins_late = word[0].isdecimal() and between.endswith((".", ","))
        if not _BETWEEN.fullmatch(between) or begins_late:
            return []
        folded = fold(word)
        if not (word[0].isdecimal() or folded in spoken.heard or known.knows(word)):
            return []
        kind = "num" if word[0].isdecimal() else kind_of(word)
        ends = bool(between.strip())
        span = match.span()
        found.append(Typed(word, key_word(word), folded, kind, not between, bare, ends, span))
        end = match.end()
    return found if _BETWEEN.fullmatch(text[end:]) else []


def _figure_at(words: Sequence[Typed], at: int, spoken: Spoken) -> int:
    """How many words a figure takes that starts here; 0 when none does."""
    end = at
    while end < len(words) and words[end].kind in _IN_NUMBERS:
        if end > at and words[end].ends:
            break
        # "60 triệu k", "80 triệu năm nay": what stands behind an amount is not always part of it.
        after_unit = end > at and words[end - 1].kind in _UNITS
        if after_unit and words[end].kind == "scale" and not words[end].glued:
            break
        kind, size = spoken.longest(words, end)
        # Without marks "30 trieu lam" is "30 triệu làm …" far more often than "30 triệu lăm".
        if size > 1 or (end > at and kind == "purpose"):
            break
        end += 1
    kinds = {word.kind for word in words[at:end]}
    told = kinds & _FIGURES and (kinds & _UNITS or words[at].kind == "num")
    return end - at if told else 0


def _amount(words: Sequence[Typed], at: int, size: int) -> tuple[Item | None, int]:
    """The item a figure makes with the word behind it, and how many words both take."""
    run = words[at : at + size]
    text = "".join(word.text if word.glued else f" {word.text}" for word in run).strip()
    rest = [word.text for word in words[at + size :]]
    unit = vocabulary().longest(rest, 0) if rest else None
    if any(word.kind in _UNITS for word in run):
        money = quantities.read(text, "money").value
        return (None if money is None else Item("money", money)), size
    if unit and unit[0].kind == "labour":
        days = quantities.read(" ".join([text, *rest[: unit[1]]]), "labour").value
        return (None if days is None else Item("days", days)), size + unit[1]
    return (Item("count", int(text)) if text.isdecimal() else None), size
