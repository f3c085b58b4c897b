"""What storage can refuse, as types that the rooms above may name without knowing SQL."""

from __future__ import annotations


class DatabaseAway(Exception):
    """The database failed, not the work: nothing is kept and nobody is acknowledged."""


class Conflict(Exception):
    """A compare-and-set lost: the row is no longer as the caller saw it."""
