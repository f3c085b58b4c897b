"""Vietnamese text for matching: three forms of every text.

RAW is what a person wrote, shown and stored as it came (after `clean`). KEY keeps the diacritics
but evens out Unicode form, case and tone placement. FOLD drops the diacritics, đ included.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_TONES = {"\u0300": "1", "\u0301": "2", "\u0303": "3", "\u0309": "4", "\u0323": "5"}
_INVISIBLE = dict.fromkeys(
    [
        *(0x00AD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0xFEFF, 0x2060),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
    ]
)
_EVEN = {
    0x00D0: "Đ", 0x0110: "Đ", 0x00F0: "đ", 0x0111: "đ",
    0x00A0: " ", 0x202F: " ", 0x2009: " ", 0x3000: " ",
    0x201C: '"', 0x201D: '"', 0x2018: "'", 0x2019: "'",
    0x2013: "-", 0x2014: "-", 0x2212: "-",
    # NFKD would turn 1⁄2 into 12 for whoever filters ASCII later, so fractions are spelt out first.
    0x00BD: " 1/2", 0x00BC: " 1/4", 0x00BE: " 3/4",
    **{0xFF10 + digit: str(digit) for digit in range(10)},
}  # fmt: skip
_TABLE = {**_INVISIBLE, **_EVEN}


def _without_marks(char: str) -> str:
    plain = unicodedata.normalize("NFD", char)
    return "".join(part for part in plain if not unicodedata.combining(part))


_FOLD_TABLE: dict[int, str | None] = {
    code: _without_marks(chr(code))
    for block in (range(0x00C0, 0x0250), range(0x1E00, 0x1F00))
    for code in block
}
_FOLD_TABLE.update({0x0111: "d", 0x0110: "d"})
_FOLD_TABLE.update(dict.fromkeys(range(0x0300, 0x0370)))
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_NO_CONTROL = re.compile("[\n -~\u00a1-\u00ac\u00ae-\u024f\u1e00-\u1eff]*")
_WORD_LENGTH = 16
"""Texts up to here are words for the most part, and the same words come again and again."""


def clean(text: str, limit: int = 10_000) -> str:
    """What a person typed, safe to store and show: NFC, no control characters, no lone surrogates.

    Length is bounded to `limit` characters. Line breaks stay; other white space becomes a space.
    """
    text = text[:limit].encode("utf-8", "ignore").decode("utf-8")
    text = unicodedata.normalize("NFC", text.translate(_TABLE))
    if _NO_CONTROL.fullmatch(text):
        return text.strip()
    return "".join(
        char if char == "\n" or not unicodedata.category(char).startswith("C") else " "
        for char in text
    ).strip()


@lru_cache(maxsize=8192)
def _key_syllable(syllable: str) -> str:
    tone = ""
    letters = []
    for char in unicodedata.normalize("NFD", syllable):
        if char in _TONES:
            tone = _TONES[char]
        else:
            letters.append(char)
    return unicodedata.normalize("NFC", "".join(letters)) + tone


def key(text: str) -> str:
    """KEY form: casefolded, tone mark written last in its syllable, so hoà = hòa and NFD = NFC."""
    text = unicodedata.normalize("NFC", text.translate(_TABLE)).casefold()
    return " ".join(_key_syllable(part) for part in re.findall(r"\w+", text))


def fold(text: str) -> str:
    """FOLD form: lower-case ASCII letters, digits and single spaces; `fold(fold(x)) == fold(x)`."""
    return _folded_word(text) if len(text) <= _WORD_LENGTH else _folded_text(text)


def _folded(text: str) -> str:
    text = unicodedata.normalize("NFC", text.translate(_TABLE)).casefold()
    return _NOT_WORD.sub(" ", text.translate(_FOLD_TABLE)).strip()


_folded_word = lru_cache(maxsize=8192)(_folded)
# A message is folded again and again while it is handled.
_folded_text = lru_cache(maxsize=128)(_folded)
