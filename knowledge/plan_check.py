"""Proves that a plan pack is consistent: `problems` lists every fault it can find, a sentence each.

Only reading and checking: nothing here changes a pack or answers a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from knowledge import awards, deadlines
from knowledge.ask import ask
from knowledge.compose import LONGEST_MESSAGE, MOST_LINES, compose, fits
from knowledge.pack import Family, PlanError
from knowledge.plan import Plan, load
from knowledge.reading import read
from knowledge.text import fold

WORDS = (
    *("office", "clause_label", "clause_ask", "cite", "nearest", "ask_office", "wrong", "choose"),
    *(
        "empty",
        "opener",
        "unknown",
        "unknown_en",
        "injection",
        "weekdays",
        "days_left",
        "days_left_weekend",
    ),
    *("detail", "quote", "second", "no_more", "today_last"),
)
"""Sentences the program asks a pack for by name."""
LONGEST_LABEL = 90
_TRIED = 20
"""Examples of a family of which one at least must lead to it."""

_REFERENCE = re.compile(r"\b[IVX]+\.\d+(?:\.[a-zđ])?\b")
_NUMBER = re.compile(r"\d+(?:[.,/]\d+)*")
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})")

_CITED = re.compile(r"\bclause: \"?([\w.]+)")


def problems(folder: Path) -> list[str]:
    """Every problem of the pack in `folder`; [] when it is consistent."""
    try:
        plan = load(folder)
    except PlanError as error:
        return [f"The pack cannot be read: {error}."]
    broken = [*_words(plan), *_references(plan)]
    if broken:
        return broken
    checks = (_examples, _numbers, _details, _lengths, _reach)
    return [
        *(problem for check in checks for problem in check(plan)),
        *_other_files(folder, plan),
    ]


def _other_files(folder: Path, plan: Plan) -> Iterator[str]:
    """Awards and deadlines are files of their own, which a pack may do without."""
    for name, read_file in (("awards.yaml", awards.load), ("deadlines.yaml", deadlines.load)):
        if not (folder / name).exists():
            continue
        try:
            read_file(folder)
        except (ValueError, KeyError, TypeError) as error:
            yield f"{name}: {error}."
        for clause in _CITED.findall((folder / name).read_text("utf-8")):
            if clause not in plan.clauses:
                yield f"{name}: there is no clause {clause}."


def numbers(text: str) -> set[str]:
    """Numbers of a text in one spelling: "05 cá nhân" gives "5"; ids of clauses give none."""
    found = _NUMBER.findall(_REFERENCE.sub(" ", text))
    return {
        "/".join(part.lstrip("0") or "0" for part in number.replace(",", ".").split("/"))
        for number in found
    }


def allowed_numbers(plan: Plan, clauses: tuple[str, ...]) -> set[str]:
    """Numbers an answer resting on these clauses may say, the day before each date included."""
    told = " ".join(
        f"{plan.clauses[name].heading} {plan.clauses[name].summary}"
        for name in clauses
        if name in plan.clauses
    )
    found = numbers(told) | numbers(plan.title)
    found.update(str(year) for year in range(plan.starts.year, plan.ends.year + 1))
    for day, month in _DATE.findall(told):
        found.add(f"{int(day) - 1}/{int(month)}")
        found.update((str(int(day)), str(int(day) - 1), str(int(month))))
    return found


def _words(plan: Plan) -> Iterator[str]:
    for name in WORDS:
        if not plan.words.get(name):
            yield f"plan.yaml has no sentence {name}."
    if plan.words.get("office") not in plan.offices:
        yield "plan.yaml: the office to ask is not among the offices."
    if plan.starts > plan.ends:
        yield "plan.yaml: the plan ends before it starts."


def _references(plan: Plan) -> Iterator[str]:
    concepts = set(plan.lexicon.groups) | {
        f"@{band.name}_{relation}_{edge:g}"
        for band in plan.lexicon.bands
        for relation in ("lt", "ge")
        for edge in band.edges
    }
    cited: set[str] = set()
    for family in plan.families.values():
        for clause in family.clauses:
            if clause not in plan.clauses:
                yield f"{family.id} cites {clause}, which is no clause of the plan."
        if not family.id.startswith("clause:"):
            cited.update(family.clauses)
        if family.kind in ("answer", "choose") and not family.clauses:
            yield f"{family.id} answers without citing a clause."
        if family.office and family.office not in plan.offices:
            yield f"{family.id} sends people to {family.office}, which is no office of the pack."
        targets = [target for _, target in family.options]
        targets += [name for names in family.by_role.values() for name in names]
        for target in targets:
            if target not in plan.families:
                yield f"{family.id} points to {target}, which is no family."
        if family.kind == "choose" and not 2 <= len(family.options) <= 3:
            yield f"{family.id} must offer two or three readings."
        for concept in set().union(family.never, *family.needs) - concepts:
            yield f"{family.id} speaks of the concept {concept}, which the glossary does not have."
    for clause in plan.clauses:
        if clause not in cited:
            yield f"No question leads to {clause}."


def _examples(plan: Plan) -> Iterator[str]:
    owner: dict[str, str] = {}
    for family in plan.families.values():
        if not family.ask:
            yield f"{family.id} has no example question."
        for line in family.ask:
            other = owner.setdefault(fold(line), family.id)
            if other != family.id:
                yield f"“{line}” stands under both {other} and {family.id}."
        if family.ask and len(family.ask[0]) > LONGEST_LABEL and ":" not in family.id:
            yield f"{family.id}: its first example serves as a label and is too long."


def _numbers(plan: Plan) -> Iterator[str]:
    whole = allowed_numbers(plan, tuple(plan.clauses))
    for family in plan.families.values():
        may = allowed_numbers(plan, family.clauses) if family.clauses else whole
        for number in sorted(numbers(f"{family.text} {family.more} {family.english}") - may):
            yield f"{family.id} says {number}, which its clauses do not."


def _details(plan: Plan) -> Iterator[str]:
    """A detail says every number of its summary and no other: they are two tellings of one clause,
    and answers are held to the summary's numbers."""
    for clause in plan.clauses.values():
        if not clause.detail:
            yield f"{clause.id} has no detail."
            continue
        told = numbers(clause.detail)
        for number in sorted(told - allowed_numbers(plan, (clause.id,))):
            yield f"The detail of {clause.id} says {number}, which its summary does not."
        for number in sorted(numbers(clause.summary) - told):
            yield f"The detail of {clause.id} leaves out {number}, which its summary says."
        intro = plan.words["detail"].format(label=clause.label)
        if any(not fits(line) for line in (intro, *clause.detail.split("\n"))):
            yield f"{clause.id}: a line of its detail is over {LONGEST_MESSAGE} characters."


def _lengths(plan: Plan) -> Iterator[str]:
    moments = [plan.starts, plan.ends, *(note.since for note in plan.notes)]
    for family in plan.families.values():
        for today in moments:
            if not fits(compose(plan, family, None, today)[0]):
                yield (
                    f"{family.id}: the first message is over {LONGEST_MESSAGE} characters "
                    f"or {MOST_LINES} lines."
                )
                break
        else:
            yield from _extra_length(plan, family)
    for name in ("choose", "empty", "unknown", "unknown_en", "injection"):
        if not fits(plan.words.get(name, "")):
            yield f"plan.yaml: the sentence {name} is too long for one message."


def _extra_length(plan: Plan, family: Family) -> Iterator[str]:
    english = read("what is the plan", plan.lexicon)
    if family.english and not fits(compose(plan, family, english, plan.starts)[0]):
        yield f"{family.id}: the English first message is too long."
    if any(not fits(part) for part in family.more.split("\n") if part):
        yield f"{family.id}: a paragraph of “xem thêm” is over {LONGEST_MESSAGE} characters."


def _reach(plan: Plan) -> Iterator[str]:
    """A family whose own examples all lead elsewhere could never be heard."""
    today: date = plan.ends
    for family in plan.families.values():
        if any(ask(plan, line, today=today).topic == family.id for line in family.ask[:_TRIED]):
            continue
        if family.id.startswith("clause:") or family.kind == "choose":
            continue
        yield f"{family.id} is not found by its own examples."
