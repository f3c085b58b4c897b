"""Deadlines (thời hạn) and periods of the plan, year by year, from deadlines.yaml.

Computing dates and filling the pack's sentences only. Who is reminded, and when, is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from knowledge import workdays
from knowledge.lexicon import read_yaml
from knowledge.workdays import Calendar


@dataclass(frozen=True, slots=True)
class Window:
    """A period in which something is due when the text names no day; both ends included."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Deadline:
    """Something due once. Either `before`, `last_day`, `last_working_day` are set, or `window`.

    "Trước ngày 05/01" is `before` 05/01 and `last_day` 04/01; `last_working_day` (advice, not the
    plan's) is never after it. `recipient` and `via` are "" where the text names none.
    """

    id: str
    actor: str
    actor_role: str
    action: str
    recipient: str
    via: str
    clause: str
    text: str
    before: date | None
    last_day: date | None
    last_working_day: date | None
    window: Window | None
    notes: tuple[str, ...] = ()
    """What has changed since the text was written, a sentence each."""
    prolonged: str = ""
    """That it lies beyond the plan's own end; `text` ends with notes and this."""

    @property
    def due(self) -> date:
        """The last day on which it is in time."""
        return self.last_day or (self.window.end if self.window else date.max)


@dataclass(frozen=True, slots=True)
class Rule:
    """A deadline as the text states it, without a year. `after`: years after the one it is for."""

    id: str
    actor: str
    role: str
    action: str
    recipient: str
    via: str
    clause: str
    before: str
    window: tuple[str, str] | None
    span: str
    only: int | None
    after: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The deadlines of a plan pack that runs from `starts` to `ends`."""

    rules: tuple[Rule, ...]
    words: Mapping[str, str]
    spans: Mapping[str, str]
    short: Mapping[str, str]
    silent: Mapping[str, Mapping[str, str]]
    notes: Mapping[str, tuple[date, str]]
    calendar: Calendar
    starts: date
    ends: date

    def in_year(self, year: int, *, until: date | None = None) -> tuple[Deadline, ...]:
        """What is due in a year, earliest first; nothing outside the plan's period.

        `until`: the day to which the province prolonged the plan, if it did.
        """
        found = [
            self._make(rule, year, until) for rule in self.rules if self._falls(rule, year, until)
        ]
        return tuple(sorted(found, key=lambda one: (one.due, one.window is not None)))

    def upcoming(
        self, role: str, today: date, *, until: date | None = None
    ) -> tuple[Deadline, ...]:
        """What a role still has before it this year and next, earliest first."""
        return tuple(
            one
            for year in (today.year, today.year + 1)
            for one in self.in_year(year, until=until)
            if one.actor_role == role and one.due >= today
        )

    def next_for(self, role: str, today: date, *, until: date | None = None) -> Deadline | None:
        """The next thing with a day for a role, or else the next period; None when nothing is left.

        A period lies open for months, so that it would hide the day that matters.
        """
        ahead = self.upcoming(role, today, until=until)
        dated = [one for one in ahead if one.last_day]
        return next(iter([*dated, *ahead]), None)

    def not_named(self, clause: str, role: str) -> str:
        """That a clause leaves a role out, with whom to ask; "" where it does not."""
        return self.silent.get(clause, {}).get(role, "")

    def _last_year(self, until: date | None) -> int:
        return max(self.ends, until or self.ends).year

    def _falls(self, rule: Rule, year: int, until: date | None) -> bool:
        if rule.only is not None:
            return year == rule.only
        return self.starts.year <= year - rule.after <= self._last_year(until)

    def _make(self, rule: Rule, year: int, until: date | None) -> Deadline:
        before = last = working = None
        window = None
        if rule.window:
            window = Window(*(date.fromisoformat(f"{year}-{end}") for end in rule.window))
        else:
            before = date.fromisoformat(f"{year}-{rule.before}")
            last = before - timedelta(days=1)
            working = self.calendar.last_working(last)
        due = window.end if window else last
        sentences = [self._sentence(rule, year, before, last)]
        if working and working != last:
            sentences.append(
                self.words["working"].format(
                    weekday=self._weekday(working), working=_shown(working)
                )
            )
        prolonged = ""
        notes = [
            text
            for since, text in (self.notes[name] for name in rule.notes)
            if due and due >= since
        ]
        if until and until > self.ends and rule.only is None and year - rule.after > self.ends.year:
            prolonged = self.words["prolonged"].format(until=_shown(until))
        return Deadline(
            id=rule.id,
            actor=rule.actor,
            actor_role=rule.role,
            action=rule.action,
            recipient=rule.recipient,
            via=rule.via,
            clause=rule.clause,
            text=self._shorten(" ".join([*sentences, *notes, prolonged]).strip()),
            before=before,
            last_day=last,
            last_working_day=working,
            window=window,
            notes=tuple(notes),
            prolonged=prolonged,
        )

    def _sentence(self, rule: Rule, year: int, before: date | None, last: date | None) -> str:
        if before is None or last is None:
            span = self.spans[rule.span].format(year=year)
            return self.words["window"].format(actor=rule.actor, action=rule.action, span=span)
        to = self.words["to_via" if rule.via else "to"] if rule.recipient else ""
        return self.words["day"].format(
            actor=rule.actor,
            action=rule.action,
            to=to.format(recipient=rule.recipient, via=rule.via),
            before=_shown(before),
            weekday=self._weekday(last),
            last=_shown(last),
        )

    def _shorten(self, text: str) -> str:
        for long, short in self.short.items():
            text = text.replace(long, short)
        return text

    def _weekday(self, day: date) -> str:
        return self.words["weekdays"].split(", ")[day.weekday()]


def days_left(deadline: Deadline, today: date) -> int:
    """Days from today to the last day: 0 on the day itself, negative when it has passed."""
    return (deadline.due - today).days


def load(folder: Path) -> Deadlines:
    """Read deadlines.yaml and holidays.yaml. Raises ValueError naming what is not understood."""
    raw = read_yaml(folder / "deadlines.yaml")
    head = read_yaml(folder / "plan.yaml")
    try:
        return Deadlines(
            rules=tuple(_rule(name, entry) for name, entry in raw["deadlines"].items()),
            words=raw["words"],
            spans=raw.get("spans", {}),
            short=raw.get("short", {}),
            silent=raw.get("not_named", {}),
            notes={
                name: (date.fromisoformat(note["since"]), note["text"])
                for name, note in raw.get("notes", {}).items()
            },
            calendar=workdays.load(folder),
            starts=date.fromisoformat(head["starts"]),
            ends=date.fromisoformat(head["ends"]),
        )
    except (KeyError, TypeError, AttributeError) as wrong:
        raise ValueError(f"deadlines.yaml: {type(wrong).__name__}: {wrong}") from wrong


def _rule(name: str, raw: Mapping[str, Any]) -> Rule:
    window = tuple(raw["window"].split()) if "window" in raw else None
    if (window is None) == ("before" not in raw):
        raise ValueError(f"deadlines.yaml: {name}: needs either before or window")
    return Rule(
        id=name,
        actor=raw["actor"],
        role=raw["role"],
        action=raw["action"],
        recipient=raw.get("recipient", ""),
        via=raw.get("via", ""),
        clause=raw["clause"],
        before=raw.get("before", ""),
        window=(window[0], window[1]) if window else None,
        span=raw.get("span", ""),
        only=int(raw["only"]) if "only" in raw else None,
        after=int(raw.get("after", 0)),
        notes=tuple(raw.get("notes", "").split()),
    )


def _shown(day: date) -> str:
    return f"{day:%d/%m/%Y}"
