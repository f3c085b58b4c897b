"""What a conversation adds to the menu (danh mục)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from handlers.turn import Turn


def _always(_turn: Turn) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu: `key` is a command's label; `shown` tells for whom it is there."""

    key: str
    order: int
    shown: Callable[[Turn], bool] = _always
