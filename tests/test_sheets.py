"""Commune facts by workbook: the template, what is read from it, what is told of each slip."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from bot import sheets
from bot.sheets import (
    CommuneFacts,
    Honour,
    Product,
    Row,
    Sheet,
    Village,
    facts_template,
    read_facts,
    say,
    words,
)
from knowledge import awards as awards_of
from knowledge import places as places_of
from knowledge import plan as plan_of
from knowledge.text import clean
from knowledge.villages import village_key
from tests.xlsx_double import book, cells, packed, parts
from tests.xlsx_double import sheet as part

PLAN, PLACES, AWARDS = plan_of.load(), places_of.load(), awards_of.load(plan_of.DEFAULT)
BEFORE, AFTER = date(2025, 3, 3), date(2025, 9, 1)
BINH_LU = PLACES.find("Xã Bình Lư", AFTER).units[0]
OLD_BINH_LU = PLACES.find("Xã Bình Lư", BEFORE).units[0]
HEADINGS = {page.id: [column.title for column in page.columns] for page in words.load().pages}
FIELDS = {page.id: [column.field for column in page.columns] for page in words.load().pages}
TITLES = {page.id: page.title for page in words.load().pages}
FLAG = AWARDS.rules[1]


def template(on: date = AFTER, **given: Any) -> bytes:
    return facts_template(PLACES, PLAN, AWARDS, on=on, **given)


def read(data: bytes, on: date = AFTER) -> Sheet:
    return read_facts(data, PLACES, PLAN, AWARDS, on=on)


def filled(page: str, *rows: dict[str, Any], on: date = AFTER) -> bytes:
    """The empty template with rows typed in under each other."""
    opened = load_workbook(io.BytesIO(template(on, units=[])))
    for line, row in enumerate(rows, 2):
        for field, value in row.items():
            opened[TITLES[page]].cell(line, FIELDS[page].index(field) + 1).value = value
    out = io.BytesIO()
    opened.save(out)
    return out.getvalue()


def told(data: bytes, on: date = AFTER) -> list[str]:
    return [say(problem) for problem in read(data, on).errors]


COMMUNE = {"unit": "Xã Bình Lư", "year": 2025, "level": "đạt chuẩn"}
VILLAGE = {"unit": "Xã Bình Lư", "name": "Bản Nà Phát", "year": 2025}
PRODUCT = {
    "unit": "Xã Bình Lư", "name": "Miến dong", "owner": "HTX Bình Lư", "stars": 3,
    "decision": "12/QĐ-UBND", "year": 2025,
}  # fmt: skip
HONOUR = {
    "unit": "Xã Bình Lư", "award": FLAG.name, "recipient_kind": "xã", "recipient": "xã bình lư",
    "year": 2025, "decision": "7/QĐ-UBND",
}  # fmt: skip
OLD = {"year": 2023, "district": "Huyện Tam Đường"}
ROWS = {"communes": COMMUNE, "villages": VILLAGE, "products": PRODUCT, "honours": HONOUR}


# ---- the template ----


@pytest.mark.parametrize(("on", "count"), [(BEFORE, 106), (AFTER, 38)])
def test_the_template_has_a_row_a_unit(on: date, count: int) -> None:
    opened = load_workbook(io.BytesIO(template(on)))
    assert opened.sheetnames[:2] == ["Xã", "Hướng dẫn"]
    rows = list(opened["Xã"].iter_rows(min_row=2, values_only=True))
    assert len(rows) == count
    assert {row[2] for row in rows} == {2025}
    for page, headings in HEADINGS.items():
        assert [cell.value for cell in opened[TITLES[page]][1]] == headings
        assert opened[TITLES[page]].data_validations.dataValidation
    assert opened["Danh mục"].sheet_state == "hidden"
    assert read(template(on), on) == Sheet((), ())


def test_the_template_of_an_earlier_year_has_the_units_of_that_year() -> None:
    opened = load_workbook(io.BytesIO(template(AFTER, year=2023)))
    rows = list(opened["Xã"].iter_rows(min_row=2, values_only=True))
    assert len(rows) == 106
    assert all(row[1] and row[2] == 2023 for row in rows)


def test_lists_lie_where_the_cells_look_for_them() -> None:
    opened = load_workbook(io.BytesIO(template()))
    rules = opened["Khen thưởng"].data_validations.dataValidation
    lists = [rule.formula1 for rule in rules if rule.type == "list"]
    for formula in lists:
        column, first, last = re.fullmatch(
            r"'Danh mục'!\$([A-Z])\$(\d+):\$\1\$(\d+)", formula
        ).groups()  # type: ignore[union-attr]  # a formula of another form must fail here
        values = [
            opened["Danh mục"][f"{column}{at}"].value for at in range(int(first), int(last) + 1)
        ]
        assert all(values)
        assert opened["Danh mục"][f"{column}{int(last) + 1}"].value is None
    assert len(lists) == 3
    assert FLAG.name in [cell.value for column in opened["Danh mục"].columns for cell in column]


def test_what_is_on_record_is_filled_in() -> None:
    row = CommuneFacts(BINH_LU.key, 2025, level="ntm", criteria_total=19)
    opened = load_workbook(io.BytesIO(template(rows=[row])))
    rows = [one for one in opened["Xã"].iter_rows(values_only=True) if one[0] == "Xã Bình Lư"]
    assert rows == [("Xã Bình Lư", None, 2025, "đạt chuẩn", None, None, 19, None, None, None)]


# ---- what is read ----


def test_each_sheet_gives_its_rows() -> None:
    place = BINH_LU.key
    expected: dict[str, Row] = {
        "communes": CommuneFacts(place, 2025, level="ntm"),
        "villages": Village(place, 2025, "Bản Nà Phát"),
        "products": Product(place, 2025, "Miến dong", "HTX Bình Lư", 3, "12/QĐ-UBND"),
        "honours": Honour(place, 2025, FLAG.id, "commune", "Xã Bình Lư", "7/QĐ-UBND"),
    }
    for page, row in ROWS.items():
        assert read(filled(page, row)) == Sheet((expected[page],), ())
        assert read(filled(page, row)).rows[0].line == 2


def test_facts_go_under_the_names_of_the_award_calculator() -> None:
    row = {
        **COMMUNE, "level": "nông thôn mới nâng cao", "year_attained": "2024",
        "level_recognised": "x", "criteria_total": "19", "criteria_completed_in_year": 0,
        "basic_construction_debt": "không", "special_difficulty_commune": False,
    }  # fmt: skip
    [found] = read(filled("communes", row)).rows
    assert isinstance(found, CommuneFacts)
    facts = found.told()
    assert facts == {
        "level": "ntm_advanced", "year_attained": 2024, "level_recognised": True,
        "criteria_total": 19, "criteria_completed_in_year": 0, "basic_construction_debt": False,
        "special_difficulty_commune": False,
    }  # fmt: skip
    assert AWARDS.judge({"subject": "commune", "year": found.year, **facts})
    known = {one.name for one in fields(CommuneFacts)} - {"place", "year", "line"}
    assert known <= AWARDS.schema.facts.keys()


@pytest.mark.parametrize(
    ("unit", "district", "year", "place"),
    [
        ("Bình Lư", None, 2025, BINH_LU.key),
        ("binh lu", None, 2025, BINH_LU.key),
        ("Xã Bình Lư", "Huyện Tam Đường", 2025, OLD_BINH_LU.key),
        ("Xã Bình Lư", "tam đường", 2023, OLD_BINH_LU.key),
        ("Xã Mường Than", None, 2025, PLACES.find("Xã Mường Than mới", AFTER).units[0].key),
    ],
)
def test_a_district_says_which_unit(unit: str, district: str | None, year: int, place: str) -> None:
    data = filled("communes", {**COMMUNE, "unit": unit, "district": district, "year": year})
    assert [row.place for row in read(data).rows] == [place]


def test_before_the_change_a_district_only_helps() -> None:
    for district in (None, "Huyện Tam Đường"):
        data = filled("communes", {**COMMUNE, "year": 2023, "district": district}, on=BEFORE)
        assert [row.place for row in read(data, BEFORE).rows] == [OLD_BINH_LU.key]


def test_headings_as_people_write_them() -> None:
    data = book(
        ("BIỂU SỐ LIỆU NĂM 2025",),
        (),
        ("TÊN XÃ", "Năm (4 chữ số)", "muc dat chuan", "Tổng số tiêu chí"),
        ("Xã Bình Lư", "2025", "Đạt chuẩn", "19"),
    )
    assert read(data).errors == ()
    [row] = read(data).rows
    assert row == CommuneFacts(BINH_LU.key, 2025, level="ntm", criteria_total=19)
    assert row.line == 4


# ---- what is told ----


@pytest.mark.parametrize(
    ("page", "changes", "where", "what"),
    [
        ("communes", {"level": "đạt roài"}, "cột D (Mức đạt chuẩn)", "chưa đạt, đạt chuẩn"),
        ("communes", {"level": 19}, "cột D", "Em chưa hiểu “19”"),
        ("communes", {"year": 2020}, "cột C (Năm)", "2021–2025"),
        ("communes", {"year": "năm nay"}, "cột C", "4 chữ số, từ 2021 đến 2025"),
        ("communes", {"year": date(2025, 1, 1)}, "cột C", "nằm ngoài khoảng"),
        ("communes", {"year": None}, "dòng 2", "Chưa ghi “Năm”"),
        ("communes", {"unit": None}, "dòng 2", "Chưa ghi “Xã, phường, thị trấn”"),
        ("communes", {"criteria_total": "15/19"}, "cột G", "chỉ ghi một số từ 0 đến"),
        ("communes", {"criteria_total": 18.5}, "cột G", "“18.5” chưa phải"),
        ("communes", {"criteria_total": -1}, "cột G", "nằm ngoài khoảng"),
        ("communes", {"criteria_total": True}, "cột G", "chưa phải là một số"),
        ("communes", {"criteria_total": "=9+9"}, "cột G", "công thức"),
        ("communes", {"criteria_total": "#N/A"}, "cột G", "đang báo lỗi"),
        ("communes", {"level_recognised": "chắc có"}, "cột F", "có, không"),
        ("communes", {"level": "chưa đạt", "year_attained": 2024}, "cột E", "Ghi chưa đạt chuẩn"),
        ("communes", {"level": "chưa đạt", "level_recognised": "có"}, "cột F", "quyết định"),
        ("communes", {"year_attained": 2024, **OLD}, "cột E", "sau năm"),
        ("communes", {"criteria_total": 2, "criteria_completed_in_year": 3}, "cột H", "nhiều hơn"),
        ("communes", {"unit": "Xã Bình Lưu"}, "cột A", "gần nhất là Xã Bình Lư"),
        ("communes", {"unit": "Xã Không Đâu"}, "cột A", "Không thấy “Xã Không Đâu”"),
        ("communes", {"unit": "Huyện Tam Đường"}, "cột A", "không phải cấp xã"),
        ("communes", {"unit": "Tỉnh Lai Châu"}, "cột A", "không phải cấp xã"),
        ("communes", {"unit": "Xã Phúc Than"}, "cột A", "thuộc Xã Mường Than"),
        ("communes", {"unit": "Mường Tè", "district": "Mường Tè"}, "cột A", "Xã Mường Tè (Huyện"),
        ("communes", {"district": "Sìn Hồ"}, "cột A", "gần nhất là Xã Bình Lư (Huyện Tam Đường)"),
        ("communes", {"year": 2023}, "cột A", "ghi thêm huyện"),
        ("villages", {"name": None}, "dòng 2", "Chưa ghi “Tên bản”"),
        ("villages", {"name": 12}, "cột C", "chưa phải là chữ"),
        ("villages", {"name": "Nà " * 40}, "cột C", "dài hơn 80"),
        ("villages", {"decision": "đang trình"}, "cột E", "không có số"),
        ("products", {"stars": 6}, "cột E (Số sao)", "1–5"),
        ("products", {"stars": "ba"}, "cột E", "chỉ ghi một số"),
        ("products", {"decision": 12}, "cột F", "ghi bằng chữ"),
        ("products", {"year": 2017}, "cột G", "2018–2025"),
        ("products", {"owner": None}, "dòng 2", "Chưa ghi “Chủ thể”"),
        ("honours", {"award": "Cờ"}, "cột C", "Không có hình thức khen “Cờ”"),
        ("honours", {"recipient_kind": "hộ"}, "cột D", "không dành cho hộ gia đình"),
        ("honours", {"recipient_kind": "phường"}, "cột D", "Nơi này là Xã Bình Lư"),
        ("honours", {"recipient": "Bản Nà Phát"}, "cột E", "chính Xã Bình Lư"),
        ("honours", {"decision": None}, "dòng 2", "Chưa ghi “Số quyết định”"),
    ],
)  # fmt: skip
def test_a_slip_is_told_with_its_place(
    page: str, changes: dict[str, object], where: str, what: str
) -> None:
    data = filled(page, {**ROWS[page], **changes})
    [said] = told(data)
    assert said.startswith(f"Trang {TITLES[page]}, dòng 2")
    assert where in said
    assert what in said
    assert read(data).rows == ()


def test_one_wrong_row_takes_no_other_with_it() -> None:
    data = filled("villages", VILLAGE, {**VILLAGE, "name": 5}, {**VILLAGE, "name": "Bản Thẩm"})
    assert [row.line for row in read(data).rows] == [2, 4]
    assert [problem.line for problem in read(data).errors] == [3]


@pytest.mark.parametrize("page", list(ROWS))
def test_the_same_twice(page: str) -> None:
    data = filled(page, ROWS[page], {**ROWS[page], "unit": "binh lu"})
    assert len(read(data).rows) == 1
    [said] = told(data)
    assert "dòng 3" in said
    assert "trùng với dòng 2" in said


Change = Callable[[Workbook], object]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda b: b["Xã"].merge_cells("A3:A5"), "dòng 3, cột A: Các ô A3:A5 bị gộp"),
        (lambda b: b["Xã"].cell(1, 11, "Ghi chú"), "cột K (Ghi chú): Cột này không có trong mẫu"),
        (lambda b: b["Xã"].cell(5, 12, "hỏi lại"), "cột L: Cột có số liệu mà không có tiêu đề"),
        (lambda b: b["Xã"].cell(1, 11, "Năm"), "cột K (Năm): Cột “Năm” có hai lần"),
        (lambda b: b["Xã"].cell(1, 3, ""), "dòng 1: Thiếu cột “Năm”"),
        (lambda b: b["Xã"].delete_rows(1), "Trang Xã: Không thấy dòng tiêu đề"),
        (lambda b: b.create_sheet("Sheet1").cell(1, 1, "x"), "Trang Sheet1: Không có trong mẫu"),
        (lambda b: setattr(b["Xã"], "title", "Số liệu"), "Trang Số liệu: Không có trong mẫu"),
        (lambda b: b.create_sheet("Phường").cell(1, 1, "x"), "Trang Phường: Đã có một trang"),
        (lambda b: b["Xã"].cell(5001, 1, "x"), "Trang Xã: Có hơn 5000 dòng"),
        (lambda b: b["Xã"].cell(3, 101, "x"), "Trang Xã: Có số liệu ở sau cột thứ 100"),
    ],
)
def test_a_changed_template_is_told(change: Change, said: str) -> None:
    opened = load_workbook(io.BytesIO(template()))
    change(opened)
    out = io.BytesIO()
    opened.save(out)
    assert any(said in one for one in told(out.getvalue())), told(out.getvalue())


def test_what_is_empty_or_helps_is_no_problem() -> None:
    opened = load_workbook(io.BytesIO(template()))
    opened.create_sheet("Sheet2")
    opened["Xã"].cell(4000, 3).number_format = "@"
    opened["OCOP"].merge_cells("A900:B901")
    out = io.BytesIO()
    opened.save(out)
    assert read(out.getvalue()) == Sheet((), ())


def test_nobody_is_told_five_thousand_times() -> None:
    rows = [("Xã Bình Lư", "2025", f"sai {at}") for at in range(400)]
    found = told(book(("Xã", "Năm", "Mức đạt chuẩn"), *rows))
    assert len(found) == 201
    assert found[-1].startswith("Còn nhiều lỗi nữa")


def test_no_sheet_of_ours() -> None:
    assert told(book(("a", "b"), name="Hướng dẫn"))[0].startswith("Không thấy trang nào")


# ---- there and back ----

LETTERS = "abcđêơưnhtáàảãạ ÊĐ0189/.,-+=@'“”_x&<>\U0001f33e\u0301"
names = (
    st.text(LETTERS, min_size=1, max_size=30)
    .map(lambda text: " ".join(clean(text).split()))
    .filter(bool)
)
decisions = st.integers(1, 9999).map(lambda number: f"{number}/QĐ-UBND")
perhaps = st.one_of(st.none(), st.booleans())


@st.composite
def rows(draw: st.DrawFn) -> Row:
    year = draw(st.integers(2021, 2025))
    day = draw(st.sampled_from([BEFORE, AFTER])) if year == 2025 else BEFORE
    unit = draw(st.sampled_from(PLACES.communes(day)))
    match draw(st.integers(0, 3)):
        case 0:
            level = draw(st.sampled_from([None, "ntm", "ntm_advanced"]))
            total = draw(st.integers(0, 19))
            return CommuneFacts(
                unit.key, year, level, draw(st.one_of(st.none(), st.integers(2010, year))),
                draw(perhaps), total, draw(st.one_of(st.none(), st.integers(0, total))),
                draw(perhaps), draw(perhaps),
            )  # fmt: skip
        case 1:
            return Village(unit.key, year, draw(names), draw(st.one_of(st.none(), decisions)))
        case 2:
            stars = draw(st.integers(1, 5))
            return Product(unit.key, year, draw(names), draw(names), stars, draw(decisions))
    kind = draw(st.sampled_from(["individual", "household"]))
    award = "merit_individual_contribution"
    return Honour(unit.key, year, award, kind, draw(names), draw(decisions))


@settings(max_examples=40, deadline=None)
@given(st.lists(rows(), max_size=8, unique_by=sheets.rules.identity))
def test_what_is_written_is_read(told_rows: list[Row]) -> None:
    """Records → template → records, whatever people put into names."""
    found = read(template(units=[BINH_LU], rows=told_rows))
    assert found.errors == ()
    assert set(found.rows) == set(told_rows)


@settings(max_examples=40, deadline=None)
@given(st.lists(names, min_size=1, max_size=6, unique_by=lambda one: village_key(f"Bản {one}")))
def test_what_is_typed_is_read(typed: list[str]) -> None:
    """Template → filled in by another program → read; what is no formula there is none here."""
    data = filled("villages", *({**VILLAGE, "name": f"Bản {name}"} for name in typed))
    found = read(data)
    assert found.errors == ()
    assert [row.name for row in found.rows if isinstance(row, Village)] == [
        f"Bản {name}" for name in typed
    ]


# ---- the words ----


def test_every_sentence_is_used_and_short() -> None:
    said = words.load()
    folder = Path(sheets.__file__).parent
    source = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    spoken = set(re.findall(r'"([a-z_]+)"', source))
    assert said.problems.keys() <= spoken
    assert all(len(text) <= 160 for text in said.problems.values())


def test_words_fit_the_pack() -> None:
    said, facts = words.load(), AWARDS.schema.facts
    assert said.choices["level"].keys() == facts["level"].words
    assert said.choices["recipient"].keys() == facts["subject"].words - {"district", "city"}
    for page in said.pages:
        keys = [key for column in page.columns for key in column.keys]
        assert len(keys) == len(set(keys)), page.id


def test_another_plan_has_its_own_years() -> None:
    later = plan_of.prolonged(PLAN, date(2026, 12, 31))
    data = filled("communes", {**COMMUNE, "year": 2026})
    today = date(2026, 5, 5)
    assert read_facts(data, PLACES, later, AWARDS, on=today).errors == ()
    assert "2021–2025" in say(read_facts(data, PLACES, PLAN, AWARDS, on=today).errors[0])
    assert "2021–2025" in say(read_facts(data, PLACES, later, AWARDS, on=AFTER).errors[0])


def test_other_programs_write_it_otherwise() -> None:
    """Prefixed names, the strict vocabulary, shared texts with fonts and reading aids."""
    heads = ("Xã", "Năm", "Mức đạt chuẩn")
    plain = part(cells(heads, ("Xã Bình Lư", "2025", "nâng cao")))
    prefixed = plain.replace("<", "<x:").replace("<x:/", "</x:").replace("xmlns=", "xmlns:x=")
    shared = (
        '<sst><si><r><t>Xã </t></r><r><t>Bình Lư</t></r><rPh sb="0" eb="1"><t>đọc</t></rPh></si>'
        "<si><t>n_x00E2_ng cao</t></si></sst>"
    )
    numbered = part(
        cells(heads) + '<row r="7"><c r="C7" t="s"><v>1</v></c><c r="A7" t="s"><v>0</v></c>'
        '<c r="B7"><v>2.025E3</v></c></row>'
    )
    for files in (
        parts(plain),
        parts(prefixed),
        {**parts(numbered), "xl/sharedStrings.xml": shared},
    ):
        found = read(packed(files))
        assert found.errors == ()
        assert found.rows == (CommuneFacts(BINH_LU.key, 2025, level="ntm_advanced"),)
