"""Word files for tests, as Word and LibreOffice write them: typed or automatic list numbers."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
FORMATS = ("upperRoman", "decimal", "lowerLetter")
PATTERNS = ("%1.", "%2.", "%3)")


def paragraph(text: str, level: int | None = None, style: str = "", list_id: int = 1) -> str:
    """A `w:p`; with a level it is an entry of a list, its number not in the text."""
    numbered = (
        f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{list_id}"/></w:numPr>'
        if level is not None
        else ""
    )
    styled = f'<w:pStyle w:val="{style}"/>' if style else ""
    # Word cuts a paragraph into runs wherever it was once edited.
    half = len(text) // 2
    runs = "".join(
        f'<w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">{escape(part)}</w:t></w:r>'
        for part in (text[:half], text[half:])
        if part
    )
    return f"<w:p><w:pPr>{styled}{numbered}</w:pPr>{runs}</w:p>"


def table(*cells: Iterable[str]) -> str:
    """A table of one row; each cell holds paragraphs."""
    return (
        "<w:tbl><w:tr>"
        + "".join(f"<w:tc>{''.join(cell)}</w:tc>" for cell in cells)
        + "</w:tr></w:tbl>"
    )


def document(*content: str) -> str:
    """word/document.xml around block-level content."""
    body = "".join(content)
    return f'<?xml version="1.0"?><w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'


def level(number: int, form: str, pattern: str, more: str = "") -> str:
    """A `w:lvl` that starts at 1."""
    return (
        f'<w:lvl w:ilvl="{number}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>'
        f'<w:lvlText w:val="{pattern}"/>{more}</w:lvl>'
    )


def numbering(*levels: str, lists: str = "") -> str:
    """word/numbering.xml with one definition; `lists` defaults to the one list 1 of it."""
    known = lists or '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    return (
        f'<?xml version="1.0"?><w:numbering xmlns:w="{W}">'
        f'<w:abstractNum w:abstractNumId="0">{"".join(levels)}</w:abstractNum>{known}</w:numbering>'
    )


def outline() -> str:
    """The numbering of an administrative document: I., 1., a)."""
    pairs = zip(FORMATS, PATTERNS, strict=True)
    return numbering(*(level(at, form, pattern) for at, (form, pattern) in enumerate(pairs)))


def packed(parts: Mapping[str, str | bytes]) -> bytes:
    """A zip archive of these parts."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def docx(*content: str, numbers: str = "", styles: str = "") -> bytes:
    """A .docx of block-level content."""
    parts: dict[str, str | bytes] = {"word/document.xml": document(*content)}
    if numbers:
        parts["word/numbering.xml"] = numbers
    if styles:
        parts["word/styles.xml"] = f'<w:styles xmlns:w="{W}">{styles}</w:styles>'
    return packed(parts)
