"""The media folder: `ab/cd/abcd…`, each file under the sha256 of its content, readable by this
user alone. It appears whole, synced down to the folder's entry, or not at all.

Only this file writes there. Names are checked, so that none leads outside.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from bot.durable import sync_folder

_NAME = re.compile(r"[0-9a-f]{64}")
_PART = ".part-"


def path(folder: Path, sha256: str) -> Path:
    """Where a file of this name lies, if it does. Raises ValueError for what is no name."""
    if not _NAME.fullmatch(sha256):
        raise ValueError("a file's name is the 64 hexadecimal digits of its sha256")
    return folder / sha256[:2] / sha256[2:4] / sha256


def find(folder: Path, sha256: str | None) -> Path | None:
    """The file of this name, None when it is gone or there is no name."""
    file = path(folder, sha256) if sha256 else None
    return file if file is not None and file.is_file() else None


def store(folder: Path, *contents: bytes) -> list[str]:
    """Keep these contents, all or none; their names. One that is there already is put in its own
    place anew, which heals it and makes it young for `sweep`. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    names = [hashlib.sha256(content).hexdigest() for content in contents]
    parts: list[Path] = []
    try:
        for name, content in zip(names, contents, strict=True):
            _write(path(folder, name).parent, content, parts)
        for name, part in zip(names, parts, strict=True):
            part.replace(path(folder, name))
    except BaseException:
        for part in parts:
            part.unlink(missing_ok=True)
        raise
    for name in names:
        _sync_up(path(folder, name).parent, folder)
    return names


def _write(where: Path, content: bytes, parts: list[Path]) -> None:
    """Put a content on the disk under a name of its own, which `parts` has before there is room
    needed for it."""
    for level in (where.parent, where):
        level.mkdir(exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(prefix=_PART, dir=where)
    parts.append(Path(name))
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def delete(folder: Path, sha256: str) -> bool:
    """Remove a file for good; False if there was none. Raises OSError.

    Whoever calls this has seen, in the same turn of the writer, that nothing refers to the name.
    """
    gone = path(folder, sha256)
    try:
        gone.unlink()
    except FileNotFoundError:
        return False
    _sync_up(gone.parent, gone.parent)
    return True


def sweep(folder: Path, age: timedelta = timedelta(days=1)) -> Iterator[str]:
    """The names put there longer ago than `age`, for the caller to delete those nothing refers to:
    a crash between keeping a file and storing its row leaves one. Parts of files that a crash left
    are removed on the way. The age is by the machine's clock, which gave the files their times."""
    before = time.time() - age.total_seconds()
    for file in folder.glob("??/??/*"):
        try:
            young = file.stat().st_mtime > before
        except FileNotFoundError:
            continue
        if young:
            continue
        if file.name.startswith(_PART):
            file.unlink(missing_ok=True)
        elif _NAME.fullmatch(file.name):
            yield file.name


def _sync_up(level: Path, top: Path) -> None:
    """Make the entries last in this folder and in those above it, up to `top`."""
    for one in (level, *level.parents):
        sync_folder(one)
        if one == top:
            return
