"""The award calculator (khen thưởng, V.2): verdicts over facts, three-valued, from awards.yaml.

`unknown` is never `no`, and no verdict is a promise: people decide. Thresholds, quotas, conditions
and every sentence are the pack's; here they are only put together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, cast

from knowledge import award_facts, award_rules
from knowledge.award_facts import Number, Schema, Told, Values, Word
from knowledge.award_rules import Rule
from knowledge.award_tables import Names, Outcome, State, decide, favourable, possible
from knowledge.spoken import Spoken

Result = Literal["qualifies", "not_qualified", "needs_judgement", "needs_facts", "quota"]


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition (điều kiện) as it stands, in words, with its clause."""

    text: str
    state: State
    clause: str


@dataclass(frozen=True, slots=True)
class Quota:
    """Seats for people. `left` is seats less nominees, negative when over; None when not known."""

    seats: int
    nominees: int | None
    left: int | None
    province_seats: int | None = None
    district_seats: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the plan says of one award for one subject. `missing` names facts that can change it."""

    award: str
    verdict: Result
    clauses: tuple[str, ...]
    conditions: tuple[Condition, ...]
    missing: tuple[str, ...]
    quota: Quota | None


@dataclass(frozen=True, slots=True)
class Step:
    """What still stands between a subject and an award: sentences, each with its clause."""

    award: str
    name: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """One award weighed: its rule, what was told, what its conditions say."""

    rule: Rule
    told: Told
    names: Names
    outcomes: tuple[Outcome, ...]
    possible: frozenset[str]


@dataclass(frozen=True, slots=True)
class Awards:
    """The awards of a plan pack. `rules` in the order they are shown; `spoken` may be missing."""

    schema: Schema
    rules: tuple[Rule, ...]
    words: Mapping[str, str]
    starts: date
    ends: date
    spoken: Spoken | None

    def judge(
        self, facts: Mapping[str, object], *, until: date | None = None
    ) -> tuple[Verdict, ...]:
        """A verdict for every award that can concern the subject; all awards when that is null.

        `facts` as in docs/commands.md: null is not known, absent is none. `until` is the day to
        which the province prolonged the plan. Raises ValueError naming a fact that is unknown, of
        the wrong kind or, for `subject`, absent.
        """
        return tuple(self._verdict(found, facts, until) for found in self._weigh(facts, until))

    def missing_to_next(
        self, facts: Mapping[str, object], *, until: date | None = None
    ) -> tuple[Step, ...]:
        """For each award not reached and not closed to the subject, what the text still asks for.

        Raises ValueError as `judge` does.
        """
        steps = []
        for found in self._weigh(facts, until):
            verdict = self._verdict(found, facts, until)
            deciding = [one for one in found.outcomes if not one.table.note]
            closed = any(one.state == "unmet" and not one.case.step for one in deciding)
            if verdict.verdict == found.rule.best or closed:
                continue
            lines = [
                (self._say(found, one.case.step or one.case.text), one.table.clause)
                for one in deciding
                if one.state in ("unmet", "judgement")
            ]
            lines += [
                (self.words["ask"].format(label=self.schema.facts[name].label), found.rule.clause)
                for name in verdict.missing
            ]
            steps.append(Step(found.rule.id, found.rule.name, tuple(lines)))
        return tuple(steps)

    def lacking(self, award: str, facts: Mapping[str, object]) -> int:
        """VND of money and labour still lacking to an award's figure; 0 when none or no figure.

        Raises ValueError as `judge` does.
        """
        return next(
            (_gaps(one).get("gap", 0) for one in self._weigh(facts, None) if one.rule.id == award),
            0,
        )

    def figures(self, award: str) -> Mapping[str, int | str]:
        """An award's own figures (thresholds, seats) by name; empty for an id the pack lacks."""
        return next((rule.values for rule in self.rules if rule.id == award), {})

    def name(self, award: str) -> str:
        """The award as people call it. Raises KeyError for an id the pack does not have."""
        return {rule.id: rule.name for rule in self.rules}[award]

    def label(self, fact: str) -> str:
        """How a person is asked for a fact. Raises KeyError for a name the pack does not have."""
        return self.schema.facts[fact].label

    def _read(self, facts: Mapping[str, object], until: date | None) -> Told:
        if "subject" not in facts:
            raise ValueError("subject: missing")
        return self.schema.read(facts, self.starts.year, self._end(until).year)

    def _end(self, until: date | None) -> date:
        return max(self.ends, until) if until else self.ends

    def _weigh(self, facts: Mapping[str, object], until: date | None) -> list[_Found]:
        told = self._read(facts, until)
        subject = cast(Word, told.values["subject"])
        concerned = [rule for rule in self.rules if rule.subjects & subject.options]
        first = [self._weigh_one(rule, told, until) for rule in concerned if not rule.after]
        reached = [found.possible for found in first]
        higher = "missed" if all(one == {"not_qualified"} for one in reached) else "open"
        if {"qualifies"} in reached:
            higher = "reached"
        values = {**told.values, "higher_form": Word(frozenset([higher]))}
        last = Told(values, told.open)
        weighed = {found.rule.id: found for found in first}
        return [weighed.get(rule.id) or self._weigh_one(rule, last, until) for rule in concerned]

    def _weigh_one(self, rule: Rule, told: Told, until: date | None) -> _Found:
        names = {
            **rule.values,
            "self": rule.id,
            "start": self.starts.year,
            "planned_end": self.ends.year,
            "end": self._end(until).year,
            "until": f"{self._end(until):%d/%m/%Y}",
        }
        outcomes: list[Outcome] = []
        for table in rule.tables:
            outcomes.append(decide(table, told.values, names))
            if table.final and outcomes[-1].states == {"unmet"}:
                break
        left_open = possible([one.states for one in outcomes if not one.table.note], rule.best)
        if "subject" in told.open:
            # No award is refused to nobody knows whom.
            left_open |= {"not_qualified", rule.best}
        return _Found(rule, told, names, tuple(outcomes), left_open)

    def _verdict(self, found: _Found, facts: Mapping[str, object], until: date | None) -> Verdict:
        [first, *others] = found.possible
        result = cast(Result, "needs_facts" if others else first)
        shown = [one for one in found.outcomes if one.state != "omit"]
        against = [one for one in shown if one.state != "met" and not one.table.note]
        clauses = [clause for one in against for clause in (*one.table.also, one.table.clause)]
        return Verdict(
            award=found.rule.id,
            verdict=result,
            clauses=tuple(dict.fromkeys([found.rule.clause, *clauses])),
            conditions=tuple(self._condition(found, one) for one in shown),
            missing=self._missing(found, facts, until),
            quota=None if result == "not_qualified" else _quota(found),
        )

    def _condition(self, found: _Found, outcome: Outcome) -> Condition:
        state = cast(State, outcome.state)
        text = outcome.table.unknown if state == "unknown" else outcome.case.text
        return Condition(self._say(found, text), state, outcome.table.clause)

    def _say(self, found: _Found, text: str) -> str:
        if "{" not in text:
            return text
        figures = {**found.names, **_gaps(found)}
        spoken = {name: str(figure) for name, figure in figures.items()}
        spoken |= {
            f"{name}_money": award_rules.money(figure, self.words)
            for name, figure in figures.items()
            if isinstance(figure, int)
        }
        return text.format_map(spoken)

    def _missing(
        self, found: _Found, facts: Mapping[str, object], until: date | None
    ) -> tuple[str, ...]:
        """Facts whose values lead to different verdicts when the rest turns out well."""
        if "subject" in found.told.open:
            return ("subject",)
        if found.possible == {"not_qualified"}:
            return ()
        numbers, words = award_rules.constants(found.rule, found.names)
        missing = []
        for name in self.schema.facts:
            if name not in found.told.open or not any(name in one for one in found.rule.sources):
                continue
            left = {self._if_told(found, name, found.told)}
            for value in award_facts.samples(self.schema.facts[name], numbers, words):
                told = self._read({**facts, name: value}, until)
                left.add(self._if_told(found, name, told))
                if len(left) > 1:
                    missing.append(name)
                    break
        return tuple(missing)

    def _if_told(self, found: _Found, name: str, told: Told) -> frozenset[str]:
        """The verdicts left open by the conditions that rest on one fact, the others favourable."""
        states = [
            decide(one.table, told.values, found.names).states
            if name in sources
            else favourable(one.states)
            for one, sources in zip(found.outcomes, found.rule.sources, strict=False)
            if not one.table.note
        ]
        return possible(states, found.rule.best)


def load(folder: Path) -> Awards:
    """Read the awards of a pack. Raises ValueError when awards.yaml is not understood."""
    schema, rules, words, (starts, ends), spoken = award_rules.load(folder)
    return Awards(schema, rules, words, starts, ends, spoken)


def _gaps(found: _Found) -> dict[str, int]:
    gaps = {}
    for name, (total, figure) in found.rule.gaps.items():
        told = found.told.values[total]
        reached = int(told.low) if isinstance(told, Number) else 0
        gaps[name] = max(0, int(found.names[figure]) - reached)
    return gaps


def _quota(found: _Found) -> Quota | None:
    rule, values = found.rule, found.told.values
    if not rule.seats:
        return None
    open_seats = award_rules.seats(rule, values, found.names)
    nominees = _count(values, "nominees")
    if values["nominees"] is None and any(
        values[part] is not None for part in rule.shares.values()
    ):
        shares = [
            0 if values[part] is None else _count(values, part) for part in rule.shares.values()
        ]
        nominees = None if None in shares else sum(cast(list[int], shares))
    seats = min(open_seats)
    known = nominees is not None and len(open_seats) == 1
    return Quota(
        seats=seats,
        nominees=nominees,
        left=seats - cast(int, nominees) if known else None,
        **{share: int(found.names[share]) for share in rule.shares},
    )


def _count(values: Values, name: str) -> int | None:
    value = values[name]
    return int(value.low) if isinstance(value, Number) and value.low == value.high else None
