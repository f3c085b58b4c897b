"""Measures in a row of tokens: "1 sào 5 thước", "5 người", "20m", and signs between them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from knowledge.amounts.money import NGHIN, TRIEU, MoneyReader
from knowledge.amounts.numbers import UNITS, Doubt, Small, sure, whole
from knowledge.amounts.slips import like_digit
from knowledge.amounts.words import LAND, Token

_PEOPLE = frozenset({"people", "worker", "family"})
_WORK = frozenset({"labour", "labour_half", "day", "session"})
_SIGNS = {
    "fill": "f", "thing": "f", "office": "f", "give": "f", "give_land": "f", "pass_on": "f",
    "hand": "f", "gain": "f", "beg": "f", "record": "f", "when": "f", "ago": "f", "me": "s",
    "self": "s", "group": "g", "family": "g", "land": "h", "cash": "m", "work": "w", "worker": "w",
    "times": "x", "long": "l", "wide": "r", "each_person": "e", "each_day": "d", "equals": "=",
    "not_this": "!", "but": "b", "instead": "i", "changed_to": "t",
}  # fmt: skip
_DOUBTFUL = frozenset({
    "vague", "not_done", "foreign", "rate", "several", "goods", "slang", "hours", "weeks",
    "land_by_work",
})  # fmt: skip
_NUMBERS = frozenset({"num", "digit", "ten", "tens", "hundred", "dozen", "scale"})
# Words that may be what a loose figure counts ("3 cán bộ", "2 tháng trước"); larger ones are money.
_COUNTED = frozenset({"thing", "office", "group", "me", "self", "ago"})
_MOST_COUNTED = 10_000
_SUBJECTS = frozenset({"me", "self", "group", "people"})
# Short words that glued to a figure ("5r", "5e") are a unit nobody knows.
_NO_UNIT = frozenset({"fill", "me", "self"})
_PUNCTUATION = {
    ",": "f", ".": "f", ";": "f", ":": "f", "!": "f", '"': "f", "'": "f", "…": "f",
    "(": "(", ")": ")", "[": "(", "]": ")", "-": "-",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure, or a sign or word between measures.

    `sort`: M money (VND), L person-days, D days, P people, C a couple, A land (m²), G metres,
    N a bare number with all values it can have in `others`; small letters and punctuation are
    signs: f filler, s one person, g a group, h land, m money, w work are spoken of; x times,
    l long, r wide, e each person, d each day, = equals, ! not this, b but, i and t corrections.
    `shown` is the class or word of the unit, for the echo.
    """

    sort: str
    value: Fraction = Fraction(0)
    shown: str = ""
    others: tuple[Fraction, ...] = ()


class MeasureReader(MoneyReader):
    """Reads one row of tokens; `land_m2` and `person_days` are the plan's measures by class.

    `land_meant` is set when the conversation or the text says that land is spoken of, so that
    "2 sao" is no star and "1m2" no million.
    """

    def __init__(
        self,
        tokens: Sequence[Token],
        land_m2: Mapping[str, Fraction],
        person_days: Mapping[str, Fraction],
        land_meant: bool,
    ) -> None:
        super().__init__(tokens)
        self._land_m2 = land_m2
        self._person_days = person_days
        self._land_meant = land_meant

    def measures(self) -> list[Measure]:
        """All measures and signs of the row; raises Doubt at the first thing not understood."""
        found: list[Measure] = []
        while token := self.peek():
            if self.starts_number():
                found.append(self._measure())
            elif token.kind in _DOUBTFUL:
                raise Doubt(token.kind)
            elif token.kind == "year_or_five":
                found.append(self._year())
            elif token.kind == "dong" and self.kind(1) == "num":
                self.take("dong")
                found.append(self._currency_first())
            elif token.kind == "couple":
                self.take("couple")
                found.append(Measure("C", Fraction(2), "people"))
            elif sign := _SIGNS.get(token.kind) or _PUNCTUATION.get(token.text):
                self.take(token.kind)
                found.append(self._sign(token, sign, found))
            else:
                raise Doubt("no_number" if token.kind in UNITS | {"scale", "dong"} else "unknown")
        return found

    def _sign(self, token: Token, sign: str, before: list[Measure]) -> Measure:
        if token.text in ".,'" and self.kind() == "num" and self.glued():
            raise Doubt("malformed")
        if sign == "-" and all(measure.sort in "fs" for measure in before):
            raise Doubt("negative")
        return Measure(sign, shown=token.text)

    def _year(self) -> Measure:
        """ "năm rồi góp 2 triệu"; but "2 triệu năm rồi" may be 2,5 triệu."""
        before = self.before()
        self.take("year_or_five")
        if (before and before.kind in _NUMBERS) or self.kind() in _NUMBERS - {"num"}:
            raise Doubt("two_readings")
        return Measure("f")

    def _currency_first(self) -> Measure:
        """ "VND 500.000"."""
        small = self.small()
        if small is None or self.kind() in UNITS | {"scale", "dong"}:
            raise Doubt("unknown")
        return Measure("M", self.figures(small), "dong")

    def _measure(self) -> Measure:
        before = self.before()
        implicit = self.kind() in ("ten", "hundred", "scale", *LAND)
        short = before is not None and len(before.text) <= 2 and not before.marked
        said = self.kind() in ("digit", "late")
        if before and (implicit or (said and short)) and self._may_be_digit(before):
            raise Doubt("two_readings")
        if self.take("half_before"):
            return self._with_unit(Small((Fraction(1, 2),), "fraction"))
        if self.kind() in ("scale", *LAND):
            return self._with_unit(Small((Fraction(1),), "one"))
        small = self.small()
        if small is None:
            raise Doubt("unknown")
        return self._with_unit(small)

    def _may_be_digit(self, passed: Token) -> bool:
        """Whether the word just passed may be a digit with a slip: "bà trăm nghìn"."""
        subject = self.mark() > 1 and self.token(self.mark() - 2).kind in _SUBJECTS
        if passed.kind == "work" and subject:
            return False
        # Behind a digit stands mươi, so before mười there was none.
        told = passed.marked and self.kind() == "ten" and self.token(self.mark()).marked
        return not told and like_digit(passed.text)

    def _with_unit(self, small: Small) -> Measure:
        kind = self.kind()
        if kind == "scale":
            money = self.money(small)
            if isinstance(money, Small):
                return self._with_unit(money)
            return Measure("M", money, "dong")
        if kind == "dong":
            return Measure("M", self.figures(small), "dong")
        if kind in LAND:
            return self._area(small)
        if kind == "metre":
            return self._metres(small)
        if kind in _WORK:
            return self._days(small)
        if kind in _PEOPLE or kind == "couple":
            return self._people(small)
        if kind == "half_after" or (small.form == "fraction" and not small.text):
            raise Doubt("no_unit")
        if kind in _DOUBTFUL:
            raise Doubt(kind)
        counts = kind in _COUNTED and small.value < _MOST_COUNTED
        if counts or (self.glued() and kind in _NO_UNIT):
            raise Doubt("unknown")
        return Measure("N", small.value, "", small.values)

    def _people(self, small: Small) -> Measure:
        if self.take("couple"):
            if sure(small) != 2:
                raise Doubt("unknown")
            return Measure("C", Fraction(2), "people")
        self.take(*_PEOPLE)
        return Measure("P", whole(sure(small)), "people")

    def _area(self, small: Small) -> Measure:
        unit = self._area_unit(small)
        factor = self._land_m2[unit.kind]
        both = [value * factor for value in small.values]
        unclear = not small.sure and (unit.kind != "area" or "," in small.text)
        half_of_part = small.value.denominator != 1 and self.kind() == "half_after"
        if unclear or half_of_part or " " in small.text:
            raise Doubt("two_readings", *both, kind="land")
        total = both[0]
        while not self.take("half_after"):
            start = self.mark()
            rest = self.small() if self.starts_number() else None
            if rest is None:
                return Measure("A", total, unit.kind)
            if self.kind() in UNITS - LAND | {"scale"}:
                self.back(start)
                return Measure("A", total, unit.kind)
            if self.kind() not in LAND:
                raise Doubt("two_readings")
            part = self._area_unit(rest, beside=True)
            lower = sure(rest) * self._land_m2[part.kind]
            if lower >= factor:
                raise Doubt("several")
            total, factor = total + lower, self._land_m2[part.kind]
        return Measure("A", total + factor / 2, unit.kind)

    def _area_unit(self, small: Small, beside: bool = False) -> Token:
        token = self.take(*LAND)
        if token is None:
            raise Doubt("unknown")
        certain = self._land_meant or beside or self.starts_number()
        if token.text in ("sao", "xào") and not certain:
            raise Doubt("star", small.value * self._land_m2["sao"])
        if token.text == "m2" and token.glued and small.form == "one" and not certain:
            readings = (small.value, small.value * TRIEU + 200 * NGHIN)
            raise Doubt("square_or_million", *readings)
        return token

    def _metres(self, small: Small) -> Measure:
        """A length: "20m", "1 mét rưỡi", "1m5"."""
        metre = self.take("metre")
        value = sure(small)
        if self.take("half_after"):
            value += Fraction(1, 2)
        elif self.kind() == "num" and self.glued():
            digits = self.take("num")
            # "10 m3" are cubic metres, "10m3" is said for 10,3 m.
            apart = metre is not None and not metre.glued
            if digits is None or apart or not re.fullmatch(r"\d{1,2}", digits.text):
                raise Doubt("malformed")
            value += Fraction(int(digits.text), 10 ** len(digits.text))
        return Measure("G", value, "metre")

    def _days(self, small: Small) -> Measure:
        token = self.take(*_WORK)
        if token is None:
            raise Doubt("unknown")
        worth = self._person_days[token.kind]
        value = sure(small) * worth
        if self.take("half_after"):
            if small.value.denominator != 1:
                raise Doubt("two_readings")
            value += worth / 2
        return Measure("L" if token.kind.startswith("labour") else "D", value, token.text)
