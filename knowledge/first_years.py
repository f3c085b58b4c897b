"""First years of national programmes that are older than any one plan (first_years.yaml)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from knowledge.lexicon import read_yaml


@cache
def first_years() -> Mapping[str, int]:
    """The first year of each programme, by name."""
    raw = read_yaml(Path(__file__).with_suffix(".yaml"))
    return {name: int(year) for name, year in raw.items()}
