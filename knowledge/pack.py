"""What a plan pack holds, as its YAML files say it: clauses, offices, notes, question families.

Reading one entry into one of these only; `knowledge.plan` puts a pack together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, cast

from knowledge.lexicon import lines
from knowledge.text import fold

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

    def fits(self, concepts: frozenset[str], possible: frozenset[str] = frozenset()) -> bool:
        """Whether a question with these concepts has what is needed and nothing that shuts out.

        `possible` concepts may fill a need, but shut nothing out.
        """
        if not self.never.isdisjoint(concepts):
            return False
        said = concepts | possible if possible else concepts
        for group in self.needs:  # noqa: SIM110 - all() takes twice as long, and dozens are asked
            if group.isdisjoint(said):
                return False
        return True


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
        needs=tuple(concepts(group.split("|")) for group in raw.get("needs", "").split()),
        never=concepts(raw.get("never", "").split()),
        roles=frozenset(raw.get("roles", "").split()),
        options=tuple((label, target) for target, label in raw.get("options", {}).items()),
        by_role={role: tuple(names.split()) for role, names in raw.get("by_role", {}).items()},
        claims={
            fold(word): frozenset(right.split()) for word, right in raw.get("claims", {}).items()
        },
        before=(int(before[:2]), int(before[3:])) if before else None,
    )


def concepts(names: list[str]) -> frozenset[str]:
    """Names of concepts as they stand in a reading."""
    return frozenset(f"@{name}" for name in names)
