"""A file's type is told by its bytes; what is kept as it is, and what is refused unopened."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pictures import Kept, Limits, Reason, Refused, keep, path
from bot.pictures.kinds import MOST_ENTRIES, MOST_UNPACKED, Form, sniff
from tests import picture_double as double

WORD = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<document/>"}
SHEET = {"xl/workbook.xml": b"<workbook/>"}
ID3 = b"ID3\4\0\0\0\0\1\2" + bytes(130)

FOUND = {
    "JPEG": (b"\xff\xd8\xff\xe0", "picture", "image/jpeg"),
    "PNG": (b"\x89PNG\r\n\x1a\n", "picture", "image/png"),
    "GIF": (b"GIF89a", "picture", "image/gif"),
    "WebP": (b"RIFF\0\0\0\0WEBPVP8 ", "picture", "image/webp"),
    "HEIC": (double.mp4(b"heic"), "picture", "image/heic"),
    "PDF": (b"%PDF-1.7\n", "document", "application/pdf"),
    "Word": (
        double.archive(WORD),
        "document",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    "Excel": (
        double.archive(SHEET),
        "document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    "Opus": (double.OPUS, "voice", "audio/ogg"),
    "M4A": (double.mp4(b"M4A ", b"soun"), "voice", "audio/mp4"),
    "sound of an Android": (double.mp4(b"mp42", b"soun"), "voice", "audio/mp4"),
    "MP3": (double.MP3, "voice", "audio/mpeg"),
    "MP3 after its tag": (ID3 + double.MP3, "voice", "audio/mpeg"),
    "AMR": (b"#!AMR\n\x3c", "voice", "audio/amr"),
    "wide AMR": (b"#!AMR-WB\n\x3c", "voice", "audio/amr-wb"),
    "AAC": (double.adts(), "voice", "audio/aac"),
    "AAC of one frame": (double.adts(1), "voice", "audio/aac"),
}


@pytest.mark.parametrize(("data", "kind", "mime"), FOUND.values(), ids=FOUND)
def test_the_type_is_told_by_the_bytes(data: bytes, kind: str, mime: str) -> None:
    form = sniff(data)
    assert isinstance(form, Form)
    assert (form.kind, form.mime) == (kind, mime)


REFUSED: dict[str, tuple[bytes, Reason]] = {
    "nothing": (b"", "not_readable"),
    "text": ("Kính gửi ủy ban xã".encode(), "type_unknown"),
    "text in UTF-16": ("Kính gửi ủy ban xã".encode("utf-16"), "type_unknown"),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "type_unknown"),
    "a web page": (b"<!DOCTYPE html><script>", "type_unknown"),
    "PDF after something": (b"GIF\n%PDF-1.7", "type_unknown"),
    "BMP": (b"BM" + bytes(60), "type_unknown"),
    "TIFF": (b"II*\0" + bytes(60), "type_unknown"),
    "a program": (b"\x7fELF" + bytes(60), "type_unknown"),
    "old Word": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "type_unknown"),
    "a video": (double.mp4(b"isom", b"vide", b"soun"), "type_unknown"),
    "a video that says it is sound": (double.mp4(b"M4A ", b"soun", b"vide"), "type_unknown"),
    "an MP4 of nothing": (double.mp4(b"mp42"), "type_unknown"),
    "Ogg with other sound": (double.OPUS.replace(b"OpusHead", b"\1vorbis\0"), "type_unknown"),
    "WAV": (b"RIFF\0\0\0\0WAVEfmt ", "type_unknown"),
    "a tag without sound": (ID3, "type_unknown"),
    "a tag cut short": (ID3[:7], "type_unknown"),
    "AAC cut short": (double.adts(1)[:30], "type_unknown"),
    "only a sync word": (b"\xff\xf1", "type_unknown"),
    "a zip": (double.archive({"a.txt": b"x"}), "type_unknown"),
    "Word with macros": (double.archive(WORD | {"word/vbaProject.bin": b"x"}), "type_unknown"),
    "a zip cut short": (double.archive(WORD)[:-30], "not_readable"),
    "a zip with its directory elsewhere": (
        b"PK\3\4"
        + bytes(40)
        + b"PK\5\6"
        + bytes(4)
        + b"\1\0\1\0"
        + bytes(4)
        + b"\xff" * 4
        + bytes(2),
        "not_readable",
    ),
    "only PK": (b"PK\3\4", "not_readable"),
    "a zip of many": (
        double.archive(WORD | {f"x{number}": b"" for number in range(MOST_ENTRIES)}),
        "too_large",
    ),
    "a zip bomb": (double.archive(WORD | {"x": bytes(MOST_UNPACKED)}), "too_large"),
}


@pytest.mark.parametrize(("data", "reason"), REFUSED.values(), ids=REFUSED)
async def test_what_is_not_kept_is_refused_with_its_reason(
    data: bytes, reason: Reason, tmp_path: Path
) -> None:
    assert await keep(data, tmp_path / "media") == Refused(reason)
    assert double.files(tmp_path) == []


@given(st.one_of(st.binary(), st.sampled_from([one for one, *_ in FOUND.values()])), st.data())
def test_no_bytes_break_it(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data)))
    sniff(data[:at] + draw.draw(st.binary(max_size=8)) + data[at + 1 :])


@pytest.mark.parametrize("name", ["PDF", "Word", "Excel", "Opus", "M4A", "MP3", "AMR", "AAC"])
async def test_documents_and_voice_notes_are_kept_as_they_are(name: str, tmp_path: Path) -> None:
    data, kind, mime = FOUND[name]
    kept = await keep(data, tmp_path)
    assert isinstance(kept, Kept)
    assert (kept.kind, kept.mime, kept.bytes) == (kind, mime, len(data))
    assert kept.source == kept.sha256
    assert (kept.width, kept.height, kept.phash, kept.thumb) == (None, None, None, None)
    assert path(tmp_path, kept.sha256).read_bytes() == data


@pytest.mark.parametrize("name", ["PDF", "Opus", "JPEG"])
async def test_more_bytes_than_the_bound_are_too_large(name: str, tmp_path: Path) -> None:
    data, kind, _ = FOUND[name]
    less = len(data) - 1
    limits = Limits(picture_bytes=less) if kind == "picture" else Limits(file_bytes=less)
    assert await keep(data, tmp_path, limits=limits) == Refused("too_large")
    assert double.files(tmp_path) == []
