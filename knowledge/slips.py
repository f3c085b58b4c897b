"""Slips of typing: Telex and VNI keys left in a word, sounds that dialects exchange.

Functions of one word, over no vocabulary: the caller decides whether the result is a word he knows.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_TONE_KEYS = {"s": "\u0301", "f": "\u0300", "r": "\u0309", "x": "\u0303", "j": "\u0323"}
_TONES = frozenset(_TONE_KEYS.values())
_CIRCUMFLEX = {"a": "â", "e": "ê", "o": "ô"}
_HOOK = {"a": "ă", "o": "ơ", "u": "ư"}
_VNI_TONES = {"1": "\u0301", "2": "\u0300", "3": "\u0309", "4": "\u0303", "5": "\u0323"}
_VOWELS = frozenset("aăâeêioôơuưy")
_ONSETS = "ngh|ng|nh|gh|gi|ch|kh|ph|th|tr|qu|[bcdghklmnprstvx]|"
_RIMES = (
    "[aeiouy]|a[ciouymnpt]|ach|ang|anh|e[cmnopt]|eng|eo|eu|ech|enh|i[acmnptu]|ich|inh|ie[cmnptu]|ieng|"
    "o[acemnpti]|ong|oa[cimnopty]|oang|oanh|oach|oe[nto]|oo[cn]|oong|u[aceimnopty]|ung|ua[ntycm]|uang|"
    "uo[cimnptu]|uong|ue[cnt]|uenh|uech|uy[aentpu]|uye[nt]|uynh|uych|uu|ye[mnut]"
)
_SYLLABLE = re.compile(f"(?:{_ONSETS})(?:{_RIMES})")
# The order matters: pairs of letters before their parts.
_SOUNDS = (
    ("ngh", "ŋ"), ("ng", "ŋ"), ("gh", "g"), ("gi", "d"), ("tr", "ç"), ("ch", "ç"), ("kh", "ħ"),
    ("qu", "kw"), ("c", "k"), ("x", "s"), ("r", "d"), ("l", "n"), ("y", "i"),
)  # fmt: skip


def _last(letters: list[str], wanted: str | frozenset[str]) -> int:
    return next((i for i in range(len(letters) - 1, -1, -1) if letters[i] in wanted), -1)


def _hook(letters: list[str], where: int) -> None:
    """Put the hook of Telex w or VNI 7 on a vowel; "uo" takes two: ươ."""
    letters[where] = _HOOK[letters[where]]
    if letters[where] == "ơ" and where and letters[where - 1] == "u":
        letters[where - 1] = "ư"


def _with_tone(letters: list[str], tone: str) -> str:
    at = _last(letters, _VOWELS)
    if tone and at >= 0:
        letters[at] += tone
    return unicodedata.normalize("NFC", "".join(letters))


def telex(word: str) -> str | None:
    """A word with Telex keys left in it, as it was meant ("trieeuj" → "triệu").

    None when no key of Telex is in it. The tone may stand on any vowel: compare with `text.key`.
    """
    letters: list[str] = []
    tone = ""
    changed = False
    for char in word:
        at = -1
        if char in _TONE_KEYS and _last(letters, _VOWELS) >= 0:
            tone, changed = _TONE_KEYS[char], True
            continue
        if char in _CIRCUMFLEX and (at := _last(letters, char)) >= 0:
            letters[at] = _CIRCUMFLEX[char]
        elif char == "w" and (at := _last(letters, frozenset("aou"))) >= 0:
            _hook(letters, at)
        elif char == "d" and letters and (letters[-1] == "d" or letters == ["d"]):
            at, letters[-1] = 0, "đ"
        if at < 0:
            letters.append(char)
        changed = changed or at >= 0
    # A word that has its tone already ("tirệu") was not left in Telex keys.
    toned = tone and any(mark in _TONES for mark in unicodedata.normalize("NFD", word))
    return _with_tone(letters, tone) if changed and not toned else None


def vni(word: str) -> str | None:
    """A word with VNI keys left in it, as it was meant ("trie65u", "nghin2" → "triệu", "nghìn")."""
    letters: list[str] = []
    tone = ""
    changed = False
    for char in word:
        at = -1
        if char in _VNI_TONES:
            if _last(letters, _VOWELS) < 0:
                return None
            tone, changed = _VNI_TONES[char], True
            continue
        if char == "6" and (at := _last(letters, frozenset("aeo"))) >= 0:
            letters[at] = _CIRCUMFLEX[letters[at]]
        elif char == "7" and (at := _last(letters, frozenset("ou"))) >= 0:
            _hook(letters, at)
        elif char == "8" and (at := _last(letters, "a")) >= 0:
            letters[at] = "ă"
        elif char == "9" and (at := _last(letters, "d")) >= 0:
            letters[at] = "đ"
        elif char.isdigit():
            return None
        if at < 0:
            letters.append(char)
        changed = changed or at >= 0
    return _with_tone(letters, tone) if changed else None


@lru_cache(maxsize=4096)
def is_syllable(folded: str) -> bool:
    """Whether letters without marks can be a Vietnamese syllable: "nua" can, "cogn" cannot."""
    return _SYLLABLE.fullmatch(folded) is not None


def sounds(folded: str) -> str:
    """A folded word as dialects that exchange ch/tr, s/x, l/n, d/gi/r, i/y, c/k would hear it."""
    for written, heard in _SOUNDS:
        folded = folded.replace(written, heard)
    return folded
