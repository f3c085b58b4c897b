"""Loads a plan pack: a folder of YAML with clauses, question families, offices and a glossary.

Awards, deadlines and places of a pack are read by their own modules; `check` lives in plan_check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal, cast

from knowledge import awards, clause_search, search, workdays
from knowledge.awards import Awards
from knowledge.clause_search import ClauseIndex
from knowledge.compiled import Learned, learned
from knowledge.lexicon import (
    Band,
    Lexicon,
    doubt,
    language,
    lines,
    read_concepts,
    read_yaml,
    vocabulary,
)
from knowledge.reading import read, tokens_of
from knowledge.text import fold
from knowledge.workdays import Calendar

PLANS = Path(__file__).parent / "plans"
DEFAULT = PLANS / "lai-chau-2021-2025"

Kind = Literal["answer", "choose", "unknown", "smalltalk"]
_KINDS = ("answer", "choose", "unknown", "smalltalk")


class PlanError(ValueError):
    """A plan pack that cannot be read; the message names the file or entry."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause or unnumbered part. `label` is how a person reads its id: "Mục V.2.b".

    `summary` is one message; `detail` is everything the clause says, a line a thing; `official` is
    the document's own wording where an operator has imported it, else "".
    """

    id: str
    label: str
    heading: str
    summary: str
    detail: str
    official: str = ""


@dataclass(frozen=True, slots=True)
class Office:
    """An office (cơ quan) the plan names or one to ask; `successor` is "" where none is known."""

    id: str
    name: str
    successor: str
    since: date | None


RULES = "rules"
"""The tag of an unknown family that settles a question as soon as all its needs are in it; one of
them at least is a concept of an overlay group."""
EVERY = "*"
"""The tag of a note that every answer carries."""


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence added from a date on to answers that carry its tag."""

    since: date
    tag: str
    text: str


@dataclass(frozen=True, slots=True)
class Family:
    """Questions with one answer. `text` is the first message without its citation, `more` the rest.

    `needs` are groups of concepts of which one each must be in the question, `never` shuts the
    family out, `claims` maps a counted word to the right numbers, `before` is (month, day) of a
    yearly limit; `by_role` names families to answer with, the first that fits.
    """

    id: str
    kind: Kind
    text: str
    more: str
    english: str
    clauses: tuple[str, ...]
    ask: tuple[str, ...]
    office: str
    tags: frozenset[str]
    needs: tuple[frozenset[str], ...]
    never: frozenset[str]
    roles: frozenset[str]
    options: tuple[tuple[str, str], ...]
    by_role: Mapping[str, tuple[str, ...]]
    claims: Mapping[str, frozenset[str]]
    before: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan pack, ready to be asked. `words` are its sentences for special cases, by name;
    `role_subjects` the concept an asker of a role means when he names nobody."""

    id: str
    title: str
    province: str
    starts: date
    ends: date
    words: Mapping[str, str]
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
        lambda: _learn(glossary, clauses, families, calendar.country, starts.year, ends.year),
    )
    return Plan(
        id=folder.name,
        title=head["title"],
        province=head["province"],
        starts=starts,
        ends=ends,
        words=head["words"],
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


def answer_files(folder: Path) -> list[Path]:
    """The files with question families: `answers.yaml` and whatever lies in `answers/`."""
    single = folder / "answers.yaml"
    return ([single] if single.exists() else []) + sorted((folder / "answers").glob("*.yaml"))


def read_clauses(
    raw: Mapping[str, Any], words: Mapping[str, str]
) -> tuple[dict[str, Clause], dict[str, Family]]:
    """Clauses by id, and for each a family that tells its summary, so that each is reachable."""
    clauses: dict[str, Clause] = {}
    families: dict[str, Family] = {}
    for name, entry in raw.items():
        label = entry.get("label") or words["clause_label"].format(id=name)
        summary, detail = " ".join(entry["summary"].split()), _paragraph(entry.get("detail", ""))
        clauses[name] = Clause(name, label, entry["heading"], summary, detail)
        asks = [entry["heading"], *(ask.format(label=label) for ask in lines(words["clause_ask"]))]
        families[f"clause:{name}"] = read_family(
            f"clause:{name}",
            {
                "clauses": name,
                "text": entry.get("short") or entry["summary"],
                "ask": "\n".join([*asks, *lines(entry.get("ask", ""))]),
            },
        )
    return clauses, families


def _paragraph(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())


def read_family(name: str, raw: Mapping[str, Any]) -> Family:
    """One entry of an answers file. Raises PlanError for a kind or date that does not exist."""
    kind = raw.get("kind", "answer")
    if kind not in _KINDS:
        raise PlanError(f"{name}: unknown kind {kind}")
    before = raw.get("before")
    return Family(
        id=name,
        kind=cast(Kind, kind),
        text=_paragraph(raw["text"]),
        more=_paragraph(raw.get("more", "")),
        english=_paragraph(raw.get("en", "")),
        clauses=tuple(raw.get("clauses", "").split()),
        ask=tuple(lines(raw["ask"])),
        office=raw.get("office", ""),
        tags=frozenset(raw.get("tags", "").split()),
        needs=tuple(_concepts(group.split("|")) for group in raw.get("needs", "").split()),
        never=_concepts(raw.get("never", "").split()),
        roles=frozenset(raw.get("roles", "").split()),
        options=tuple((label, target) for target, label in raw.get("options", {}).items()),
        by_role={role: tuple(names.split()) for role, names in raw.get("by_role", {}).items()},
        claims={
            fold(word): frozenset(right.split()) for word, right in raw.get("claims", {}).items()
        },
        before=(int(before[:2]), int(before[3:])) if before else None,
    )


def _concepts(names: list[str]) -> frozenset[str]:
    return frozenset(f"@{name}" for name in names)


def _by_role(families: Mapping[str, Family]) -> dict[str, tuple[str, ...]]:
    roles = {role for family in families.values() for role in family.roles}
    return {
        role: tuple(name for name, family in families.items() if role in family.roles)
        for role in roles
    }


def _office(name: str, raw: Mapping[str, str]) -> Office:
    since = date.fromisoformat(raw["since"]) if raw.get("since") else None
    return Office(name, raw["name"], raw.get("successor", ""), since)


def _words(clause: Clause, lexicon: Lexicon) -> tuple[str, ...]:
    text = f"{clause.heading} {clause.summary} {clause.detail}"
    return tuple(token[0] for token in tokens_of(text, lexicon, mend=False))


def _learn(
    glossary: Mapping[str, Any],
    clauses: Mapping[str, Clause],
    families: Mapping[str, Family],
    country: str,
    first: int,
    last: int,
) -> Learned:
    words = language()
    phrases, exact, groups = read_concepts(glossary["concepts"])
    phrases = doubt(
        phrases,
        [line for family in families.values() if family.kind == "answer" for line in family.ask],
        [line for family in families.values() if family.kind == "unknown" for line in family.ask],
    )
    unless = {
        f"@{name}": _concepts(others.split())
        for name, others in glossary.get("outside_unless", {}).items()
    }
    short = dict(words.short)
    for line in lines(glossary.get("short", "")):
        left, _, right = line.partition("=")
        short[fold(left)] = tuple(tuple(fold(part).split()) for part in right.split("|"))
    bands = tuple(
        Band(
            name,
            {fold(unit): float(scale) for unit, scale in raw["units"].items()},
            tuple(float(edge) for edge in raw["edges"].split()),
        )
        for name, raw in glossary.get("bands", {}).items()
    )
    blank = Lexicon(words, short, phrases, exact, groups, unless, bands, {}, {}, {})
    readings = {
        name: [read(line, blank, mend=False) for line in family.ask]
        for name, family in families.items()
    }
    prose = {
        name: read(f"{family.text} {family.more}", blank, mend=False)
        for name, family in families.items()
    }
    corpus = [r.tokens for found in readings.values() for r in found]
    corpus += [r.tokens for r in prose.values()]
    corpus += [words_ for found in phrases.values() for words_, _, _ in found]
    known, after, before = vocabulary(corpus)
    for word in (*words.stop, *words.english, *lines(glossary.get("places", ""))):
        for token in tokens_of(word, blank, mend=False):
            known.setdefault(token[0], 1)
    lexicon = replace(blank, known=known, after=after, before=before)
    return Learned(
        lexicon,
        search.build(readings, prose, words.stop, groups),
        clause_search.build({name: _words(clauses[name], lexicon) for name in clauses}),
        # Two years on: a plan may be prolonged, and deadlines fall into the year after.
        {year: workdays.public_days(country, year) for year in range(first, last + 3)},
    )


def check(folder: Path) -> list[str]:
    """Every problem of a pack, a sentence each; an empty list when it is consistent."""
    from knowledge.plan_check import problems

    return problems(folder)
