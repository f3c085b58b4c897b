"""Questions that need reckoning: "nhà em góp 60 triệu", "đề cử 22 người thì thừa mấy".

Who is meant and what was given go to the award calculator; its verdicts choose the pack's sentence.
No figure and no sentence stands here. knowledge.spoken reads a question's words, knowledge.gifts
makes out who gives what.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from knowledge.award_rules import money
from knowledge.awards import Awards, Verdict
from knowledge.compose import compose
from knowledge.gifts import gift_of, giver_of, unit_of
from knowledge.pack import read_family
from knowledge.plan import Plan
from knowledge.reading import Reading
from knowledge.spoken import Item, Spoken, counts, read_items


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What came of it: the messages, their clauses best first, what the calculator said.

    `subjects` are whom it was reckoned for, several when nobody was named. `missing` is what lacks
    to the next threshold in VND, 0 when nothing does, None when the question counts people.
    """

    text: str
    more: str
    clauses: tuple[str, ...]
    topic: str
    subjects: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    missing: int | None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What every step needs: the pack, the question, the day."""

    plan: Plan
    awards: Awards
    spoken: Spoken
    reading: Reading
    today: date

    @property
    def year(self) -> int:
        """The year asked about, else this year."""
        return self.reading.years[0] if self.reading.years else self.today.year

    @property
    def ended(self) -> bool:
        """True when the plan, prolonged or not, is over for what is asked."""
        over = self.year == self.today.year and self.today > self.plan.ends
        return over or self.year > self.plan.ends.year

    @property
    def of_another_matter(self) -> bool:
        """True when the question has a concept that no reckoning answers."""
        groups, open_ = self.plan.lexicon.groups, self.spoken.open
        beside = {one for one in self.reading.concepts if groups.get(one) in ("unsaid", "outside")}
        return bool(beside - open_ or self.reading.concepts & self.spoken.shut)

    def judge(self, facts: Mapping[str, object], award: str) -> Verdict:
        """The verdict on one award, the plan prolonged or not."""
        found = self.awards.judge(facts, until=self.plan.ends)
        return next(one for one in found if one.award == award)


def reckon(
    plan: Plan, awards: Awards, question: str, reading: Reading, asker: str, today: date
) -> Reckoned | None:
    """The answer a calculation gives; None when the question asks for none, or for more besides.

    `asker` is a role or "villager", `reading` the question's. Never raises, whatever the text.
    """
    if awards.spoken is None or reading.english or len(set(reading.years)) > 1:
        return None
    if not counts(reading.tokens, awards.spoken):
        return None
    asked = _Asked(plan, awards, awards.spoken, reading, today)
    if asked.year < plan.starts.year:
        return None
    items = read_items(question, awards.spoken)
    giver = giver_of(items, awards.spoken.roles.get(asker, ""))
    if giver:
        return None if asked.of_another_matter else _of_amount(asked, items, giver)
    unit = unit_of(items)
    return _of_people(asked, items, unit) if unit else None


def _of_amount(asked: _Asked, items: Sequence[Item], giver: str) -> Reckoned | None:
    facts = {**gift_of(items), "year": asked.year}
    pairs = asked.spoken.money[giver]
    verdicts, lacking, thresholds = [], [], []
    for subject, award in pairs:
        told = {**facts, "subject": subject}
        verdicts.append(asked.judge(told, award))
        lacking.append(asked.awards.lacking(award, told))
        thresholds.append(int(asked.awards.figures(award)["threshold"]))
    open_days = facts["labour_vnd"] is None and any(lacking)
    name = f"{asked.spoken.like.get(giver, giver)}_{'days' if open_days else lacking.count(0)}"
    if name not in asked.spoken.sentences:
        return None
    missing = next((gap for gap in lacking if gap), 0)
    amounts = {
        "amount": sum(int(item.value) for item in items if item.kind == "money"),
        "gap": missing,
        "last_gap": lacking[-1],
        "first": thresholds[0],
        "last": thresholds[-1],
    }
    words = {key: money(vnd, asked.awards.words) for key, vnd in amounts.items()}
    if [item.kind for item in items].count("money") > 1:
        words["amount"] = asked.awards.words["together"].format(amount=words["amount"])
    words["stars"] = str(asked.awards.figures(pairs[-1][1])["stars"])
    return _told(asked, name, words, tuple(subject for subject, _ in pairs), verdicts, missing)


def _of_people(asked: _Asked, items: Sequence[Item], unit: str) -> Reckoned | None:
    award, taken = asked.spoken.people[unit]
    named = next((int(item.value) for item in items if item.kind == "count"), None)
    facts = {"year": asked.year, **taken, "subject": unit, "nominees": named}
    try:
        verdict = asked.judge(facts, award)
    except ValueError:  # more people than the pack believes
        return None
    if verdict.quota is None:
        return None
    left = verdict.quota.left
    how = "asked" if left is None else "over" if left < 0 else "within" if left else "full"
    words = {
        **asked.awards.figures(award),
        "seats": verdict.quota.seats,
        "nominees": named,
        "left": left,
        "over": -(left or 0),
    }
    return _told(asked, f"{unit}_{how}", words, (unit,), [verdict], None)


def _told(
    asked: _Asked,
    name: str,
    words: Mapping[str, object],
    subjects: tuple[str, ...],
    verdicts: Sequence[Verdict],
    missing: int | None,
) -> Reckoned:
    entry = asked.spoken.sentences[name]
    period = {"start": asked.plan.starts.year, "end": asked.plan.ends.year, "year": asked.year}
    text, tags, clauses = entry["text"].format_map(words), entry["tags"], entry["clauses"]
    if asked.ended:
        text = f"{asked.spoken.ended.format_map(period)} {entry['ended'].format_map(words)}"
        # What is still open beside the first clause is no longer told, so it is not cited either.
        tags, clauses = entry.get("ended_tags", ""), clauses.partition(" ")[0]
    told = {"clauses": clauses, "tags": tags, "text": text, "ask": ""}
    family = read_family(f"reckoned_{name}", told)
    said, more = compose(asked.plan, family, asked.reading, asked.today)
    return Reckoned(said, more, family.clauses, family.id, subjects, tuple(verdicts), missing)
