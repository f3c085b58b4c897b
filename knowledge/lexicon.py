"""Reads a question into features: words, word pairs, concepts, numbers, dates, years.

The words come from data: `vietnamese.yaml` (the language) and a plan pack's glossary (its subject).
Nothing here knows a plan, and nothing is decided here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from rapidfuzz.distance.DamerauLevenshtein import distance

from knowledge.spelling import is_syllable, nearest, sounds_like, split_run, undo_typing
from knowledge.text import clean, fold, key

LONGEST = 1200
"""Characters of a message that are read: a question is short, and reading takes time a turn has not."""
MOST_TOKENS = 120
_RARE_PAIR = 3

_UNIT = re.compile(r"^(\d+)(trieu|tr|nghin|k|ty|ti|m2|nguoi|ng|xa|huyen|sao|cu|ngay|cong|ban|lan)(\d?)$")
_UNIT_WORDS = {"tr": "trieu", "k": "nghin", "ti": "ty", "ng": "nguoi", "cu": "trieu"}
_DATE = re.compile(r"(?<![\d.,/-])(\d{1,2})\s*[/-]\s*(\d{1,2})(?:\s*[/-]\s*(\d{4}))?(?![\d%])")
_SPOKEN_DATE = re.compile(r"\b(\d{1,2}) thang (\d{1,2})\b")
_YEAR = re.compile(r"^(?:19|20)\d\d$")
_MARK = re.compile(r"[^\x00-\x7f]")

Phrases = Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]
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
    question_words: tuple[str, ...]
    question_endings: frozenset[str]
    question_openers: frozenset[str]
    not_questions: frozenset[str]
    follow_up: tuple[tuple[str, ...], ...]
    english: frozenset[str]


@dataclass(frozen=True, slots=True)
class Band:
    """A quantity whose size matters: `tien` in units of `trieu` with edges 50 and 100."""

    name: str
    units: Mapping[str, float]
    edges: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A question as the index sees it. `pairs` of number and following word serve premise checks."""

    tokens: tuple[str, ...]
    features: frozenset[str]
    concepts: frozenset[str]
    keys: frozenset[str]
    years: tuple[int, ...]
    dates: tuple[tuple[int, int], ...]
    pairs: tuple[tuple[str, str], ...]
    folded: str


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Everything needed to read a question against one plan pack."""

    language: Language
    short: Mapping[str, tuple[tuple[str, ...], ...]]
    phrases: Phrases
    exact: Mapping[str, str]
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


@lru_cache(maxsize=1)
def language() -> Language:
    """The language file, read once."""
    raw = read_yaml(Path(__file__).parent / "vietnamese.yaml")
    follow = sorted((tuple(fold(line).split()) for line in lines(raw["follow_up"])), key=len)
    return Language(
        short=_short_forms(raw["short"]),
        stop=frozenset(fold(raw["stop"]).split()),
        question_words=tuple(lines(raw["question_words"])),
        question_endings=frozenset(lines(raw["question_endings"])),
        question_openers=frozenset(lines(raw["question_openers"])),
        not_questions=frozenset(fold(line) for line in lines(raw["not_questions"])),
        follow_up=tuple(reversed(follow)),
        english=frozenset(fold(raw["english"]).split()),
    )


def read_concepts(raw: Mapping[str, Any]) -> tuple[Phrases, dict[str, str], dict[str, str]]:
    """Concepts of a glossary: {first token: ((tokens, concept), …)} longest first, {KEY word: concept}
    for those that count only with their diacritics, and the group of each."""
    by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    exact: dict[str, str] = {}
    groups: dict[str, str] = {}
    for group, concepts in raw.items():
        for bare, block in concepts.items():
            name = f"@{bare}"
            groups[name] = group
            for line in lines(block):
                tokens = tuple(fold(line.replace("%", " phan tram ")).split())
                if line.startswith("="):
                    exact[key(line)] = name
                elif tokens:
                    by_first.setdefault(tokens[0], []).append((tokens, name))
    phrases = {
        first: tuple(sorted(found, key=lambda item: -len(item[0])))
        for first, found in by_first.items()
    }
    return phrases, exact, groups


def tokens_of(text: str, lexicon: Lexicon, mend: bool) -> list[tuple[str, ...]]:
    """Folded tokens, each with its alternatives: the first is the usual reading."""
    folded = fold(text.replace("%", " phan tram ").replace("m²", "m2"))
    out: list[tuple[str, ...]] = []
    for token in folded.split()[:MOST_TOKENS]:
        previous = out[-1][0] if out else ""
        unit = _UNIT.match(token)
        if unit:
            word = _UNIT_WORDS.get(unit[2], unit[2])
            out += [(unit[1].lstrip("0") or "0",), (word,)]
        elif token.isdigit():
            out.append((token.lstrip("0") or "0",))
        elif previous.isdigit() and token in _UNIT_WORDS:
            out.append((_UNIT_WORDS[token],))
        elif token in lexicon.short:
            first, *others = lexicon.short[token]
            out += [(part,) for part in first]
            if others:
                out[-1] = (*out[-1], *(part for other in others for part in other))
        elif mend and token not in lexicon.known:
            out += [(part,) for part in _mended(token, lexicon.known)]
        else:
            out.append((token,))
    return out


def _mended(token: str, known: Mapping[str, int]) -> list[str]:
    undone = undo_typing(token, known)
    if undone:
        return [undone]
    if is_syllable(token) or len(token) < 3 or any(char.isdigit() for char in token):
        return [token]
    return split_run(token, known) or [nearest(token, known) or token]


def _in_context(tokens: list[str], after: Pairs, before: Pairs) -> list[str]:
    """Puts right a valid syllable that makes no known pair where a near one makes a common pair."""
    out = list(tokens)
    for at, token in enumerate(tokens):
        if len(token) < 2 or token.isdigit():
            continue
        followers = after.get(out[at - 1], {}) if at else {}
        leaders = before.get(tokens[at + 1], {}) if at + 1 < len(tokens) else {}
        if token in followers or token in leaders:
            continue
        best, most = token, _RARE_PAIR - 1
        for neighbours in (followers, leaders):
            for candidate, count in neighbours.items():
                if count > most and _near(token, candidate):
                    best, most = candidate, count
        out[at] = best
    return out


def _near(token: str, candidate: str) -> bool:
    if len(token) > 2 and len(candidate) > 2 and abs(len(token) - len(candidate)) <= 1:
        return distance(token, candidate, score_cutoff=1) <= 1
    return candidate in sounds_like(token)


def _concepts(tokens: list[str], phrases: Phrases) -> set[str]:
    """Concepts from left to right, the longest phrase first, so that `hợp tác xã` holds no `xã`."""
    found: set[str] = set()
    at = 0
    while at < len(tokens):
        taken = 0
        for words, concept in phrases.get(tokens[at], ()):
            if len(words) < taken:
                break
            if tuple(tokens[at : at + len(words)]) == words:
                found.add(concept)
                taken = len(words)
        at += max(1, taken)
    return found


def _band_features(tokens: list[str], bands: Iterable[Band]) -> set[str]:
    found: set[str] = set()
    for number, unit in zip(tokens, tokens[1:], strict=False):
        if not number.isdigit():
            continue
        for band in bands:
            scale = band.units.get(unit)
            if scale is None:
                continue
            amount = min(int(number[:15]), 10**12) * scale
            for edge in band.edges:
                relation = "lt" if amount < edge else "ge"
                found.add(f"@{band.name}_{relation}_{edge:g}")
    return found


def read(text: str, lexicon: Lexicon, *, mend: bool = True) -> Reading:
    """Read one text. Pure; never raises, whatever the text. `mend=False` for the pack's own phrases."""
    raw = clean(text, LONGEST)
    alternatives = tokens_of(raw, lexicon, mend)
    tokens = [token[0] for token in alternatives]
    if mend:
        tokens = _in_context(tokens, lexicon.after, lexicon.before)
    concepts = _concepts(tokens, lexicon.phrases) | _band_features(tokens, lexicon.bands)
    words = raw.split()
    marked = sum(1 for word in words if _MARK.search(word)) >= 0.3 * max(1, len(words))
    keys: frozenset[str] = frozenset(key(raw).split()) if marked else frozenset()
    concepts.update(concept for word, concept in lexicon.exact.items() if word in keys)
    dates = [(int(day), int(month)) for day, month, _ in _DATE.findall(raw)]
    dates += [(int(d), int(m)) for d, m in _SPOKEN_DATE.findall(" ".join(tokens))]
    dates = [(day, month) for day, month in dates if 1 <= day <= 31 and 1 <= month <= 12]
    features = set(tokens) | concepts
    features.update(part for token in alternatives for part in token[1:])
    features.update(f"{a} {b}" for a, b in zip(tokens, tokens[1:], strict=False))
    features.update(f"#{day}/{month}" for day, month in dates)
    return Reading(
        tokens=tuple(tokens),
        features=frozenset(features),
        concepts=frozenset(concepts),
        keys=keys,
        years=tuple(int(token) for token in tokens if _YEAR.match(token)),
        dates=tuple(dates),
        pairs=tuple(
            (a, b) for a, b in zip(tokens, tokens[1:], strict=False) if a.isdigit() and not _YEAR.match(a)
        ),
        folded=" ".join(tokens),
    )


def vocabulary(
    token_lists: Iterable[Iterable[str]],
) -> tuple[dict[str, int], dict[str, dict[str, int]], dict[str, dict[str, int]]]:
    """Counts of a corpus: syllables, what follows each, what goes before each (common pairs only)."""
    single: Counter[str] = Counter()
    double: Counter[tuple[str, str]] = Counter()
    for tokens in token_lists:
        listed = list(tokens)
        single.update(listed)
        double.update(zip(listed, listed[1:], strict=False))
    after: dict[str, dict[str, int]] = {}
    before: dict[str, dict[str, int]] = {}
    for (first, second), count in double.items():
        after.setdefault(first, {})[second] = count
        before.setdefault(second, {})[first] = count
    return dict(single), after, before
