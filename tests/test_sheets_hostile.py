"""Files nobody should send as commune facts, and text nobody should get out of a workbook alive."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from bot.sheets import escaped, facts_template, put, read_facts, say, xlsx
from bot.sheets.export import LONGEST, unescaped
from bot.sheets.parts import MOST_CELLS, Refused, letters, number
from knowledge import awards as awards_of
from knowledge import places as places_of
from knowledge import plan as plan_of
from tests.xlsx_double import SHEET, book, cells, packed, parts, sheet

PLAN, PLACES, AWARDS = plan_of.load(), places_of.load(), awards_of.load(plan_of.DEFAULT)
TODAY = date(2025, 9, 1)
TEMPLATE = facts_template(PLACES, PLAN, AWARDS, on=TODAY)
HEADS = ("Xã", "Năm", "Mức đạt chuẩn")


def told(data: bytes) -> list[str]:
    return [say(one) for one in read_facts(data, PLACES, PLAN, AWARDS, on=TODAY).errors]


def refused(data: bytes) -> str:
    with pytest.raises(Refused) as found:
        xlsx.grids(data)
    return found.value.name


def with_sheet(data: str | bytes) -> bytes:
    return packed({**parts(""), SHEET: data})


def lying(data: bytes, size: int) -> bytes:
    """The archive with another unpacked size declared for every part, in both places."""
    out = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = out.find(signature)
        while at >= 0:
            struct.pack_into("<I", out, at + offset, size)
            at = out.find(signature, at + 4)
    return bytes(out)


def under_password() -> bytes:
    out = bytearray(book(HEADS))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = out.find(signature)
        while at >= 0:
            out[at + offset] |= 1
            at = out.find(signature, at + 4)
    return bytes(out)


ROW = "<row><c><v>1</v></c></row>"
TEXTS = f"<sst>{'<si><t>a</t></si>' * 2_000_000}</sst>"
NUMBERS = random.Random(5)
CELLS = "".join(
    f"<row>{''.join(f'<c><v>{NUMBERS.random()}</v></c>' for _ in range(100))}</row>"
    for _ in range(MOST_CELLS // 100 + 1)
)
BOMBS = {
    "zeros": with_sheet(b"\0" * 20_000_000),
    "spaces": with_sheet(sheet(" " * 30_000_000)),
    "rows": with_sheet(sheet("<row/>" * 3_000_000)),
    "shared texts": packed({**parts(sheet("")), "xl/sharedStrings.xml": TEXTS}),
    "in many parts": packed({**parts(sheet("")), **{f"xl/{at}": b"" for at in range(300)}}),
    "many cells": with_sheet(sheet(CELLS)),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs(name: str) -> None:
    data = BOMBS[name]
    assert len(data) < xlsx.LARGEST
    assert refused(data) == "unpacks_too_large"
    assert len(told(data)) == 1


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a part says of its own size is enough to refuse it; nothing of it is unpacked."""
    opened: list[str] = []
    open_part = zipfile.ZipFile.open

    def watched(self: zipfile.ZipFile, name: zipfile.ZipInfo) -> object:
        opened.append(name.filename)
        return open_part(self, name)

    monkeypatch.setattr(zipfile.ZipFile, "open", watched)
    assert refused(BOMBS["zeros"]) == "unpacks_too_large"
    assert SHEET not in opened
    assert opened


@pytest.mark.parametrize("size", [0, 1, 500, 2**31])
def test_a_part_may_lie_about_its_size(size: int) -> None:
    assert refused(lying(BOMBS["rows"], size)) in ("unpacks_too_large", "no_workbook")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "no_workbook"),
        (b"PK", "no_workbook"),
        (b"ma xa,ten xa\n1,Binh Lu\n", "no_workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512, "old_workbook"),
        (b"PK\x03\x04" + b"\0" * (2 * 1024 * 1024), "too_large"),
        (packed({"word/document.xml": "<a/>"}), "no_workbook"),
        (packed({}), "no_workbook"),
        (under_password(), "no_workbook"),
        (with_sheet(""), "no_workbook"),
        (with_sheet("<worksheet>"), "no_workbook"),
        (with_sheet("<a>" * 100 + "</a>" * 100), "no_workbook"),
        (with_sheet('<!DOCTYPE a [<!ENTITY b "c">]><worksheet>&b;</worksheet>'), "no_workbook"),
        (
            with_sheet('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
            "no_workbook",
        ),
        (with_sheet(sheet('<row><c t="s"><v>7</v></c></row>')), "no_workbook"),
        (with_sheet(sheet('<row><c t="s"><v>x</v></c></row>')), "no_workbook"),
        (with_sheet(sheet(f'<row r="{"9" * 5000}"><c><v>1</v></c></row>')), "no_workbook"),
        (packed({**parts(sheet("")), "xl/workbook.xml": "<workbook/>"}), "no_workbook"),
        (
            packed({**parts(sheet("")), "xl/workbook.xml": "<w>" + "<sheet/>" * 99 + "</w>"}),
            "unpacks_too_large",
        ),
    ],
)
def test_what_is_no_workbook(data: bytes, name: str) -> None:
    assert refused(data) == name
    [said] = told(data)
    assert said.endswith(".")


def test_a_link_leads_nowhere_outside_the_file() -> None:
    links = parts("")["xl/_rels/workbook.xml.rels"]
    for target in ("../../../etc/passwd", "/etc/passwd", "http://example.com/a.xml", ""):
        changed = links.replace("worksheets/sheet1.xml", target)
        data = packed({**parts(sheet(ROW)), "xl/_rels/workbook.xml.rels": changed})
        assert refused(data) == "no_workbook"


def test_cells_are_bounded() -> None:
    many = book(HEADS, *[("Xã Bình Lư", "2025", "")] * 6000)
    [grid] = xlsx.grids(many)
    assert grid.beyond is not None
    assert max(grid.rows) == 5000
    wide = book(HEADS, ("Xã Bình Lư", "2025", *["x"] * 300))
    [grid] = xlsx.grids(wide)
    assert grid.beyond is not None
    assert max(max(row) for row in grid.rows.values()) == 100
    far = with_sheet(sheet('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'))
    assert any("5000 dòng" in said for said in told(far))


def test_reading_ends_in_time() -> None:
    """Every part and every 64 KiB of it look at the clock."""
    ticks = iter(range(1000))
    found = read_facts(TEMPLATE, PLACES, PLAN, AWARDS, on=TODAY, clock=lambda: next(ticks) * 1.0)
    assert found.errors[0].text.startswith("Tệp quá nặng")


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 12))
def test_any_damage(chance: random.Random, times: int) -> None:
    """A template with bytes changed, cut or doubled gives rows or a sentence, nothing else."""
    data = bytearray(TEMPLATE)
    for _ in range(times):
        at = chance.randrange(len(data))
        match chance.randrange(3):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + chance.randrange(64)]
            case _:
                data[at:at] = data[at : at + chance.randrange(64)]
    assert all(said for said in told(bytes(data)))


XML = st.text(st.sampled_from('<>/="& crvtfisn01AZ:'), max_size=80)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(XML, st.just(cells(HEADS)), st.just(ROW)), max_size=5))
def test_any_worksheet(pieces: list[str]) -> None:
    data = with_sheet(sheet("".join(pieces)))
    assert all(said for said in told(data))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    assert len(told(data)) == 1


NESTED = [f"Xã {HEADS}", "{0.__class__}", "{{7*7}}", "%s", "<b>", "=cmd|' /C calc'!A0", "\u202e"]


@pytest.mark.parametrize("text", NESTED)
def test_what_was_written_is_repeated_as_it_is(text: str) -> None:
    """Sentences quote cells; nothing in them is taken for more than letters."""
    [said] = told(book(HEADS, ("Xã Bình Lư", "2025", text)))
    assert "Em chưa hiểu" in said
    assert len(said) < 300
    assert "\u202e" not in said


# ---- text stays text ----

LIVE = st.sampled_from(["=", "+", "-", "@", "\t", "\r", "\n", "\0", "'", "''", "\uff1d", ""])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(LIVE, st.text(max_size=40)).map("".join), min_size=1, max_size=200))
def test_no_text_becomes_a_formula(texts: list[str]) -> None:
    written = Workbook()
    page = written.active
    assert page is not None
    for line, text in enumerate(texts, 1):
        put(page, line, 1, text)
    out = io.BytesIO()
    written.save(out)
    again = load_workbook(io.BytesIO(out.getvalue())).active
    assert again is not None
    found = [again.cell(line, 1) for line in range(1, len(texts) + 1)]
    assert all(cell.data_type != "f" for cell in found)
    assert not any(str(cell.value or "").startswith(("=", "+", "-", "@")) for cell in found)
    [grid] = xlsx.grids(out.getvalue())
    assert all(value.kind == "text" for row in grid.rows.values() for value in row.values())


@given(st.tuples(LIVE, st.text(max_size=40)).map("".join))
def test_escaping_can_be_undone(text: str) -> None:
    assert unescaped(escaped(text)) == text


def test_other_values_are_left_alone() -> None:
    written = Workbook()
    page = written.active
    assert page is not None
    for at, value in enumerate((5, 2.5, None, "Xã Bình Lư", "a" * 40_000, "_x0041_", "\ud800"), 1):
        put(page, 1, at, value)
    out = io.BytesIO()
    written.save(out)
    [grid] = xlsx.grids(out.getvalue())
    read = {at: value.text for at, value in grid.rows[1].items()}
    assert read == {1: "5", 2: "2.5", 4: "Xã Bình Lư", 5: "a" * LONGEST, 6: "_x0041_"}


@given(st.integers(1, 18_278))
def test_names_of_columns(column: int) -> None:
    assert number(letters(column)) == column
    assert letters(28) == "AB"
