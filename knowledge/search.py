"""Finds the question families nearest to a question: an inverted index, built once at load.

Two steps, both over features (words, pairs, concepts, dates) weighted by how few families share
them: how much of the question a family's words cover, then how like its best example it is.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from struct import Struct

from knowledge.reading import Reading

CANDIDATES = 4
"""Families whose examples are compared one by one: the right one is among them."""
_STOP, _PAIR, _CONCEPT, _DATE = 0.3, 0.3, 1.8, 1.5
_LIKENESS, _COVERAGE, _KEYS = 0.5, 0.5, 0.06
_PROSE, _DIGITS = 0.3, 0.6
_SATURATION = 1.0
_FAINT = 0.45
"""Features that weigh less (stop words) are in nearly every family and tell nothing apart."""
_FOREIGN, _MISSING, _CORE = 0.08, 0.06, 0.7
"""What a family loses for a subject it never speaks of, and for lacking the one it always names."""
_FORESEEN = 0.3
"""What a family gains for a question that is one of its phrasings, word for word."""
_POSTING = Struct("<Hd")
_NOWHERE = b""
SLOTS = ("subject", "award", "action", "unsaid")
"""Groups of concepts in which one thing named in place of another makes it another question."""


@dataclass(frozen=True, slots=True)
class Phrasings:
    """A family's examples: of each one over the root of all its weight and its words with
    diacritics, and for each feature in which of them it stands."""

    scales: tuple[float, ...]
    keys: tuple[frozenset[str], ...]
    places: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Hit:
    """A family found, with how sure (0…1) and the two parts of that.

    `asked` are the things in the question that plans mostly leave unsaid ("số điện thoại"),
    `untold` those of them that no example of the family asks for: it cannot tell them. `strange`
    is the share (0…1) of the question's words that the family never uses beside either neighbour.
    """

    family: str
    score: float
    likeness: float
    coverage: float
    asked: frozenset[str]
    untold: frozenset[str]
    strange: float


@dataclass(frozen=True, slots=True)
class Index:
    """The searchable form of a pack's families. `postings`: feature → (family number, weight), one
    `_POSTING` after the other: as tuples of tuples they made a loaded plan half as
    large again, and half as long again to load."""

    names: tuple[str, ...]
    postings: Mapping[str, bytes]
    weights: Mapping[str, float]
    unseen: float
    examples: Sequence[Phrasings]
    stop: frozenset[str]
    slots: Mapping[str, str]
    spoken: tuple[Mapping[str, frozenset[str]], ...]
    core: tuple[frozenset[str], ...]
    foreseen: Mapping[str, int]
    """Questions foreseen word for word, as FOLD tokens, and the number of their family."""

    def weight(self, feature: str) -> float:
        """What a feature of a question counts; words nobody foresaw count as much as the rarest."""
        known = self.weights.get(feature)
        if known is not None:
            return known
        if " " in feature or feature in self.stop or feature.isdigit():
            return 0.0
        return self.unseen


def build(
    readings: Mapping[str, list[Reading]],
    prose: Mapping[str, Reading],
    stop: frozenset[str],
    groups: Mapping[str, str],
) -> Index:
    """Index families given their example phrasings and, at less weight, their answers' words."""
    names = tuple(readings)
    counts = [Counter(f for r in readings[name] for f in r.features) for name in names]
    spread = Counter(feature for count in counts for feature in count)
    total = len(names)

    def weigh(feature: str, families: int) -> float:
        rarity = math.log(1 + total / families)
        if feature.startswith("@"):
            return rarity * _CONCEPT
        if feature.startswith("#"):
            return rarity * _DATE
        if " " in feature:
            left, right = feature.split(" ", 1)
            both = left in stop and right in stop
            return rarity * _PAIR * (_STOP * 2 if both else 1)
        if feature.isdigit():
            return rarity * _DIGITS
        return rarity * (_STOP if feature in stop else 1)

    weights = {feature: weigh(feature, families) for feature, families in spread.items()}
    postings: dict[str, bytearray] = {}

    def post(feature: str, number: int, weight: float) -> None:
        postings.setdefault(feature, bytearray()).extend(_POSTING.pack(number, weight))

    for number, (name, count) in enumerate(zip(names, counts, strict=True)):
        told = prose[name].features
        for feature, times in count.items():
            share = times / (times + _SATURATION)
            post(feature, number, weights[feature] * share)
        for feature in told - count.keys():
            if feature in weights:
                post(feature, number, weights[feature] * _PROSE)
    examples = tuple(_phrasings(readings[name], weights) for name in names)
    return Index(
        names=names,
        postings={feature: bytes(found) for feature, found in postings.items()},
        weights=weights,
        unseen=math.log(1 + total) * 0.8,
        examples=examples,
        stop=stop,
        slots={name: group for name, group in groups.items() if group in SLOTS},
        spoken=tuple(
            {slot: frozenset(f for f in count if groups.get(f) == slot) for slot in SLOTS}
            for count in counts
        ),
        core=tuple(
            frozenset(
                f
                for f, times in count.items()
                if groups.get(f) in SLOTS and times >= _CORE * len(readings[name])
            )
            for name, count in zip(names, counts, strict=True)
        ),
        foreseen={
            " ".join(reading.tokens): number
            for number, name in enumerate(names)
            for reading in readings[name]
        },
    )


def _phrasings(readings: list[Reading], weights: Mapping[str, float]) -> Phrasings:
    places: dict[str, list[int]] = {}
    scales = []
    for number, reading in enumerate(readings):
        weight = sum(weights[feature] for feature in reading.features)
        scales.append(1 / math.sqrt(weight) if weight else 0.0)
        for feature in reading.features:
            places.setdefault(feature, []).append(number)
    return Phrasings(
        tuple(scales),
        tuple(reading.keys for reading in readings),
        {feature: tuple(found) for feature, found in places.items()},
    )


def rank(
    index: Index,
    reading: Reading,
    eligible: Callable[[str], bool],
    bonus: Callable[[str], float],
) -> list[Hit]:
    """Families best first. `eligible` shuts out families by name; `bonus` adds to a score."""
    weights = {feature: index.weight(feature) for feature in reading.features}
    total = sum(weights.values())
    if total <= 0:
        return []
    sums = [0.0] * len(index.names)
    counted = 0.0
    for feature, own in weights.items():
        if own < _FAINT:
            continue
        counted += own
        for number, weight in _POSTING.iter_unpack(index.postings.get(feature, _NOWHERE)):
            sums[number] += weight
    foreseen = index.foreseen.get(" ".join(reading.tokens), -1)
    # Whoever wrote it down for this family knew what else its words could mean.
    best = [foreseen] if foreseen >= 0 else []
    # The last of the candidates is rarely below a third of the first; sorting all of them costs.
    floor = max(sums) / 4
    near = [number for number, found in enumerate(sums) if found > floor]
    for number in sorted(near, key=sums.__getitem__, reverse=True):
        if len(best) == CANDIDATES:
            break
        if number != foreseen and eligible(index.names[number]):
            best.append(number)
    named: dict[str, set[str]] = {}
    for feature in reading.concepts:
        if feature in index.slots:
            named.setdefault(index.slots[feature], set()).add(feature)
    asked = frozenset(named.get("unsaid", ()))
    hits = []
    for number in best:
        name = index.names[number]
        likeness = _likeness(index.examples[number], reading, weights, total)
        coverage = min(1.0, sums[number] / (counted or total))
        score = _LIKENESS * likeness + _COVERAGE * coverage + bonus(name)
        score -= _mismatch(index, number, named, reading.possible)
        score += _FORESEEN if number == foreseen else 0.0
        untold = asked - index.spoken[number]["unsaid"]
        hits.append(Hit(name, score, likeness, coverage, asked, untold, 0.0))
    order = sorted(range(len(hits)), key=lambda at: -hits[at].score)
    hits = [hits[at] for at in order]
    if hits:
        hits[0] = replace(hits[0], strange=_strange(index, best[order[0]], reading.tokens))
    return hits


def _strange(index: Index, number: int, tokens: tuple[str, ...]) -> float:
    """How much of a question a family has never heard: two syllables make a word, so a syllable
    counts as known only in company."""
    pairs = [f"{left} {right}" for left, right in pairwise(tokens)]
    known = [False, *(_holds(index, pair, number) for pair in pairs), False]
    content = [
        at for at, token in enumerate(tokens) if token not in index.stop and not token.isdigit()
    ]
    if not content:
        return 0.0
    return sum(not known[at] and not known[at + 1] for at in content) / len(content)


def _holds(index: Index, feature: str, number: int) -> bool:
    found = index.postings.get(feature, _NOWHERE)
    for other, _ in _POSTING.iter_unpack(found):  # noqa: SIM110 - any() takes half as long again
        if other == number:
            return True
    return False


def _likeness(
    family: Phrasings, reading: Reading, weights: Mapping[str, float], total: float
) -> float:
    shared = [0.0] * len(family.scales)
    places = family.places
    for feature in reading.features & places.keys():
        weight = weights[feature]
        for place in places[feature]:
            shared[place] += weight
    scale = 1 / math.sqrt(total)
    alike = [weight * scale * own for weight, own in zip(shared, family.scales, strict=True)]
    keys, best = reading.keys, max(alike, default=0.0)
    if not keys:
        return best
    # Only what comes near the best so far can pass it by its marks.
    for number, likeness in enumerate(alike):
        if likeness + _KEYS > best:
            marked = likeness + _KEYS * len(keys & family.keys[number]) / len(keys)
            best = max(best, marked)
    return best


def _mismatch(
    index: Index, number: int, named: Mapping[str, set[str]], possible: frozenset[str]
) -> float:
    lost = 0.0
    for slot, concepts in named.items():
        spoken = index.spoken[number][slot]
        if not concepts & spoken:
            lost += _FOREIGN
        elif concepts - spoken:
            lost += _FOREIGN / 3
    for concept in index.core[number]:
        if concept not in named.get(index.slots[concept], ()) and concept not in possible:
            lost += _MISSING
    return lost
