"""Who gave to whom: "được hỗ trợ 5 triệu", "cho em 500k" tell of money received or asked for.

Works on tokens and only raises `Doubt`; what the amount is stands in the other modules.
"""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.amounts.numbers import Doubt
from knowledge.amounts.words import LAND, Token

_NUMBER = LAND | {
    "num", "digit", "late", "ten", "hundred", "scale", "half_before", "dong", "long", "wide",
}  # fmt: skip
_GIVING = frozenset({"give", "give_land", "pass_on", "work"})
_WORKING = frozenset({"people", "worker", "labour", "day", "session"})
_OWNING = frozenset({"có", "co"})
_EITHER_WAY = frozenset({"hand", "pass_on"})
_AROUND = frozenset({"fill", "self", "me", "group", "cash", "when", "ago", "thing", "office"})


def check_given(row: Sequence[Token]) -> None:
    """Raise Doubt("received") where the text may tell of something got instead of given."""
    for at, token in enumerate(row):
        before = row[:at]
        got = (
            (token.kind == "gain" and _gained(before, row[at + 1 :]))
            or (token.kind == "beg" and _first(row[at + 1 :]) in _NUMBER | {"hand"})
            or (token.kind in _EITHER_WAY and _to_me(before, row[at + 1 :]))
            or (token.kind == "hand" and _from_office(before))
            or (token.text in _OWNING and _owned(row, row[at + 1 :]))
        )
        if got:
            raise Doubt("received")


def _gained(before: Sequence[Token], after: Sequence[Token]) -> bool:
    """ "được xã hỗ trợ", "được 2 triệu"; but not "góp được", "xin được gửi"."""
    if before and before[-1].kind in _GIVING:
        return False
    first = _first(after)
    if first == "pass_on":
        return not any(token.kind == "beg" for token in before)
    told = any(token.kind in _NUMBER | _GIVING for token in before)
    return first == "hand" or (first in _NUMBER and not told)


def _to_me(before: Sequence[Token], after: Sequence[Token]) -> bool:
    """ "đưa tôi 2 triệu", "2 triệu chuyển cho em"; but not "cho em góp 2 triệu"."""
    if after and after[0].kind == "hand":
        after = after[1:]
    if not after or after[0].kind != "me":
        return False
    first = _first(after[1:])
    return first in _NUMBER or (not first and any(token.kind in _NUMBER for token in before))


def _from_office(before: Sequence[Token]) -> bool:
    """ "xã hỗ trợ 5 triệu"; but not "ủng hộ xã, giúp 2 công"."""
    subject = [token for token in before if token.kind not in ("fill", "when", "ago")]
    giver = bool(subject) and subject[-1].kind == "office"
    return giver and not any(token.kind in _GIVING for token in before)


def _owned(row: Sequence[Token], after: Sequence[Token]) -> bool:
    """ "nhà em có 200 m2 đất" says what they have; but "nhà có 3 người làm 2 ngày"."""
    given = any(token.kind in _GIVING | _WORKING for token in row)
    return not given and bool(after) and after[0].kind in _NUMBER


def _first(row: Sequence[Token]) -> str:
    """The class of the first word that is more than a pronoun, a filler or a sign."""
    kinds = (token.kind for token in row if token.kind not in _AROUND | {"sign"})
    return next(kinds, "")
