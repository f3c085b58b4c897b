"""Numbers said aloud, and the figures beside them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge import numbers

SAID = {
    0: "không",
    5: "năm",
    10: "mười",
    11: "mười một",
    15: "mười lăm",
    20: "hai mươi",
    21: "hai mươi mốt",
    24: "hai mươi bốn",
    55: "năm mươi lăm",
    100: "một trăm",
    101: "một trăm linh một",
    110: "một trăm mười",
    115: "một trăm mười lăm",
    1_000: "một nghìn",
    1_005: "một nghìn không trăm linh năm",
    1_050_000: "một triệu không trăm năm mươi nghìn",
    1_500_000: "một triệu năm trăm nghìn",
    1_000_000_000: "một tỷ",
    2_000_000_050: "hai tỷ không trăm năm mươi",
    1_234_567_890: "một tỷ hai trăm ba mươi bốn triệu năm trăm sáu mươi bảy nghìn "
    "tám trăm chín mươi",
    -3: "âm ba",
}


@pytest.mark.parametrize(("number", "words"), SAID.items())
def test_numbers_are_said_as_officials_write_them(number: int, words: str) -> None:
    assert numbers.say(number) == words


@given(st.integers(min_value=0, max_value=10**13))
def test_figures_can_be_taken_apart_again(number: int) -> None:
    assert int(numbers.group_digits(number).replace(".", "")) == number


@given(st.integers(min_value=0, max_value=10**12))
def test_a_number_is_said_in_plain_words(number: int) -> None:
    words = numbers.say(number)
    assert words == " ".join(words.split())
    assert all(word.isalpha() for word in words.split())


@pytest.mark.parametrize(
    ("value", "figure", "words"),
    [
        (Fraction(3, 2), "1,5", "một phẩy năm"),
        (Fraction(1, 20), "0,05", "không phẩy không năm"),
        (Fraction(12345, 10), "1.234,5", "một nghìn hai trăm ba mươi bốn phẩy năm"),
        (Fraction(720), "720", "bảy trăm hai mươi"),
    ],
)
def test_numbers_that_are_not_whole(value: Fraction, figure: str, words: str) -> None:
    assert numbers.figure(value) == figure
    assert numbers.say_number(value) == words
