"""The day of a contribution as people type it; today is Wednesday, 2025-03-19."""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.dates import read

TODAY = date(2025, 3, 19)
TABLE = """
hôm nay = 2025-03-19
hom nay = 2025-03-19
sáng nay = 2025-03-19
hôm qua = 2025-03-18
hom qua = 2025-03-18
Hôm Qua ạ = 2025-03-18
hoom qua = 2025-03-18
hôm wa = 2025-03-18
hqua = 2025-03-18
tối qua = 2025-03-18
chiều hôm qua = 2025-03-18
dạ em góp hôm qua ạ = 2025-03-18
hôm kia = 2025-03-17
hôm kìa = ask
2 ngày trước = 2025-03-17
hai ngày trước = 2025-03-17
cách đây 3 hôm = 2025-03-16
5 hôm trước = 2025-03-14
15/3 = 2025-03-15
15/03 = 2025-03-15
15 / 3 = 2025-03-15
15-3 = 2025-03-15
15.3 = 2025-03-15
15/3. = 2025-03-15
ngày 15/3 = 2025-03-15
hôm 15/3 = 2025-03-15
em nộp ngày 15/3 rồi = 2025-03-15
15/3/2025 = 2025-03-15
15-3-2025 = 2025-03-15
15/03/25 = 2025-03-15
2025-03-15 = 2025-03-15
15/3 dương lịch = 2025-03-15
15/12 = 2024-12-15
20/3 = 2024-03-20
19/3 = 2025-03-19
29/2 = 2024-02-29
ngày 5 tháng 1 = 2025-01-05
ngay 5 thang 1 = 2025-01-05
ngya 5 thagn 1 = 2025-01-05
5 tháng 1 = 2025-01-05
ngày 5, tháng 1, năm 2025 = 2025-01-05
ngày năm tháng ba = 2025-03-05
ngày mười lăm tháng hai = 2025-02-15
ngày hai mươi mốt tháng tư năm ngoái = 2024-04-21
15 tháng 3, 2025 = 2025-03-15
ngày 15 tháng này = 2025-03-15
ngày 15 tháng trước = 2025-02-15
thứ hai = 2025-03-17
thứ hai tuần trước = 2025-03-10
thu hai tuan truoc = 2025-03-10
thứ 5 tuần trước = 2025-03-13
thứ 2 tuần này = 2025-03-17
chủ nhật = 2025-03-16
chủ nhật vừa rồi = 2025-03-16
cn tuần trước = 2025-03-16
thứ tư = ask
tháng 3 = month 2025-03
tháng ba = month 2025-03
tháng tư = month 2024-04
tháng 12 = month 2024-12
tháng 12/2024 = month 2024-12
12/2024 = month 2024-12
tháng 3 năm ngoái = month 2024-03
đầu tháng 3 = month 2025-03
tháng trước = month 2025-02
thang truoc = month 2025-02
tháng này = month 2025-03
tuần trước = ask
tuần này = ask
năm ngoái = ask
năm 2024 = ask
2024 = ask
15 = ask
ngày 15 = ask
mùng 5 tháng giêng = ask
mùng 5 tháng 3 = ask
rằm tháng bảy = ask
30 tết = ask
15/3 âm lịch = ask
tháng giêng = ask
vừa rồi = ask
hôm trước = ask
không nhớ = ask
khoảng 15/3 = ask
15/3 và 16/3 = ask
từ 1/3 đến 5/3 = ask
1-5/3 = ask
3/15 = ask
31/2 = ask
0/3 = ask
tháng 13 = ask
15/3/1925 = ask
15/3/2052 = ask
15,3 = ask
2 triệu = ask
= ask
20/3/2025 = reject
tháng 12 năm nay = reject
12/2025 = reject
thứ sáu tuần này = reject
ngày 25 tháng này = reject
ngày mai = reject
sáng mai = reject
tuần sau = reject
15/3/2026 = reject
"""
ROWS = [line.rsplit("=", 1) for line in TABLE.strip().splitlines()]


def told(text: str, today: date = TODAY) -> str:
    found = read(text, today)
    if found.result == "date":
        return str(found.value)
    return f"month {found.month}" if found.result == "month" else found.result


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_table(text: str, expected: str) -> None:
    assert told(text) == expected.strip()
    assert told(unicodedata.normalize("NFD", text.upper())) == expected.strip()


def test_what_is_read_is_echoed_and_what_is_not_says_why() -> None:
    assert read("hôm qua", TODAY).echo == "thứ ba, ngày 18/3/2025"
    assert read("tháng 2", TODAY).echo == "tháng 2/2025"
    for text, _ in ROWS:
        found = read(text, TODAY)
        done = found.result in ("date", "month")
        assert bool(found.echo) == done
        assert bool(found.why) != done
        assert (found.value is None) == (found.result != "date")
        assert (found.month is None) == (found.result != "month")


def test_lunar_or_solar_is_asked() -> None:
    assert "dương" in read("mùng 5 tháng giêng", TODAY).why


days_back = st.integers(0, 1500).map(lambda days: TODAY - timedelta(days=days))


@given(days_back)
def test_a_past_day_is_read_however_it_is_written(day: date) -> None:
    for text in (
        f"{day.day}/{day.month}/{day.year}",
        f"{day:%d-%m-%Y}",
        f"{day:%Y-%m-%d}",
        f"ngày {day.day} tháng {day.month} năm {day.year}",
        f"ngay {day.day} thang {day.month} nam {day.year}",
    ):
        assert told(text) == str(day)


@given(st.integers(0, 364).map(lambda days: TODAY - timedelta(days=days)))
def test_without_a_year_the_latest_past_day_is_meant(day: date) -> None:
    assert told(f"{day.day}/{day.month}") == str(day)


@given(st.integers(1, 400).map(lambda days: TODAY + timedelta(days=days)))
def test_days_to_come_are_never_read(day: date) -> None:
    assert told(f"{day.day}/{day.month}/{day.year}") in {"reject", "ask"}


PIECES = """
hôm qua nay kia ngày tháng năm tuần trước sau thứ chủ nhật mùng giêng tết mai 1 5 15 31 2 12 2025
2024 / - . mười lăm hai ba tư rồi ạ em góp và từ đến
"""
pieces = st.sampled_from(PIECES.split())


@given(
    st.one_of(st.text(max_size=60), st.lists(pieces, max_size=7).map(" ".join)),
    st.dates(date(2021, 1, 1), date(2040, 12, 31)),
)
def test_no_text_raises_and_nothing_is_read_from_the_future(text: str, today: date) -> None:
    found = read(text, today)
    assert found.value is None or found.value <= today
    assert found.month is None or found.month <= f"{today:%Y-%m}"
