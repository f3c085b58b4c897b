"""Measures in a row of tokens: "2 triệu rưỡi", "1 sào 5 thước", "5 người", and signs between them.

Every function either understands its words wholly or raises `Doubt`; nothing is skipped to make the
rest fit. How measures go together (people × days, length × width) is `knowledge.amount_sums`' matter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from knowledge.amount_numbers import LAND, UNITS, Doubt, NumberReader, Small
from knowledge.amount_tokens import Token

NGHIN, TRIEU, TY = 1000, 10**6, 10**9
# Words that, right behind a loose figure, may be what it counts: "1 triệu 2 em góp".
_COUNTED = frozenset(
    "self group times num half_before digit late ten tens unknown linh each_person sign".split()
)
_PEOPLE = frozenset({"people", "worker", "family"})
_SIGNS = {
    "fill": "f", "self": "s", "group": "g", "land": "h", "cash": "m", "work": "w", "worker": "w",
    "times": "x", "long": "l", "wide": "r", "each_person": "e", "each_day": "d", "equals": "=",
    "not_this": "!", "but": "b", "instead": "i", "changed_to": "t", "family": "g",
}  # fmt: skip
_DOUBTFUL = frozenset(
    "vague not_done foreign rate several goods slang hours weeks land_by_work".split()
)
_PUNCTUATION = {
    ",": "f", ".": "f", ";": "f", ":": "f", "!": "f", '"': "f", "'": "f", "…": "f",
    "(": "(", ")": ")", "[": "(", "]": ")", "-": "-",
}  # fmt: skip
_SHORT_SCALES = frozenset({"tr", "k", "củ", "trđ", "tỷ", "tỉ", "ty", "ti"})


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure or sign between measures.

    `sort`: M money (VND), L person-days, D days, P people, C a couple, A land (m²), G metres, N a bare
    number with all values it can have; small letters and punctuation are signs (see `_SIGNS`).
    `shown` is the class of the unit, for the echo.
    """

    sort: str
    value: Fraction = Fraction(0)
    shown: str = ""
    others: tuple[Fraction, ...] = ()


class Grammar(NumberReader):
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

    def _measure(self) -> Measure:
        if self.take("half_before"):
            return self._with_unit(Small((Fraction(1, 2),), "fraction"))
        if self.kind() in ("scale", *LAND):
            return self._with_unit(Small((Fraction(1),), "one"))
        small = self.small()
        if small is None:
            raise Doubt("unknown")
        return self._with_unit(small)

    def _with_unit(self, small: Small) -> Measure:
        kind, token = self.kind(), self.peek()
        if kind == "scale":
            return self._money(small)
        if kind == "dong":
            self.take("dong")
            return Measure("M", _money_figures(small), "dong")
        if kind in LAND:
            return self._area(small)
        if kind == "metre":
            return self._metres(small)
        if kind in ("labour", "labour_half", "day", "session"):
            return self._days(small)
        if kind in _PEOPLE:
            self.take(kind)
            return Measure("P", _whole(_sure(small)), "people")
        if kind == "couple":
            self.take("couple")
            if _sure(small) != 2:
                raise Doubt("unknown")
            return Measure("C", Fraction(2), "people")
        if kind == "half_after" or small.text == "" and small.form == "fraction":
            raise Doubt("no_unit")
        if kind in _DOUBTFUL and token:
            raise Doubt(token.kind)
        return Measure("N", small.value, "", small.values)

    # -- money -----------------------------------------------------------------------------------

    def _money(self, small: Small) -> Measure:
        scale = self._scale()
        total = _scaled(small, scale)
        last, text = scale.value, scale.text
        terms = 1
        while True:
            if self.take("half_after"):
                total += Fraction(last, 2)
                break
            start = self.mark()
            linked = self.take("linh") is not None
            rest = self.small() if self.starts_number() and self.kind() != "half_before" else None
            if rest is None:
                if linked:
                    raise Doubt("vague")
                break
            if self.kind() == "scale":
                scale = self._scale()
                lower = _scaled(rest, scale)
                # "1tr5k" is typed by people who mean 1.500.000 as well as 1.005.000.
                if scale.value >= last or lower >= last or (scale.text == "k" and rest.form == "one"):
                    raise Doubt("two_readings", total + lower)
                total, last, text, terms = total + lower, scale.value, scale.text, terms + 1
                continue
            if linked:
                raise Doubt("two_readings")
            if self.kind() in UNITS:
                self.back(start)
                break
            total += self._tail(rest, last, text, total, start)
            break
        self.take("dong")
        return Measure("M", total, "dong")

    def _scale(self) -> Token:
        token = self.take("scale")
        if token is None:
            raise Doubt("unknown")
        if token.value == NGHIN and self.kind() == "scale" and self.peek_value() == TY:
            self.take("scale")
            return Token("scale", token.text, NGHIN * TY)
        if self.kind() == "scale":
            raise Doubt("malformed")
        return token

    def _tail(self, rest: Small, last: int, text: str, total: Fraction, start: int) -> Fraction:
        """What a figure behind a scale adds: "1 triệu 2" a tenth each, "1 triệu 250" thousands.

        With two figures ("1tr50") nobody can know, and a figure that may count what follows is no
        tail at all; both are asked about.
        """
        loose = start < self.mark() and not self.token(start).glued
        if loose and self.kind() in _COUNTED - ({"sign"} if self.at_pause() else frozenset()):
            raise Doubt("unknown")
        if rest.text and not rest.text.isdigit():
            if last == TRIEU and rest.sure and NGHIN <= rest.value < TRIEU:
                return rest.value
            raise Doubt("two_readings")
        digits = rest.text or str(int(rest.value))
        if rest.form == "one" and self.kind() == "half_after":
            self.take("half_after")
            return rest.value * last / 10 + Fraction(last, 20)
        if rest.form in ("fraction",) or len(digits) > 3:
            if last == TRIEU and rest.text.isdigit() and NGHIN <= rest.value < TRIEU:
                return rest.value
            raise Doubt("two_readings")
        if rest.form == "hundreds":
            digits = digits.zfill(3)
        if last < NGHIN or (last <= 10 * NGHIN and total >= 10 * last and len(digits) < 3):
            raise Doubt("two_readings")
        tenths = Fraction(int(digits), 10 ** len(digits)) * last
        if len(digits) == 2 and digits[0] != "0":
            raise Doubt("two_readings", total + tenths, total + tenths / 10, kind="money")
        if self.kind() == "dong" and text not in _SHORT_SCALES:
            raise Doubt("two_readings", total + tenths, total + rest.value, kind="money")
        return tenths

    # -- land, length, labour --------------------------------------------------------------------

    def _area(self, small: Small) -> Measure:
        unit = self._area_unit(small)
        factor = self._land_m2[unit.kind]
        if not small.sure and (unit.kind != "area" or "," in small.text):
            raise Doubt("two_readings", *(value * factor for value in small.values), kind="land")
        total = small.value * factor
        shown = unit.kind
        while True:
            if self.take("half_after"):
                total += factor / 2
                break
            start = self.mark()
            rest = self.small() if self.starts_number() else None
            if rest is None:
                break
            if self.kind() not in LAND:
                if self.kind() in UNITS | {"scale"}:
                    self.back(start)
                    break
                raise Doubt("two_readings")
            unit = self._area_unit(rest, beside=True)
            lower = _sure(rest) * self._land_m2[unit.kind]
            if lower >= factor:
                raise Doubt("several")
            total, factor = total + lower, self._land_m2[unit.kind]
        return Measure("A", total, shown)

    def _area_unit(self, small: Small, beside: bool = False) -> Token:
        token = self.take(*LAND)
        if token is None:
            raise Doubt("unknown")
        sure = self._land_meant or beside or self.starts_number()
        if token.text in ("sao", "xào") and not sure:
            raise Doubt("star", small.value * self._land_m2["sao"], kind="land")
        if token.text == "m2" and token.glued and small.form == "one" and not sure:
            readings = (small.value, small.value * TRIEU + 200 * NGHIN)
            raise Doubt("square_or_million", *readings)
        return token

    def _metres(self, small: Small) -> Measure:
        self.take("metre")
        value = _sure(small)
        if self.take("half_after"):
            return Measure("G", value + Fraction(1, 2), "metre")
        if self.kind() == "num" and self.glued():
            digits = self.take("num")
            if digits is None or not re.fullmatch(r"\d{1,2}", digits.text):
                raise Doubt("malformed")
            value += Fraction(int(digits.text), 10 ** len(digits.text))
        return Measure("G", value, "metre")

    def _days(self, small: Small) -> Measure:
        token = self.take("labour", "labour_half", "day", "session")
        if token is None:
            raise Doubt("unknown")
        worth = self._person_days[token.kind]
        value = _sure(small) * worth
        if self.take("half_after"):
            value += worth / 2
        return Measure("L" if token.kind.startswith("labour") else "D", value, token.text)


def _sure(small: Small) -> Fraction:
    if not small.sure:
        raise Doubt("two_readings", *small.values)
    return small.value


def _whole(value: Fraction) -> Fraction:
    if value.denominator != 1:
        raise Doubt("malformed")
    return value


def _money_figures(small: Small) -> Fraction:
    """A figure in đồng: 1.500 is one thousand five hundred, but 1,500 may be short for millions."""
    if not small.sure and "," in small.text and small.value < 10 * NGHIN:
        raise Doubt("two_readings", small.value, small.value * NGHIN, kind="money")
    return _whole(small.value)


def _scaled(small: Small, scale: Token) -> Fraction:
    """A number times its scale; "1.500 triệu" is asked about, "1.500 nghìn" is what offices write."""
    if small.sure:
        return small.value * scale.value
    both = tuple(value * scale.value for value in small.values)
    if scale.value == NGHIN and "." in small.text and small.value < 10 * NGHIN:
        return both[0]
    raise Doubt("two_readings", *both, kind="money")
