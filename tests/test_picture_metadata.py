"""What a picture says about itself: it is turned upright by it, and nothing of it is kept."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin
from PIL.Image import Transpose

from bot.pictures import LIMITS, Kept, keep
from bot.pictures.cleaning import Clean, clean
from tests.picture_double import (
    BLUE,
    CANARY,
    RED,
    archive,
    encoded,
    files,
    is_near,
    mp4,
    opened,
    plain,
    scene,
)

# turned upright

TOLD = {
    1: None,
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_90,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_270,
}
"""How a camera held so stores an upright scene (Exif 2.32, tag 0x0112)."""


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", TOLD)
def test_a_picture_is_kept_upright(orientation: int, form: str) -> None:
    upright, turn = scene(4, (64, 48)), TOLD[orientation]
    upright.paste(RED, (0, 0, 16, 16))
    upright.paste(BLUE, (48, 0, 64, 16))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = upright if turn is None else upright.transpose(turn)
    done = clean(encoded(stored, form, exif=exif), form, LIMITS.pixels)
    assert isinstance(done, Clean)
    shown = opened(done.picture)
    assert (done.width, done.height) == shown.size == (64, 48)
    assert is_near(shown.getpixel((6, 6)), RED, 25)
    assert is_near(shown.getpixel((58, 6)), BLUE, 25)


def _exif(*entry: int, rest: bytes = b"") -> bytes:
    """A block of metadata with one entry: tag, type, count, value (TIFF 6.0, section 2)."""
    return b"Exif\0\0II*\0" + struct.pack("<LHHHLL", 8, 1, *entry) + bytes(4) + rest


BROKEN = {
    "an orientation 0": _exif(0x0112, 3, 1, 0),
    "an orientation 9": _exif(0x0112, 3, 1, 9),
    "two orientations": _exif(0x0112, 3, 2, 0x0008_0001),
    "an orientation in letters": _exif(0x0112, 2, 2, 0x36),
    "an orientation divided by nothing": _exif(0x0112, 5, 1, 26, rest=bytes(8)),
    "an orientation of no type": _exif(0x0112, 99, 1, 6),
    "an orientation elsewhere": _exif(0x0112, 3, 2**31, 2**31),
    "a resolution elsewhere": _exif(0x011A, 5, 1, 2**31),
    "entries without end": b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\xff" * 40,
    "no more than its name": b"Exif\0\0",
    "other bytes": b"Exif\0\0" + bytes(range(256)),
}


@pytest.mark.parametrize("exif", BROKEN.values(), ids=BROKEN)
def test_broken_metadata_spoils_nothing(exif: bytes) -> None:
    with warnings.catch_warnings():
        # The process of its own does not make faults of them either.
        warnings.simplefilter("ignore")
        done = clean(encoded(plain(), exif=exif), "JPEG", LIMITS.pixels)
    assert isinstance(done, Clean)
    assert (done.width, done.height) == (40, 30)


# what is gone


def _with_exif(form: str) -> bytes:
    exif = Image.Exif()
    exif[0x010E] = exif[0x010F] = CANARY.decode()
    place = exif.get_ifd(0x8825)
    place[1], place[2], place[29] = "N", (22.0, 23.0, 47.0), CANARY.decode()
    return encoded(scene(5), form, exif=exif, xmp=b"<x>" + CANARY + b"</x>")


def _with_text() -> bytes:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", CANARY.decode())
    texts.add_itxt("Author", CANARY.decode())
    return encoded(scene(5), "PNG", pnginfo=texts)


PAGE = b"<html><script>" + CANARY + b"</script>"
CARRIERS = {
    "JPEG with GPS": _with_exif("JPEG"),
    "PNG with GPS": _with_exif("PNG"),
    "WebP with GPS": _with_exif("WEBP"),
    "PNG with texts": _with_text(),
    "a comment": encoded(scene(5), comment=CANARY),
    "GIF with a comment": encoded(scene(5), "GIF", comment=CANARY),
    "a colour profile": encoded(scene(5), icc_profile=bytes(128) + CANARY),
    "also a web page": encoded(scene(5)) + PAGE,
    "also a zip": encoded(scene(5)) + archive({CANARY.decode(): b"x"}),
    "a video behind it": encoded(scene(5)) + mp4(b"isom", b"vide") + CANARY,
    "a web page in a comment": encoded(scene(5), comment=PAGE),
}


@pytest.mark.parametrize("data", CARRIERS.values(), ids=CARRIERS)
async def test_only_what_the_picture_shows_is_kept(data: bytes, tmp_path: Path) -> None:
    assert CANARY in data
    kept = await keep(data, tmp_path)
    assert isinstance(kept, Kept)
    for file in files(tmp_path):
        stored = file.read_bytes()
        assert CANARY not in stored
        assert b"Exif" not in stored
        picture = opened(stored)
        assert dict(picture.getexif()) == {}
        assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert kept.sha256 != kept.source
