"""The spool's files: one folder a channel, one file an event, named so that they sort as they came.

All that is done to them, and the lock by which one process at a time hands on.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from bot import events, faults, metrics
from bot.durable import sync_folder
from bot.events import Event

_NAME = re.compile(r"(\d{20})-[0-9a-f]+\.json")

log = structlog.get_logger()
Entry = tuple[Path, Event, bytes]
Waiting = dict[str, dict[str, int]]
"""By channel, in order: each file's name and its size."""


class Batch(NamedTuple):
    """What some files hold."""

    lines: list[list[Entry]]
    """By person, each person's in order."""
    gone: list[str]
    """Names that no longer stand for an event to be handed on."""
    unread: str
    """The name of one that cannot be read for now, before which the batch ends; else ""."""


def locked(descriptor: int) -> bool:
    """Take the lock, if no other process holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def found(folder: Path, known: Mapping[str, Mapping[str, int]]) -> Waiting:
    """What lies in the folder now, by channel, in order."""
    waiting: Waiting = {}
    for channel in [one for one in folder.iterdir() if one.is_dir()]:
        sizes = known.get(channel.name, {})
        waiting[channel.name] = {
            name: size
            for name in sorted(os.listdir(channel))
            if name.endswith(".json")
            and (size := sizes.get(name) or _size(channel / name)) is not None
        }
    return waiting


def newest(waiting: Waiting) -> int:
    """The highest number a file waits under, 0 for none."""
    last = [_NAME.fullmatch(next(reversed(names))) for names in waiting.values() if names]
    return max((int(name[1]) for name in last if name), default=0)


def _size(path: Path) -> int | None:
    """None where another process has just handed it on."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def read(folder: Path, names: Sequence[str]) -> Batch:
    """What lies in these files; one that no event could be read from is set aside."""
    lines: dict[str, list[Entry]] = {}
    gone: list[str] = []
    unread = ""
    for name in names:
        path = folder / name
        try:
            entry: dict[str, Any] = json.loads(path.read_text("utf-8"))
            event, raw = events.read(entry), base64.b64decode(entry["raw"])
        except FileNotFoundError:
            gone.append(name)  # handed on since we looked
        except OSError as fault:
            # It may pass; what stands behind this one must not overtake it.
            log.error("spool_cannot_be_read", fault=fault.strerror)
            unread = name
            break
        except Exception as fault:
            # Torn by a crash before it was acknowledged, or touched by hand.
            log.error("spooled_event_unreadable", fault=faults.told(fault))
            metrics.ALARMS.labels(folder.name).inc()
            set_aside(path)
            gone.append(name)
        else:
            lines.setdefault(getattr(event, "sender", ""), []).append((path, event, raw))
    return Batch(list(lines.values()), gone, unread)


def write(path: Path, text: str) -> None:
    """Whole and synced down to the folder's entry, or not there under its name."""
    path.parent.mkdir(exist_ok=True, mode=0o700)
    part = path.with_suffix(".part")
    with open(part, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    for folder in (path.parent, path.parent.parent):
        sync_folder(folder)


def set_aside(path: Path) -> None:
    """Leave it for somebody to look at."""
    if path.exists():
        os.utime(path)  # it is kept from now on: somebody must have time to look
        path.replace(path.with_suffix(".unreadable"))
