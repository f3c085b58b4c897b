"""Vietnamese number words: saying whole numbers aloud as officials write them.

Only numbers live here; amounts with a unit are read in `knowledge.quantities`.
"""

from __future__ import annotations

from fractions import Fraction

_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_SCALES = ("", "nghìn", "triệu")


def _below_hundred(tens: int, ones: int) -> list[str]:
    if tens == 0:
        return [_DIGITS[ones]] if ones else []
    words = ["mười"] if tens == 1 else [_DIGITS[tens], "mươi"]
    if ones == 1 and tens > 1:
        words.append("mốt")
    elif ones == 5:
        words.append("lăm")
    elif ones:
        words.append(_DIGITS[ones])
    return words


def _group(value: int, full: bool) -> list[str]:
    """Words of one group of three digits; `full` says "không trăm" and "linh" where needed."""
    hundreds, rest = divmod(value, 100)
    tens, ones = divmod(rest, 10)
    words = [_DIGITS[hundreds], "trăm"] if hundreds or full else []
    if words and tens == 0 and ones:
        return [*words, "linh", _DIGITS[ones]]
    return words + _below_hundred(tens, ones)


def say(number: int) -> str:
    """A whole number in words: 1050000 → "một triệu không trăm năm mươi nghìn".

    Negative numbers get "âm" in front. Above a billion the billions are said as a number again.
    """
    if number < 0:
        return f"âm {say(-number)}"
    if number == 0:
        return _DIGITS[0]
    billions, rest = divmod(number, 10**9)
    words = [say(billions), "tỷ"] if billions else []
    for power in (2, 1, 0):
        group = rest // 1000**power % 1000
        if group:
            words += [*_group(group, full=bool(words)), _SCALES[power]]
    return " ".join(word for word in words if word)


def group_digits(number: int) -> str:
    """Digits in threes with dots, the Vietnamese way: 1500000 → "1.500.000"."""
    return f"{number:,}".replace(",", ".")


def _decimals(value: Fraction) -> str:
    """The digits behind the comma, at most three, without trailing noughts."""
    return f"{round(value % 1 * 1000):03d}".rstrip("0")


def figure(value: Fraction) -> str:
    """A number as Vietnamese write it: 1234.5 → "1.234,5"."""
    value = Fraction(round(value * 1000), 1000)
    decimals = _decimals(value)
    return group_digits(int(value)) + (f",{decimals}" if decimals else "")


def say_number(value: Fraction) -> str:
    """A number that need not be whole in words: 1.5 → "một phẩy năm"."""
    value = Fraction(round(value * 1000), 1000)
    decimals = _decimals(value)
    if not decimals:
        return say(int(value))
    noughts = len(decimals) - len(decimals.lstrip("0"))
    said = [_DIGITS[0]] * noughts + [say(int(decimals))]
    return " ".join([say(int(value)), "phẩy", *said])
