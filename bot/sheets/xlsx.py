"""The .xlsx format, read with limits: a stranger's file costs bounded time and memory.

The standard library reads it: openpyxl tells merged cells only when it holds the whole sheet in
memory, which a file of 2 MB can make 270 MB of. Nothing here knows what the cells mean.
"""

from __future__ import annotations

import io
import lzma
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from posixpath import basename, dirname, join
from xml.parsers import expat

from bot.sheets.parts import MOST_CELLS, Cells, Grid, Links, Names, Reader, Refused, Strings

LARGEST = 2 * 1024 * 1024
"""Bytes of a file. A province's facts of five years are a twentieth of it."""
MOST_ENTRIES = 200
LARGEST_UNPACKED = 16 * 1024 * 1024
"""Bytes of all parts that are read. 5,000 rows as Excel writes them are a third of it."""
MOST_RATIO, HARMLESS = 100, 1024 * 1024
"""Unpacked to packed size of a part above so many bytes: XML packs to a twentieth, a bomb to a
thousandth."""
LONGEST_READING = 5.0
"""Seconds."""
_STEP = 64 * 1024
_DEEPEST = 64
_OLE = b"\xd0\xcf\x11\xe0"
"""How a workbook of Excel 97 begins, and one under a password."""
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, expat.ExpatError),
    *(OSError, EOFError, ValueError, LookupError, RuntimeError, OverflowError, NotImplementedError),
)


def grids(data: bytes, clock: Callable[[], float] = time.monotonic) -> list[Grid]:
    """The sheets of a workbook in its own order. Raises Refused."""
    if len(data) > LARGEST:
        raise Refused("too_large", LARGEST // 1024 // 1024)
    if data.startswith(_OLE):
        raise Refused("old_workbook")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _Workbook(archive, clock).grids()
    except Refused:
        raise
    except _BROKEN:
        raise Refused("no_workbook") from None


class _Workbook:
    """One reading of one file; it counts what was unpacked and how long it took."""

    def __init__(self, archive: zipfile.ZipFile, clock: Callable[[], float]) -> None:
        entries = archive.infolist()
        if len(entries) > MOST_ENTRIES:
            raise Refused("unpacks_too_large")
        self._archive = archive
        self._parts = {entry.filename: entry for entry in entries}
        self._left = LARGEST_UNPACKED
        self._cells = MOST_CELLS
        self._clock, self._end = clock, clock() + LONGEST_READING

    def grids(self) -> list[Grid]:
        root = self._links("")
        books = (at for kind, at in root.values() if kind == "officeDocument")
        book = next(books, "xl/workbook.xml")
        links, names = self._links(book), Names()
        self._parse(book, names)
        strings = Strings()
        for kind, at in links.values():
            if kind == "sharedStrings" and at in self._parts:
                self._parse(at, strings)
        found = []
        for name, link in names.sheets:
            kind, at = links.get(link, ("", ""))
            if kind == "worksheet":
                cells = Cells(Grid(name), strings.texts, self._cells)
                self._parse(at, cells)
                self._cells = cells.left
                found.append(cells.grid)
        if not found:
            raise Refused("no_workbook")
        return found

    def _links(self, part: str) -> dict[str, tuple[str, str]]:
        """What a part refers to: link → (kind, part)."""
        at = join(dirname(part), "_rels", f"{basename(part)}.rels")
        links = Links(dirname(part))
        if at in self._parts:
            self._parse(at, links)
        return links.found

    def _parse(self, part: str, reader: Reader) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        depth = 0

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal depth
            depth += 1
            if depth > _DEEPEST:
                raise Refused("no_workbook")
            reader.start(name.rpartition(" ")[2], attributes)

        def end(name: str) -> None:
            nonlocal depth
            depth -= 1
            reader.end(name.rpartition(" ")[2])

        def refuse(*_declared: object) -> None:
            raise Refused("no_workbook")

        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.CharacterDataHandler = reader.text
        # Entities are declared there, and nothing that writes workbooks needs them.
        parser.StartDoctypeDeclHandler = refuse
        for chunk in self._chunks(self._parts[part]):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)

    def _chunks(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        # The size a part declares may be a lie, so what is unpacked is counted too.
        packed = max(entry.compress_size, 1)
        if entry.file_size > self._left or entry.file_size > MOST_RATIO * packed + HARMLESS:
            raise Refused("unpacks_too_large")
        with self._archive.open(entry) as part:
            while chunk := part.read(_STEP):
                self._left -= len(chunk)
                if self._left < 0:
                    raise Refused("unpacks_too_large")
                if self._clock() > self._end:
                    raise Refused("too_slow")
                yield chunk
