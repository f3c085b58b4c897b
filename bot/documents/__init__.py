"""Reads an office document an operator hands over into its paragraphs: .docx, .md, .txt.

Only files and formats live here, with limits against what a hostile file may hold; what the
paragraphs mean is `knowledge`'s. Standard library only: the list numbers Word counts by itself,
which are half of the work, python-docx does not read either.
"""

from __future__ import annotations

from pathlib import Path

from bot.documents import docx, text
from bot.documents.lines import NotUnderstood

__all__ = ["LARGEST", "NotUnderstood", "read"]

LARGEST = 5 * 1024 * 1024
"""Bytes. A plan of 20 pages has a tenth of it as .docx, even with a scanned seal."""

_SAVE_AS = "mở bằng Word rồi lưu thành .docx"
_FOREIGN = {
    b"%PDF": f"đây là tệp PDF; {_SAVE_AS}",
    b"\xd0\xcf\x11\xe0": f"đây là tệp Word cũ (.doc); {_SAVE_AS}",
    b"{\\rtf": f"đây là tệp RTF; {_SAVE_AS}",
}


def read(path: Path) -> list[str]:
    """The paragraphs of a file, its kind told by its content. Raises NotUnderstood."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise NotUnderstood("không có tệp này") from None
    except (OSError, ValueError) as wrong:
        raise NotUnderstood(f"không mở được tệp ({wrong})") from None
    if len(raw) > LARGEST:
        raise NotUnderstood(f"tệp lớn hơn {LARGEST // 1024 // 1024} MB; bỏ bớt ảnh rồi lưu lại")
    for start, why in _FOREIGN.items():
        if raw.startswith(start):
            raise NotUnderstood(why)
    return docx.paragraphs(raw) if raw.startswith(b"PK") else text.paragraphs(raw)
