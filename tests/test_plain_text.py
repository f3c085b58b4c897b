"""Text for platforms that only take text: composed, counted in UTF-16 units, cut at a pause."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.plain_text import composed, numbered, parts, units

WORDS = "Bà con đóng góp ngày công làm đường. "
FAMILY = "👨‍👩‍👧"


def test_composed_and_decomposed_text_leave_alike() -> None:
    decomposed = unicodedata.normalize("NFD", WORDS * 70)
    assert len(decomposed) > len(WORDS * 70)
    assert parts(decomposed, 2_000) == parts(WORDS * 70, 2_000)


def test_two_thousand_units_are_one_part_and_one_more_are_two() -> None:
    assert parts("a" * 2_000, 2_000) == ["a" * 2_000]
    assert parts("a" * 2_001, 2_000) == ["a" * 2_000, "a"]
    assert [units(part) for part in parts("😀" * 1_001, 2_000)] == [2_000, 2]


@pytest.mark.parametrize("sign", ["😀", FAMILY, "👍🏽", "❤️", "🇻🇳", "1️⃣", "ệ́"])
@pytest.mark.parametrize("before", range(1_980, 2_001))
def test_no_sign_is_torn_apart_at_the_cut(sign: str, before: int) -> None:
    text = "a" * before + sign * 3 + "b" * 30
    for part in parts(text, 2_000):
        assert units(part) <= 2_000
        assert part.replace(composed(sign), "").strip("ab") == ""
    assert "".join(parts(text, 2_000)) == composed(text)


def test_the_cut_lies_between_lines_then_sentences_then_words() -> None:
    assert parts("một hai\nba bốn. năm", 15) == ["một hai", "ba bốn. năm"]
    assert parts("một hai. ba bốn năm", 14) == ["một hai.", "ba bốn năm"]
    assert parts("một hai ba bốn", 9) == ["một hai", "ba bốn"]
    # A pause too early would make many small parts.
    assert parts("a. " + "b" * 20, 12) == ["a. bbbbbbbbb", "b" * 11]


@given(st.text(max_size=400), st.integers(40, 120))
@settings(max_examples=500)
def test_nothing_but_white_space_is_lost(text: str, most: int) -> None:
    cut = parts(text, most)
    assert all(0 < units(part) <= most for part in cut)
    assert "".join("".join(cut).split()) == "".join(composed(text).split())


def test_choices_are_numbered_lines_or_the_words_to_type() -> None:
    offered = [{"id": "x7.1", "label": "Góp tiền"}, {"id": "x7.2", "label": "Ngày công"}]
    assert numbered("Góp gì ạ?", offered) == "Góp gì ạ?\n1. Góp tiền\n2. Ngày công"
    typed = [{"id": "=duyệt K7Q2", "label": "Duyệt"}, {"id": "=menu", "label": "menu"}]
    assert numbered("Có báo cáo.", typed) == "Có báo cáo.\n• duyệt K7Q2 (Duyệt)\n• menu"
