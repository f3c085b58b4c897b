"""What several commands share: settings, store, places, and one line for whatever is wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, NoReturn, TextIO

from bot.errors import BadUsage
from bot.settings import Settings, WrongSetting, load_settings
from knowledge.places import Places, Unit
from storage.errors import DatabaseAway

MAX_LINE = 100_000
"""Characters of one JSON line; a question is a thousandth of it."""


def settings() -> Settings:
    """The settings. Raises BadUsage naming the one that is wrong."""
    try:
        return load_settings()
    except WrongSetting as wrong:
        raise BadUsage(str(wrong)) from None


@contextmanager
def storage_at_hand() -> Iterator[None]:
    """Turn a store that cannot be used into one line."""
    try:
        yield
    except BrokenPipeError:
        raise
    except (DatabaseAway, OSError) as away:
        raise BadUsage(
            f"không mở được kho dữ liệu ({away}); xem lại BOT_DATA_DIR hoặc BOT_DATABASE_URL"
        ) from None


def find_place(places: Places, text: str, on: date) -> Unit:
    """The unit of exactly this name on a day. Raises BadUsage: a role's place is not guessed."""
    found = places.find(text, on)
    if found.result == "unit" and found.exact and found.typed is None:
        return found.units[0]
    names = ", ".join(
        f"{unit.name} ({unit.district})" if unit.district else unit.name for unit in found.units
    )
    known = f"; có: {names}" if names else ""
    raise BadUsage(f"--place: không có nơi nào tên đúng là “{text}”{known}")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def each_line(answer: Callable[[dict[str, Any]], dict[str, Any]], source: TextIO) -> int:
    """Answer JSON lines. One that cannot be read yields {"id"?, "error"} and the rest goes on.

    Returns 0, or 1 when any line could not be read.
    """
    status = 0
    for line in source:
        if not line.strip():
            continue
        identity: dict[str, Any] = {}
        try:
            if len(line) > MAX_LINE:
                raise ValueError(f"longer than {MAX_LINE} characters")
            asked = json.loads(line, parse_constant=_refuse)
            if not isinstance(asked, dict):
                raise TypeError("not a JSON object")
            named = {"id": asked["id"]} if "id" in asked else {}
            json.dumps(named, allow_nan=False)
            identity = named
            result = {**identity, **answer(asked)}
        except (ValueError, TypeError, KeyError, RecursionError) as wrong:
            result, status = {**identity, "error": str(wrong) or type(wrong).__name__}, 1
        written = json.dumps(result, ensure_ascii=False)
        sys.stdout.write(written.encode("utf-8", "backslashreplace").decode() + "\n")
    return status
