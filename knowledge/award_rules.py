"""Reads awards.yaml: each award as a rule with its decision tables, figures, seats and sources.

Reading and indexing only; award_tables evaluates, awards puts verdicts together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from knowledge import award_tables
from knowledge.award_facts import Schema, Values, read_fact
from knowledge.award_tables import Names, Table, Test, holds_all, read_table, read_tests
from knowledge.lexicon import read_yaml
from knowledge.spoken import Spoken, read_spoken


@dataclass(frozen=True, slots=True)
class Rule:
    """An award (hình thức khen): who it is for, its tables, figures, seats.

    `best` is the verdict when nothing stands against it; `sources` are, table by table, the facts
    behind what it reads (none for a note, which decides nothing).
    """

    id: str
    name: str
    clause: str
    subjects: frozenset[str]
    best: str
    after: bool
    values: Mapping[str, int | str]
    tables: tuple[Table, ...]
    gaps: Mapping[str, tuple[str, str]]
    seats: Mapping[str, tuple[Test, ...]]
    shares: Mapping[str, str]
    sources: tuple[frozenset[str], ...]


Loaded = tuple[Schema, tuple[Rule, ...], Mapping[str, str], tuple[date, date], Spoken | None]


def load(folder: Path) -> Loaded:
    """Schema, rules, words, the plan's period, and what it reckons with when asked in words.

    Raises ValueError naming what is wrong.
    """
    raw = read_yaml(folder / "awards.yaml")
    head = read_yaml(folder / "plan.yaml")
    try:
        facts = {name: read_fact(name, entry) for name, entry in raw["facts"].items()}
        schema = Schema(
            facts=facts,
            defaults={name: fact.default() for name, fact in facts.items()},
            valued=raw.get("valued", {}),
            sums={name: tuple(parts.split()) for name, parts in raw.get("sums", {}).items()},
        )
        tables = {name: read_table(name, entry) for name, entry in raw["conditions"].items()}
        rules = tuple(_rule(name, entry, tables, schema) for name, entry in raw["awards"].items())
        period = date.fromisoformat(head["starts"]), date.fromisoformat(head["ends"])
        spoken = read_spoken(raw["reckoning"]) if "reckoning" in raw else None
    except (KeyError, TypeError, AttributeError) as wrong:
        raise ValueError(f"awards.yaml: {type(wrong).__name__}: {wrong}") from wrong
    return schema, rules, raw["words"], period, spoken


def _rule(name: str, raw: Mapping[str, Any], tables: Mapping[str, Table], schema: Schema) -> Rule:
    used = tuple(tables[one] for one in raw["conditions"].split())
    return Rule(
        id=name,
        name=raw["name"],
        clause=raw["clause"],
        subjects=frozenset(raw["subjects"].split()),
        best=raw.get("best", "qualifies"),
        after=raw.get("after") == "yes",
        values={
            key: int(value) if value.isdigit() else value
            for key, value in raw.get("values", {}).items()
        },
        tables=used,
        gaps={key: (pair.split()[0], pair.split()[1]) for key, pair in raw.get("gaps", {}).items()},
        seats={figure: read_tests(when) for figure, when in raw.get("seats", {}).items()},
        shares=raw.get("shares", {}),
        sources=tuple(_sources(table, schema) for table in used),
    )


def _sources(table: Table, schema: Schema) -> frozenset[str]:
    """The facts behind everything a table reads, sums and amounts by year opened up."""
    waiting = [] if table.note else list(award_tables.read_facts(table))
    found: set[str] = set()
    while waiting:
        name = waiting.pop().partition(".")[0]
        if name in found:
            continue
        found.add(name)
        waiting += schema.sums.get(name, ())
        waiting += [schema.valued[name]] if name in schema.valued else []
        by_year = [fact.name for fact in schema.facts.values() if fact.of == name]
        waiting += [*by_year, "year"] if by_year else []
    return frozenset(found)


def seats(rule: Rule, values: Values, names: Names) -> list[int]:
    """Every number of seats the award could have, smallest first."""
    left_open = [
        int(names[figure])
        for figure, tests in rule.seats.items()
        if holds_all(tests, values, values, names) is not False
    ]
    return sorted(left_open)


def constants(rule: Rule, names: Names) -> tuple[frozenset[int], frozenset[str]]:
    """The figures and the words the award's tables compare with."""
    found = [one for table in rule.tables for one in award_tables.constants(table, names)]
    figures = frozenset(one for one in found if isinstance(one, int))
    return figures, frozenset(one for one in found if isinstance(one, str))


def money(vnd: int, words: Mapping[str, str]) -> str:
    """VND as the pack's words say it: 60000000 → "60 triệu đồng", 1500000000 → "1,5 tỷ đồng"."""
    billion, million = 10**9, 10**6
    if "billion" in words and vnd >= billion and vnd % (billion // 100) == 0:
        whole, part = divmod(vnd, billion)
        tail = f",{part // (billion // 100):02}".rstrip("0") if part else ""
        return words["billion"].format(n=_grouped(whole) + tail)
    if "million" in words and vnd >= million and vnd % million == 0:
        return words["million"].format(n=_grouped(vnd // million))
    return words["dong"].format(n=_grouped(vnd))


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", ".")
