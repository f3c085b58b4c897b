"""Fields of Zalo's JSON, read so that no shape of it can surprise us."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_NUMBER = re.compile(r"\d{1,18}")
_MILLISECONDS_FROM = 10**12
"""A smaller number of milliseconds lies before 2001: it is in seconds."""
_MAX_SIZE = 2**53


class Unreadable(Exception):
    """A genuine call whose content cannot be understood."""


def text(value: object, most: int = 100_000) -> str:
    """The value as text that can be stored; whole numbers too, anything else is empty."""
    if isinstance(value, int) and not isinstance(value, bool):
        # Python refuses to write out very long numbers; none of ours has more than 20 digits.
        value = str(value) if abs(value) < 10**40 else ""
    if not isinstance(value, str):
        return ""
    return (
        value[:most].encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")
    )


def inner(value: object, *keys: str) -> Mapping[str, object]:
    """The object under these keys, empty when there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[Mapping[str, object]]:
    """The objects of a list; an object alone is a list of one."""
    if isinstance(value, dict):
        return [value]
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def ident(value: object) -> str:
    """An id. Raises Unreadable."""
    found = text(value)
    if not _ID.fullmatch(found):
        raise Unreadable
    return found


def moment(value: object, now: datetime) -> datetime:
    """A timestamp, aware UTC; `now` when it is absent, wrong or later than now."""
    found = text(value)
    if not _NUMBER.fullmatch(found):
        return now
    number = int(found)
    try:
        at = datetime.fromtimestamp(number / 1000 if number >= _MILLISECONDS_FROM else number, UTC)
    except (ValueError, OverflowError, OSError):
        return now
    return min(at, now)


def size(value: object) -> int | None:
    """A size in bytes, if it is one."""
    found = text(value)
    return int(found) if _NUMBER.fullmatch(found) and int(found) <= _MAX_SIZE else None
