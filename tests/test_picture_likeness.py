"""Near duplicates are found, different pictures are not taken for one another."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance
from PIL.Image import Image as Picture

from bot.pictures import LIMITS, near
from bot.pictures.cleaning import Clean, clean
from tests.picture_double import encoded, opened, scene

SCENES = range(12)
HASH = st.integers(-(2**63), 2**63 - 1)


def _phash(picture: Picture, quality: int = 90) -> int | None:
    done = clean(encoded(picture, quality=quality), "JPEG", LIMITS.pixels)
    assert isinstance(done, Clean)
    return done.phash


def _known(picture: Picture, quality: int = 90) -> int:
    found = _phash(picture, quality)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def known() -> dict[int, int]:
    """The hash of each scene."""
    return {seed: _known(scene(seed)) for seed in SCENES}


def _without_edge(picture: Picture, part: float) -> Picture:
    width, height = picture.size
    x, y = int(width * part / 2), int(height * part / 2)
    return picture.crop((x, y, width - x, height - y))


def _stamped(picture: Picture) -> Picture:
    stamped = picture.copy()
    ImageDraw.Draw(stamped).text((380, 440), "17/05/2024 08:31", fill=(255, 160, 0), font_size=20)
    return stamped


def _screenshot(picture: Picture) -> Picture:
    screen = Image.new("RGB", (picture.width, picture.height * 3 // 2))
    screen.paste(picture, (0, picture.height // 4))
    return screen


def _recompressed(picture: Picture) -> Picture:
    return opened(encoded(picture, quality=25))


CHANGED: dict[str, Callable[[Picture], Picture]] = {
    "smaller": lambda picture: picture.resize((320, 240)),
    "a thumbnail": lambda picture: picture.resize((120, 90)),
    "larger": lambda picture: picture.resize((1280, 960)),
    "recompressed": _recompressed,
    "another format": lambda picture: opened(encoded(picture, "WEBP", quality=50)),
    "lighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.15),
    "darker": lambda picture: ImageEnhance.Brightness(picture).enhance(0.7),
    "more contrast": lambda picture: ImageEnhance.Contrast(picture).enhance(1.2),
    "without colours": lambda picture: picture.convert("L").convert("RGB"),
    "cut a little": lambda picture: _without_edge(picture, 0.04),
    "turned by half a degree": lambda picture: picture.rotate(0.5, Image.Resampling.BICUBIC),
    "with a date on it": _stamped,
    "a screenshot with black bars": _screenshot,
}


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED)
def test_a_changed_copy_is_near(
    change: Callable[[Picture], Picture], known: dict[int, int]
) -> None:
    missed = [seed for seed in SCENES if not near(known[seed], _known(change(scene(seed))))]
    assert missed == []


def test_different_pictures_are_not_near(known: dict[int, int]) -> None:
    pairs = combinations(known.items(), 2)
    assert [(one, other) for (one, a), (other, b) in pairs if near(a, b)] == []


def test_a_turned_or_mirrored_picture_is_another(known: dict[int, int]) -> None:
    """What is said in `likeness` not to be found."""
    for turn in (Image.Transpose.ROTATE_90, Image.Transpose.FLIP_LEFT_RIGHT):
        assert not near(known[0], _known(scene(0).transpose(turn)))


def test_what_a_camera_stored_turned_is_the_same(known: dict[int, int]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = scene(0).transpose(Image.Transpose.ROTATE_90)
    done = clean(encoded(stored, quality=90, exif=exif), "JPEG", LIMITS.pixels)
    assert isinstance(done, Clean)
    assert done.phash is not None
    assert near(known[0], done.phash)


@pytest.mark.parametrize(
    "picture", [Image.new("RGB", (400, 300), shade) for shade in ("black", "white")]
)
def test_a_picture_of_nothing_has_no_hash(picture: Picture) -> None:
    assert _phash(picture) is None


def test_hashes_fit_a_database(known: dict[int, int]) -> None:
    assert all(-(2**63) <= one < 2**63 for one in known.values())
    assert {one < 0 for one in known.values()} == {True, False}


@given(HASH, st.sets(st.integers(0, 63)))
def test_near_counts_the_bits_that_differ(one: int, flipped: set[int]) -> None:
    other = one & (2**64 - 1)
    for bit in flipped:
        other ^= 1 << bit
    other -= other >> 63 << 64
    for most in (0, 12, 64):
        assert near(one, other, most=most) == near(other, one, most=most)
        assert near(one, other, most=most) == (len(flipped) <= most)
