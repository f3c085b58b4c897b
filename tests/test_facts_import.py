"""`template` and `import`: a workbook laid out, filled in, taken in wholly or not at all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from bot.__main__ import main
from storage import audit, facts, honours
from storage.database import Database
from storage.schema import people
from tests.conftest import START
from tests.xlsx_double import book, packed

BINH_LU = "old:3412"


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("BOT_CLOCK", "2025-01-02T08:00")
    return tmp_path


def _filled(folder: Path, fill: dict[str, list[dict[str, Any]]]) -> Path:
    """The template with rows added at the end of its sheets, by heading."""
    assert main(["template", str(folder / "mau.xlsx"), "--year", "2024"]) == 0
    book = load_workbook(folder / "mau.xlsx")
    for title, rows in fill.items():
        page = book[title]
        heads = [cell.value for cell in page[1]]
        for row in rows:
            line = next(
                (
                    at
                    for at in range(2, page.max_row + 1)
                    if title == "Xã" and page.cell(at, 1).value == row["Xã, phường, thị trấn"]
                ),
                page.max_row + 1,
            )
            for name, value in row.items():
                page.cell(line, heads.index(name) + 1).value = value
    out = io.BytesIO()
    book.save(out)
    path = folder / "dien.xlsx"
    path.write_bytes(out.getvalue())
    return path


def _stored(folder: Path) -> list[facts.Row]:
    database = Database(f"sqlite:///{folder / 'data' / 'chung-suc.db'}")
    with database.reading(START) as tx:
        found = facts.everything(tx, [BINH_LU])
    database.dispose()
    return found


WHERE = {"Xã, phường, thị trấn": "Xã Bình Lư", "Huyện, thành phố": "Huyện Tam Đường"}
GOOD: dict[str, list[dict[str, Any]]] = {
    "Xã": [
        {**WHERE, "Năm": 2024, "Mức đạt chuẩn": "đạt chuẩn", "Năm đạt chuẩn": 2024,
         "Đã có quyết định công nhận": "có", "Tổng số tiêu chí đã đạt": 19,
         "Nợ đọng xây dựng cơ bản": "không"},
    ],
    "Bản": [{**WHERE, "Tên bản": "Bản Hoi Nặm", "Năm đạt chuẩn": 2024}],
    "OCOP": [
        {**WHERE, "Tên sản phẩm": "=Mật ong", "Chủ thể": "HTX Nà Đon", "Số sao": 3,
         "Số quyết định": "9/QĐ-UBND", "Năm công nhận": 2024},
    ],
    "Khen thưởng": [
        {**WHERE, "Hình thức khen": "Cờ thi đua của UBND tỉnh cho xã đạt chuẩn nông thôn mới",
         "Loại người nhận": "xã", "Người nhận": "Xã Bình Lư", "Năm": 2024,
         "Số quyết định": "7/QĐ-UBND"},
    ],
}  # fmt: skip


def test_a_workbook_goes_in_and_comes_out_again(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = {**GOOD, "OCOP": [{**GOOD["OCOP"][0], "Tên sản phẩm": "Mật ong"}]}
    path = _filled(data_dir, good)
    assert main(["import", str(path), "--dry-run"]) == 0
    assert _stored(data_dir) == []
    assert main(["import", str(path), "--by", "Lò Thị Lan"]) == 0
    stored = _stored(data_dir)
    assert [one.value for one in stored if isinstance(one, facts.Fact)] == [
        False, 19, "ntm", True, 2024,
    ]  # fmt: skip
    assert [one.name for one in stored if isinstance(one, facts.Village)] == ["Bản Hoi Nặm"]
    assert [one.stars for one in stored if isinstance(one, facts.Product)] == [3]
    assert [one.award for one in stored if isinstance(one, honours.Honour)] == ["flag_commune_ntm"]
    assert "8 số liệu mới hoặc thay đổi" in capsys.readouterr().out
    assert main(["template", str(data_dir / "lai.xlsx"), "--year", "2024"]) == 0
    assert main(["import", str(data_dir / "lai.xlsx")]) == 0
    assert "0 số liệu mới hoặc thay đổi" in capsys.readouterr().out
    assert _stored(data_dir) == stored


def test_who_is_responsible_is_in_the_audit(data_dir: Path) -> None:
    assert main(["import", str(_filled(data_dir, {"Bản": GOOD["Bản"]})), "--by", "Lò Thị Lan"]) == 0
    database = Database(f"sqlite:///{data_dir / 'data' / 'chung-suc.db'}")
    with database.reading(START) as tx:
        assert list(audit.verify(tx)) == []
        by = tx.execute(select(people.c.id).where(people.c.name == "Lò Thị Lan")).scalar_one()
        from storage.schema import audit as chain

        actors = {row.actor for row in tx.execute(select(chain.c.actor))}
    database.dispose()
    assert actors == {str(by)}


@pytest.mark.parametrize(
    ("page", "row", "told"),
    [
        ("Xã", {**WHERE, "Năm": 2024, "Tổng số tiêu chí đã đạt": "nhiều"}, "nhiều"),
        ("Xã", {**WHERE, "Năm": 2024, "Mức đạt chuẩn": "=1+1"}, ""),
        (
            "Bản",
            {
                **WHERE,
                "Xã, phường, thị trấn": "Xã Không Có",
                "Tên bản": "Bản Hoi",
                "Năm đạt chuẩn": 2024,
            },
            "Không Có",
        ),
        ("OCOP", {**WHERE, "Tên sản phẩm": "Mật ong", "Số sao": 9}, "9"),
        ("Khen thưởng", {**WHERE, "Hình thức khen": "Cờ vàng", "Năm": 2024}, "Cờ vàng"),
    ],
)
def test_one_error_and_nothing_is_written(
    data_dir: Path,
    page: str,
    row: dict[str, Any],
    told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fill = {**GOOD, "OCOP": []}
    path = _filled(data_dir, {**fill, page: [*fill[page], row]})
    assert main(["import", str(path)]) == 1
    printed = capsys.readouterr().out
    assert told in printed
    assert "Chưa ghi gì" in printed
    assert _stored(data_dir) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04 not a workbook",
        packed({"xl/workbook.xml": "<a/>"}),
        packed({"[Content_Types].xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}),
        book(("Không", "phải"), name="Lạ"),
    ],
    ids=["empty", "no zip", "no sheets", "entities", "another book"],
)
def test_a_file_that_is_no_such_workbook(
    data_dir: Path, data: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (data_dir / "x.xlsx").write_bytes(data)
    assert main(["import", str(data_dir / "x.xlsx")]) == 1
    assert "Chưa ghi gì" in capsys.readouterr().out


def test_what_cannot_be_read_or_written_is_one_line(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", str(data_dir / "none.xlsx")]) == 2
    (data_dir / "big.xlsx").write_bytes(b"0" * 5_000_001)
    assert main(["import", str(data_dir / "big.xlsx")]) == 2
    (data_dir / "x.xlsx").write_bytes(b"")
    assert main(["import", str(data_dir / "x.xlsx"), "--by", " "]) == 2
    assert main(["template", str(data_dir / "no" / "x.xlsx")]) == 2
    assert capsys.readouterr().err.count("\n") == 4
