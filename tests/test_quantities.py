"""Amounts as villagers type them: a table of what each must be read as, and properties of all."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge import quantities
from knowledge.quantities import read
from knowledge.text import fold

TABLE = Path(__file__).parent / "tables" / "quantities.tsv"
Row = tuple[str, str | None, str]


def rows() -> list[Row]:
    found: list[Row] = []
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            text, kind, expected = line.split("\t")
            found.append((text, None if kind == "-" else kind, expected))
    return found


def told(text: str, kind: str | None = None) -> str:
    quantity = read(text, kind)
    return f"{quantity.kind} {quantity.value}" if quantity.result == "value" else quantity.result


def without_marks(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(char for char in plain if not unicodedata.combining(char))


@pytest.mark.parametrize(("text", "kind", "expected"), rows())
def test_table(text: str, kind: str | None, expected: str) -> None:
    allowed = {expected.rstrip("?")} | ({"ask"} if expected.endswith("?") else set())
    assert told(text, kind) in allowed


def test_the_table_is_large() -> None:
    assert len({(text, kind) for text, kind, _ in rows()}) >= 500


def test_without_marks_the_same_or_asked() -> None:
    wrong = [
        (text, plain, told(plain, kind))
        for text, kind, expected in rows()
        if expected[0] in "ml"
        for plain in [without_marks(text)]
        if told(plain, kind) not in {expected.rstrip("?"), "ask"}
    ]
    assert wrong == []


def test_composed_or_not_upper_or_lower_makes_no_difference() -> None:
    for text, kind, _ in rows():
        same = told(text, kind)
        assert told(unicodedata.normalize("NFD", text), kind) == same
        assert told(f"  {text} ", kind) == same


@pytest.mark.parametrize(
    ("text", "echo"),
    [
        ("1tr5", "1.500.000 đ - một triệu năm trăm nghìn đồng"),
        ("1 triệu 050 nghìn", "1.050.000 đ - một triệu không trăm năm mươi nghìn đồng"),
        ("2 sào", "720 m² - bảy trăm hai mươi mét vuông (1 sào tính 360 m²)"),
        ("5 người 3 ngày", "15 ngày công - mười lăm ngày công (5 người × 3 ngày)"),
        ("5m x 20m", "100 m² - một trăm mét vuông (5 m × 20 m)"),
        ("hai công rưỡi", "2,5 ngày công - hai phẩy năm ngày công"),
    ],
)
def test_read_back_in_figures_and_words(text: str, echo: str) -> None:
    assert read(text).echo == echo


def test_asking_offers_the_readings_there_are() -> None:
    quantity = read("1tr50")
    assert quantity.result == "ask"
    assert set(quantity.readings) == {1_500_000, 1_050_000}
    assert "1.500.000 đồng" in quantity.why
    assert read("2", "money").readings == (2_000, 2_000_000)


def test_what_is_not_read_says_why_and_names_nothing() -> None:
    for text, kind, _ in rows():
        quantity = read(text, kind)
        if quantity.result == "value":
            assert quantity.echo
            assert not quantity.why
        else:
            assert (quantity.kind, quantity.value, quantity.unit) == (None, None, None)
            assert quantity.why
            assert len(quantity.why) <= 300


def test_whole_values_are_whole_numbers() -> None:
    assert isinstance(read("2 sào").value, int)
    assert isinstance(read("2,5 công").value, float)


def test_long_stories_are_not_searched_for_numbers() -> None:
    assert read("tôi góp 2 triệu " + "rất vui " * 40).result == "ask"


def test_a_pack_may_count_land_otherwise(tmp_path: Path) -> None:
    text = (quantities.DEFAULT / "quantities.yaml").read_text(encoding="utf-8")
    (tmp_path / "quantities.yaml").write_text(text.replace("sao: 360", "sao: 500"), "utf-8")
    assert quantities.load(tmp_path).read("2 sào").value == 1000


thousands = st.integers(min_value=5, max_value=99_999_999).map(lambda n: n * 1000)


@given(thousands)
def test_money_said_is_read(vnd: int) -> None:
    assert told(quantities.say_money(vnd)) == f"money {vnd}"


@given(thousands)
def test_money_in_figures_is_read(vnd: int) -> None:
    assert told(quantities.format_money(vnd)) == f"money {vnd}"
    assert told(f"{vnd}đ") == f"money {vnd}"
    assert told(quantities.format_money(vnd), "money") == f"money {vnd}"


@given(thousands)
def test_money_said_without_marks_is_read_or_asked(vnd: int) -> None:
    assert told(fold(quantities.say_money(vnd))) in {f"money {vnd}", "ask"}


@given(st.integers(min_value=5_000, max_value=99_999_999_999))
def test_any_sum_said_is_never_another(vnd: int) -> None:
    quantity = read(quantities.say_money(vnd))
    assert quantity.value == vnd or (quantity.result == "ask" and vnd in quantity.readings)


@given(st.integers(1, 30), st.integers(1, 30))
def test_people_times_days(people: int, days: int) -> None:
    for text in (f"{people} người {days} ngày", f"{days} ngày x {people} người"):
        assert told(text) == f"labour {people * days}"


@given(st.integers(1, 99), st.integers(1, 99))
def test_length_times_width(length: int, width: int) -> None:
    for text in (f"{length}m x {width}m", f"dài {length}m, rộng {width}m"):
        assert told(text) == f"land {length * width}"


PIECES = """
1 2 50 500 1.500 0 - x / , . tr triệu trieu nghìn k đồng đ rưỡi nửa trăm mươi mười lăm tư hai ba
không chưa công ngày người sào m2 m mẫu ha và đến khoảng nhầm mỗi vợ chồng tôi góp ( ) =
"""
pieces = st.sampled_from(PIECES.split())


@given(st.one_of(st.text(max_size=60), st.lists(pieces, max_size=8).map(" ".join)))
def test_no_text_raises(text: str) -> None:
    for kind in (None, "money", "labour", "land", "other"):
        quantity = read(text, kind)
        assert (quantity.result == "value") == (quantity.value is not None)
        assert quantity.value is None or quantity.value > 0


@given(st.lists(pieces, max_size=6).map(" ".join), st.sampled_from(["money", "labour", "land"]))
def test_a_form_gets_its_own_kind_or_a_question(text: str, kind: str) -> None:
    assert read(text, kind).kind in {kind, None}
