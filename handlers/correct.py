"""Correcting one's own report (sửa báo cáo) before a decision: its form again, with its answers.

The code stays, what was told before is kept as a version, and whoever has it in hand is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from handlers import decided, forms, given, mine, on_behalf, overdue, report
from handlers.contributor import GROUP, HOUSEHOLD, OTHER, OTHER_HOUSEHOLD, SELF
from handlers.forms import Answers, Form
from handlers.kinds import Told, kinds
from handlers.menu import Entry
from handlers.turn import Turn
from knowledge.text import fold
from storage import contributions, corrections, doubts, media, people
from storage.contributions import Contribution
from storage.errors import Conflict
from storage.objections import OBJECTED

SEEN = "seen"
"""The answer that names the report and the version its reporter saw; no question asks for it."""


def begin(turn: Turn, typed: str) -> None:
    """Open the report's form again at "what is to be corrected"."""
    own = mine.find(turn, typed)
    if own is None:
        turn.say("verify.no_such", typed=typed[:20])
    elif own.state not in corrections.OPEN:
        _too_late(turn, own)
    else:
        seen = {SEEN: [own.id, own.version], "confirm": "fix"}
        forms.restart(turn, FORM, {**answers(turn, own), **seen})


def answers(turn: Turn, one: Contribution) -> Answers:
    """The answers of the report's form that tell this report."""
    kind = kinds()[one.kind]
    told = Told(one.told_vnd, one.told_quantity, one.details, one.made_on)
    found = {
        **({"kind": given.OTHER_KINDS, "rare_kind": kind.name} if kind.rare else
           {"kind": kind.name}),
        **kind.again(told),
        "commune": one.place,
        "village": one.village,
        "who": _who(one),
        "name": one.contributor_name,
    }  # fmt: skip
    if kind.purpose:
        found["purpose"] = one.purpose
    if kind.day:
        found["day"] = one.made_on.isoformat()
    if one.entered_by is not None:
        # Its officer keeps to his place and is asked for no consent, as when he entered it.
        found[on_behalf.ENTERED] = one.place
    if found["who"] == GROUP:
        found["group"] = one.contributor_kind
    return found


def _who(one: Contribution) -> str:
    own = one.contributor_id is not None
    if one.contributor_kind == "individual":
        return SELF if own else OTHER
    if one.contributor_kind == "household":
        return HOUSEHOLD if own else OTHER_HOUSEHOLD
    return GROUP


def _may_not_enter(turn: Turn, answers: Answers) -> bool:
    """Whether an official lost the right to enter reports for the place of this one."""
    if on_behalf.may_enter(turn, answers):
        return False
    turn.say("verify.not_an_officer")
    return True


def _too_late(turn: Turn, own: Contribution) -> None:
    state = turn.world.words.label(f"state.{own.state}")
    turn.say("correct.too_late", code=own.code, state=state)


def _finish(turn: Turn, answers: Answers) -> None:
    number, version = answers[SEEN]
    seen = contributions.get(turn.tx, number)
    kind = given.kind_of(answers)
    try:
        if kind is None or seen.version != version:
            raise Conflict
        new = report.made_of(turn, kind, answers)
        now = corrections.correct(turn.tx, seen, new, by=turn.person.id)
    except Conflict:
        _too_late(turn, seen)
        return
    if answers.get("reporter") and not turn.person.name:
        people.rename(turn.tx, turn.person, answers["reporter"], fold(answers["reporter"]))
    offers = [turn.label("show", turn.typing("show", now.code))]
    turn.say("correct.done", offers, code=now.code, changed=now.version != seen.version)
    if now.version != seen.version:
        now = doubts.note(turn.tx, now, _other_doubts(turn, now))
        overdue.plan_again(turn, seen, now)
        _tell_officers(turn, seen, now)


def _other_doubts(turn: Turn, now: Contribution) -> int:
    """The doubts about a report that correcting what it tells does not take away."""
    return bool(media.hints(turn.tx, now.id)) + (now.answer == OBJECTED)


def _tell_officers(turn: Turn, seen: Contribution, now: Contribution) -> None:
    """Whoever holds it; when it comes back or comes to another commune, all who may decide."""
    news = now.state != seen.state or now.place != seen.place
    if news or now.holder_id is not None:
        decided.tell_officers(
            turn, now, "correct.told",
            above=now.raised_at is not None, only=None if news else now.holder_id,
        )  # fmt: skip


FORM = Form(
    "correct",
    tuple(
        replace(one, says=one.says or f"{report.FORM.name}.{one.name}")
        for one in report.FORM.questions
        if one is not on_behalf.CONSENT  # He heard and kept it when he entered the report.
    ),
    _finish,
    gone=_may_not_enter,
)
FORMS = (FORM,)
COMMANDS: dict[str, Callable[[Turn], None]] = {}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {"correct": begin}
MENU: tuple[Entry, ...] = ()
