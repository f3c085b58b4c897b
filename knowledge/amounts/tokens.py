"""From a typed text to tokens: numerals, number words, units and what surrounds them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

from knowledge.amounts.slips import even_out, repaired, undo_vni
from knowledge.amounts.words import LAND, Token, Vocabulary, fold_word, vocabulary

_TOKEN = re.compile(
    r"(?P<num>\d{1,3}(?:[ ']\d{3})+(?![\d.,]*\d)|\d+(?:[.,]\d+)*)"
    r"|(?P<word>m2(?![^\W_])|[^\W\d_]+)|(?P<sign>\S)"
)
_PICTURES = frozenset({"So", "Sk", "Mn", "Cf", "Cn", "Co"})
_BEFORE_LATE = frozenset({"ten", "tens", "digit", "hundred", "dozen"})
_NUMBERS = frozenset({
    "num", "digit", "late", "ten", "tens", "hundred", "dozen", "scale", "half_after", "half_before",
})  # fmt: skip
_GIVING = frozenset({"give", "give_land", "pass_on", "hand", "work"})
_AFTER_NUMBER = frozenset({"scale", "labour", "day", "people", "half_after"}) | LAND
# Words without marks that only their neighbours tell apart, with the class each has otherwise.
_LOOKALIKES = {
    "muoi": "ten", "lam": "work", "nham": "instead", "tu": "vague", "toi": "me",
    "cu": "slang", "treo": "slang", "van": "slang", "nha": "group",
}  # fmt: skip


def tokens(text: str) -> list[Token]:
    """The tokens of a text, phrases joined, slips repaired; what nobody knows is "unknown"."""
    known = vocabulary()
    raw = list(_pieces(even_out(text), known))
    pieces = [
        piece
        for at, word in enumerate(raw)
        for piece in repaired(word, _glued_figure(raw[at + 1 : at + 2]), known)
    ]
    words = [piece.text for piece in pieces]
    found: list[Token] = []
    at = 0
    while at < len(pieces):
        size = 1
        token = pieces[at]
        hit = known.longest(words, at) if token.kind != "num" else None
        if hit and hit[1] == 2 and _is_i_have(words[at : at + 3], known):
            hit = known.longest(words[: at + 1], at)
        if hit:
            entry, size = hit
            phrase = " ".join(words[at : at + size])
            marked = any(fold_word(word) != word for word in words[at : at + size])
            bare = not marked and entry.keys != tuple(words[at : at + size])
            token = Token(entry.kind, phrase, entry.value, token.glued, marked, bare)
        found.append(token)
        at += size
    return list(_in_context(found))


def _is_i_have(words: list[str], known: Vocabulary) -> bool:
    """Whether "toi da" without marks is "tôi đã": "tối đa" stands right before a number."""
    number = words[2:3] and (words[2][0].isdigit() or known.kind(words[2]) in _NUMBERS)
    return words[:2] == ["toi", "da"] and not number


def _glued_figure(after: list[Token]) -> bool:
    return bool(after) and after[0].kind == "num" and after[0].glued


def _pieces(text: str, known: Vocabulary) -> Iterator[Token]:
    """Words, figures and signs one after the other; "m2" is one word, pictures are left out."""
    text = undo_vni(text, known)
    end = -1
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "sign"
        if kind != "sign" or unicodedata.category(match[0]) not in _PICTURES:
            yield Token("unknown" if kind == "word" else kind, match[0], 0, match.start() == end)
        end = match.end()


def _in_context(found: list[Token]) -> Iterator[Token]:
    """mười or mươi, lăm or làm, nhăm or nhầm, tư or từ, nhà or nha: told apart by neighbours."""
    for at, token in enumerate(found):
        before = found[at - 1] if at else token
        after = found[at + 1].kind if at + 1 < len(found) else ""
        if token.marked or token.text not in _LOOKALIKES:
            yield _by_what_follows(token, before, after)
        elif token.text == "muoi" and before.kind == "digit" and before.value > 1:
            yield replace(token, kind="tens")
        elif (
            token.text in ("lam", "nham") and before.kind in _BEFORE_LATE and after in _AFTER_NUMBER
        ):
            yield replace(token, kind="late", value=5)
        elif token.text == "toi" and before.kind in _GIVING and after in _NUMBERS:
            yield replace(token, kind="vague")
        elif token.text == "nha" and at + 1 == len(found):
            yield token
        elif token.text == "tu" and before.kind in _BEFORE_LATE | {"scale", "tens"}:
            yield replace(token, kind="late", value=4)
        else:
            yield replace(token, kind=_LOOKALIKES[token.text], value=0)


def _by_what_follows(token: Token, before: Token, after: str) -> Token:
    """đóng or đồng, chuyển or chuyến, có or cỡ, đúng or đừng: where only one of them can stand."""
    if token.text == "con" and after in _NUMBERS:
        return replace(token, kind="several")
    counted = before is not token and before.kind in _NUMBERS
    if token.text == "ca" and counted:
        # A shift may be a day or half of one; otherwise it is cả without its mark.
        return replace(token, kind="hours")
    if not token.bare:
        return token
    if token.text in ("dong", "chuyen") and not counted:
        return replace(token, kind="give")
    if token.text in ("co", "moi", "muon") and after in _GIVING:
        return replace(token, kind="fill")
    if token.text == "dung" and after in _NUMBERS:
        return replace(token, kind="fill")
    return token
