"""The type of a file by its content, whatever its name says. Pure, bounded, nothing is unpacked.

A new type to keep is one more test in `sniff`; a new picture type also needs `child` to know it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from bot.pictures.outcome import Kind, Refused


@dataclass(frozen=True, slots=True)
class Form:
    """A type of file. `decoder` is Pillow's name for a picture's type, else ""."""

    kind: Kind
    mime: str
    decoder: str = ""


JPEG = Form("picture", "image/jpeg", "JPEG")
_PICTURES = {
    b"\xff\xd8\xff": JPEG,
    b"\x89PNG\r\n\x1a\n": Form("picture", "image/png", "PNG"),
    b"GIF87a": Form("picture", "image/gif", "GIF"),
    b"GIF89a": Form("picture", "image/gif", "GIF"),
}
_WEBP = Form("picture", "image/webp", "WEBP")
_HEIC = Form("picture", "image/heic", "HEIF")
_OTHERS = {
    b"%PDF-": Form("document", "application/pdf"),
    b"#!AMR\n": Form("voice", "audio/amr"),
    b"#!AMR-WB\n": Form("voice", "audio/amr-wb"),
}
_OPUS = Form("voice", "audio/ogg")
_M4A = Form("voice", "audio/mp4")
_MP3 = Form("voice", "audio/mpeg")
_AAC = Form("voice", "audio/aac")

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1"}
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OFFICE_PARTS = {
    b"word/document.xml": Form("document", f"{_OFFICE}wordprocessingml.document"),
    b"xl/workbook.xml": Form("document", f"{_OFFICE}spreadsheetml.sheet"),
}
_MACROS = b"vbaProject.bin"
MOST_ENTRIES = 500
"""Files in an office file. A report with photos has a few dozen."""
MOST_UNPACKED = 64 * 1024 * 1024
"""Bytes the entries say they unpack to. Photos hardly shrink, so an honest 10 MiB has at most twice
that; whoever opens the file should not find out what a bomb is."""
MOST_TRACKS = 64
"""Handlers looked at in a sound file. A voice note has one or two."""

_ZIP_END = struct.Struct("<4s4H2LH")
_ZIP_ENTRY = struct.Struct("<4s6H3L5H2L")


def sniff(data: bytes) -> Form | Refused:
    """What the bytes are, or why they are nothing that is kept: `not_readable` for none at all,
    `too_large` for an office file that unpacks to too much, else `type_unknown`."""
    if not data:
        return Refused("not_readable")
    for start, form in (_PICTURES | _OTHERS).items():
        if data.startswith(start):
            return form
    if data.startswith(b"PK\3\4"):
        return _office(data)
    if data[4:8] == b"ftyp":
        return _boxes(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _WEBP
    if data.startswith(b"OggS") and data[28:36] == b"OpusHead":
        return _OPUS
    return _frames(data)


def _office(data: bytes) -> Form | Refused:
    try:
        entries = list(_zip_entries(data))
    except (struct.error, ValueError):
        return Refused("not_readable")
    if len(entries) > MOST_ENTRIES or sum(unpacked for _, unpacked in entries) > MOST_UNPACKED:
        return Refused("too_large")
    names = [name for name, _ in entries]
    # A macro is a program, and Word would not open one under the name .docx anyway.
    if any(name.endswith(_MACROS) for name in names):
        return Refused("type_unknown")
    forms = (form for part, form in _OFFICE_PARTS.items() if part in names)
    return next(forms, Refused("type_unknown"))


def _zip_entries(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Names and unpacked sizes as the archive's directory has them, one more than are allowed at
    most. Raises ValueError and struct.error for what is no whole archive."""
    end = data.rindex(b"PK\5\6", max(0, len(data) - _ZIP_END.size - 0xFFFF))
    _, _, _, _, count, _, at, _ = _ZIP_END.unpack_from(data, end)
    for _ in range(min(count, MOST_ENTRIES + 1)):
        entry = _ZIP_ENTRY.unpack_from(data, at)
        if entry[0] != b"PK\1\2":
            raise ValueError("no entry of a directory")
        unpacked, name, extra, comment = entry[9:13]
        at += _ZIP_ENTRY.size
        yield data[at : at + name], unpacked
        at += name + extra + comment


def _boxes(data: bytes) -> Form | Refused:
    """ISO 14496-12: iPhones' pictures, and sound, which is an MP4 in which nothing moves."""
    if data[8:12] in _HEIC_BRANDS:
        return _HEIC
    tracks = {rest[8:12] for rest in data.split(b"hdlr", MOST_TRACKS)[1:]}
    return _M4A if b"soun" in tracks and b"vide" not in tracks else Refused("type_unknown")


def _frames(data: bytes) -> Form | Refused:
    """Sound without a container: MP3 (ISO 11172-3, after its ID3 tag) and the AAC in ADTS frames
    (ISO 13818-7) that Zalo's voice notes are. Two bytes FF FE also begin text in UTF-16, so more
    than the sync word is looked at."""
    if data.startswith(b"ID3"):
        a, b, c, d = data[6:10].ljust(4, b"\0")
        data = data[10 + (a << 21 | b << 14 | c << 7 | d) :]
    one, two, three, four, five, six = data[:6].ljust(6, b"\0")
    if one != 0xFF:
        return Refused("type_unknown")
    if two & 0xE6 == 0xE2 and three >> 4 not in (0, 15) and three & 0x0C != 0x0C:
        return _MP3
    if two & 0xF6 == 0xF0:
        length = (four & 3) << 11 | five << 3 | six >> 5
        if 7 <= length <= len(data) and data[length : length + 2] in (data[:2], b""):
            return _AAC
    return Refused("type_unknown")
