"""Receipt codes: what is copied wrong is noticed, what is copied right is understood."""

from __future__ import annotations

import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.codes import ALPHABET, PREFIX, looks_like_code, new_code, parse

_WEIGHTS = range(1, 7)


def _body(letters: str) -> str:
    """The whole code of six letters, by the rule in words and not by the code under test."""
    total = sum(w * ALPHABET.index(one) for w, one in zip(_WEIGHTS, letters, strict=True))
    return letters + ALPHABET[total % 23]


codes = st.text(ALPHABET, min_size=6, max_size=6).map(_body)


def test_the_alphabet_has_no_look_alikes() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET) == 23
    pairs = ["0O", "1I", "1L", "5S", "8B", "UV", "2Z", "6G"]
    assert [pair for pair in pairs if set(pair) <= set(ALPHABET)] == []


def test_new_codes_are_right_and_differ() -> None:
    made = {new_code() for _ in range(500)}
    assert len(made) == 500
    assert all(
        parse(code) == code and re.fullmatch(rf"LC-[{ALPHABET}]{{7}}", code) for code in made
    )


@given(codes)
def test_every_single_wrong_character_is_caught(code: str) -> None:
    for at in range(7):
        wrong = {code[:at] + other + code[at + 1 :] for other in ALPHABET if other != code[at]}
        assert {parse(PREFIX + one) for one in wrong} == {None}


@given(codes)
def test_every_swap_of_two_characters_is_caught(code: str) -> None:
    for low, high in combinations(range(7), 2):
        letters = list(code)
        letters[low], letters[high] = letters[high], letters[low]
        swapped = PREFIX + "".join(letters)
        assert parse(swapped) == (PREFIX + code if code[low] == code[high] else None)


@given(codes)
def test_a_missing_or_an_added_character_is_caught(code: str) -> None:
    shorter = {code[:at] + code[at + 1 :] for at in range(7)}
    longer = {code[:at] + other + code[at:] for at in range(8) for other in ALPHABET}
    assert {parse(PREFIX + one) for one in shorter | longer} == {None}


@given(codes, st.data())
def test_spaces_dashes_and_case_do_not_matter(code: str, data: st.DataObject) -> None:
    typed = data.draw(st.sampled_from(["LC", "lc", "Lc", ""]))
    typed += data.draw(st.sampled_from(["-", " ", "", " - ", ". ", "–"]))
    for letter in code:
        typed += data.draw(st.sampled_from([letter, letter.lower()]))
        typed += data.draw(st.sampled_from(["", "", "", " "]))
    assert parse(f" {typed} ") == PREFIX + code


@given(codes, st.sampled_from(["LC-", "lc-", "LC ", "lc", "LC - "]), st.sampled_from([3, 4]))
def test_what_can_be_read_as_a_code_looks_like_one(code: str, prefix: str, middle: int) -> None:
    """Otherwise "xem lc 7kq 2m9a" is taken for a question."""
    for typed in (prefix + code, prefix + code.lower(), f"{prefix}{code[:middle]} {code[middle:]}"):
        assert parse(typed) == PREFIX + code
        assert looks_like_code(typed)


@pytest.mark.parametrize("typed", ["LC-12345", "lc 0000000", "LC-ABCDEFGHI", "LCSSSSSSS"])
def test_a_wrong_code_still_looks_like_one(typed: str) -> None:
    """So that whoever mistypes is told so."""
    assert parse(typed) is None
    assert looks_like_code(typed)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    found = parse(text)
    assert found is None or parse(found) == found
    looks_like_code(text)


@given(st.text(ALPHABET + ALPHABET.lower() + " -.–LCſK", max_size=16))
def test_what_is_read_is_always_a_whole_right_code(text: str) -> None:
    found = parse(text)
    if found is not None:
        assert found == PREFIX + _body(found[3:9])
