"""Puts an answer's message together: its words, the clause, dated notes, days left, the detail.

Every sentence comes from the plan pack; only their order and the dates in them are decided here.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from knowledge.pack import EVERY, Family
from knowledge.plan import Plan
from knowledge.reading import Reading

LONGEST_MESSAGE = 300
MOST_LINES = 5
MOST_DETAILED = 2
"""Clauses told whole after an answer: an overview cites many, and nobody pages through them all."""


def fits(text: str) -> bool:
    """True when a text may go out as one message."""
    return len(text) <= LONGEST_MESSAGE and text.count("\n") < MOST_LINES


def cite(plan: Plan, clauses: tuple[str, ...], kind: str) -> str:
    """The clauses as a person reads them: "(Mục V.2.b, V.2.c)"; "" when there is none."""
    labels = [plan.clauses[name].label for name in clauses[:4] if name in plan.clauses]
    if not labels:
        return ""
    head = plan.words["clause_label"].format(id="")
    joined = labels[0] + "".join(
        f", {label.removeprefix(head) if labels[0].startswith(head) else label}"
        for label in labels[1:]
    )
    return plan.words["nearest" if kind == "unknown" else "cite"].format(labels=joined)


def compose(plan: Plan, family: Family, reading: Reading | None, today: date) -> tuple[str, str]:
    """The first message and what "xem thêm" adds, the clause whole at its end.

    Extras go where there is room.
    """
    body = f"{family.text} {cite(plan, family.clauses, family.kind)}".strip()
    if family.office and family.kind == "unknown":
        body += " " + plan.words["ask_office"].format(office=plan.offices[family.office].name)
    rest = [family.more] if family.more else []
    if reading and reading.english:
        lead = family.english or (plan.words["unknown_en"] if family.kind == "unknown" else "")
        if lead:
            rest.insert(0, body)
            body = f"{lead} {cite(plan, family.clauses, family.kind)}".strip()
    if reading and _wrong_premise(family, reading):
        body = f"{plan.words['wrong']} {body}"
    notes = [
        (note.tag, note.text.format(end=plan.ends.year))
        for note in plan.notes
        if (note.tag == EVERY or note.tag in family.tags) and today >= note.since
    ]
    extras = [
        *(text for tag, text in notes if tag == EVERY),
        days_left(plan, family, today, reading.years if reading else ()),
        *(text for tag, text in notes if tag != EVERY),
    ]
    for extra in filter(None, extras):
        if fits(f"{body} {extra}"):
            body = f"{body} {extra}"
        else:
            rest.append(extra)
    return body, "\n\n".join([*rest, *details(plan, family)])


def details(plan: Plan, family: Family) -> list[str]:
    """What the first clauses of an answer say, whole, each under a sentence that introduces it:
    word for word where the official wording is at hand, else retold.

    What the family tells already is not told twice. A question the plan does not answer gets none:
    its nearest clause is a hint where to look, not the answer.
    """
    if family.kind != "answer":
        return []
    cited = [plan.clauses[name] for name in family.clauses[:MOST_DETAILED] if name in plan.clauses]
    whole = [
        (clause.label, "quote", "\n".join([clause.official, *_misprinted(plan, clause.official)]))
        if clause.official
        else (clause.label, "detail", clause.detail)
        for clause in cited
    ]
    return [
        f"{plan.words[word].format(label=label)}\n{text}"
        for label, word, text in whole
        if text not in (family.text, family.more)
    ]


def _misprinted(plan: Plan, quoted: str) -> list[str]:
    """A remark on each misprint in an official wording, so that nobody takes it for the bot's."""
    return [
        remark
        for wrong, remark in plan.misprints.items()
        if re.search(rf"\b{re.escape(wrong)}\b", quoted, re.IGNORECASE)
    ]


def _wrong_premise(family: Family, reading: Reading) -> bool:
    """True when a person asks to confirm a number, date or year that is not the plan's."""
    if "@xac_nhan" not in reading.concepts:
        return False
    dates = family.claims.get("ngay")
    if dates and any(f"{day}/{month}" not in dates for day, month in reading.dates):
        return True
    years = family.claims.get("nam")
    if years and any(str(year) not in years for year in reading.years):
        return True
    return any(
        word in family.claims and number not in family.claims[word]
        for number, word in reading.pairs
    )


def last_day(family: Family, plan: Plan, today: date, years: tuple[int, ...]) -> date | None:
    """The day before the family's yearly limit: of the year named, else the next one to come."""
    if family.before is None:
        return None
    month, day = family.before
    latest = plan.ends.year + (1 if "next_january" in family.tags else 0)
    named = [year for year in years if plan.starts.year <= year <= latest]
    for year in [max(named)] if named else range(today.year, today.year + 2):
        limit = date(year, month, day) - timedelta(days=1)
        if plan.starts.year < year <= latest and (named or limit >= today):
            return limit
    return None


def days_left(plan: Plan, family: Family, today: date, years: tuple[int, ...]) -> str:
    """One sentence: the last day with its weekday, the last working day, how many days are left.

    Where no term comes any more, that; "" for what has none.
    """
    last = last_day(family, plan, today, years)
    if last is None:
        return plan.words["no_more"].format(year=plan.ends.year) if family.before else ""
    if last < today:
        return ""
    if last == today:
        return plan.words["today_last"]
    working = plan.calendar.last_working(last)
    weekdays = plan.words["weekdays"].split(", ")
    same = working == last or working < today
    sentence = plan.words["days_left" if same else "days_left_weekend"]
    return sentence.format(
        weekday=weekdays[last.weekday()],
        last=f"{last:%d/%m/%Y}",
        days=(last - today).days,
        working=f"{weekdays[working.weekday()]} {working:%d/%m/%Y}",
    )
