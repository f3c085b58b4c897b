"""Who gives what, or whose number of people is asked about, from the items of a question.

Only what the items' order says; knowledge.spoken reads them, knowledge.reckoning reckons.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from knowledge.spoken import OPENS, Item

_GIVERS = frozenset({"individual", "household", "collective", "village", "agency"})
_PLACES = frozenset({"village", "commune", "district"})
_PEOPLES = frozenset({"commune", "district", "agency"})
_AMOUNTS = frozenset({"money", "days"})
_OF_PEOPLE = frozenset({"count", "counted", "people_asked", "nominate", "reached", "review"})
_OF_MONEY = frozenset({"give", "join", "labour", "purpose", "to", "household", "collective"})


def giver_of(items: Sequence[Item], role: str) -> str:
    """Who gives money: named, the asker (`role` is whom he speaks for), "anyone" when nobody is.

    "" when it is another matter: all must be one gift, its amounts joined by a word, of one giver.
    """
    kinds = [item.kind for item in items]
    at = [place for place, kind in enumerate(kinds) if kind in _AMOUNTS]
    if "money" not in kinds or {"stop", *_OF_PEOPLE} & {*kinds} or _denied(kinds):
        return ""
    before, among = kinds[: at[0]], kinds[at[0] : at[-1]]
    joined = all("join" in kinds[one:other] for one, other in pairwise(at))
    told = [kind for kind in before if kind not in ("filler", "me", *_PLACES)]
    given = "give" in kinds or (told[-1:] == ["to"] and "purpose" not in told)
    asked = (
        "asked" in kinds and not {"asked", "purpose", "to"} & {*before} and "purpose" not in kinds
    )
    if not joined or not (given or asked) or {*among} & {*_GIVERS, "me", "group"}:
        return ""
    verb = before.index("give") if "give" in before else len(before)
    named = {kind for kind in before[:verb] if kind in _GIVERS | _PLACES}
    others = [pair for pair in pairwise(kinds[verb:]) if pair[1] in _GIVERS - _PLACES]
    named |= {kind for _, kind in others}
    received = any(opener in OPENS for opener, _ in others)
    if len(named) > 1 or named - _GIVERS or received or "group" in before[:verb]:
        return ""
    doer = [kind for kind in before if kind != "filler"]
    myself = ("me", "give") in pairwise(doer)
    return next(iter(named), role or ("individual" if myself else "anyone"))


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
    if len(units) != 1 or not (told or asked) or {"stop", *_OF_MONEY, *_AMOUNTS} & {*kinds}:
        return ""
    [unit] = units
    return unit if (unit == "agency") == ("review" in kinds) and not _denied(kinds) else ""


def _denied(kinds: Sequence[str]) -> bool:
    """True when a "không", "chưa" is more than the end of a question."""
    told = [kind for kind in kinds if kind != "filler"]
    return "not" in told[:-1]
