"""Faults the rooms of `bot/` tell each other about. No words for people live here, and no logic."""

from __future__ import annotations


class StorageAway(Exception):
    """Storage cannot take anything now, so nothing was kept: the sender must try again.

    `retry_after` is in whole seconds, at least 1, as the HTTP header of that name wants it.
    """

    def __init__(self, retry_after: int = 5) -> None:
        super().__init__(f"storage is away, try again in {retry_after} s")
        self.retry_after = max(1, retry_after)


class BadUsage(Exception):
    """A command cannot run as it was called or set up; the text says in one line what to do."""
