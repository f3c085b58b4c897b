"""What was meant where typing slipped: Telex and VNI keys, a wrong letter, a missing space.

Only words that can mean nothing else are put right; real words that look alike are listed and left.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein

from knowledge.amounts.names import without_names
from knowledge.amounts.words import LAND, Token, Vocabulary, fold_word
from knowledge.slips import is_syllable, telex, vni
from knowledge.text import clean

# A single small o may be a slip for anything; a capital, or several, are meant for noughts.
_ZERO_O = re.compile(r"(?<=\d)(?:O|[oO](?=\d)|(?:[.,]?[oO]){2,})+(?=[\d.,\s]|[kK]|[tT]r|đ|$)")
_STRETCHED = re.compile(r"([^\W\d])\1{2,}")
_BETWEEN_SIDES = re.compile(r"(?<=\d)m ?[x×*] ?(?=\d)")
_SHORT_WITH_DOT = re.compile(r"(?<=\d)( ?(?:tr|k|ng))\.(?= ?đ)")
_FACES = re.compile(r"(?<!\S)(?:[:;=]['-]?[)dpDP]+|\^_?\^|<3)+(?!\S)")
_OFFICIAL_END = re.compile(r"\./\.?\s*\)?\s*$")
_SQUARE = re.compile(r"(?<![^\W\d_])(m|mét|met) ?(?:\^2|²)")
_HECTARE = re.compile(r"\bh[eé][ck]? ?- ?ta\b")
_VNI = re.compile(r"[a-z]+(?:\d+[a-z]*)+")
# Units in which a slip of one letter, or any wrong mark, cannot make another common word, with the
# words that do look alike and must not be taken for them. Of four letters only marks are put right.
_REPAIRABLE: dict[str, frozenset[str]] = {
    "triệu": frozenset({"chieu", "chiều", "chiêu"}),
    "nghìn": frozenset({"nghi", "nghỉ", "nghĩ", "nghinh", "nghìm"}),
    "vuông": frozenset(),
    "người": frozenset({"nguội", "ngươi", "nguôi", "ngoi", "ngồi", "ngoài", "nguồn", "nguon"}),
    "mét": frozenset({"mệt", "mẹt"}),
    "rưỡi": frozenset({"ruồi", "ruổi"}),
    "tỷ": frozenset({"tí", "tý", "tì", "tị", "ti"}),
}
# Shorter units are repaired only where the typed letters are no Vietnamese syllable at all. Number
# words are never repaired: tám, trăm and nam are one letter apart.
_REPAIRABLE_NONWORDS = ("công", "ngày", "đồng", "nghìn", "thước", "triệu")
_DIGITS = ("mot", "hai", "ba", "bon", "nam", "sau", "bay", "tam", "chin", "muoi")
_VOWEL = re.compile("[^bcdđghklmnpqrstvx]")
_SPLITTABLE = LAND - {"area", "sao_bac_bo"} | {
    "digit", "late", "ten", "tens", "hundred", "scale", "half_after", "half_before", "dong",
    "labour", "day", "people",
}  # fmt: skip


def even_out(text: str) -> str:
    """Lower case, with squares, stretched letters and the letter O among figures evened out."""
    text = _ZERO_O.sub(lambda found: re.sub("[oO]", "0", found[0]), without_names(clean(text)))
    text = _FACES.sub(" ", text.casefold())
    text = _OFFICIAL_END.sub(lambda found: ")" if ")" in found[0] else "", text)
    text = _BETWEEN_SIDES.sub("m x ", _SHORT_WITH_DOT.sub(r"\1", text))
    text = _HECTARE.sub("ha", text)
    text = _SQUARE.sub(r"m2", text)
    return _STRETCHED.sub(r"\1", text)


def undo_vni(text: str, known: Vocabulary) -> str:
    """A text in which words typed with VNI keys are put right; figures with units stay."""
    return _VNI.sub(lambda found: _vni_word(found[0], known), text)


def _vni_word(word: str, known: Vocabulary) -> str:
    letters = re.match(r"[a-z]+", word)
    if letters and known.kind(letters[0]):
        return word
    meant = vni(word)
    return meant if meant and known.means(meant) else word


def repaired(piece: Token, before_figure: bool, known: Vocabulary) -> list[Token]:
    """A word as it was meant: Telex undone, a unit's letter put right, spaces put in."""
    word = piece.text
    # "nghìnm2": what is glued to a figure behind it may be another unit's beginning.
    if piece.kind != "unknown" or before_figure or known.knows(word):
        return [piece]
    meant = telex(word)
    if meant and known.means(meant):
        # "2 tyr" may be meant for tr: a thousand times less.
        return [
            piece if known.kind(meant) == "scale" and len(word) < 4 else replace(piece, text=meant)
        ]
    if unit := _near_unit(word):
        return [replace(piece, text=unit)]
    parts = _split(word, known)
    return [replace(piece, text=part, glued=piece.glued or n > 0) for n, part in enumerate(parts)]


def _near_unit(word: str) -> str | None:
    """The unit a word is one slip away from, when it can be nothing else."""
    folded = fold_word(word)
    for unit, unlike in _REPAIRABLE.items():
        plain = fold_word(unit)
        most = 1 if len(plain) > 4 and len(folded) > 3 else 0
        if word not in unlike and _near(folded, plain, most):
            return unit
    if len(folded) < 3 or is_syllable(folded):
        return None
    near = [unit for unit in _REPAIRABLE_NONWORDS if _near(folded, fold_word(unit), 1)]
    return near[0] if len(near) == 1 else None


def _near(folded: str, plain: str, most: int) -> bool:
    """Whether two words are at most so many letters apart and begin alike, as slips mostly do."""
    if folded[:1] != plain[:1]:
        return False
    return DamerauLevenshtein.distance(folded, plain, score_cutoff=most) <= most


@lru_cache(maxsize=1024)
def like_digit(word: str) -> bool:
    """Whether a short word may be a digit with a slip: "hi", "la", "chi" for hai, ba, chín.

    Who types marks does not miss the first letter as well: "đã" is no ba.
    """
    folded = fold_word(word)
    return any(
        DamerauLevenshtein.distance(folded, digit, score_cutoff=1) <= 1
        for digit in _DIGITS
        if folded == word or folded[:1] == digit[:1]
    )


def _split(word: str, known: Vocabulary) -> list[str]:
    """A word typed without its spaces ("haitriệu"), where it comes apart in one way only."""
    ways: list[list[str]] = []

    def walk(start: int, parts: list[str]) -> None:
        if start == len(word):
            ways.append(parts)
        for end in range(start + 2, min(len(word), start + 6) + 1):
            if known.kind(word[start:end]) in _SPLITTABLE and _VOWEL.search(word[start:end]):
                walk(end, [*parts, word[start:end]])

    if 5 <= len(word) <= 24:
        walk(0, [])
    return ways[0] if len(ways) == 1 else [word]
