"""From a typed text to the words of an amount: numerals, number words, units and what surrounds them.

Words come from `words/amounts.yaml`. Slips of typing are looked past here, and only here; what a
row of words amounts to is `knowledge.amount_grammar`'s matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import yaml
from rapidfuzz.distance import DamerauLevenshtein

from knowledge.slips import telex, vni
from knowledge.text import clean, fold, key

WORDS = Path(__file__).parent / "words" / "amounts.yaml"
_LONGEST_PHRASE = 7
_ZERO_O = re.compile(r"(?<=\d)o+(?=[\do.,\s]|k|tr|$)")
_STRETCHED = re.compile(r"([^\W\d])\1{2,}")
_SQUARE = re.compile(r"(?<![^\W\d_])(m|mét|met) ?(?:\^2|²)")
_VNI = re.compile(r"[a-z]+(?:\d+[a-z]*)+")
_TOKEN = re.compile(
    r"(?P<num>\d{1,3}(?:[ ']\d{3})+(?![\d.,]*\d)|\d+(?:[.,]\d+)*)|(?P<word>[^\W\d_]+)|(?P<sign>\S)"
)
# Units long enough that a slip in one letter cannot make another common word, with the words that
# do look alike and must not be taken for them.
_REPAIRABLE: dict[str, tuple[str, frozenset[str]]] = {
    "trieu": ("scale", frozenset({"chieu", "chiều"})),
    "nghin": ("scale", frozenset({"nghi", "nghỉ", "nghĩ", "nghe", "nghinh", "nghịch"})),
    "vuong": ("area", frozenset()),
    "nguoi": ("people", frozenset({"nguội", "ngươi", "nguôi", "nguoc", "ngoi", "ngồi", "nguon"})),
}
# Shorter units are repaired only where the typed letters are no Vietnamese syllable at all.
_REPAIRABLE_NONWORDS = ("cong", "ngay", "dong", "tram", "nghin", "muoi", "ruoi", "thuoc")
_ONSETS = "ngh|ng|nh|gh|gi|ch|kh|ph|th|tr|qu|[bcdghklmnprstvx]|"
_RIMES = (
    "[aeiouy]|a[ciouymnpt]|ach|ang|anh|e[cmnopt]|eng|eo|eu|ech|enh|i[acmnptu]|ich|inh|ie[cmnptu]|ieng|"
    "o[acemnpti]|ong|oa[cimnopty]|oang|oanh|oach|oe[nto]|oo[cn]|oong|u[aceimnopty]|ung|ua[ntycm]|uang|"
    "uo[cimnptu]|uong|ue[cnt]|uenh|uech|uy[aentpu]|uye[nt]|uynh|uych|uu|ye[mnut]"
)
_SYLLABLE = re.compile(f"(?:{_ONSETS})(?:{_RIMES})")
_SPLITTABLE = frozenset(
    "digit late ten tens muoi hundred scale half_after half_before dong labour day people sao mau "
    "hectare thuoc".split()
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word or sign: `kind` is a class of `words/amounts.yaml`, "num", "sign" or "unknown".

    `value` is that of a digit, a scale or a measure; `glued` means no space stood before it.
    """

    kind: str
    text: str
    value: int = 0
    glued: bool = False
    marked: bool = False


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: str
    keys: tuple[str, ...]
    value: int


class Vocabulary:
    """The words of amounts, found with their marks or, typed without any, by their letters alone."""

    def __init__(self, classes: dict[str, dict[str, str] | list[str]]) -> None:
        self._by_fold: dict[tuple[str, ...], list[_Entry]] = {}
        for kind, phrases in classes.items():
            values = phrases if isinstance(phrases, dict) else dict.fromkeys(phrases, "0")
            for phrase, value in values.items():
                words = phrase.split()
                entry = _Entry(kind, tuple(map(_key, words)), int(value))
                self._by_fold.setdefault(tuple(map(_fold, words)), []).append(entry)

    def longest(self, words: list[str], at: int) -> tuple[_Entry, int] | None:
        """The longest phrase that starts at a word, and how many words it takes."""
        folds = tuple(map(_fold, words[at : at + _LONGEST_PHRASE]))
        for size in range(len(folds), 0, -1):
            typed = words[at : at + size]
            fits = [
                entry
                for entry in self._by_fold.get(folds[:size], ())
                if all(map(_agrees, typed, folds, entry.keys))
            ]
            if fits:
                exact = tuple(map(_key, typed))
                return next((entry for entry in fits if entry.keys == exact), fits[0]), size
        return None

    def word(self, word: str) -> _Entry | None:
        found = self.longest([word], 0)
        return found[0] if found else None

    def exact(self, word: str) -> _Entry | None:
        """The entry of a word whose marks all count."""
        wanted = (_key(word),)
        return next((e for e in self._by_fold.get((_fold(word),), ()) if e.keys == wanted), None)


@lru_cache(maxsize=8192)
def _fold(word: str) -> str:
    # Signs such as × or ~ have no letters: they stand for themselves.
    return fold(word) or word


@lru_cache(maxsize=8192)
def _key(word: str) -> str:
    return key(word) or word


def _agrees(word: str, folded: str, wanted: str) -> bool:
    return word == folded or _key(word) == wanted


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The vocabulary of `words/amounts.yaml`, read once."""
    with WORDS.open(encoding="utf-8") as file:
        return Vocabulary(yaml.load(file, Loader=yaml.CBaseLoader))  # noqa: S506 - only strings


def tokens(text: str) -> list[Token]:
    """The tokens of a text, phrases joined, slips repaired; what nobody knows is "unknown"."""
    known = vocabulary()
    pieces = list(_pieces(_plain(text), known))
    words = [word for word, _, _ in pieces]
    found: list[Token] = []
    at = 0
    while at < len(pieces):
        word, sort, glued = pieces[at]
        if sort == "num":
            found.append(Token("num", word, 0, glued))
            at += 1
            continue
        hit = known.longest(words, at)
        if hit:
            entry, size = hit
            phrase = " ".join(words[at : at + size])
            found.append(Token(entry.kind, phrase, entry.value, glued, _fold(word) != word))
            at += size
            continue
        if sort == "word":
            found += _repaired(word, glued, known)
        else:
            found.append(Token("sign", word, 0, glued))
        at += 1
    return list(_in_context(found))


def _plain(text: str) -> str:
    """Lower case, with squares, stretched letters and the letter O among figures evened out."""
    text = clean(text).casefold()
    text = _SQUARE.sub(r"m2", text)
    text = _STRETCHED.sub(r"\1", text)
    return _ZERO_O.sub(lambda found: "0" * len(found[0]), text)


def _pieces(text: str, known: Vocabulary) -> Iterator[tuple[str, str, bool]]:
    """(letters or figures, sort, glued) one after the other; "m2" is one piece."""
    text = _VNI.sub(lambda found: _undo_vni(found[0], known), text)
    end = -1
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        glued = at == end
        if text.startswith("m2", at) and not text[at + 2 : at + 3].isalnum():
            yield "m2", "word", glued
            at = end = at + 2
            continue
        match = _TOKEN.match(text, at)
        if match is None:  # white space was skipped and \S takes everything else
            at += 1
            continue
        word, sort = match[0], match.lastgroup or "sign"
        yield word, sort, glued
        at = end = match.end()


def _undo_vni(word: str, known: Vocabulary) -> str:
    prefix = re.match(r"[a-z]+", word)
    if prefix and known.word(prefix[0]):
        return word
    meant = vni(word)
    return meant if meant and known.exact(meant) else word


def _repaired(word: str, glued: bool, known: Vocabulary) -> list[Token]:
    """A word that is in no list: Telex keys undone, a unit's letter put right, or taken apart."""
    folded = _fold(word)
    marked = folded != word
    meant = telex(word)
    if meant and (entry := known.exact(meant)):
        return [Token(entry.kind, word, entry.value, glued, True)]
    if unit := _near_unit(word, folded):
        entry = known.word(unit)
        if entry:
            return [Token(entry.kind, word, entry.value, glued, marked)]
    parts = _split(word, known)
    if parts:
        return [replace(parts[0], glued=glued), *parts[1:]]
    return [Token("unknown", word, 0, glued, marked)]


def _near_unit(word: str, folded: str) -> str | None:
    for unit, (_, unlike) in _REPAIRABLE.items():
        if word in unlike or (unit != "vuong" and len(folded) < 4):
            continue
        if DamerauLevenshtein.distance(folded, unit, score_cutoff=1) <= 1:
            return unit
    if len(folded) < 3 or _SYLLABLE.fullmatch(folded):
        return None
    near = [
        unit
        for unit in _REPAIRABLE_NONWORDS
        if DamerauLevenshtein.distance(folded, unit, score_cutoff=1) <= 1
    ]
    return near[0] if len(near) == 1 else None


def _split(word: str, known: Vocabulary) -> list[Token]:
    """A word typed without its spaces ("haitriệu"), where it comes apart in one way only."""
    ways: list[list[Token]] = []

    def walk(start: int, parts: list[Token]) -> None:
        if start == len(word):
            ways.append(parts)
        for end in range(start + 2, min(len(word), start + 6) + 1):
            entry = known.word(word[start:end])
            if entry and entry.kind in _SPLITTABLE:
                piece = word[start:end]
                marked = _fold(piece) != piece
                walk(end, [*parts, Token(entry.kind, piece, entry.value, True, marked)])

    if 5 <= len(word) <= 24:
        walk(0, [])
    return ways[0] if len(ways) == 1 else []


_BEFORE_LATE = frozenset({"ten", "tens", "muoi", "digit", "hundred", "scale", "dozen"})
_AFTER_NUMBER = frozenset({"scale", "labour", "day", "people", "area", "sao", "mau", "half_after"})


def _in_context(found: list[Token]) -> Iterable[Token]:
    """Words without marks that only their neighbours tell apart: mười/mươi, làm/lăm, từ/tư, lẻ."""
    for at, token in enumerate(found):
        before = found[at - 1].kind if at else ""
        after = found[at + 1].kind if at + 1 < len(found) else ""
        if token.marked or token.text not in _LOOKALIKES:
            yield token
        elif token.text == "muoi":
            digit = before == "digit" and found[at - 1].value > 1
            yield replace(token, kind="tens" if digit else "ten")
        elif token.text in ("lam", "nham"):
            late = before in _BEFORE_LATE - {"scale"} and after in _AFTER_NUMBER
            yield replace(token, kind="late", value=5) if late else token
        elif token.text == "tu":
            yield token if before in _BEFORE_LATE else replace(token, kind="vague")
        else:
            yield token


_LOOKALIKES = frozenset({"muoi", "lam", "nham", "tu"})
