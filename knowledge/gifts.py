"""Who gives what, or whose number of people is asked about, from the items of a question.

Only what the items' order says, and which amount another takes the place of; knowledge.spoken
reads them, knowledge.reckoning reckons.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from knowledge.spoken import Item, Spoken, read_items
from knowledge.text import clean

_GIVERS = frozenset({"individual", "household", "collective", "village", "agency"})
_PLACES = frozenset({"village", "commune", "district"})
_PEOPLES = frozenset({"commune", "district", "agency"})
_PERSONS = (_GIVERS - _PLACES) | {"me", "group"}
_AMOUNTS = frozenset({"money", "days"})
_EMPTY = frozenset({"filler", "have", "if"})
_OPENS = frozenset({"purpose", "work", "to", "toward"})
"""Kinds of phrases after which whoever is named receives, and does not give."""
_OF_PEOPLE = frozenset({"count", "counted", "people_asked", "nominate", "reached", "review"})
_OF_MONEY = frozenset({"give", "join", "labour", "household", "collective", *_OPENS})
_SHUT = frozenset({"stop", "again"})
_FOLLOWS = frozenset(
    {"again", "asked", "counted", "give", "how_many_over", "me", "nominate", "not"}
)
_EXCHANGED = _AMOUNTS | {"count"}


def giver_of(items: Sequence[Item], role: str) -> str:
    """Who gives money: named, the asker (`role` is whom he speaks for), "anyone" when nobody is.

    "" when it is another matter: all must be one gift, its amounts joined by a word, of one giver.
    """
    kinds = [item.kind for item in items]
    at = [place for place, kind in enumerate(kinds) if kind in _AMOUNTS]
    if "money" not in kinds or {*_SHUT, *_OF_PEOPLE} & {*kinds} or _denied(kinds):
        return ""
    if not _works(kinds):
        return ""
    before = kinds[: at[0]]
    if not _one_gift(kinds, at) or not (_given(kinds, before) or _asked(kinds, before)):
        return ""
    verb = before.index("give") if "give" in before else len(before)
    named = {kind for kind in before[:verb] if kind in _GIVERS | _PLACES}
    later = [pair for pair in pairwise(kinds[verb:]) if pair[1] in _GIVERS - _PLACES]
    others = {kind for _, kind in later}
    received = any(opener in _OPENS for opener, _ in later)
    if "me" in before[:verb] and others - {"individual"}:
        return ""
    named |= others
    if len(named) > 1 or named - _GIVERS or received or "group" in before[:verb]:
        return ""
    doer = [kind for kind in before if kind not in _EMPTY]
    myself = {("me", "give"), ("me", "to")} & {*pairwise(doer)}
    return next(iter(named), role or ("individual" if myself else "anyone"))


def _one_gift(kinds: Sequence[str], at: Sequence[int]) -> bool:
    """True when amounts, and nothing else, are joined, and nobody is named among them."""
    joined = all("join" in kinds[one:other] for one, other in pairwise(at))
    apart = "join" in (*kinds[: at[0]], *kinds[at[-1] :])
    return joined and not apart and not {*kinds[at[0] : at[-1]]} & {*_GIVERS, "me", "group"}


def _works(kinds: Sequence[str]) -> bool:
    """True when what is built is named, and as built: "60 triệu đèn đường" may be goods."""
    told = ["", *(kind for kind in kinds if kind not in _EMPTY), ""]
    return all(
        one in ("purpose", "work")
        if other == "work"
        else one != "purpose" or other in {*_OPENS, *_PLACES}
        for one, other in pairwise(told)
    )


def _given(kinds: Sequence[str], before: Sequence[str]) -> bool:
    """True when the amount is given away, by a verb of giving or to somebody who may receive it."""
    told = [kind for kind in before if kind not in ("filler", "if", *_PLACES)]
    if "give" not in kinds:
        return told[-1:] == ["to"] and not {"purpose", "work", "have", "asked"} & {*told}
    if any(one == "give" and other in _PERSONS for one, other in pairwise(kinds)):
        return False
    if "give" not in before:
        return not {"have", "asked", "purpose"} & {*before}
    verb = before.index("give")
    taken = any(one == "have" and other in _GIVERS | {"me"} for one, other in pairwise(before))
    had = "asked" in before[:verb] and "if" not in before[before.index("asked") : verb]
    # "ủng hộ bản 60 triệu" is for the village, "góp tiền bản 60 triệu" is the village's money.
    another = _PERSONS & {*before[verb:]} or _PLACES & {*before[verb + 2 :]}
    return not taken and not had and not another


def _asked(kinds: Sequence[str], before: Sequence[str]) -> bool:
    """True when an amount without a verb ("80 triệu thì được gì") can only be meant as a gift."""
    told = [kind for kind in before if kind not in ("filler", "if")]
    alone = len(told) < 2 and {*told} <= _GIVERS | _PERSONS | _PLACES
    return "asked" in kinds and alone and not {"give", *_OPENS} & {*kinds}


def gift_of(items: Sequence[Item]) -> dict[str, object]:
    """Facts of one gift, in VND and person-days; days of work nobody valued leave it open."""
    after = [item.kind for item in items[1:]] + [""]
    sums = [
        (int(one.value), follows)
        for one, follows in zip(items, after, strict=True)
        if one.kind == "money"
    ]
    labour = sum(vnd for vnd, follows in sums if follows == "labour")
    paid = sum(vnd for vnd, follows in sums if follows != "labour")
    days = sum(item.value for item in items if item.kind == "days")
    value: int | None = labour or (None if days else 0)
    return {"money_vnd": paid, "labour_vnd": value, "labour_days": days}


def unit_of(items: Sequence[Item]) -> str:
    """The unit whose number of people is asked about; "" when it is another matter."""
    kinds = [item.kind for item in items]
    units = _PEOPLES & {*kinds}
    counts = kinds.count("count")
    told = counts == 1 and "nominate" in kinds and ({"counted", "individual"} & {*kinds})
    asked = not counts and "people_asked" in kinds
    nobody = any(item.kind == "count" and item.value < 1 for item in items)
    if (
        len(units) != 1
        or nobody
        or not (told or asked)
        or {*_SHUT, *_OF_MONEY, *_AMOUNTS} & {*kinds}
    ):
        return ""
    [unit] = units
    return unit if (unit == "agency") == ("review" in kinds) and not _denied(kinds) else ""


def exchanged(before: str, follow: str, spoken: Spoken) -> str | None:
    """The question before with its amount exchanged for the one in the message that follows it.

    "em góp 60 triệu thì được gì", "thế 40 triệu thì sao" → "em góp 40 triệu thì được gì". None
    unless both are understood wholly, each has one amount of the same kind (money, days, people)
    and the second says nothing else new. Pure.
    """
    new_items, old_items = read_items(follow, spoken), read_items(before, spoken)
    kinds = [item.kind for item in new_items]
    new = [item for item in new_items if item.kind in _EXCHANGED]
    if len(new) != 1 or {*kinds} - _FOLLOWS - _EXCHANGED - _EMPTY or _denied(kinds):
        return None
    if "have" in kinds[: kinds.index(new[0].kind)]:
        return None
    old = [item for item in old_items if item.kind == new[0].kind]
    if len(old) != 1:
        return None
    (start, end), (first, last) = old[0].span, new[0].span
    earlier = clean(before)
    return f"{earlier[:start]}{clean(follow)[first:last]}{earlier[end:]}"


def _denied(kinds: Sequence[str]) -> bool:
    """True when a "không", "chưa" is more than the end of a question, or of its first half."""
    told = [kind for kind in kinds if kind not in ("filler", "have")]
    return any(
        kind == "not" and not (told[place - 1 : place] == ["asked"] and told[place + 1] == "if")
        for place, kind in enumerate(told[:-1])
    )
