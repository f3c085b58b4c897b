"""A Word file to paragraphs: the text as Word shows it, list numbers included.

Bounded against zip and XML bombs: few entries, parts read up to a size, no document type at all,
which is where entities are declared.
"""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from bot.documents.lines import Line, NotUnderstood, join, plain
from bot.documents.numbering import Numbering

MOST_ENTRIES = 500
"""Files in the archive. A plan with photos has a few dozen."""
LARGEST_PART = 6 * 1024 * 1024
"""Bytes of one unpacked part. The body of a plan of 20 pages has a tenth of it."""
DEEPEST = 200
"""Nested elements. Word nests tables in tables a few times."""

_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, expat.ExpatError),
    *(OSError, EOFError, ValueError, LookupError, RuntimeError, OverflowError),
)
"""What the standard library raises on archives and XML that are not whole; RuntimeError for one
under a password or packed in an unknown way."""
_BODY, _NUMBERING, _STYLES = "word/document.xml", "word/numbering.xml", "word/styles.xml"
_NOT_SHOWN = {"{w}del", "{w}moveFrom", "{w}txbxContent", "{w}pPr", "{w}rPr", "{w}instrText"}
_BREAKS = {"{w}br", "{w}cr"}
_AS_TEXT = {"{w}tab": " ", "{w}ptab": " ", "{w}noBreakHyphen": "-"}


def paragraphs(raw: bytes) -> list[str]:
    """The paragraphs of a .docx in reading order, table cells row by row.

    Raises NotUnderstood for what is no Word file, or larger than one can be.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            if len(entries) > MOST_ENTRIES:
                raise NotUnderstood("tệp có quá nhiều phần; lưu lại bằng Word rồi thử lại")
            if _BODY not in entries:
                raise NotUnderstood("trong tệp không có nội dung Word (.docx)")
            body, lists, styles = (
                _part(archive, entries[name]) if name in entries else Element("none")
                for name in (_BODY, _NUMBERING, _STYLES)
            )
    except NotUnderstood:
        raise
    except _BROKEN:
        raise NotUnderstood("tệp .docx bị hỏng hoặc có mật khẩu") from None
    return join(_lines(body, Numbering(lists, styles)))


def _part(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Element:
    # The size an entry declares may be a lie, so what is read is counted.
    with archive.open(entry) as part:
        raw = part.read(LARGEST_PART + 1)
    if len(raw) > LARGEST_PART:
        raise NotUnderstood("nội dung của tệp quá lớn")
    return _parse(raw)


def _parse(raw: bytes) -> Element:
    """The tree of a part, the namespace of Word's own vocabulary cut down to `{w}`: it has two."""
    builder, parser = TreeBuilder(), expat.ParserCreate(namespace_separator=" ")
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise NotUnderstood("nội dung lồng nhau quá sâu")
        builder.start(_short(name), {_short(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_short(name))

    def refuse(*_declared: object) -> None:
        raise NotUnderstood("nội dung có khai báo DOCTYPE, không phải do Word ghi")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(raw, True)
    return builder.close()


def _short(name: str) -> str:
    space, _, local = name.rpartition(" ")
    word = "wordprocessingml" in space and space.endswith("/main")
    return f"{{w}}{local}" if word else f"{{{space}}}{local}"


def _lines(body: Element, numbering: Numbering) -> Iterator[Line]:
    for paragraph in _shown(body, "{w}p"):
        label = numbering.label(paragraph)
        text = f"{label} {''.join(_text(paragraph))}" if label else "".join(_text(paragraph))
        for number, line in enumerate(text.split("\n")):
            if seen := plain(line):
                yield Line(seen, after_gap=True, broken=number > 0 or bool(label))


def _shown(element: Element, tag: str) -> Iterator[Element]:
    """The elements of a name, in order, that are part of the text as it stands."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag not in _NOT_SHOWN and not child.tag.endswith("}Fallback"):
            yield from _shown(child, tag)


def _text(element: Element) -> Iterator[str]:
    for child in element:
        if child.tag == "{w}t":
            yield child.text or ""
        elif child.tag in _BREAKS:
            yield "\n"
        elif child.tag in _AS_TEXT:
            yield _AS_TEXT[child.tag]
        elif child.tag not in _NOT_SHOWN and not child.tag.endswith("}Fallback"):
            yield from _text(child)
