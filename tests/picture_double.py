"""Pictures and sound files made for tests, and files that only say they are such. No real person,
no real place."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from PIL import Image, ImageDraw
from PIL.Image import Image as Picture

CANARY = b"22.3964N 103.4707E Vu A Pao"
"""What must be found in no kept file."""
RED, BLUE, GREY, WHITE = (200, 30, 30), (30, 30, 200), (128, 128, 128), (255, 255, 255)


def scene(seed: int, size: tuple[int, int] = (640, 480)) -> Picture:
    """Something like a photo: light and shade at large, a few sharp things in it."""
    chance = random.Random(seed)
    light = Image.frombytes("RGB", (7, 5), chance.randbytes(7 * 5 * 3))
    picture = light.resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for _ in range(8):
        x, y = chance.randrange(size[0]), chance.randrange(size[1])
        box = (x, y, x + chance.randrange(20, 120), y + chance.randrange(20, 120))
        shade = tuple(chance.randbytes(3))
        if chance.random() < 0.5:
            draw.ellipse(box, shade)
        else:
            draw.rectangle(box, shade)
    return picture


def plain(colour: tuple[int, int, int] = RED, size: tuple[int, int] = (40, 30)) -> Picture:
    """A picture of one colour."""
    return Image.new("RGB", size, colour)


def is_near(found: object, wanted: tuple[int, ...], by: int = 12) -> bool:
    """Whether a pixel has this colour, but for what JPEG makes of it."""
    return isinstance(found, tuple) and all(
        abs(one - other) <= by for one, other in zip(found, wanted, strict=True)
    )


def encoded(picture: Picture, form: str = "JPEG", **options: object) -> bytes:
    """The bytes of a picture in one of Pillow's formats."""
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def opened(data: bytes) -> Picture:
    """The other way round."""
    return Image.open(io.BytesIO(data))


def files(folder: Path) -> list[Path]:
    """Every file at any depth of a folder, whatever its name."""
    return sorted(one for one in folder.rglob("*") if one.is_file())


def png(width: int, height: int, depth: int, colour: int, raw: bytes) -> bytes:
    """A PNG with this header over these raw rows, whether or not they fit."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">L", len(body)) + name + body + struct.pack(">L", zlib.crc32(name + body))
        )

    header = struct.pack(">2L5B", width, height, depth, colour, 0, 0, 0)
    packed = chunk(b"IDAT", zlib.compress(raw, 1))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + packed + chunk(b"IEND", b"")


def webp_canvas(width: int, height: int) -> bytes:
    """An animated WebP that asks for this much canvas before it has shown anything."""
    frame = opened(encoded(scene(1, (16, 16)), "WEBP", lossless=True))
    small = encoded(frame, "WEBP", save_all=True, append_images=[scene(2, (16, 16))])
    at = small.index(b"VP8X") + 12
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return small[:at] + canvas + small[at + 6 :]


def archive(parts: Mapping[str, bytes]) -> bytes:
    """A zip file of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, body in parts.items():
            packed.writestr(name, body)
    return out.getvalue()


def mp4(brand: bytes, *handlers: bytes) -> bytes:
    """The skeleton of an MP4 with tracks of these kinds, such as `soun`."""

    def box(name: bytes, body: bytes) -> bytes:
        return struct.pack(">L", 8 + len(body)) + name + body

    tracks = b"".join(
        box(b"trak", box(b"mdia", box(b"hdlr", bytes(8) + kind + bytes(13)))) for kind in handlers
    )
    return box(b"ftyp", brand + bytes(4) + brand) + box(b"mdat", bytes(64)) + box(b"moov", tracks)


def adts(frames: int = 3, length: int = 40) -> bytes:
    """Raw AAC as Zalo's voice notes come: frames with a header of 7 bytes each."""
    head = bytes(
        [0xFF, 0xF1, 0x60, 0x40 | length >> 11, length >> 3 & 0xFF, (length & 7) << 5, 0xFC]
    )
    return (head + bytes(length - len(head))) * frames


OPUS = b"OggS\0\2" + bytes(20) + b"\1\x13" + b"OpusHead" + bytes(64)
MP3 = b"\xff\xfb\x90\x64" + bytes(413)
