"""Pictures somebody sent: what is kept of them, what is gone from them, and what is refused."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.pictures import Kept, Limits, Reason, Refused, decoding, keep, path
from bot.pictures.cleaning import Clean, clean
from tests.picture_double import (
    BLUE,
    GREY,
    RED,
    WHITE,
    encoded,
    files,
    is_near,
    mp4,
    opened,
    plain,
    png,
    scene,
    webp_canvas,
)

JPEG = encoded(scene(1))


async def _kept(data: bytes, folder: Path) -> Kept:
    kept = await keep(data, folder)
    assert isinstance(kept, Kept), kept
    return kept


# what is kept


async def test_a_photo_is_kept_smaller_with_a_thumbnail(tmp_path: Path) -> None:
    kept = await _kept(encoded(scene(3, (3000, 2000))), tmp_path)
    assert (kept.kind, kept.mime) == ("picture", "image/jpeg")
    assert (kept.width, kept.height) == (2048, 1365)
    picture = path(tmp_path, kept.sha256).read_bytes()
    assert kept.bytes == len(picture)
    assert opened(picture).size == (2048, 1365)
    assert kept.thumb is not None
    assert opened(path(tmp_path, kept.thumb).read_bytes()).size == (320, 213)
    assert {one.name for one in files(tmp_path)} == {kept.sha256, kept.thumb}


async def test_the_same_bytes_twice_are_kept_once(tmp_path: Path) -> None:
    first, again = await _kept(JPEG, tmp_path), await _kept(JPEG, tmp_path)
    assert first == again
    assert len(files(tmp_path)) == 2
    other = await _kept(JPEG + b"\0", tmp_path)
    assert (other.sha256, other.phash) == (first.sha256, first.phash)
    assert other.source != first.source


async def test_a_small_picture_is_its_own_thumbnail(tmp_path: Path) -> None:
    kept = await _kept(encoded(plain(size=(1, 1)), "PNG"), tmp_path)
    assert (kept.width, kept.height, kept.phash) == (1, 1, None)
    assert kept.thumb == kept.sha256
    assert len(files(tmp_path)) == 1


def _grey16() -> bytes:
    return encoded(Image.new("I;16", (40, 30), 128 * 257), "PNG")


def _indexed(form: str) -> bytes:
    """Red by number, and a colour that stands for "nothing" in the left half."""
    picture = Image.new("P", (40, 30), 1)
    picture.putpalette([0, 255, 0, *RED])
    picture.paste(0, (0, 0, 20, 30))
    return encoded(picture, form, transparency=0)


def _half(mode: str, colour: tuple[int, ...]) -> Image.Image:
    """A colour, transparent in the left half."""
    picture = Image.new(mode, (40, 30), colour)
    picture.paste((*colour[:-1], 0), (0, 0, 20, 30))
    return picture


MODES = {
    "grey JPEG": (encoded(plain(GREY).convert("L")), GREY, GREY),
    "CMYK JPEG": (encoded(plain().convert("CMYK")), RED, RED),
    "progressive JPEG": (encoded(plain(), progressive=True), RED, RED),
    "a camera's two pictures in one": (
        encoded(plain(), "MPO", save_all=True, append_images=[plain(BLUE)]),
        RED,
        RED,
    ),
    "PNG": (encoded(plain(), "PNG"), RED, RED),
    "PNG, 16 bits of grey": (_grey16(), GREY, GREY),
    "PNG, 16 bits of colour": (png(2, 2, 16, 2, (b"\0" + b"\xc8\0\x1e\0\x1e\0" * 2) * 2), RED, RED),
    "PNG, black and white": (encoded(Image.new("1", (40, 30), 1), "PNG"), WHITE, WHITE),
    "PNG, palette": (_indexed("PNG"), WHITE, RED),
    "PNG with alpha": (encoded(_half("RGBA", (*RED, 255)), "PNG"), WHITE, RED),
    "PNG, grey with alpha": (encoded(_half("LA", (128, 255)), "PNG"), WHITE, GREY),
    "PNG, one colour transparent": (
        encoded(plain(BLUE), "PNG", transparency=BLUE),
        WHITE,
        WHITE,
    ),
    "WebP": (encoded(plain(), "WEBP"), RED, RED),
    "WebP with alpha": (encoded(_half("RGBA", (*RED, 255)), "WEBP", lossless=True), WHITE, RED),
    "moving WebP": (
        encoded(plain(), "WEBP", save_all=True, append_images=[plain(BLUE)]),
        RED,
        RED,
    ),
    "GIF": (_indexed("GIF"), WHITE, RED),
    "moving GIF": (
        encoded(plain(), "GIF", save_all=True, append_images=[plain(BLUE)]),
        RED,
        RED,
    ),
}


@pytest.mark.parametrize(("data", "left", "right"), MODES.values(), ids=MODES)
async def test_every_sort_shows_what_it_showed(
    data: bytes, left: tuple[int, ...], right: tuple[int, ...], tmp_path: Path
) -> None:
    """Through the real process: once it is confined it can load no more of its parts."""
    kept = await _kept(data, tmp_path)
    picture = opened(path(tmp_path, kept.sha256).read_bytes())
    assert (picture.format, picture.mode) == ("JPEG", "RGB")
    at = picture.height // 2
    assert is_near(picture.getpixel((picture.width // 8, at)), left)
    assert is_near(picture.getpixel((picture.width * 7 // 8, at)), right)


# what is refused

REFUSED: dict[str, tuple[bytes, Reason]] = {
    "a bomb of 400 million pixels": (
        png(20_000, 20_000, 1, 0, bytes(2501 * 20_000)),
        "too_many_pixels",
    ),
    "a bomb of a header alone": (png(60_000, 60_000, 8, 2, b""), "too_many_pixels"),
    "one row too many": (png(40_000, 1001, 1, 0, bytes(5001 * 1001)), "too_many_pixels"),
    "a WebP's canvas": (webp_canvas(16_383, 16_383), "too_many_pixels"),
    "half a JPEG": (JPEG[: len(JPEG) // 2], "not_readable"),
    "half a PNG": (encoded(scene(1), "PNG")[:20_000], "not_readable"),
    "half a WebP": (encoded(scene(1), "WEBP")[:2_000], "not_readable"),
    "half a GIF": (encoded(scene(1), "GIF")[:2_000], "not_readable"),
    "a header of JPEG alone": (JPEG[:4], "not_readable"),
    "a web page that begins like a JPEG": (b"\xff\xd8\xff\xe0<html><script>", "not_readable"),
    "a PNG of no width": (png(0, 10, 8, 2, b""), "not_readable"),
    "a PNG without its rows": (png(40, 30, 8, 2, b""), "not_readable"),
    "an iPhone's HEIC": (mp4(b"heic"), "heic"),
}


@pytest.mark.parametrize(("data", "reason"), REFUSED.values(), ids=REFUSED)
async def test_what_cannot_be_kept_is_refused(data: bytes, reason: Reason, tmp_path: Path) -> None:
    assert await keep(data, tmp_path) == Refused(reason)
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(picture_bytes=len(JPEG) - 1), "too_large"),
        (Limits(pixels=640 * 480 - 1), "too_many_pixels"),
    ],
)
async def test_the_bounds_are_those_that_were_given(
    limits: Limits, reason: Reason, tmp_path: Path
) -> None:
    assert await keep(JPEG, tmp_path, limits=limits) == Refused(reason)


async def test_what_needs_more_memory_than_there_is_is_refused(tmp_path: Path) -> None:
    hog = png(5000, 5000, 8, 6, bytes(20_001 * 5000))
    few = Limits(memory=120 * 1024 * 1024)
    assert await keep(hog, tmp_path, limits=few) == Refused("too_many_pixels")
    assert isinstance(await keep(hog, tmp_path), Kept)


def test_this_process_loads_no_decoder() -> None:
    code = "import sys, bot.pictures; sys.exit('PIL' in sys.modules)"
    root = Path(decoding.__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


TINY = {form: encoded(scene(6, (24, 16)), form) for form in ("JPEG", "PNG", "WEBP", "GIF")}


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(TINY)), st.data())
def test_broken_pictures_break_nothing(form: str, draw: st.DataObject) -> None:
    data = bytearray(TINY[form])
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    cut = draw.draw(st.integers(0, len(data)))
    sent = bytes(data[:cut] if draw.draw(st.booleans()) else data)
    with warnings.catch_warnings():
        # The process of its own does not make faults of them either.
        warnings.simplefilter("ignore")
        done = clean(sent, form, 1_000_000)
    if isinstance(done, Clean):
        assert opened(done.picture).size == (done.width, done.height)
