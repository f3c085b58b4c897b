"""One village, one key, however its name is typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.text import fold
from knowledge.villages import village_key

WAYS = {
    "tham": [
        "Bản Thẳm",
        "bản thẳm",
        "Thẳm",
        "ban tham",
        "b. Thẳm",
        "B.Thẳm",
        "Thôn Thẳm",
        "t. Thẳm",
    ],
    "3": ["Tổ dân phố số 3", "TDP 3", "Tổ 3", "tdp số 3", "khu 3"],
    "na don": ["Xóm Nà Đon", "Nà  Đon", "Khu phố Nà Đon", "thôn bản Nà Đon"],
    "so lao": ["Bản Số Lao", "Số Lao"],
    "ban": ["Bản"],
    "thanh cong": ["Thành Công", "bản Thành Công"],
    "bo": ["Bản Bo"],
}


@pytest.mark.parametrize("key", WAYS)
def test_one_village_has_one_key(key: str) -> None:
    assert {village_key(typed) for typed in WAYS[key]} == {key}


WORDS = ["bản", "thôn", "tổ", "dân", "phố", "số", "3", "b.", "khu", "Thẳm", "t"]


@given(st.lists(st.sampled_from(WORDS), max_size=6))
def test_a_key_is_its_own_key(words: list[str]) -> None:
    key = village_key(" ".join(words))
    assert village_key(key) == key
    assert bool(key) == bool(fold(" ".join(words)))
