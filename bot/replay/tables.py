"""Tables of a transcript as the workbook somebody sends."""

from __future__ import annotations

import io
from collections.abc import Sequence


def workbook(lines: Sequence[Sequence[str]]) -> bytes:
    """A workbook (.xlsx) of sheets: each begins with a line of its name and its headings; lines
    without a name are its rows. A cell of digits is a number, as Excel makes it one."""
    from openpyxl import Workbook  # a fifth of a second, and most transcripts have no table

    book = Workbook()
    if book.active is not None:
        book.remove(book.active)
    page = None
    for name, *cells in lines:
        if name or page is None:
            page = book.create_sheet(name)
        page.append([int(cell) if cell.isdecimal() else cell or None for cell in cells])
    if not book.sheetnames:
        book.create_sheet()
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
