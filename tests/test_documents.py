"""Office documents become paragraphs: list numbers counted, lines put together, bombs refused."""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import documents
from bot.documents import NotUnderstood, docx, text
from tests import word_double as word

LINES = ["I. TRỒNG CÂY", "a) Mỗi xã trồng 700 cây.", "- Cây nào cũng được;", "Nơi nhận: các xã"]
PROSE = (
    "Mỗi xã chọn một quả đồi để trồng cây, rào lại cho trâu bò khỏi vào và cử người trông nom "
    "cho đến khi cây cao hơn đầu người"
)


# plain text


@pytest.mark.parametrize(
    "encode",
    [
        lambda written: written.encode(),
        lambda written: codecs.BOM_UTF8 + written.encode(),
        lambda written: written.encode("utf-16"),
        lambda written: unicodedata.normalize("NFD", written).encode(),
        lambda written: written.replace("\n", "\r\n").encode(),
        lambda written: written.replace("\n", "\r").encode(),
    ],
    ids=["utf-8", "BOM", "UTF-16", "NFD", "CRLF", "CR"],
)
def test_any_encoding_gives_the_same_paragraphs(encode: Callable[[str], bytes]) -> None:
    assert text.paragraphs(encode("\n".join(LINES))) == LINES


def test_the_vietnamese_code_page_of_windows_is_read() -> None:
    """It writes a letter and its tone as two characters."""
    written = "Điê\u0300u 1. Tro\u0300ng cây"
    found = text.paragraphs(written.encode("cp1258"))
    assert found == [unicodedata.normalize("NFC", written)]


def _wrapped(prose: str, width: int) -> str:
    words, rows = prose.split(), [""]
    for one in words:
        if len(rows[-1]) + len(one) >= width:
            rows.append("")
        rows[-1] = f"{rows[-1]} {one}".strip()
    return "\n".join(rows)


@pytest.mark.parametrize("width", [40, 60, 80])
def test_lines_broken_at_a_margin_are_put_together(width: int) -> None:
    written = f"1. {PROSE}.\n2. {PROSE};\n{PROSE}./."
    rows = "\n".join(_wrapped(paragraph, width) for paragraph in written.split("\n"))
    assert text.paragraphs(rows.encode()) == written.split("\n")


@pytest.mark.parametrize("number", ["7", "- 7 -", "Trang 7", "7/12", "\f7"])
def test_the_end_of_a_page_does_not_end_a_sentence(number: str) -> None:
    before, after = PROSE[:91].strip(), PROSE[91:]
    written = f"1. {before}\n\n{number}\n\n{after}.\n\n2. Hết."
    assert text.paragraphs(written.encode()) == [f"1. {before} {after}.", "2. Hết."]


def test_what_a_writer_ends_stays_ended() -> None:
    kept = ["2. Đối với cấp xã", "- trồng cây;", "Đạt 700 cây.", "cây nào cũng được."]
    assert text.paragraphs("\n\n".join(kept).encode()) == kept


def test_markdown_is_taken_off_and_nothing_else() -> None:
    written = (
        "# **ỦY BAN**\n## *Điều 1\\.* Trồng cây\n\n- + 700 cây (*loại cây khoẻ*) (*)\n"
        "* Cây số 2\\*\n\n---\n\n**TM. CHỦ TỊCH**  \n**Sùng A Dơ**\n"
    )
    assert text.paragraphs(written.encode()) == [
        "ỦY BAN", "Điều 1. Trồng cây", "+ 700 cây (loại cây khoẻ) (*)", "* Cây số 2*",
        "TM. CHỦ TỊCH", "Sùng A Dơ",
    ]  # fmt: skip
    plain = "Điều 1. Giá 5*3 và a\\b (*)"
    assert text.paragraphs(plain.encode()) == [plain]


# Word


def test_paragraphs_stand_in_reading_order_tables_too() -> None:
    raw = word.docx(
        word.table(
            [word.paragraph("Số: 5/KH")], [word.paragraph("Bản Mới"), word.paragraph("2027")]
        ),
        word.paragraph("KẾ HOẠCH"),
    )
    assert docx.paragraphs(raw) == ["Số: 5/KH", "Bản Mới", "2027", "KẾ HOẠCH"]


def test_the_text_is_what_word_shows() -> None:
    def run(inner: str) -> str:
        return f"<w:r>{inner}</w:r>"

    body = (
        "<w:p>"
        + run("<w:t>Trồng</w:t><w:tab/><w:t>700</w:t>")
        + f"<w:del>{run('<w:delText>800</w:delText>')}</w:del>"
        + f"<w:moveFrom>{run('<w:t>chỗ cũ</w:t>')}</w:moveFrom>"
        + f"<w:ins>{run('<w:t> cây</w:t>')}</w:ins>"
        + run("<w:fldChar/><w:instrText>PAGE</w:instrText>")
        + run(
            '<mc:Fallback xmlns:mc="urn:mc"><w:t>hai lần</w:t></mc:Fallback>'
            "<w:txbxContent><w:p><w:r><w:t>ô chữ</w:t></w:r></w:p></w:txbxContent>"
        )
        + run("<w:br/><w:t>Dòng dưới</w:t>")
        + "</w:p>"
    )
    assert docx.paragraphs(word.docx(body)) == ["Trồng 700 cây", "Dòng dưới"]


def test_the_namespace_of_strict_files_is_known_too() -> None:
    strict = "http://purl.oclc.org/ooxml/wordprocessingml/main"
    body = word.document(word.paragraph("Trồng cây")).replace(word.W, strict)
    assert docx.paragraphs(word.packed({"word/document.xml": body})) == ["Trồng cây"]


def _labels(numbers: str, *entries: int, styles: str = "") -> list[str]:
    """What stands before an entry "X" of each of these levels."""
    body = [word.paragraph("X", level) for level in entries]
    read = docx.paragraphs(word.docx(*body, numbers=numbers, styles=styles))
    return [one.removesuffix("X").strip() for one in read]


def test_list_numbers_are_counted_as_word_counts_them() -> None:
    assert _labels(word.outline(), 0, 1, 2, 2, 1, 2, 0, 1, 1) == [
        "I.", "1.", "a)", "b)", "2.", "a)", "II.", "1.", "2.",
    ]  # fmt: skip


def test_a_level_may_go_on_counting_and_may_show_the_levels_above() -> None:
    on = word.level(1, "decimal", "Điều %2.", '<w:lvlRestart w:val="0"/>')
    assert _labels(word.numbering(word.level(0, "upperRoman", "%1."), on), 0, 1, 0, 1) == [
        "I.", "Điều 1.", "II.", "Điều 2.",
    ]  # fmt: skip
    both = word.level(1, "decimal", "%1.%2.")
    assert _labels(word.numbering(word.level(0, "decimal", "%1."), both), 0, 1, 1, 0, 1) == [
        "1.", "1.1.", "1.2.", "2.", "2.1.",
    ]  # fmt: skip


def test_a_list_that_begins_anew() -> None:
    lists = (
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
        '<w:num w:numId="2"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0">'
        '<w:startOverride w:val="5"/></w:lvlOverride></w:num>'
    )
    numbers = word.numbering(word.level(0, "decimal", "%1)"), lists=lists)
    body = [word.paragraph("X", 0, list_id=one) for one in (1, 1, 2, 2, 1)]
    assert docx.paragraphs(word.docx(*body, numbers=numbers)) == [
        "1) X", "2) X", "5) X", "6) X", "7) X",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "fourth"),
    [
        ("upperRoman", "IV"), ("lowerRoman", "iv"), ("decimal", "4"), ("decimalZero", "04"),
        ("lowerLetter", "d"), ("upperLetter", "D"), ("none", ""), ("bullet", "-"),
    ],
)  # fmt: skip
def test_formats_of_numbers(form: str, fourth: str) -> None:
    assert _labels(word.numbering(word.level(0, form, "%1")), 0, 0, 0, 0)[3] == fourth


def test_a_style_numbers_its_paragraphs() -> None:
    linked = [
        word.level(at, form, f"%{at + 1}.", f'<w:pStyle w:val="{name}"/>')
        for at, (form, name) in enumerate([("upperRoman", "Muc"), ("decimal", "Khoan")])
    ]
    numbered = '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr>'
    styles = (
        f'<w:style w:styleId="Muc">{numbered}</w:style>'
        f'<w:style w:styleId="Khoan">{numbered}</w:style>'
        '<w:style w:styleId="Con"><w:basedOn w:val="Khoan"/></w:style>'
        '<w:style w:styleId="Vong"><w:basedOn w:val="Vong"/></w:style>'
    )
    body = [word.paragraph("X", style=name) for name in ("Muc", "Khoan", "Khoan", "Muc", "Vong")]
    read = docx.paragraphs(word.docx(*body, numbers=word.numbering(*linked), styles=styles))
    assert read == ["I. X", "1. X", "2. X", "II. X", "X"]


def test_a_paragraph_may_leave_its_styles_list() -> None:
    raw = word.docx(word.paragraph("X", 0, list_id=0), numbers=word.outline())
    assert docx.paragraphs(raw) == ["X"]


# what is refused

DOCTYPE = (
    '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><d>&b;&b;</d>'
)
OUTSIDE = '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><d>&a;</d>'


def _body(content: str | bytes) -> bytes:
    return word.packed({"word/document.xml": content})


REFUSED = {
    "PDF": (b"%PDF-1.7\n", "PDF"),
    "old Word": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "lưu thành .docx"),
    "RTF": (b"{\\rtf1 x}", "RTF"),
    "bytes": (bytes(range(256)), "không phải tệp văn bản"),
    "NUL": (b"I. Tr\0ng", "không phải tệp văn bản"),
    "odd UTF-16": (b"\xff\xfex", "không phải tệp văn bản"),
    "cut zip": (word.docx(word.paragraph("X"))[:-30], "bị hỏng"),
    "only PK": (b"PK", "bị hỏng"),
    "a sheet": (word.packed({"xl/workbook.xml": "<x/>"}), "không có nội dung Word"),
    "no XML": (_body("xin chào"), "bị hỏng"),
    "cut XML": (_body("<d><e>"), "bị hỏng"),
    "entities": (_body(DOCTYPE), "DOCTYPE"),
    "an outside entity": (_body(OUTSIDE), "DOCTYPE"),
    "entities in UTF-16": (_body(DOCTYPE.encode("utf-16")), "DOCTYPE"),
    "a zip bomb": (_body(b" " * (docx.LARGEST_PART + 1)), "quá lớn"),
    "deep": (_body("<d>" * 10_000), "quá sâu"),
    "many parts": (
        word.packed({f"{n}": "" for n in range(docx.MOST_ENTRIES)} | {"word/document.xml": ""}),
        "quá nhiều phần",
    ),
    "an unknown encoding": (_body(b'<?xml version="1.0" encoding="x-none"?><d/>'), "bị hỏng"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_document_is_refused_in_a_clear_sentence(what: str, tmp_path: Path) -> None:
    raw, said = REFUSED[what]
    (tmp_path / "x.docx").write_bytes(raw)
    with pytest.raises(NotUnderstood, match=said):
        documents.read(tmp_path / "x.docx")


def test_a_file_that_is_too_large_a_folder_or_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"x" * (documents.LARGEST + 1))
    with pytest.raises(NotUnderstood, match="lớn hơn 5 MB"):
        documents.read(tmp_path / "x.txt")
    with pytest.raises(NotUnderstood, match="không mở được"):
        documents.read(tmp_path)
    with pytest.raises(NotUnderstood, match="không có tệp"):
        documents.read(tmp_path / "y.txt")


# anything at all

WHOLE = word.docx(*(word.paragraph("X", level) for level in (0, 1, 2)), numbers=word.outline())
ODD = st.one_of(st.integers(-2, 10).map(str), st.sampled_from(["", "x", "9" * 30, "²"]))


def _read(reader: Callable[[bytes], list[str]], raw: bytes) -> list[str] | None:
    """What is read, None where it is refused."""
    try:
        return reader(raw)
    except NotUnderstood:
        return None


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"PK\x03\x04", codecs.BOM_UTF16_LE]))
def test_any_bytes_are_read_or_refused(raw: bytes, start: bytes) -> None:
    for reader in (text.paragraphs, docx.paragraphs):
        assert all(one == one.strip() != "" for one in _read(reader, start + raw) or [])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=4))
def test_a_damaged_word_file_is_read_or_refused(changes: list[tuple[int, int]]) -> None:
    raw = bytearray(WHOLE)
    for place, byte in changes:
        raw[place] = byte
    found = _read(docx.paragraphs, bytes(raw))
    assert changes or found == ["I. X", "1. X", "a) X"]


@settings(max_examples=200, deadline=None)
@given(ODD, ODD, ODD, st.sampled_from(word.FORMATS), ODD)
def test_odd_numbers_in_a_list_definition_do_no_harm(
    number: str, start: str, restart: str, form: str, pattern: str
) -> None:
    odd = (
        f'<w:lvl w:ilvl="{number}"><w:start w:val="{start}"/><w:numFmt w:val="{form}"/>'
        f'<w:lvlText w:val="%{pattern}"/><w:lvlRestart w:val="{restart}"/></w:lvl>'
    )
    raw = word.docx(
        word.paragraph("X", 0), word.paragraph("X", 1), numbers=word.numbering(odd, odd)
    )
    assert len(docx.paragraphs(raw)) == 2
