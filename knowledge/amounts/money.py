"""Money in a row of tokens: figures in đồng, scales, "1 triệu 2", "2tr350k", rưỡi."""

from __future__ import annotations

import re
from fractions import Fraction

from knowledge.amounts.numbers import UNITS, Doubt, NumberReader, Small, whole
from knowledge.amounts.slips import like_digit
from knowledge.amounts.words import LAND, Token

NGHIN, TRIEU, TY = 1000, 10**6, 10**9
# "hai nghìn năm trăm mét vuông", "2 nghìn công": here thousands are not of đồng.
_COUNTED_IN_THOUSANDS = LAND | {"labour"}
# Words that, right behind a loose figure, may be what it counts: "1 triệu 2 em góp".
_COUNTED = frozenset({
    "me", "self", "group", "thing", "office", "ago", "times", "num", "half_before", "digit",
    "late", "ten", "tens", "unknown", "linh", "each_person", "sign",
})  # fmt: skip
# Without their marks these two are words of their own: "2 triệu sau" is no 2,6 triệu.
_NOT_DIGITS_ALONE = frozenset({"sau", "nam"})
_SHORT_WORDS = frozenset({"fill", "hand", "me", "self", "work", "gain", "office", "group"})
_SHORT_SCALES = frozenset({"tr", "k", "củ", "trđ"})


class MoneyReader(NumberReader):
    """Reads amounts of money; what turns out to count something else is given back as a number."""

    def figures(self, small: Small) -> Fraction:
        """A figure in đồng: 1.500 is one thousand five hundred, 1,500 may be short for more."""
        self.take("dong")
        if not small.sure and "," in small.text and small.value < 10 * NGHIN:
            raise Doubt("two_readings", small.value, small.value * NGHIN, kind="money")
        return whole(small.value)

    def money(self, small: Small) -> Fraction | Small:
        """VND of a number with a scale behind it, or the number when it counts land or labour."""
        scale = self._scale()
        total = _scaled(small, scale)
        if small.value.denominator != 1 and self._more():
            raise Doubt("two_readings")
        while True:
            if self.take("half_after"):
                if scale.value == NGHIN and total > 10 * NGHIN:
                    # Nobody gives 500 đồng more than 500 nghìn: a slip for rồi.
                    raise Doubt("two_readings")
                total += Fraction(scale.value, 2)
                break
            start = self.mark()
            linked = self.take("linh") is not None
            rest = self._rest()
            if rest is not None and self.kind() == "scale":
                scale, total = self._lower_term(rest, scale, total)
                continue
            if linked:
                raise Doubt("vague" if rest is None else "two_readings")
            if rest is None and scale.marked and self._slipped_digit():
                raise Doubt("two_readings")
            if rest is not None:
                total += self._last_term(rest, scale, total, start)
            break
        if self.kind() in _COUNTED_IN_THOUSANDS:
            if scale.text == "k":
                raise Doubt("several")
            return Small((total,), "figures")
        animals = self.peek()
        if animals and animals.text == "con" and scale.value == NGHIN:
            raise Doubt("unknown")
        self.take("dong")
        return total

    def _slipped_digit(self) -> bool:
        """Whether a short word without marks follows that may be a digit: "một tỷ la" for ba."""
        token = self.peek()
        return (
            token is not None
            and token.kind in _SHORT_WORDS
            and not token.marked
            and len(token.text) <= 2
            and like_digit(token.text)
        )

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

    def _more(self) -> bool:
        """Whether more of the same amount follows, as a half or a figure."""
        return self.kind() in ("half_after", "late", "linh") or self.starts_number()

    def _rest(self) -> Small | None:
        """The number behind a scale, if one follows; "1tr050" is no slip there."""
        token = self.peek()
        if token and token.kind == "num" and re.fullmatch(r"0\d\d", token.text):
            self.take("num")
            return Small((Fraction(int(token.text)),), "figures", token.text)
        if self.kind() == "late" or (self.starts_number() and self.kind() != "half_before"):
            return self.small()
        return None

    def _lower_term(self, rest: Small, above: Token, total: Fraction) -> tuple[Token, Fraction]:
        scale = self._scale()
        lower = _scaled(rest, scale)
        # "1tr5k" is typed by people who mean 1.500.000 as well as 1.005.000.
        unclear = scale.text == "k" and rest.form == "one"
        if scale.value >= above.value or lower >= above.value or unclear:
            raise Doubt("two_readings", total + lower)
        return scale, total + lower

    def _last_term(self, rest: Small, scale: Token, total: Fraction, start: int) -> Fraction:
        """What the last number behind a scale adds; nothing when it counts the next thing."""
        in_full = scale.value == NGHIN and rest.form == "hundreds"
        if in_full and self.kind() in _COUNTED_IN_THOUSANDS:
            return rest.value
        if self.kind() in UNITS:
            self.back(start)
            return Fraction(0)
        first = self.token(start)
        if first.bare and first.text in _NOT_DIGITS_ALONE and rest.form == "one":
            raise Doubt("two_readings")
        if not first.glued and self.kind() in _COUNTED and not self.at_pause():
            raise Doubt("unknown")
        return self._tail(rest, scale, total)

    def _tail(self, rest: Small, scale: Token, total: Fraction) -> Fraction:
        """ "1 triệu 2" adds tenths, "1 triệu 250" thousands; two figures ("1tr50") nobody knows."""
        if scale.value == TRIEU and rest.text and rest.sure and NGHIN <= rest.value < TRIEU:
            return rest.value  # "1 triệu 200.000"
        digits = rest.text or str(int(rest.value))
        if rest.form == "fraction" or not digits.isdigit() or len(digits) > 3:
            raise Doubt("two_readings")
        if rest.form == "one" and self.take("half_after"):
            return rest.value * scale.value / 10 + Fraction(scale.value, 20)
        if rest.form == "hundreds":
            digits = digits.zfill(3)
        # "5 nghìn 5" is said, "500 nghìn 5" is not.
        if scale.value <= 10 * NGHIN <= 10 * scale.value <= total and len(digits) < 3:
            raise Doubt("two_readings")
        tenths = Fraction(int(digits), 10 ** len(digits)) * scale.value
        if len(digits) == 2 and digits[0] != "0":
            raise Doubt("two_readings", total + tenths, total + tenths / 10, kind="money")
        short = rest.text and scale.text in _SHORT_SCALES
        written_out = self.kind() == "dong" and not short
        if written_out and tenths != rest.value:
            raise Doubt("two_readings", total + tenths, total + rest.value, kind="money")
        return tenths


def _scaled(small: Small, scale: Token) -> Fraction:
    """A number times its scale; "1.500 nghìn" is office style, "1.500 triệu" is asked about."""
    if " " in small.text:
        raise Doubt("two_readings")
    if scale.value == NGHIN and small.text and small.value >= 10 * NGHIN:
        # "500.000 nghìn", "500000 nđ": the thousand is there twice, or it is half a billion.
        raise Doubt("two_readings", small.value, small.value * NGHIN, kind="money")
    if small.sure:
        return small.value * scale.value
    both = tuple(value * scale.value for value in small.values)
    if scale.value == NGHIN and "." in small.text:
        return both[0]
    raise Doubt("two_readings", *both, kind="money")
