"""Bytes somebody sent become what is kept: a clean picture, a document, a voice note, or a refusal.

    kept = await keep(data, media_folder)

`kinds` tells the type by the content, `child` cleans a picture (`cleaning`) in a process of its
own, `decoding` starts that process and ends it, `folder` is the disk, `likeness` the hint that two
pictures look alike. Whoever imports this package decodes no picture: Pillow is for `child` and
`cleaning` alone. No network, no database and no words for people live here; whose file it is, and
who may see it, is storage's.
"""

from __future__ import annotations

from bot.pictures.decoding import DecoderAway
from bot.pictures.folder import delete, find, path, sweep
from bot.pictures.keeping import keep
from bot.pictures.likeness import near
from bot.pictures.outcome import LIMITS, Kept, Kind, Limits, Reason, Refused

__all__ = [
    "LIMITS",
    "DecoderAway",
    "Kept",
    "Kind",
    "Limits",
    "Reason",
    "Refused",
    "delete",
    "find",
    "keep",
    "near",
    "path",
    "sweep",
]
