"""Workbooks made by hand for the tests: as other programs write them, and as nobody should."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
SHEET = "xl/worksheets/sheet1.xml"


def cells(*rows: tuple[str, ...]) -> str:
    """Rows of texts as inline strings, without references: their place is counted."""
    return "".join(
        "<row>"
        + "".join(
            f'<c t="inlineStr"><is><t>{escape(text)}</t></is></c>' if text else "<c/>"
            for text in row
        )
        + "</row>"
        for row in rows
    )


def sheet(data: str, after: str = "", space: str = MAIN) -> str:
    """A worksheet part around rows."""
    return f'<worksheet xmlns="{space}"><sheetData>{data}</sheetData>{after}</worksheet>'


def parts(worksheet: str, name: str = "Xã", space: str = MAIN) -> dict[str, str]:
    """The parts of a workbook with one sheet."""
    return {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="a" '
        f'Type="{DOCUMENT}/officeDocument" Target="/xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{space}" xmlns:r="{DOCUMENT}"><sheets>'
        f'<sheet name="{name}" sheetId="1" r:id="b"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">'
        f'<Relationship Id="b" Type="{DOCUMENT}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="c" Type="{DOCUMENT}/sharedStrings" Target="sharedStrings.xml"/>'
        "</Relationships>",
        SHEET: worksheet,
    }


def packed(files: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def book(*rows: tuple[str, ...], name: str = "Xã", after: str = "") -> bytes:
    """A workbook of one sheet with rows of texts."""
    return packed(parts(sheet(cells(*rows), after), name))
