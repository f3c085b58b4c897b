"""Which unanswered questions ask the same thing, so that one answer can be sent to all who asked.

Pure: the caller keeps texts and group numbers, this decides. Two questions are alike when they
share most of what they say, weighed by rarity, and nothing in them calls for another answer. What
goes out to a group must fit everyone in it, so a question joins only what is very like it; what is
somewhat like it is there for an official to choose from (`near`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from sys import intern

from knowledge.lexicon import OVERLAYS, Lexicon
from knowledge.reading import Reading, read
from knowledge.search import SLOTS

JOINS = 0.5
"""Likeness from which a question joins a group: the least at which 0.96 of the pairs it puts
together belong together, and a little more as packs grow, on one half of a pack's families of
unsaid questions; the other half is measured in tests/test_alike.py."""
NEAR = 0.3
"""Likeness from which a group is worth showing to an official."""
KEPT = 6
"""Questions of a group that others are compared with; more of them changed nothing measurable."""

_BOTH, _LONGER = 1.5, 0.3
"""What it costs that each says something of its own, and that one says more: the same question is
often told with a story around it."""
_CONCEPT, _PAIR, _STOP, _DATE, _NUMBER = 4.0, 0.3, 0.5, 4.0, 2.4
_COMMON = 20
"""A word that is every so-many-th of the corpus says little."""
_TELLING = frozenset({*SLOTS, *OVERLAYS, "question"})
"""Groups of concepts that say who, which award, which step, and what is asked of it."""
_STEPS, _COMPARED = 6_000, 24
"""Bounds of one look-up: postings read, questions compared one by one."""
_NONE: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Questions that ask the same: `id` is the first one's, `members` stand as they came."""

    id: int
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What of a question is compared. `weight` is that of all its features, `named` its telling
    concepts by group, `exact` the numbers and names that must be the very same."""

    tokens: tuple[str, ...]
    features: frozenset[str]
    weight: float
    named: Mapping[str, frozenset[str]]
    exact: frozenset[str]


class Groups:
    """Groups of questions to look up in. `add` fills it, one thread at a time; nothing else does.

    `names` are FOLD names of places: a question about one is never answered with another's.
    """

    def __init__(self, lexicon: Lexicon, names: Iterable[str] = ()) -> None:
        self._lexicon = lexicon
        self._names = tuple(f" {name} " for name in names)
        self._total = sum(lexicon.known.values())
        self._seen: list[tuple[int, _Seen]] = []
        self._postings: dict[str, list[int]] = {}
        self._kept: dict[int, int] = {}

    def __len__(self) -> int:
        """The number of groups."""
        return len(self._kept)

    def add(self, group: int, reading: Reading) -> None:
        """Take note of a question that opened or joined a group."""
        kept = self._kept.setdefault(group, 0)
        if kept == KEPT:
            return
        self._kept[group] = kept + 1
        seen = self._look(reading)
        for feature in seen.features:
            self._postings.setdefault(feature, []).append(len(self._seen))
        self._seen.append((group, seen))

    def nearest(self, reading: Reading) -> int | None:
        """The group the question belongs to; None when it opens one of its own."""
        for group, likeness in self.near(reading, most=1):
            if likeness >= JOINS:
                return group
        return None

    def near(self, reading: Reading, most: int = 3) -> list[tuple[int, float]]:
        """Groups that may be meant, (id, likeness 0…1), the likest first and of equals the oldest.

        The time it takes is bounded, however many groups there are.
        """
        seen = self._look(reading)
        weights = {feature: self._weight(feature) for feature in seen.features}
        best: dict[int, float] = {}
        for place in self._candidates(weights):
            group, other = self._seen[place]
            likeness = self._likeness(seen, other, weights)
            if likeness >= NEAR and likeness > best.get(group, 0.0):
                best[group] = likeness
        return sorted(best.items(), key=lambda found: (-found[1], found[0]))[:most]

    def _candidates(self, weights: Mapping[str, float]) -> list[int]:
        """Places of the questions that share most with this one, found by its rarest features."""
        postings = [(feature, self._postings.get(feature, _NONE)) for feature in weights]
        # By name too, so that a question finds the same in every process: sets have no order.
        postings.sort(key=lambda found: (len(found[1]), found[0]))
        shared: dict[int, float] = {}
        # Whoever shares less than this of the weight is not near, were all the rest the longer's.
        left = math.fsum(weights.values())
        least = left * _LONGER / (1 / NEAR - 1 + _LONGER)
        steps = 0
        for feature, places in postings:
            steps += len(places)
            if steps > _STEPS or left < least:
                break
            weight = weights[feature]
            left -= weight
            for place in places:
                shared[place] = shared.get(place, 0.0) + weight
        return nlargest(_COMPARED, shared, key=shared.__getitem__)

    def _likeness(self, one: _Seen, other: _Seen, weights: Mapping[str, float]) -> float:
        if one.exact != other.exact or _names_another(one, other):
            return 0.0
        # Exact sums: a set has another order in every process, and plain ones would differ by it.
        shared = math.fsum(weights[feature] for feature in one.features & other.features)
        few, many = sorted((one.weight - shared, other.weight - shared))
        if shared <= 0:
            return 0.0
        likeness = shared / (shared + _BOTH * few + _LONGER * many)
        # A person may still find that one answer fits both.
        return NEAR if likeness >= JOINS and self._swapped(one, other) else likeness

    def _swapped(self, one: _Seen, other: _Seen) -> bool:
        """Whether a word stands where the other question has another word: "trâu chết rét", "bò
        chết rét". Two ways to say one concept are the same word."""
        mine = list(_own_parts(one.tokens, other.tokens))
        theirs = list(_own_parts(other.tokens, one.tokens))
        stop = self._lexicon.language.stop
        return any(
            part.stands_for(another, stop)
            and not self._meanings(part.tokens) & self._meanings(another.tokens)
            for part in mine
            for another in theirs
        )

    def _meanings(self, tokens: tuple[str, ...]) -> set[str]:
        return {
            phrase.concept
            for at, token in enumerate(tokens)
            for first in (token, " ".join(tokens[at : at + 2]))
            for phrase in self._lexicon.phrases.get(first, ())
            if tokens[at : at + len(phrase.tokens)] == phrase.tokens
        }

    def _look(self, reading: Reading) -> _Seen:
        features = frozenset(intern(name) for name in reading.features | reading.concepts)
        named: dict[str, set[str]] = {}
        for concept in reading.concepts:
            group = self._lexicon.groups.get(concept)
            if group in _TELLING:
                named.setdefault(group, set()).add(concept)
        text = f" {' '.join(reading.tokens)} "
        exact = {token for token in reading.tokens if token.isdigit()}
        exact.update(name for name in self._names if name in text)
        return _Seen(
            tokens=reading.tokens,
            features=features,
            weight=math.fsum(map(self._weight, features)),
            named={group: frozenset(concepts) for group, concepts in named.items()},
            exact=frozenset(exact),
        )

    def _weight(self, feature: str) -> float:
        if feature.startswith("@"):
            return _CONCEPT
        if feature.startswith("#"):
            return _DATE
        if feature.isdigit():
            return _NUMBER
        stop = self._lexicon.language.stop
        if " " not in feature:
            weight = self._rarity(self._lexicon.known.get(feature, 0))
            return weight * _STOP if feature in stop else weight
        left, right = feature.split(" ", 1)
        weight = self._rarity(self._lexicon.after.get(left, {}).get(right, 0)) * _PAIR
        return weight * _STOP if left in stop and right in stop else weight

    def _rarity(self, count: int) -> float:
        return math.log(1 + self._total / (_COMMON * (1 + count)))


@dataclass(frozen=True, slots=True)
class _Part:
    """Tokens in a row that only one of two questions has, and the tokens they share around it."""

    before: str
    tokens: tuple[str, ...]
    after: str

    def stands_for(self, other: _Part, stop: frozenset[str]) -> bool:
        """Whether it stands where the other does, beside the same token, and both say something."""
        before = self.before and self.before == other.before
        after = self.after and self.after == other.after
        return bool(before or after) and self._tells(stop) and other._tells(stop)

    def _tells(self, stop: frozenset[str]) -> bool:
        return any(token not in stop and not token.isdigit() for token in self.tokens)


def _own_parts(tokens: tuple[str, ...], others: tuple[str, ...]) -> Iterator[_Part]:
    known = frozenset(others)
    before, own = "", []
    for token in tokens:
        if token not in known:
            own.append(token)
            continue
        if own:
            yield _Part(before, tuple(own), token)
        before, own = token, []
    if own:
        yield _Part(before, tuple(own), "")


def _names_another(one: _Seen, other: _Seen) -> bool:
    """Whether each names a thing of one kind that the other does not: hộ and bản, khi nào and ở
    đâu."""
    return any(
        concepts - other.named[group] and other.named[group] - concepts
        for group, concepts in one.named.items()
        if group in other.named
    )


def group(
    questions: Sequence[tuple[int, str]], lexicon: Lexicon, names: Iterable[str] = ()
) -> list[Group]:
    """Group questions (id, text), each joining as `nearest` would have it, in the order given.

    A group's id is its first question's. Never raises on any text.
    """
    groups = Groups(lexicon, names)
    members: dict[int, list[int]] = {}
    for number, text in questions:
        reading = read(text, lexicon)
        found = groups.nearest(reading)
        joined = number if found is None else found
        groups.add(joined, reading)
        members.setdefault(joined, []).append(number)
    return [Group(first, tuple(rest)) for first, rest in members.items()]
