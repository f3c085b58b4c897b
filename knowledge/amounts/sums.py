"""How measures go together: people × days, length × width, figures beside words, corrections.

Takes what `measures` found and gives one amount or raises `Doubt`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import Literal

from knowledge.amounts.measures import Measure
from knowledge.amounts.numbers import Doubt

Kind = Literal["money", "labour", "land"]
KIND_OF: dict[str, Kind] = {"M": "money", "L": "labour", "A": "land"}
_HINTS = "fsghmw"
_SAME = "=()-"
_PEOPLE_DAYS = re.compile(
    r"[PC]x?D|Dx?[PC]|Pe[DL]|Ce[DL]|P[DL]e|DdP|Px[LD]|LxP|[DL]ePx?|e[DL]x?[PC]|dPx?D"
)
_SIDES = re.compile(r"GxG|GxN|NxG|(?:l[GN]r[GN]|r[GN]l[GN]|GlGr|GrGl)")
_WITH_COUPLE = re.compile(r"C[MLA]|[MLA]C")
_ALONE = ("một mình", "mot minh")
# A bare figure in a land form that is more likely the year.
_YEARS = range(2010, 2041)
_CHANGED_ALONE = ("sửa", "sua", "đổi", "doi", "ghi", "chỉnh", "chinh", "điều", "dieu", "xin", "cho")


@dataclass(frozen=True, slots=True)
class Amount:
    """One amount: VND, person-days or m². `how` holds the two factors when it was multiplied out;
    `shown` the class of the unit it was given in."""

    kind: Kind
    value: Fraction
    shown: str = ""
    how: tuple[Fraction, Fraction] | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What is known beside the text: the kind a form asks for, and which bare numbers count."""

    kind: Kind | None
    lowest_bare_money: Fraction
    lowest_bare_land: Fraction
    highest_bare_labour: Fraction


def amount(measures: Sequence[Measure], context: Context) -> Amount:
    """The one amount that all measures together say; raises Doubt when they do not."""
    corrected = _corrected(measures, context)
    if corrected is not None:
        return corrected
    parts = [list(part) for same, part in groupby(measures, lambda m: m.sort in _SAME) if not same]
    told = [part for part in parts if any(measure.sort.isupper() for measure in part)]
    if not told:
        raise Doubt("no_number")
    if len(told) == 1:
        return _plain(told[0], context, measures)
    return _agreeing(told, context)


def _corrected(measures: Sequence[Measure], context: Context) -> Amount | None:
    """ "5 triệu à nhầm 6 triệu" → 6 triệu; None when nothing is taken back."""
    at = [i for i, measure in enumerate(measures) if measure.sort in "it!b"]
    if not at:
        return None
    signs = "".join(measures[i].sort for i in at)
    before, after = measures[: at[0]], measures[at[-1] + 1 :]
    told = any(measure.sort.isupper() for measure in before)
    word = measures[at[0]].shown
    if signs == "!b" and not told:
        wrong = measures[at[0] + 1 : at[1]]
        return _replaced(wrong, after, context)
    if signs == "!" and told and word.startswith(("chứ", "chu", "chớ", "cho")):
        return _replaced(after, before, context)
    if signs == "i" and told:
        return _replaced(before, after, context)
    if signs == "t" and word.startswith(_CHANGED_ALONE):
        return _replaced(before, after, context) if told else amount(after, context)
    raise Doubt("correction")


def _replaced(wrong: Sequence[Measure], right: Sequence[Measure], context: Context) -> Amount:
    result = amount(right, context)
    numbers = [measure for measure in wrong if measure.sort.isupper()]
    if not numbers:
        raise Doubt("correction")
    if [measure.sort for measure in numbers] != ["N"] and amount(
        wrong, context
    ).kind != result.kind:
        raise Doubt("several")
    return result


def _agreeing(parts: Sequence[Sequence[Measure]], context: Context) -> Amount:
    """The same amount told more than once, as figures (words) or as a sum = its result."""
    whole = [part for part in parts if _sorts(part) != "N"]
    bare = [part for part in parts if _sorts(part) == "N"]
    if not whole:
        raise Doubt("range")
    amounts = [_plain(part, context, part) for part in whole]
    first = amounts[0]
    if any((other.kind, other.value) != (first.kind, first.value) for other in amounts[1:]):
        raise Doubt("disagree")
    for part in bare:
        number = next(measure for measure in part if measure.sort == "N")
        if first.value not in number.others:
            raise Doubt("range" if len(parts) == 2 else "disagree")
    return next((one for one in amounts if one.how), first)


def _sorts(measures: Sequence[Measure]) -> str:
    return "".join(measure.sort for measure in measures if measure.sort not in _HINTS)


def _plain(part: Sequence[Measure], context: Context, around: Sequence[Measure]) -> Amount:
    sorts = _sorts(part)
    numbers = [measure for measure in part if measure.sort.isupper()]
    if sorts in KIND_OF:
        if (sorts == "M" and _hinted(part, "h")) or (sorts == "A" and _hinted(part, "m")):
            raise Doubt("several")
        if sorts == "L" and _hinted(part, "h"):
            raise Doubt("land_by_work")
        return Amount(KIND_OF[sorts], numbers[0].value, numbers[0].shown)
    if sorts == "D":
        return _days(numbers[0], part, context)
    if sorts == "N":
        return _bare(numbers[0], context, around)
    if sorts[-1:] in ("L", "A") and (
        _PEOPLE_DAYS.fullmatch(sorts[:-1]) or _SIDES.fullmatch(sorts[:-1])
    ):
        product = _product(sorts[:-1], numbers[:-1])
        if (product.kind, product.value) != (KIND_OF[sorts[-1]], numbers[-1].value):
            raise Doubt("disagree")
        return product
    if _PEOPLE_DAYS.fullmatch(sorts) or _SIDES.fullmatch(sorts):
        return _product(sorts, numbers)
    if sorts == "NxN" and context.kind == "land":
        return _product(sorts, numbers)
    if _WITH_COUPLE.fullmatch(sorts):
        return _of_couple(numbers)
    raise Doubt(_why_not(sorts))


def _why_not(sorts: str) -> str:
    capitals = "".join(char for char in sorts if char.isupper())
    if capitals and set(capitals) <= {"P", "C"}:
        return "how_many_days"
    if set(capitals) <= {"G", "N"} and "G" in capitals:
        return "length_only"
    if "e" in sorts or "d" in sorts:
        return "rate"
    if capitals.startswith("N") and len(capitals) > 1:
        return "range"
    return "several"


def _product(sorts: str, numbers: Sequence[Measure]) -> Amount:
    first, second = numbers
    for number in numbers:
        if len(number.others) > 1:
            raise Doubt("two_readings")
    how = (first.value, second.value)
    if "G" in sorts or "N" in sorts:
        return Amount("land", how[0] * how[1], "sides", how)
    if first.sort in "DL":
        how = (second.value, first.value)
    return Amount("labour", how[0] * how[1], "people_days", how)


def _of_couple(numbers: Sequence[Measure]) -> Amount:
    """A couple gives one amount together; their "ngày công" may be each one's, so it is asked."""
    told = next(number for number in numbers if number.sort != "C")
    if told.sort == "L" and told.shown not in ("công", "cong"):
        raise Doubt("two_readings", told.value, told.value * 2, kind="labour")
    return Amount(KIND_OF[told.sort], told.value, told.shown)


def _days(number: Measure, part: Sequence[Measure], context: Context) -> Amount:
    people = [measure for measure in part if measure.sort == "s"]
    alone = len(people) == 1 or any(one.shown.startswith(_ALONE) for one in people)
    one_person = alone or (not people and context.kind == "labour")
    if _hinted(part, "g") or not one_person:
        raise Doubt("how_many_people")
    return Amount("labour", number.value, "day")


def _bare(number: Measure, context: Context, around: Sequence[Measure]) -> Amount:
    kind = context.kind
    if kind is None and _hinted(around, "m"):
        kind = "money"
    if not any(number.others):
        raise Doubt("zero")
    value = number.value
    if kind == "money" and value >= context.lowest_bare_money and value.denominator == 1:
        return Amount("money", value, "dong")
    if len(number.others) == 1:
        if (
            kind == "labour"
            and value <= context.highest_bare_labour
            and (value * 2).denominator == 1
        ):
            return Amount("labour", value, "labour")
        if kind == "land" and value >= context.lowest_bare_land and value not in _YEARS:
            return Amount("land", value, "area")
    if kind == "money" and value < context.lowest_bare_money:
        raise Doubt("no_unit", value * 1000, value * 10**6, kind="money")
    raise Doubt("no_unit")


def _hinted(measures: Sequence[Measure], sign: str) -> bool:
    return any(measure.sort == sign for measure in measures)
