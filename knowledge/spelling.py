"""Mends what thumbs do to Vietnamese: Telex and VNI left in the text, slips of one letter, dialect.

Works on single folded syllables against a known vocabulary. What is written into a record is never
mended here; this serves search alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

_INITIALS = " b c ch d g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x"
_RHYMES = (
    "a ac ach ai am an ang anh ao ap at au ay e ec ech em en eng enh eo ep et eu i ia ich iec iem "
    "ien ieng iep iet ieu im in inh ip it iu o oa oac oach oai oam oan oang oanh oap oat oay oc oe "
    "oen oeo oet oi om on ong oong op ot u ua uan uat uay uc ue uech uenh ui um un ung uoc uoi uom "
    "uon uong uop uot uou up ut uu uy uya uych uyen uyet uynh uyt uyu y yem yen yet yeu"
)
_SYLLABLES = frozenset(
    initial + rhyme for initial in _INITIALS.split(" ") for rhyme in _RHYMES.split()
)

_SWAPS = (
    ("ngh", "ng"), ("ch", "tr"), ("tr", "ch"), ("gh", "g"), ("gi", "d"), ("ng", "ngh"), ("d", "gi"),
    ("d", "r"), ("g", "gh"), ("l", "n"), ("n", "l"), ("s", "x"), ("x", "s"), ("r", "d"),
    ("r", "gi"), ("c", "k"), ("k", "c"), ("v", "d"), ("b", "v"),
)  # fmt: skip
_ENDS = (("n", "ng"), ("ng", "n"), ("t", "c"), ("c", "t"), ("i", "y"), ("y", "i"))

_TELEX_TONE = re.compile(r"(?<=[aeiouy])[sfrxj](?=[a-z]*$)|(?<=[a-z])[sfrxj]$")
_VNI_DIGIT = re.compile(r"(?<=[a-z])[1-9]")
_STARTS_WITH_DIGIT = re.compile(r"\d")
_ALPHABET = "abcdeghiklmnopqrstuvxy"


def is_syllable(token: str) -> bool:
    """True when a folded token has the shape of a Vietnamese syllable."""
    return token in _SYLLABLES


def undo_typing(token: str, known: Mapping[str, int]) -> str | None:
    """The syllable meant by Telex or VNI keys left in a folded token, or None.

    `thoon` → `thon`, `mowis` → `moi`, `trie65u` → `trieu`. Only a known result is given back.
    """
    if _STARTS_WITH_DIGIT.match(token):
        return None
    if _STARTS_WITH_DIGIT.search(token):
        bare = _VNI_DIGIT.sub("", token)
        return bare if bare in known else None
    for toneless in (token, _TELEX_TONE.sub("", token)):
        plain = toneless.replace("w", "")
        for double, single in (("dd", "d"), ("aa", "a"), ("ee", "e"), ("oo", "o")):
            plain = plain.replace(double, single)
        if plain != token and plain in known:
            return plain
        moved = re.sub(r"^(.*?)([aeo])(.*)\2$", r"\1\2\3", plain)
        if moved != token and moved in known:
            return moved
    return None


def edits(token: str) -> Iterable[str]:
    """Every string at Damerau-Levenshtein distance 1 from a token of three letters or more."""
    if len(token) < 3:
        return
    for at in range(len(token)):
        yield token[:at] + token[at + 1 :]
        if at + 1 < len(token):
            yield token[:at] + token[at + 1] + token[at] + token[at + 2 :]
        for letter in _ALPHABET:
            yield token[:at] + letter + token[at + 1 :]
            yield token[:at] + letter + token[at:]
    for letter in _ALPHABET:
        yield token + letter


def nearest(token: str, known: Mapping[str, int]) -> str | None:
    """The most frequent known syllable one slip away, or None. `known` maps syllables to counts."""
    best, most = None, 0
    for candidate in edits(token):
        count = known.get(candidate, 0)
        if count > most:
            best, most = candidate, count
    return best


@lru_cache(maxsize=4096)
def sounds_like(token: str) -> tuple[str, ...]:
    """Dialect spellings of a syllable: n/l, ch/tr, s/x, d/gi/r, final n/ng, t/c, i/y."""
    found = [new + token[len(old) :] for old, new in _SWAPS if token.startswith(old)]
    found += [token[: -len(old)] + new for old, new in _ENDS if token.endswith(old)]
    return tuple(variant for variant in found if variant in _SYLLABLES)


def split_run(token: str, known: Mapping[str, int]) -> list[str] | None:
    """Syllables of words typed without spaces (`nongthonmoi`), or None."""
    if len(token) < 6:
        return None
    best: dict[int, list[str]] = {0: []}
    for end in range(1, len(token) + 1):
        for start in range(max(0, end - 7), end):
            part = token[start:end]
            if start in best and len(part) > 1 and part in known and part in _SYLLABLES:
                candidate = [*best[start], part]
                if end not in best or len(candidate) < len(best[end]):
                    best[end] = candidate
    whole = best.get(len(token))
    return whole if whole and len(whole) > 1 else None
