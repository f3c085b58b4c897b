"""Loads a plan pack: a folder of YAML with clauses, question families, offices and a glossary.

Awards, deadlines and places of a pack are read by their own modules; `check` lives in plan_check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from knowledge import awards, search, workdays
from knowledge.awards import Awards
from knowledge.clause_search import ClauseIndex
from knowledge.compiled import learned
from knowledge.learning import learn
from knowledge.lexicon import Lexicon, read_yaml
from knowledge.pack import (
    EVERY,
    RULES,
    Clause,
    Family,
    Note,
    Office,
    PlanError,
    answer_files,
    read_clauses,
    read_family,
)
from knowledge.workdays import Calendar

PLANS = Path(__file__).parent / "plans"
DEFAULT = PLANS / "lai-chau-2021-2025"


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan pack, ready to be asked. `words` are its sentences for special cases, by name;
    `misprints` what its official print has wrong, each with the sentence that says so;
    `role_subjects` the concept an asker of a role means when he names nobody."""

    id: str
    title: str
    province: str
    starts: date
    ends: date
    words: Mapping[str, str]
    misprints: Mapping[str, str]
    notes: tuple[Note, ...]
    clauses: Mapping[str, Clause]
    offices: Mapping[str, Office]
    families: Mapping[str, Family]
    by_role: Mapping[str, tuple[str, ...]]
    role_subjects: Mapping[str, str]
    lexicon: Lexicon
    index: search.Index
    clause_index: ClauseIndex
    rulings: tuple[str, ...]
    calendar: Calendar
    awards: Awards | None
    thresholds: Mapping[str, float]


def load(folder: Path = DEFAULT) -> Plan:
    """Read a pack. Raises PlanError when a file or a needed entry is missing or not understood."""
    try:
        return _load(folder)
    except (OSError, KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, PlanError):
            raise
        raise PlanError(f"{folder.name}: {type(error).__name__}: {error}") from error


def prolonged(plan: Plan, until: date | None) -> Plan:
    """The plan as the province has prolonged it; every answer then says until when.

    What was to be said after the plan's own end is said as long after the new one.
    """
    if until is None or until <= plan.ends:
        return plan
    told = Note(plan.starts, EVERY, plan.words["prolonged"].format(until=f"{until:%d/%m/%Y}"))
    later = until - plan.ends
    kept = tuple(
        replace(note, since=note.since + later) if note.since > plan.ends else note
        for note in plan.notes
    )
    return replace(plan, ends=until, notes=(*kept, told))


def with_official(plan: Plan, texts: Mapping[str, str]) -> Plan:
    """The plan with its clauses' official wording (nguyên văn) by id, quoted instead of retold.

    Ids the pack does not have are passed over.
    """
    clauses = {
        name: replace(clause, official=texts.get(name, "")) for name, clause in plan.clauses.items()
    }
    return replace(plan, clauses=clauses)


def _load(folder: Path) -> Plan:
    head = read_yaml(folder / "plan.yaml")
    glossary = read_yaml(folder / "glossary.yaml")
    clauses, families = read_clauses(read_yaml(folder / "clauses.yaml"), head["words"])
    answers = answer_files(folder)
    for path in answers:
        for name, raw in read_yaml(path).items():
            if name in families:
                raise PlanError(f"{path.name}: {name} is defined twice")
            families[name] = read_family(name, raw)
    starts, ends = date.fromisoformat(head["starts"]), date.fromisoformat(head["ends"])
    calendar = workdays.load(folder)
    known = learned(
        folder,
        [folder / "glossary.yaml", folder / "clauses.yaml", folder / "plan.yaml", *answers],
        lambda: learn(glossary, clauses, families, calendar.country, starts.year, ends.year),
    )
    return Plan(
        id=folder.name,
        title=head["title"],
        province=head["province"],
        starts=starts,
        ends=ends,
        words=head["words"],
        misprints={
            wrong: head["words"]["misprint"].format(wrong=wrong, right=right)
            for wrong, right in head.get("misprints", {}).items()
        },
        notes=tuple(
            Note(date.fromisoformat(note["since"]), note["tag"], note["text"])
            for note in head.get("notes", [])
        ),
        clauses=clauses,
        offices={name: _office(name, raw) for name, raw in head["offices"].items()},
        families=families,
        by_role=_by_role(families),
        role_subjects={role: f"@{name}" for role, name in glossary.get("roles", {}).items()},
        lexicon=known.lexicon,
        index=known.index,
        clause_index=known.clause_index,
        rulings=tuple(name for name, family in families.items() if RULES in family.tags),
        calendar=replace(calendar, known=known.days_off),
        awards=awards.load(folder) if (folder / "awards.yaml").exists() else None,
        thresholds={name: float(value) for name, value in head["thresholds"].items()},
    )


def _by_role(families: Mapping[str, Family]) -> dict[str, tuple[str, ...]]:
    roles = {role for family in families.values() for role in family.roles}
    return {
        role: tuple(name for name, family in families.items() if role in family.roles)
        for role in roles
    }


def _office(name: str, raw: Mapping[str, str]) -> Office:
    since = date.fromisoformat(raw["since"]) if raw.get("since") else None
    return Office(name, raw["name"], raw.get("successor", ""), since)


def check(folder: Path) -> list[str]:
    """Every problem of a pack, a sentence each; an empty list when it is consistent."""
    from knowledge.plan_check import problems

    return problems(folder)
