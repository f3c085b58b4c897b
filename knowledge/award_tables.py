"""Decision tables over facts that may be unknown: three-valued tests, cases, outcomes.

Generic evaluation only. Which conditions there are, their figures and words: awards.yaml.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from knowledge.award_facts import NOTHING, Number, Records, Value, Values, Word, is_open

State = Literal["met", "unmet", "unknown", "judgement"]
Names = Mapping[str, int | str]
"""The award's own figures and words, and the plan's years: {"threshold": 100000000, "start": …}."""

_COMPARE = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}
_STATES = ("met", "unmet", "judgement", "omit")


@dataclass(frozen=True, slots=True)
class Test:
    """One fact against words, a bound, "unknown", "untold" or fields of a record."""

    fact: str
    sign: str
    words: tuple[str, ...]
    fields: tuple[Test, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """When all tests hold, the condition is in `state`. `step` says what is still to be done."""

    tests: tuple[Test, ...]
    state: str
    text: str
    step: str


@dataclass(frozen=True, slots=True)
class Table:
    """A condition (điều kiện): the first case that applies decides.

    `final` ends the list of conditions when it is not met; `note` shows but never decides; `also`
    are further clauses a verdict rests on when the condition is not met.
    """

    name: str
    clause: str
    also: tuple[str, ...]
    unknown: str
    final: bool
    note: bool
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a table says: every state it could be in, and the case whose text may be shown."""

    table: Table
    states: frozenset[str]
    case: Case

    @property
    def state(self) -> str:
        """met, unmet, judgement or omit; unknown when it could be several."""
        if self.states <= {"met", "omit"}:
            return self.case.state
        [first, *others] = self.states
        return "unknown" if others else first


def read_table(name: str, raw: Mapping[str, Any]) -> Table:
    """One entry of `conditions`. Raises ValueError for a state that does not exist."""
    cases = tuple(_read_case(name, case) for case in raw["cases"])
    if cases[-1].tests:
        raise ValueError(f"{name}: its last case must apply always")
    return Table(
        name=name,
        clause=raw["clause"],
        also=tuple(raw.get("also", "").split()),
        unknown=raw.get("unknown", ""),
        final=raw.get("final") == "yes",
        note=raw.get("note") == "yes",
        cases=cases,
    )


def _read_case(name: str, raw: Mapping[str, Any]) -> Case:
    if raw["state"] not in _STATES:
        raise ValueError(f"{name}: unknown state {raw['state']}")
    return Case(
        read_tests(raw.get("when", {})), raw["state"], raw.get("text", ""), raw.get("step", "")
    )


def read_tests(raw: Mapping[str, Any]) -> tuple[Test, ...]:
    """The tests of one `when`; all of them must hold."""
    return tuple(_read_test(fact, asked) for fact, asked in raw.items())


def _read_test(fact: str, asked: str | Mapping[str, str]) -> Test:
    if not isinstance(asked, str):
        return Test(fact, "has", (), read_tests(asked))
    first, _, rest = asked.partition(" ")
    if first in _COMPARE or first == "=":
        return Test(fact, first, (rest,))
    return Test(fact, asked if asked in ("unknown", "untold") else "is", tuple(asked.split()))


def decide(table: Table, values: Values, names: Names) -> Outcome:
    """Every state the table could be in: walk the cases until one applies for certain."""
    states: set[str] = set()
    for case in table.cases:
        holds = holds_all(case.tests, values, values, names)
        if holds is False:
            continue
        states.add(case.state)
        if holds:
            break
    return Outcome(table, frozenset(states), case)


def holds_all(tests: tuple[Test, ...], values: Values, around: Values, names: Names) -> bool | None:
    """True when all tests hold, False when one cannot, None when it depends on what is not known.

    `values` are those of the tests' facts (a record's fields), `around` all facts, for bounds.
    """
    result: bool | None = True
    for test in tests:
        holds = _holds(test, values.get(test.fact), around, names)
        if holds is False:
            return False
        if holds is None:
            result = None
    return result


def _holds(test: Test, value: Value, around: Values, names: Names) -> bool | None:
    """True, False, or None when it depends on what is not known."""
    if test.sign == "untold":
        return value is None
    if test.sign == "unknown":
        return value is None or is_open(value)
    match value:
        case Word(options) if test.sign == "is":
            words = {str(_named(word, names)) for word in test.words}
            return True if options <= words else None if options & words else False
        case Number() if test.sign in _COMPARE or test.sign == "=":
            return _compare(value, test.sign, _bound(test.words[0], around, names))
        case Records(items) if test.sign == "has":
            if items is None:
                return None
            found = [holds_all(test.fields, item, around, names) for item in items]
            return True if True in found else None if None in found else False
    return False


def _named(word: str, names: Names) -> int | str:
    return names[word[1:]] if word.startswith("$") else word


def _bound(word: str, around: Values, names: Names) -> Number:
    if word in around:
        value = around[word]
        return value if isinstance(value, Number) else NOTHING
    figure = int(_named(word, names))
    return Number(figure, figure)


def _compare(value: Number, sign: str, bound: Number) -> bool | None:
    if sign == "=":
        if value.low == value.high == bound.low == bound.high:
            return True
        return None if value.low <= bound.high and bound.low <= value.high else False
    one = bool(_COMPARE[sign](value.low, bound.high))
    other = bool(_COMPARE[sign](value.high, bound.low))
    return one if one == other else None


def possible(states: Sequence[frozenset[str]], best: str) -> frozenset[str]:
    """Every verdict the states of the conditions leave open; `best` when nothing stands against it.

    Conditions count as independent of each other, so a "no" is certain only where one of them is.
    """
    if {"unmet"} in states:
        return frozenset(["not_qualified"])
    verdicts = set()
    if any("unmet" in one for one in states):
        verdicts.add("not_qualified")
    if any("judgement" in one for one in states):
        verdicts.add("needs_judgement")
    if all(one & {"met", "omit"} for one in states):
        verdicts.add(best)
    return frozenset(verdicts)


def favourable(states: frozenset[str]) -> frozenset[str]:
    """The best a condition can still turn out to be."""
    return states & {"met", "omit"} or states & {"judgement"} or states


def read_facts(table: Table) -> frozenset[str]:
    """Names of the facts and sums the table reads."""
    tests = [test for case in table.cases for test in case.tests]
    inner = [part for test in tests for part in test.fields]
    bounds = [
        test.words[0] for test in [*tests, *inner] if test.sign in _COMPARE or test.sign == "="
    ]
    return frozenset([*(test.fact for test in tests), *bounds])


def constants(table: Table, names: Names) -> frozenset[int | str]:
    """Every figure and word the table compares with."""
    tests = [test for case in table.cases for test in case.tests]
    inner = [part for test in tests for part in test.fields]
    named = [_named(word, names) for test in [*tests, *inner] for word in test.words]
    return frozenset(int(word) if str(word).isdigit() else word for word in named)
