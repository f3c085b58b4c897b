"""Long texts in parts: nothing lost, nothing too long, no character cut in two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.pieces import pieces, units


@given(st.text("aă😀 \n\u0301\u200d🇻", max_size=60), st.integers(8, 20))
def test_every_part_fits_and_together_they_are_the_text(text: str, most: int) -> None:
    parts = pieces(text, most)
    assert all(part.strip() and units(part) <= most for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


@given(st.text(st.characters(codec="utf-8")))
def test_units_are_what_utf_16_counts(text: str) -> None:
    assert units(text) == len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize(
    ("text", "most", "parts"),
    [
        ("", 10, []),
        (" \n", 10, []),
        ("vừa đủ mười", 11, ["vừa đủ mười"]),
        ("dòng một\ndòng hai", 12, ["dòng một", "dòng hai"]),
        ("một hai ba bốn", 9, ["một hai", "ba bốn"]),
        ("abcdefgh ij", 8, ["abcdefgh", "ij"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("abc😀😀", 4, ["abc", "😀😀"]),
        ("abcd👩\u200d🌾e", 8, ["abcd", "👩\u200d🌾e"]),
        ("abcde👍🏽", 8, ["abcde", "👍🏽"]),
        ("abcde🇻🇳", 7, ["abcde", "🇻🇳"]),
        ("abce\u0302\u0301x", 5, ["abc", "e\u0302\u0301x"]),
        ("e" + "\u0301" * 9, 4, ["e\u0301\u0301\u0301", "\u0301" * 4, "\u0301\u0301"]),
    ],
)
def test_where_a_text_is_cut(text: str, most: int, parts: list[str]) -> None:
    assert pieces(text, most) == parts
