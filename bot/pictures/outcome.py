"""What keeping a file can come to, and the bounds. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["picture", "document", "voice"]

Reason = Literal[
    "too_large",
    "too_many_pixels",
    "not_readable",
    "type_unknown",
    "heic",
    "took_too_long",
    "no_room",
]
"""Why a file was not kept; the words for each are the caller's.

- `too_large`: more bytes than its kind may have, or an office file that unpacks to more.
- `too_many_pixels`: a picture of more pixels, or of more memory to decode, than is allowed.
- `not_readable`: empty, cut short or broken.
- `type_unknown`: none of the types that are kept; a video, an old .doc, a web page.
- `heic`: an iPhone's HEIC picture, and its decoder is not installed; "send as photo" helps.
- `took_too_long`: decoding was cut off.
- `no_room`: the disk is full. Not the file's fault: the same file may be kept later.
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is on the disk, synced.

    `sha256` names it there and is the digest of the bytes as kept, `bytes` their number; `source`
    is the digest of the bytes as sent, equal for two people who sent the very same file. Of a
    picture, `width` and `height` are the kept one's pixels, `thumb` names its thumbnail, and
    `phash` is a signed 64-bit number for `near`, None when the picture shows too little to tell
    it from others. A small picture can be its own thumbnail, and names can be shared with earlier
    reports: delete a name when nothing refers to it any more.
    """

    sha256: str
    kind: Kind
    mime: str
    bytes: int
    source: str
    width: int | None = None
    height: int | None = None
    phash: int | None = None
    thumb: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A file of which nothing was kept, and why."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that is taken on. Bytes, pixels, bytes of address space, seconds."""

    picture_bytes: int = 12 * 1024 * 1024
    """A phone's photo sent as a file has 3 to 8 MB."""
    file_bytes: int = 10 * 1024 * 1024
    """Documents and voice notes, which are kept as they are."""
    pixels: int = 40_000_000
    """Three times a phone's usual 12 million; at 4 bytes each they fit twice into `memory`."""
    memory: int = 512 * 1024 * 1024
    seconds: float = 10
    """On the clock, and rounded up of CPU: a phone's photo takes well below one."""


LIMITS = Limits()
