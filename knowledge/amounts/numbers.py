"""Reading numbers from tokens: figures grouped or not, words, and figures mixed with words.

Every function either understands its words wholly or raises `Doubt`. Units and what they measure
are `knowledge.amounts.measures`'s matter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from knowledge.amounts.words import LAND, Token

UNITS = LAND | {
    "people", "worker", "couple", "family", "labour", "labour_half", "land_by_work", "day",
    "session", "metre",
}  # fmt: skip
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:([.,])\d{3})(?:\1\d{3})*")
_BANK = re.compile(r"([1-9]\d{0,2}(?:([.,])\d{3})+)([.,])(\d+)")
_DECIMAL = re.compile(r"(\d+)[.,](\d+)")
_PAUSES = frozenset(",.;:!()[]…")
_SPACED = re.compile(r"[1-9]\d{0,2}(?:[ ']\d{3})+")


class Doubt(Exception):
    """The words do not say one certain amount. `code` names the sentence that asks back.

    `readings` are the amounts they could say, in the unit of the kind that is meant.
    """

    def __init__(self, code: str, *readings: Fraction, kind: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.readings = readings
        self.kind = kind


def numeral(text: str) -> tuple[Fraction, ...]:
    """The values a numeral can have: one, or for "1.500" two, as figures in threes first.

    Raises Doubt("malformed") for what is none, such as "100.00.000" or "007".
    """
    if text.isdigit():
        if len(text) > 2 and text[0] == "0":
            # Telephone and document numbers start like this; an amount that does is a slip.
            raise Doubt("malformed" if len(text) < 9 else "unknown")
        return (Fraction(int(text)),)
    plain = re.sub(r"\D", "", text)
    if _SPACED.fullmatch(text):
        return (Fraction(int(plain)),)
    if match := _GROUPED.fullmatch(text):
        grouped = Fraction(int(plain))
        return (grouped,) if len(plain) > 6 else (grouped, grouped / 1000)
    if (match := _BANK.fullmatch(text)) and match[2] != match[3]:
        before = int(re.sub(r"\D", "", match[1]))
        return (before + Fraction(int(match[4]), 10 ** len(match[4])),)
    if match := _DECIMAL.fullmatch(text):
        if len(match[1]) > 2 and match[1][0] == "0":
            raise Doubt("malformed")
        return (int(match[1]) + Fraction(int(match[2]), 10 ** len(match[2])),)
    raise Doubt("malformed")


@dataclass(frozen=True, slots=True)
class Small:
    """A number before any scale. `form`: one (digit), tens, hundreds, figures or fraction."""

    values: tuple[Fraction, ...]
    form: str
    text: str = ""

    @property
    def value(self) -> Fraction:
        return self.values[0]

    @property
    def sure(self) -> bool:
        return len(self.values) == 1


class NumberReader:
    """A row of tokens read from left to right, one number at a time."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def peek(self) -> Token | None:
        """The next token, or None at the end."""
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def before(self) -> Token | None:
        """The token just passed, unless it is a sign or there is none."""
        token = self._tokens[self._at - 1] if self._at else None
        return None if token is None or token.kind == "sign" else token

    def peek_value(self) -> int:
        token = self.peek()
        return token.value if token else 0

    def kind(self, ahead: int = 0) -> str:
        """The class of a token ahead; empty beyond the end."""
        at = self._at + ahead
        return self._tokens[at].kind if at < len(self._tokens) else ""

    def take(self, *kinds: str) -> Token | None:
        """The next token if it is of one of these classes, and step behind it."""
        if self.kind() in kinds:
            self._at += 1
            return self._tokens[self._at - 1]
        return None

    def glued(self) -> bool:
        """Whether the next token follows without a space."""
        token = self.peek()
        return token is not None and token.glued

    def at_pause(self) -> bool:
        """Whether the next token is a sign that ends a phrase."""
        token = self.peek()
        return token is not None and token.text in _PAUSES

    def mark(self) -> int:
        return self._at

    def back(self, mark: int) -> None:
        self._at = mark

    def token(self, at: int) -> Token:
        return self._tokens[at]

    def starts_number(self) -> bool:
        """Whether a number, said or written, starts here."""
        kind = self.kind()
        if kind in ("num", "digit", "ten", "hundred", "half_before"):
            return True
        if kind == "not_done" and self._tokens[self._at].text in ("không", "khong"):
            return self.kind(1) in ("hundred", "point", "dong")
        if kind == "scale":
            return self.kind(1) in ("half_after", "digit", "late")
        if kind in LAND:
            return self.kind(1) == "half_after"
        # "lăm triệu" is năm triệu where n and l are exchanged; mốt and tư never start a number.
        return kind == "late" and self._tokens[self._at].value == 5

    def small(self) -> Small | None:
        """The number that starts here, below a thousand when in words; None when none does."""
        if token := self.take("num"):
            return self._after_figures(token)
        if self.take("ten"):
            return Small((Fraction(10 + self._ones()),), "tens")
        if self.take("hundred"):
            return self._hundreds(1)
        token = self.take("digit", "late")
        if token is None and self.kind(0) == "not_done" and self.starts_number():
            token = Token("digit", self._tokens[self._at].text, 0)
            self._at += 1
        return self._after_digit(token.value) if token else None

    def _after_figures(self, token: Token) -> Small:
        values = numeral(token.text)
        whole = int(values[0]) if token.text.isdigit() else 0
        if self._is_slash(0):
            return self._fraction(whole, Fraction(0))
        if whole and self.kind(0) == "num" and self._is_slash(1):
            # "1 1/2 công"; figures that are no mixed number stay apart and are asked about.
            over = self.take("num")
            return self._fraction(int(over.text) if over and over.text.isdigit() else 0, values[0])
        if 0 < whole < 10 and self.take("hundred"):
            return self._hundreds(whole)
        if 0 < whole < 100 and self.take("dozen"):
            return Small((Fraction(whole * 10),), "tens")
        if 1 < whole < 10 and self.take("tens"):
            return Small((Fraction(whole * 10 + self._ones()),), "tens")
        if self.take("point"):
            return self._decimals(values[0])
        form = "one" if token.text.isdigit() and len(token.text) == 1 else "figures"
        return Small(values, form, token.text)

    def _is_slash(self, ahead: int) -> bool:
        at = self._at + ahead
        return at < len(self._tokens) and self._tokens[at].text == "/"

    def _fraction(self, over: int, whole: Fraction) -> Small:
        self._at += 1
        under = self.take("num")
        if not under or under.text not in ("2", "3", "4"):
            raise Doubt("rate")
        if not 0 < over < int(under.text) or self._is_slash(0):
            raise Doubt("date")
        if self.kind(0) not in UNITS | {"scale"}:
            raise Doubt("date")
        return Small((whole + Fraction(over, int(under.text)),), "fraction")

    def _decimals(self, whole: Fraction) -> Small:
        digits = ""
        if token := self.take("num"):
            digits = token.text if token.text.isdigit() else ""
        else:
            small = self.small()
            if small and small.form in ("one", "tens") and small.value == int(small.value):
                digits = str(int(small.value))
        if not digits:
            raise Doubt("malformed")
        return Small((whole + Fraction(int(digits), 10 ** len(digits)),), "fraction")

    def _after_digit(self, digit: int) -> Small:
        if self.take("hundred"):
            return self._hundreds(digit)
        if digit and self.take("dozen"):
            return Small((Fraction(digit * 10),), "tens")
        if digit > 1 and self.take("tens"):
            return Small((Fraction(digit * 10 + self._ones()),), "tens")
        if self.take("point"):
            return self._decimals(Fraction(digit))
        if self.kind(0) in ("digit", "late"):
            return self._pair(digit)
        return Small((Fraction(digit),), "one")

    def _pair(self, first: int) -> Small:
        """ "hai lăm" is 25, but "ba bốn" is three to four and "ba tư" may be either."""
        before, token = self._tokens[self._at - 1], self._tokens[self._at]
        second = token.value
        if self.kind(1) in ("tens", "hundred", "dozen", "point"):
            return Small((Fraction(first),), "one")
        self._at += 1
        both = Fraction(first * 10 + second)
        late = token.kind == "late" or (token.text == "mot" and not token.marked)
        # "tam hai trieu" may be tầm hai triệu, "nam hai trieu" begin with a name.
        certain = late and first > 1 and (first, second) != (3, 4) and not before.bare
        apart = second - first >= 3 or 1 < second < first
        # Typed without marks, "hai tam nghin" may be hai trăm nghìn with a letter left out.
        bare = before.bare or token.bare
        spoken = first > 1 and not bare and apart and second != 5 and (first, second) != (5, 3)
        if certain or spoken:
            return Small((both,), "tens")
        raise Doubt("range")

    def _ones(self) -> int:
        """The digit after tens, unless that digit begins a number of its own."""
        if self.kind(0) not in ("digit", "late"):
            return 0
        if self.kind(1) in ("tens", "hundred", "dozen", "ten"):
            return 0
        self._at += 1
        return self._tokens[self._at - 1].value

    def _hundreds(self, hundreds: int) -> Small:
        base = Fraction(hundreds * 100)
        if self.take("linh"):
            ones = self.take("digit", "late", "num")
            if not ones or (ones.kind == "num" and not re.fullmatch(r"0?[1-9]", ones.text)):
                raise Doubt("malformed")
            return Small(
                (base + (int(ones.text) if ones.kind == "num" else ones.value),), "hundreds"
            )
        if self.take("half_after"):
            return Small((base + 50,), "hundreds")
        if self.kind(0) == "num":
            return self._hundreds_and_figures(base)
        if self.kind(0) in ("digit", "late", "ten"):
            token = self._tokens[self._at]
            rest = self.small()
            if rest and rest.form == "tens":
                return Small((base + rest.value,), "hundreds")
            if rest and rest.form == "one":
                return self._spoken_tens(base, token)
            raise Doubt("malformed")
        return Small((base,), "hundreds")

    def _hundreds_and_figures(self, base: Fraction) -> Small:
        text = self._tokens[self._at].text
        if re.fullmatch(r"[1-9]\d|0[1-9]", text):
            self._at += 1
            return Small((base + int(text),), "hundreds")
        raise Doubt("two_readings")

    def _spoken_tens(self, base: Fraction, token: Token) -> Small:
        """ "trăm hai" is 120; with một or năm it may as well be a slip for linh một, linh năm."""
        plain = token.kind == "digit" and token.value in (1, 5)
        if plain or (token.kind == "late" and token.value == 5):
            raise Doubt("two_readings")
        return Small((base + token.value * 10,), "hundreds")


def sure(small: Small) -> Fraction:
    """The one value of a number; raises Doubt when it can have two."""
    if not small.sure or " " in small.text:
        raise Doubt("two_readings", *small.values)
    return small.value


def whole(value: Fraction) -> Fraction:
    """The value itself when it is whole; raises Doubt("malformed") for half a đồng or a person."""
    if value.denominator != 1:
        raise Doubt("malformed")
    return value
