"""Reads a question into features: words, word pairs, concepts, numbers, dates, years.

Slips of typing are mended on the way, for search alone. Nothing here knows a plan or decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from rapidfuzz.distance.DamerauLevenshtein import distance

from knowledge.lexicon import CUES, OVERLAYS, Band, Language, Lexicon, Pairs, Phrase, Phrases
from knowledge.spelling import is_syllable, nearest, sounds_like, split_run, undo_typing
from knowledge.text import clean, fold, key

LONGEST = 1200
"""Characters of a message that are read: a question is short, a turn has little time."""
_LAST = 400
MOST_TOKENS = 120
MOST_MENDED = 60
"""Longer texts are read as they are: mending is the dearest step, and repeats make it dearer."""
ORDERS = "@injection"
"""The concept of messages that give orders or change the plan."""
_RARE_PAIR = 3
_USUAL = 0.6
_ENGLISH = 0.55

_UNIT = re.compile(
    r"^(\d+)(trieu|tr|nghin|k|ty|ti|m2|nguoi|ng|xa|huyen|sao|cu|ngay|cong|ban|lan)(\d?)$"
)
_UNIT_WORDS = {"tr": "trieu", "k": "nghin", "ti": "ty", "ng": "nguoi", "cu": "trieu"}
_DATE = re.compile(r"(?<![\d.,/-])(\d{1,2})\s*[/-]\s*(\d{1,2})(?:\s*[/-]\s*(\d{4}))?(?![\d%])")
_SPOKEN_DATE = re.compile(r"\b(\d{1,2}) thang (\d{1,2})\b")
_STARS = re.compile(r"(?<!\d)([1-5]) ?[*⭐★]")
_YEAR = re.compile(r"^(?:19|20)\d\d$")
_SPEAKER = re.compile(r"[^\w<\[]*(?:[<\[#]+([^<>\[\]]{1,30})[>\]]|([^:]{1,30}):)")
_MARKED_LETTER = re.compile(r"[\u00c0-\u1ef9]")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Reading:
    """A question as the index sees it; `pairs` are numbers with the word that follows, `possible`
    concepts that its words would be with the right marks, when it has none."""

    tokens: tuple[str, ...]
    features: frozenset[str]
    concepts: frozenset[str]
    possible: frozenset[str]
    keys: frozenset[str]
    years: tuple[int, ...]
    dates: tuple[tuple[int, int], ...]
    pairs: tuple[tuple[str, str], ...]
    english: bool


def tokens_of(text: str, lexicon: Lexicon, mend: bool) -> list[tuple[str, ...]]:
    """Folded tokens, each with its alternatives: the first is the usual reading."""
    folded = fold(_STARS.sub(r"\1 sao ", text.replace("%", " phan tram ").replace("m²", "m2")))
    out: list[tuple[str, ...]] = []
    typed = folded.split()[:MOST_TOKENS]
    for at, token in enumerate(typed):
        previous = out[-1][0] if out else ""
        unit = _UNIT.match(token) if token[0].isdigit() else None
        if unit:
            word = _UNIT_WORDS.get(unit[2], unit[2])
            out += [(unit[1].lstrip("0") or "0",), (word,)]
        elif token.isdigit():
            out.append((token.lstrip("0") or "0",))
        elif previous.isdigit() and token in _UNIT_WORDS:
            out.append((_UNIT_WORDS[token],))
        elif token in lexicon.short:
            coming = typed[at + 1] if at + 1 < len(typed) else ""
            first, *others = _likeliest_first(lexicon.short[token], coming, lexicon.after)
            out += [(part,) for part in first]
            if others:
                out[-1] = (*out[-1], *(part for other in others for part in other))
        elif mend and token not in lexicon.known:
            out += [(part,) for part in _mended(token, lexicon.known)]
        else:
            out.append((token,))
    return out


def _likeliest_first(
    meanings: tuple[tuple[str, ...], ...], coming: str, after: Pairs
) -> list[tuple[str, ...]]:
    """Meanings of a short form, first the one that most often stands before the word to come."""

    def seldom(meaning: tuple[str, ...]) -> int:
        return -after.get(meaning[-1], {}).get(coming, 0) if meaning else 0

    return sorted(meanings, key=seldom)


def _mended(token: str, known: Mapping[str, int]) -> list[str]:
    undone = undo_typing(token, known)
    if undone:
        return [undone]
    if is_syllable(token) or len(token) < 3 or any(char.isdigit() for char in token):
        return [token]
    return split_run(token, known) or [nearest(token, known) or token]


def _in_context(tokens: list[str], lexicon: Lexicon) -> list[str]:
    """Puts right a valid syllable that makes no known pair where a near one makes a common pair.

    A syllable the corpus knows gives way only to a dialect spelling of it, or to what nearly always
    stands beside its neighbour: "làm cái" must not become "Lào Cai".
    """
    out = list(tokens)
    for at, token in enumerate(tokens):
        if len(token) < 2 or token.isdigit():
            continue
        followers = lexicon.after.get(out[at - 1], {}) if at else {}
        leaders = lexicon.before.get(tokens[at + 1], {}) if at + 1 < len(tokens) else {}
        if token in followers or token in leaders:
            continue
        foreign = token not in lexicon.known
        best, most = token, _RARE_PAIR - 1
        for neighbours in (followers, leaders):
            usual = _USUAL * sum(neighbours.values())
            for candidate, count in neighbours.items():
                if count <= most or candidate.isdigit():
                    continue
                slip = (foreign or count >= usual) and _one_slip(token, candidate)
                if slip or candidate in sounds_like(token):
                    best, most = candidate, count
        out[at] = best
    return out


def _one_slip(token: str, candidate: str) -> bool:
    if min(len(token), len(candidate)) < 3 or abs(len(token) - len(candidate)) > 1:
        return False
    return distance(token, candidate, score_cutoff=1) <= 1


def _concepts(
    tokens: list[str], phrases: Phrases, marks: Mapping[str, set[str]]
) -> tuple[set[str], set[str]]:
    """Concepts from left to right, the longest of a group first: `hợp tác xã` holds no `xã`.

    `marks` are the FOLD words of a text with diacritics, each with its KEY forms: "qua" is not
    "quà" there. Also the tokens that belong to no longer phrase: only they may be concepts by
    their marks.
    """
    found: set[str] = set()
    within: set[int] = set()
    taken: dict[str, tuple[int, int]] = {}
    for at, token in enumerate(tokens):
        pair = f"{token} {tokens[at + 1]}" if at + 1 < len(tokens) else ""
        for phrase in (*phrases.get(pair, ()), *phrases.get(token, ())):
            words, group = phrase.tokens, phrase.group
            size = len(words)
            span = (at, at + size)
            place = phrase.concept if group == CUES else group
            other = taken.get(place, (0, 0))
            if (at < other[1] and span != other) or (size == 1 and at in within):
                continue
            if size > 2 and tuple(tokens[at + 2 : at + size]) != words[2:]:
                continue
            if marks and (size <= 2 or group in OVERLAYS) and _marked_otherwise(phrase, marks):
                continue
            if phrase.doubtful and not marks:
                continue
            found.add(phrase.concept)
            taken[place] = span
            if size > 1 and group not in OVERLAYS:
                within.update(range(at, at + size))
    return found, {token for at, token in enumerate(tokens) if at not in within}


def _marked_otherwise(phrase: Phrase, marks: Mapping[str, set[str]]) -> bool:
    # Among other marks the bar of a đ is left out the most often: "dăng kí". In a pair it may be.
    paired = len(phrase.tokens) > 1
    return any(
        word in marks
        and form not in marks[word]
        and not (paired and form.replace("đ", "d") in marks[word])
        for word, form in zip(phrase.tokens, phrase.keys, strict=False)
    )


def _band_features(tokens: list[str], bands: Iterable[Band], digits: Mapping[str, str]) -> set[str]:
    found: set[str] = set()
    for word, unit in pairwise(tokens):
        number = digits.get(word, word)
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


def _ends(text: str) -> str:
    """What is read of a long text: its beginning and its end, where the question mostly stands."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - _LAST]} {text[-_LAST:]}"


def read(text: str, lexicon: Lexicon, *, mend: bool = True) -> Reading:
    """Read one text. Pure; never raises. `mend=False` for the pack's own phrases."""
    raw = clean(_ends(text)) if mend else text
    english = _is_english(raw, lexicon.language)
    alternatives = _translated(raw, lexicon) if english else tokens_of(raw, lexicon, mend)
    tokens = [token[0] for token in alternatives]
    if mend and not english and len(tokens) <= MOST_MENDED:
        tokens = _in_context(tokens, lexicon)
    words = raw.split()
    marked = sum(not word.isascii() for word in words) >= 0.3 * max(1, len(words))
    keys: frozenset[str] = frozenset(key(raw).split()) if marked else frozenset()
    marks: dict[str, set[str]] = {}
    for form in keys:
        marks.setdefault(fold(form.rstrip("12345")), set()).add(form)
    concepts, loose = _concepts(tokens, lexicon.phrases, marks)
    concepts |= _band_features(tokens, lexicon.bands, lexicon.language.digits)
    speaker = _SPEAKER.match(raw) if mend else None
    if speaker and fold(speaker[1] or speaker[2]) in lexicon.language.ordering:
        concepts.add(ORDERS)
    for word in keys & lexicon.exact.keys():
        bare, concept = lexicon.exact[word]
        if bare in loose:
            concepts.add(concept)
    possible = () if marked else (name for bare, name in lexicon.exact.values() if bare in loose)
    dates = _dates(raw, tokens) if _DIGIT.search(raw) else []
    features = {name for name in concepts if lexicon.groups.get(name) != CUES}
    features.update(tokens)
    features.update(part for token in alternatives for part in token[1:])
    features.update(f"{a} {b}" for a, b in pairwise(tokens))
    features.update(f"#{day}/{month}" for day, month in dates)
    return Reading(
        tokens=tuple(tokens),
        features=frozenset(features),
        concepts=frozenset(concepts),
        possible=frozenset(possible) - concepts,
        keys=keys,
        years=tuple(
            int(token)
            for token, unit in pairwise([*tokens, ""])
            if _YEAR.match(token) and unit not in lexicon.language.counted
        ),
        dates=tuple(dates),
        pairs=tuple((a, b) for a, b in pairwise(tokens) if a.isdigit() and not _YEAR.match(a)),
        english=english,
    )


def _dates(raw: str, tokens: list[str]) -> list[tuple[int, int]]:
    found = [(int(day), int(month)) for day, month, _ in _DATE.findall(raw)]
    found += [(int(d), int(m)) for d, m in _SPOKEN_DATE.findall(" ".join(tokens))]
    return [(day, month) for day, month in found if 1 <= day <= 31 and 1 <= month <= 12]


def _is_english(raw: str, words: Language) -> bool:
    """A text of mostly English words and no letter with a mark."""
    if _MARKED_LETTER.search(raw):
        return False
    tokens = [token for token in fold(raw).split() if not token.isdigit()][:MOST_TOKENS]
    known = sum(token in words.english for token in tokens)
    return len(tokens) > 1 and known >= _ENGLISH * len(tokens)


def _translated(raw: str, lexicon: Lexicon) -> list[tuple[str, ...]]:
    out: list[tuple[str, ...]] = []
    for token in fold(raw.replace("%", " phan tram ")).split()[:MOST_TOKENS]:
        bare = token.lstrip("0") or "0" if token.isdigit() else token
        out += [(part,) for part in lexicon.language.english.get(bare, (bare,))]
    return out
