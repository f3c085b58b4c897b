"""Texts written before the readers were run on them: amounts, days, places. Nothing may be read
wrongly, and what can be read is read.

The first line of each table says how it is written; "?" behind a value allows asking back.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge import dates, numbers, places, quantities

DATA = Path(__file__).parent / "data"
Row = tuple[str, str, str]


def amounts(name: str) -> list[Row]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return [(text, kind, expected) for text, kind, expected in rows]


def entries(name: str) -> list[Row]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [(row["text"], row["today"], row["expected"]) for row in rows]


def allowed(expected: str) -> set[str]:
    """ "money 5000?" → the value or a question; "ask/reject" → either."""
    if expected.endswith("?"):
        return {expected.removesuffix("?"), "ask"}
    return set(expected.split("/")) if expected[0] in "ar" else {expected}


def amount(text: str, kind: str | None = None) -> str:
    found = quantities.read(text, kind)
    return f"{found.kind} {found.value}" if found.result == "value" else found.result


def day(text: str, today: date) -> str:
    found = dates.read(text, today)
    if found.result == "month":
        return f"month {found.month}"
    return str(found.value) if found.result == "date" else found.result


def place(text: str, on: date) -> str:
    found = places.load().find(text, on)
    names = ", ".join(sorted(unit.name for unit in found.units))
    return f"ask: {names}" if found.result == "ask" else names or found.result


AMOUNTS = [
    *amounts("quantities_fresh.tsv"),
    *amounts("quantities_fresh_second.tsv"),
    *amounts("quantities_fresh_third.tsv"),
]


@pytest.mark.parametrize(("text", "kind", "expected"), AMOUNTS)
def test_amounts(text: str, kind: str, expected: str) -> None:
    assert amount(text, None if kind == "-" else kind) in allowed(expected)


@pytest.mark.parametrize(("text", "today", "expected"), entries("dates_fresh.jsonl"))
def test_days(text: str, today: str, expected: str) -> None:
    assert day(text, date.fromisoformat(today)) in allowed(expected)


@pytest.mark.parametrize(("text", "today", "expected"), entries("places_fresh.jsonl"))
def test_places(text: str, today: str, expected: str) -> None:
    told = place(text, date.fromisoformat(today))
    if expected.startswith("ask: "):
        assert told == "ask: " + ", ".join(sorted(expected[5:].split(", ")))
    elif expected.endswith("?") and told.startswith("ask: "):
        assert expected.removesuffix("?") in told[5:].split(", ")
    else:
        assert told == expected.removesuffix("?")


def test_the_tables_are_large() -> None:
    assert len(set(AMOUNTS)) >= 470
    assert len(set(entries("dates_fresh.jsonl"))) >= 120
    assert len(set(entries("places_fresh.jsonl"))) >= 120


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        # Got or asked for, not given.
        ("gia đình được hỗ trợ 5 triệu", None),
        ("được tặng 500k", None),
        ("xã hỗ trợ 5 triệu", None),
        ("cho em xin 500k", None),
        ("đưa tôi 2 triệu", None),
        ("nhà em có 200m2 đất", "land"),
        # A loose figure counts what stands behind it.
        ("3 cán bộ", "labour"),
        ("làm 3 hôm trước", "labour"),
        ("góp 1 triệu 2 tháng trước", None),
        ("góp 2 triệu năm rồi", None),
        ("50 nghìn con", None),
        ("5 ca", "labour"),
        # Without marks another word may be meant.
        ("tam hai trieu", None),
        ("nam hai trieu", None),
        ("gop toi 2 trieu", None),
        ("2 tyr", None),
        ("2024", "land"),
        ("6/10 triệu", None),
    ],
)
def test_what_may_be_no_gift_or_another_number_is_asked(text: str, kind: str | None) -> None:
    assert amount(text, kind) == "ask"


@pytest.mark.parametrize(
    "text",
    [
        "thứ hai tới",
        "ngày 10/6 tới",
        "ngay 10/6 toi",
        "hai tháng trước",
        "ngày 5 tháng sau",
        "sang tháng 7",
        "từ tháng ba",
        "tu thang ba",
        "thứ ba bả",
        "ngày chí tháng tám",
        "thứ ba ngày 9/6",
    ],
)
def test_days_that_may_be_others_are_never_read(text: str) -> None:
    assert day(text, date(2025, 6, 11)) in {"ask", "reject"}


@pytest.mark.parametrize(
    "text", ["Chà Nưa", "Nậm Vì", "Sá Tổng", "Bình Lục", "Nậm Cắn", "Lê Lai", "Nà Tấu"]
)
def test_names_of_other_provinces_are_never_taken_for_ours(text: str) -> None:
    assert not place(text, date(2025, 1, 2)).startswith("Xã")


SURE = [("2 triệu", "money 2000000"), ("3 công", "labour 3"), ("200 m2", "land 200")]
BEFORE = st.sampled_from(["", "em góp ", "Dạ em ", "nhà em ủng hộ ", "Ông Lò Văn Páo góp ", "đã "])
AFTER = st.sampled_from(["", " ạ", " nhé", " rồi ạ", " cho bản", ". Cảm ơn", "!"])
DOUBTS = st.sampled_from(
    """không góp|chưa góp|sẽ góp|hứa góp|mai góp|còn nợ|khoảng|tầm|gần|hơn|ít nhất|mỗi hộ|từng|
    được hỗ trợ|cho em xin|vay|thiếu|nếu góp""".replace("\n", "")
    .replace("    ", "")
    .split("|")
)


@given(st.sampled_from(SURE), BEFORE, AFTER)
def test_words_around_an_amount_do_not_change_it(
    sure: tuple[str, str], before: str, after: str
) -> None:
    assert amount(before + sure[0] + after) == sure[1]


@given(st.sampled_from(SURE), DOUBTS, AFTER, st.booleans())
def test_a_doubtful_word_before_an_amount_is_never_dropped(
    sure: tuple[str, str], doubt: str, after: str, said: bool
) -> None:
    assert amount(f"{'em ' if said else ''}{doubt} {sure[0]}{after}") == "ask"


@given(st.integers(1, 999), st.integers(1, 9), BEFORE, AFTER)
def test_millions_and_tenths(millions: int, tenth: int, before: str, after: str) -> None:
    vnd = millions * 10**6 + tenth * 10**5
    written = [f"{millions}tr{tenth}", f"{millions},{tenth} triệu", numbers.group_digits(vnd) + "đ"]
    for text in (*written, f"{numbers.say(vnd)} đồng", f"{millions} triệu {tenth} trăm nghìn"):
        assert amount(before + text + after) == f"money {vnd}"


@given(st.integers(0, 364), st.dates(date(2021, 6, 1), date(2026, 12, 31)))
def test_a_weekday_beside_a_day_must_be_its_own(back: int, today: date) -> None:
    meant = today - timedelta(days=back)
    names = ["thứ hai", "thứ ba", "thứ tư", "thứ năm", "thứ sáu", "thứ bảy", "chủ nhật"]
    for number, name in enumerate(names):
        told = day(f"{name} ngày {meant.day}/{meant.month}/{meant.year}", today)
        assert told == (str(meant) if number == meant.weekday() else "ask")
