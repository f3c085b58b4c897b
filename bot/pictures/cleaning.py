"""A picture as somebody sent it becomes a clean one: upright, smaller, encoded anew.

Decoders are where hostile bytes do harm: only `child` calls this, confined, and tests that made the
picture themselves. Reading files and answering is not done here.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image
from PIL.Image import Transpose

from bot.pictures import likeness
from bot.pictures.outcome import Refused

SIDE = 2048
"""Pixels of the longer side of what is kept: a receipt stays legible, a photo has 0.5 MB."""
THUMB = 320
"""Pixels of the longer side of a thumbnail."""
_QUALITY = 85
_WHITE = (255, 255, 255)
_GAP = 2.0
"""How far above its final size a picture is first cut down the quick way."""

_ORIENTATION = 0x0112
_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
"""What undoes each EXIF orientation; 1 is upright."""


@dataclass(frozen=True, slots=True)
class Clean:
    """A picture encoded anew, two JPEGs, with nothing of the old file but what it shows."""

    width: int
    height: int
    phash: int | None
    picture: bytes
    thumb: bytes


def clean(data: bytes, decoder: str, pixels: int) -> Clean | Refused:
    """Decode, turn upright, cut down, encode anew. `decoder` is the one that may look at the data,
    `pixels` the most there may be."""
    try:
        with Image.open(io.BytesIO(data), formats=[decoder]) as opened:
            if opened.width * opened.height > pixels:
                return Refused("too_many_pixels")
            shown = _upright(opened)
    except (MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return Refused("too_many_pixels")
    except Exception:  # whatever a decoder comes to raise on broken data, it is the data's fault
        return Refused("not_readable")
    small = shown.copy()
    small.thumbnail((THUMB, THUMB))
    return Clean(*shown.size, _phash(shown), _jpeg(shown), _jpeg(small))


def _upright(opened: Image.Image) -> Image.Image:
    """What a viewer shows of the first frame, at most SIDE pixels wide and high, in RGB."""
    turn = _turn(opened)
    if opened.mode in ("P", "1"):  # colours by number have no average
        image = opened.convert("RGBA" if opened.has_transparency_data else "RGB")
    elif opened.mode.startswith("I"):  # 16 bits of grey, which convert() would clip to white
        image = opened.point(lambda grey: grey * (1 / 256) + 0).convert("L")
    else:
        image = opened
    # Cut down before anything is copied: then 40 million pixels fit into the memory there is.
    image.thumbnail((SIDE, SIDE), reducing_gap=_GAP)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        page = Image.new("RGBA", image.size, (*_WHITE, 255))
        page.alpha_composite(image)
        image = page
    image = image.convert("RGB")
    image = image if turn is None else image.transpose(turn)
    image.info.clear()  # the encoder would copy a comment from here
    return image


def _turn(opened: Image.Image) -> Transpose | None:
    try:
        return _TURNS.get(opened.getexif().get(_ORIENTATION, 1))
    except Exception:  # metadata can be broken in a picture that is whole
        return None


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()


def _phash(image: Image.Image) -> int | None:
    """The hash of what lies inside a dark frame, which a screenshot of a photo has."""
    grey = image.convert("L")
    inside = grey.point([255 * (level > 16) for level in range(256)]).getbbox()
    if inside is not None:
        left, top, right, bottom = inside
        # Less than a quarter is no frame but a lamp in the night.
        if (right - left) * (bottom - top) * 4 >= grey.width * grey.height:
            grey = grey.crop(inside)
    side = (likeness.SIDE, likeness.SIDE)
    return likeness.phash(grey.resize(side, Image.Resampling.BOX).tobytes())
