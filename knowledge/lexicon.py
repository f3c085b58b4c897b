"""The words questions are read with: `vietnamese.yaml` (the language) and a pack's glossary.

Only what is known of words lives here; `knowledge.reading` reads a text with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from knowledge.text import fold, key


@dataclass(frozen=True, slots=True)
class Phrase:
    """A way to say a concept: its FOLD tokens and, for texts with diacritics, its KEY tokens."""

    tokens: tuple[str, ...]
    concept: str
    group: str
    keys: tuple[str, ...]
    doubtful: bool = False
    """Without its marks it is more often something else: "so do" is rarely "sổ đỏ"."""

    def __iter__(self) -> Iterator[Any]:
        """Unpacks as tokens, concept, group."""
        return iter((self.tokens, self.concept, self.group))


CUES = "cue"
"""The group of concepts that only rulings look at: they say nothing of what a text is about."""
OVERLAYS = ("unsaid", "outside", CUES)
"""Groups of concepts that mark a question beside what its words are about ("chấm OCOP")."""
Phrases = Mapping[str, tuple[Phrase, ...]]
"""First one or two tokens → phrases, longest first."""
Pairs = Mapping[str, Mapping[str, int]]


def read_yaml(path: Path) -> Any:
    """A YAML file in which every scalar stays text (`no`, `05`, `12:30`), read by the C parser."""
    return yaml.load(path.read_bytes(), Loader=yaml.CBaseLoader)  # noqa: S506  (builds text only)


def lines(block: str) -> list[str]:
    """The non-empty lines of a YAML text block."""
    return [line.strip() for line in block.splitlines() if line.strip()]


@dataclass(frozen=True, slots=True)
class Language:
    """The words of `vietnamese.yaml`, folded."""

    short: Mapping[str, tuple[tuple[str, ...], ...]]
    stop: frozenset[str]
    opening: frozenset[str]
    """FOLD words with which a talk is opened; alone they ask nothing."""
    question_words: tuple[str, ...]
    question_endings: frozenset[str]
    question_openers: frozenset[str]
    not_questions: frozenset[str]
    follow_up: tuple[tuple[tuple[str, ...], frozenset[str]], ...]
    """FOLD tokens and KEY words of each marker, the longest first."""
    digits: Mapping[str, str]
    trailing: frozenset[str]
    """FOLD words of address behind a question: "… được không ạ"."""
    counted: frozenset[str]
    """FOLD units of measure: before one of these "2000" is no year."""
    ordering: frozenset[str]
    """FOLD names of those who give orders: "ADMIN: …"."""
    joining: frozenset[str]
    asking: frozenset[str]
    english: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Band:
    """A quantity whose size matters: `tien` in units of `trieu` with edges 50 and 100."""

    name: str
    units: Mapping[str, float]
    edges: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Everything needed to read a question against one plan pack.

    `exact` are KEY words that are a concept only with their marks, with their FOLD form.
    """

    language: Language
    short: Mapping[str, tuple[tuple[str, ...], ...]]
    phrases: Phrases
    exact: Mapping[str, tuple[str, str]]
    groups: Mapping[str, str]
    unless: Mapping[str, frozenset[str]]
    bands: tuple[Band, ...]
    known: Mapping[str, int]
    after: Pairs
    before: Pairs


def _short_forms(block: str) -> dict[str, tuple[tuple[str, ...], ...]]:
    forms: dict[str, tuple[tuple[str, ...], ...]] = {}
    for line in lines(block):
        short, _, long = line.partition("=")
        if " " not in fold(short):
            forms[fold(short)] = tuple(tuple(fold(part).split()) for part in long.split("|"))
    return forms


def _english(block: str) -> dict[str, tuple[str, ...]]:
    dropped, meanings = [], {}
    for line in lines(block):
        left, equals, right = line.partition("=")
        words = fold(left).split()
        if equals and len(words) == 1:
            meanings[words[0]] = tuple(fold(right).split())
        else:
            dropped += words
    return dict.fromkeys(dropped, ()) | meanings


@lru_cache(maxsize=1)
def language() -> Language:
    """The language file, read once."""
    raw = read_yaml(Path(__file__).parent / "vietnamese.yaml")
    follow = [
        (tuple(fold(line).split()), frozenset(key(line).split()))
        for line in lines(raw["follow_up"])
    ]
    return Language(
        short=_short_forms(raw["short"]),
        stop=frozenset(fold(raw["stop"]).split()),
        opening=frozenset(fold(raw["opening"]).split()),
        question_words=tuple(lines(raw["question_words"])),
        question_endings=frozenset(lines(raw["question_endings"])),
        question_openers=frozenset(lines(raw["question_openers"])),
        not_questions=frozenset(fold(line) for line in lines(raw["not_questions"])),
        follow_up=tuple(sorted(follow, key=lambda marker: -len(marker[0]))),
        digits={
            fold(word): digit
            for word, digit in (line.split(" = ") for line in lines(raw["digits"]))
        },
        trailing=frozenset(fold(raw["trailing"]).split()),
        counted=frozenset(fold(raw["counted"]).split()),
        ordering=frozenset(fold(line) for line in lines(raw["ordering"])),
        joining=frozenset(fold(line) for line in lines(raw["joining"])),
        asking=frozenset(key(line) for line in lines(raw["asking"])),
        english=_english(raw["english"]),
    )


def read_concepts(
    raw: Mapping[str, Any],
) -> tuple[Phrases, dict[str, tuple[str, str]], dict[str, str]]:
    """Concepts of a glossary: {first tokens: ((tokens, concept, group), …)}; {KEY word:
    (FOLD word, concept)} for those that count only with their diacritics; and the group of each."""
    by_first: dict[str, list[Phrase]] = {}
    exact: dict[str, tuple[str, str]] = {}
    groups: dict[str, str] = {}
    for group, concepts in raw.items():
        for bare, block in concepts.items():
            name = f"@{bare}"
            groups[name] = group
            for line in lines(block):
                words = line.replace("%", " phan tram ")
                tokens, keys = tuple(fold(words).split()), tuple(key(words).split())
                if line.startswith("="):
                    exact[key(line)] = (fold(line), name)
                elif tokens:
                    phrase = Phrase(tokens, name, group, keys)
                    by_first.setdefault(" ".join(tokens[:2]), []).append(phrase)
    phrases = {
        first: tuple(sorted(found, key=lambda phrase: -len(phrase.tokens)))
        for first, found in by_first.items()
    }
    return phrases, exact, groups


def doubt(phrases: Phrases, told: Iterable[str], unsaid: Iterable[str]) -> Phrases:
    """The phrases, those made doubtful that marked lines spell with other marks more often than
    with their own. What marks a thing left unsaid counts for it only in lines of `unsaid`, and
    against it in lines of `told`."""
    said = {True: Counter[Phrase](), False: Counter[Phrase]()}
    left = {True: Counter[Phrase](), False: Counter[Phrase]()}
    for lines_, counts in ((told, said), (unsaid, left)):
        for line in lines_:
            for phrase, same in _spelt(line, phrases):
                counts[same][phrase] += 1

    def doubtful(phrase: Phrase) -> bool:
        if phrase.group in OVERLAYS:
            return said[False][phrase] > left[True][phrase]
        otherwise = said[False][phrase] + left[False][phrase]
        return otherwise > said[True][phrase] + left[True][phrase]

    return {
        first: tuple(replace(phrase, doubtful=doubtful(phrase)) for phrase in found)
        for first, found in phrases.items()
    }


def _spelt(line: str, phrases: Phrases) -> Iterator[tuple[Phrase, bool]]:
    """Phrases that stand in a line but for their marks, and whether the marks are the same."""
    if line.isascii():
        return
    keys = key(line).split()
    tokens = [fold(word) for word in keys]
    bare = [token.rstrip("12345") if not token.isdigit() else token for token in tokens]
    for at, token in enumerate(bare):
        pair = " ".join(bare[at : at + 2])
        for phrase in {*phrases.get(pair, ()), *phrases.get(token, ())}:
            size = len(phrase.tokens)
            if tuple(bare[at : at + size]) == phrase.tokens:
                yield phrase, tuple(keys[at : at + size]) == phrase.keys


def vocabulary(
    token_lists: Iterable[Iterable[str]],
) -> tuple[dict[str, int], dict[str, dict[str, int]], dict[str, dict[str, int]]]:
    """Counts of a corpus: syllables, what follows each, what goes before."""
    single: Counter[str] = Counter()
    double: Counter[tuple[str, str]] = Counter()
    for tokens in token_lists:
        listed = list(tokens)
        single.update(listed)
        double.update(pairwise(listed))
    after: dict[str, dict[str, int]] = {}
    before: dict[str, dict[str, int]] = {}
    for (first, second), count in double.items():
        after.setdefault(first, {})[second] = count
        before.setdefault(second, {})[first] = count
    return dict(single), after, before
