"""From bytes to a kept file: tell the type, hold it against the bounds, clean a picture, store."""

from __future__ import annotations

import asyncio
import errno
import hashlib
from pathlib import Path

from bot.pictures import folder as disk
from bot.pictures.decoding import decode
from bot.pictures.kinds import JPEG, Form, sniff
from bot.pictures.outcome import LIMITS, Kept, Limits, Refused

_FULL = {errno.ENOSPC, errno.EDQUOT}


async def keep(data: bytes, folder: Path, *, limits: Limits = LIMITS) -> Kept | Refused:
    """Keep what somebody sent in the media folder, or say why not.

    A picture is decoded in a process of its own and kept as an upright JPEG of at most 2048 pixels
    with a thumbnail of 320, without metadata; documents and voice notes are kept as they are. The
    files are synced before this returns; the caller then stores the row that names them. Raises
    OSError for a folder that cannot be written for another reason than room, and DecoderAway.
    """
    form = await asyncio.to_thread(sniff, data)
    if isinstance(form, Refused):
        return form
    if len(data) > (limits.picture_bytes if form.kind == "picture" else limits.file_bytes):
        return Refused("too_large")
    try:
        if form.kind == "picture":
            return await _picture(data, form, folder, limits)
        return await asyncio.to_thread(_as_it_is, data, form, folder)
    except OSError as wrong:
        if wrong.errno in _FULL:
            return Refused("no_room")
        raise


async def _picture(data: bytes, form: Form, folder: Path, limits: Limits) -> Kept | Refused:
    clean = await decode(data, form.decoder, limits)
    if isinstance(clean, Refused):
        return clean
    source = await asyncio.to_thread(_digest, data)
    name, thumb = await asyncio.to_thread(disk.store, folder, clean.picture, clean.thumb)
    size, shape = len(clean.picture), (clean.width, clean.height)
    return Kept(name, "picture", JPEG.mime, size, source, *shape, clean.phash, thumb)


def _as_it_is(data: bytes, form: Form, folder: Path) -> Kept:
    [name] = disk.store(folder, data)
    return Kept(name, form.kind, form.mime, len(data), name)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
