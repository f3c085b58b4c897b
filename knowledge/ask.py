"""Answers a question from a plan pack: answer, offer readings, or say that the plan does not say.

Pure: a pack and a question in, an Answer out. The sentences are the pack's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from knowledge import search
from knowledge.compose import cite, compose, fits
from knowledge.eligibility import eligible
from knowledge.follow_up import in_topic
from knowledge.fragments import is_opening, is_small_talk
from knowledge.gifts import exchanged
from knowledge.pack import Family
from knowledge.plan import Plan
from knowledge.questions import asks
from knowledge.reading import ORDERS, Reading, read
from knowledge.reckoning import Reckoned, reckon
from knowledge.several import halves, last_question
from knowledge.unsaid import beyond, is_far, is_untold, nearest_unsaid, ruling

MOST_OPTIONS = 3
_ROLE_ALONE, _ROLE_BESIDE = 0.10, 0.02
_PLAINER = 0.2
"""How much surer the question at the end of a story must be than the whole story."""
_FORESEEN = 0.95
"""A message understood this well is one question, however many commas it has."""
_DOUBT = 0.02
"""How much nearer what the plan leaves unsaid must come than what it tells."""
_UNASKED = 0.05
"""… and how much when the very words that make it so are not in the question."""
_TOLD = 0.1
"""How much it counts that a question's words are those of a family's first clause."""


@dataclass(frozen=True, slots=True)
class Option:
    """A reading offered: a question a person would ask, and where its answer stands."""

    label: str
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What `ask` found. `text` is the first message (≤ 300 characters, 5 lines), `more` the rest.

    `clauses` are best first; for `unknown` empty or what comes nearest. `confidence` is 0…1.
    `topic` is the family's id, "" when there is none.
    """

    decision: Literal["answer", "choose", "unknown", "smalltalk"]
    text: str
    more: str
    clauses: tuple[str, ...]
    options: tuple[Option, ...]
    confidence: float
    topic: str


def ask(
    plan: Plan,
    question: str,
    *,
    today: date,
    asker: str = "villager",
    place: str | None = None,
    after: str | None = None,
) -> Answer:
    """Answer a message. Never raises, whatever the text; same arguments, same answer.

    `asker` is a role or "villager"; `after` is the question before, for "thế còn huyện?". `place`
    is the asker's unit: no rule of a plan so far differs by place, so it changes nothing. Two
    questions in one message get both answers.
    """
    whole = _one(plan, question, today, asker, after)
    if whole.decision == "smalltalk" or whole.confidence >= _FORESEEN:
        return whole
    last = last_question(question)
    told = _one(plan, last, today, asker, after) if last else whole
    if told.decision == "answer" and told.confidence > whole.confidence + _PLAINER:
        return told
    for first, second in halves(question):
        if not (asks(first) and asks(second)):
            continue
        least = max(plan.thresholds["two"], whole.confidence)
        one = _one(plan, first, today, asker, after)
        if one.decision != "answer" or one.confidence <= least:
            continue
        other = _one(plan, second, today, asker, first)
        if other.confidence > least and _differ(one, other):
            return _both(plan, one, other)
    return whole


def _reckoned(
    plan: Plan, question: str, reading: Reading, today: date, asker: str, after: str | None
) -> Reckoned | None:
    """What a calculation answers; of a question that leans on one before (`after`), that one with
    its figure exchanged."""
    if plan.awards is None or plan.awards.spoken is None:
        return None
    if after is None:
        return reckon(plan, plan.awards, question, reading, asker, today)
    asked = exchanged(after, question, plan.awards.spoken)
    if asked is None:
        return None
    return reckon(plan, plan.awards, asked, read(asked, plan.lexicon), asker, today)


def _differ(one: Answer, other: Answer) -> bool:
    """True when two halves of a message are both answered, and differently."""
    answered = one.decision == other.decision == "answer"
    return answered and one.topic != other.topic and one.text != other.text


def _both(plan: Plan, one: Answer, other: Answer) -> Answer:
    text, rest = f"{one.text}\n{other.text}", [one.more, other.more]
    if not fits(text):
        text, rest = one.text, [other.text, *rest]
        told = f"{text} {plan.words['second']}"
        text = told if fits(told) else text
    return replace(
        one,
        text=text,
        more="\n\n".join(filter(None, rest)),
        clauses=tuple(dict.fromkeys((*one.clauses, *other.clauses))),
        confidence=min(one.confidence, other.confidence),
    )


def _one(plan: Plan, question: str, today: date, asker: str, after: str | None) -> Answer:
    alone = read(question, plan.lexicon)
    reading = in_topic(alone, after, plan.lexicon) if after else alone
    if not reading.tokens:
        return _nothing(plan, "empty")
    claimed = ORDERS in reading.concepts
    if claimed:
        reading = replace(reading, features=reading.features - {ORDERS})
    leans_on = after if reading.tokens != alone.tokens else None
    found = None if claimed else _reckoned(plan, question, alone, today, asker, leans_on)
    if found:
        return Answer("answer", found.text, found.more, found.clauses, (), 1.0, found.topic)
    hits = search.rank(
        plan.index,
        reading,
        eligible(plan, reading),
        _bonus(plan, reading, asker),
    )
    if is_opening(plan, reading, hits):
        return Answer("smalltalk", plan.words["opener"], "", (), (), 1.0, "")
    if claimed:
        return _claimed(plan, hits, reading, today)
    return _decide(plan, hits, reading, today, asker)


def _bonus(plan: Plan, reading: Reading, asker: str) -> Callable[[str], float]:
    """What speaks for a family beside its phrasings: who asks, and its clause's own words."""
    named = any(plan.lexicon.groups.get(name) == "subject" for name in reading.concepts)
    role = _ROLE_BESIDE if named else _ROLE_ALONE
    of_role = plan.by_role.get(asker, ())
    told = plan.clause_index.shares(reading.tokens)

    def bonus(name: str) -> float:
        family = plan.families[name]
        share = told.get(family.clauses[0], 0.0) if family.clauses else 0.0
        doubt = 0.0
        if family.kind == "unknown":
            doubt = _DOUBT if family.fits(reading.concepts, reading.possible) else _UNASKED
        return _TOLD * share + (role if name in of_role else 0.0) - doubt

    return bonus


def _decide(
    plan: Plan, hits: list[search.Hit], reading: Reading, today: date, asker: str
) -> Answer:
    limits = plan.thresholds
    ruled = ruling(plan, reading, hits)
    if ruled:
        return _answer(plan, ruled, hits[0].score if hits else 0.0, reading, today)
    if not hits or hits[0].score < limits["unknown"]:
        other = beyond(plan, reading)
        if other:
            return _answer(plan, other, hits[0].score if hits else 0.0, reading, today)
        return _nothing(plan, "unknown", hits, english=reading.english)
    best = hits[0]
    family = plan.families[best.family]
    if family.kind == "unknown" and is_far(family, best, reading):
        return _nothing(plan, "unknown", hits, english=reading.english)
    if family.kind == "smalltalk" and not is_small_talk(plan, hits):
        return _nothing(plan, "unknown", hits, english=reading.english)
    if family.kind in ("answer", "choose") and is_untold(plan, hits):
        return _untold(plan, hits, reading, today)
    if family.kind == "choose":
        meant = {plan.role_subjects.get(asker, "")}
        fits_question = eligible(plan, replace(reading, concepts=reading.concepts | meant))
        targets = [name for name in family.by_role.get(asker, ()) if fits_question(name)]
        if not targets:
            return _offer(plan, family, best.score, today)
        family = plan.families[targets[0]]
    strange = best.strange > limits.get("strange", 1.0) and best.score < limits.get("familiar", 0.0)
    if family.kind == "answer" and strange:
        return _nothing(plan, "unknown", hits, english=reading.english)
    close = [hit for hit in hits if hit.score > best.score - limits["margin"]]
    sure = best.score >= limits["answer"]
    if family.kind == "answer" and not sure:
        if best.coverage < limits["coverage"]:
            return _nothing(plan, "unknown", hits, english=reading.english)
        if len({plan.families[hit.family].clauses[:1] for hit in close}) > 1:
            return _choose(plan, hits)
    return _answer(plan, family, best.score, reading, today)


def _answer(plan: Plan, family: Family, score: float, reading: Reading, today: date) -> Answer:
    text, more = compose(plan, family, reading, today)
    kind = family.kind if family.kind != "choose" else "answer"
    return Answer(kind, text, more, family.clauses, (), _share(score), family.id)


def _share(score: float) -> float:
    """A score as a confidence, 0…1."""
    return min(1.0, max(0.0, score))


def _offer(plan: Plan, family: Family, score: float, today: date) -> Answer:
    options = tuple(
        Option(label, plan.families[target].clauses) for label, target in family.options
    )
    text, more = compose(plan, family, None, today)
    return Answer("choose", text, more, family.clauses, options, _share(score), family.id)


def _choose(plan: Plan, hits: list[search.Hit]) -> Answer:
    picked: list[Family] = []
    for hit in hits:
        family = plan.families[hit.family]
        told = {other.text for other in picked}
        if family.kind == "answer" and family.text not in told and len(picked) < MOST_OPTIONS:
            picked.append(family)
    options = tuple(Option(family.ask[0], family.clauses) for family in picked)
    clauses = tuple(dict.fromkeys(clause for family in picked for clause in family.clauses))
    return Answer(
        "choose", plan.words["choose"], "", clauses, options, _share(hits[0].score), picked[0].id
    )


def _nothing(
    plan: Plan, word: str, hits: list[search.Hit] | None = None, *, english: bool = False
) -> Answer:
    text = plan.words[f"{word}_en" if english else word]
    office = plan.offices[plan.words["office"]].name
    score = hits[0].score if hits else 0.0
    return Answer("unknown", text.format(office=office), "", (), (), _share(1.0 - score), "")


def _untold(plan: Plan, hits: list[search.Hit], reading: Reading, today: date) -> Answer:
    """The plan speaks of the matter but not of what is asked about it: say so, name the clause."""
    family = nearest_unsaid(plan, hits)
    if family:
        return _answer(plan, family, hits[0].score, reading, today)
    near = plan.families[hits[0].family]
    what = next(
        (
            plan.words[word]
            for name in sorted(hits[0].untold)
            if (word := f"unsaid_{name[1:]}") in plan.words
        ),
        "",
    )
    if not what or reading.english:
        return _nothing(plan, "unknown", hits, english=reading.english)
    office = plan.offices[plan.words["office"]].name
    body = (
        f"{plan.words['unsaid'].format(what=what)} {cite(plan, near.clauses[:2], 'unknown')} "
        f"{plan.words['ask_office'].format(office=office)}"
    )
    return Answer("unknown", body, "", near.clauses[:2], (), _share(1.0 - hits[0].score), "")


def _claimed(plan: Plan, hits: list[search.Hit], reading: Reading, today: date) -> Answer:
    """A message that says the plan was changed, or gives orders: only the plan is answered."""
    usable = [hit for hit in hits if plan.families[hit.family].kind == "answer"]
    if not usable or usable[0].score < plan.thresholds["unknown"]:
        return _nothing(plan, "injection")
    family = plan.families[usable[0].family]
    text, more = compose(plan, family, None, today)
    first = plan.words["injection"].format(office=plan.offices[plan.words["office"]].name)
    rest = f"{text}\n\n{more}" if more else text
    return Answer("unknown", first, rest, family.clauses, (), _share(usable[0].score), family.id)
