"""A fault told without its words: its kind and where it was raised, and what it came from.

A fault's own text quotes what a person wrote, the values of a statement, an address with its token.
"""

from __future__ import annotations

import traceback
from pathlib import PurePath

MOST_CAUSES, MOST_FRAMES = 5, 6
"""Enough to find the place; a recursion gone wrong has a thousand frames."""


def told(fault: BaseException) -> str:
    """ "KeyError report.py:21<turn.py:80; from ValueError …", the innermost frame first."""
    parts: list[str] = []
    one: BaseException | None = fault
    while one is not None and len(parts) < MOST_CAUSES:
        frames = list(traceback.walk_tb(one.__traceback__))[-MOST_FRAMES:]
        places = (f"{PurePath(frame.f_code.co_filename).name}:{line}" for frame, line in frames)
        parts.append(f"{type(one).__name__} {'<'.join(reversed(list(places)))}".rstrip())
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return "; from ".join(parts)
