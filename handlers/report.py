"""Reporting a contribution (báo đóng góp): what, when, where, by whom; read back; a receipt.

What is asked about each kind stands in `handlers.kinds`; here is what all kinds share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from handlers import (
    ask,
    consent,
    contributor,
    evidence,
    evidence_taken,
    forms,
    given,
    on_behalf,
    overdue,
    told,
    which_kind,
)
from handlers.contributor import GROUP, HOUSEHOLD, SELF
from handlers.forms import Answers, Form, Question, read_line
from handlers.kinds import Kind, kinds
from handlers.menu import Entry
from handlers.review import review
from handlers.telling import Telling
from handlers.turn import Offer, Turn
from handlers.where_when import (
    commune_offers,
    day_offers,
    read_commune,
    read_day,
    village_offers,
)
from knowledge.text import fold
from storage import contributions, people
from storage.contributions import NewContribution

MIN_WORDS = 2
WANTED = "wanted"
"""In the conversation's state: what is told of a report that waits for another to be let go."""
_KEPT = ("commune", "village", "who", "group", "name", "reporter")
"""Answers that hold for the next report of one sitting."""


def begin(turn: Turn) -> None:
    """Start a report. One that was left is not gone on with unasked: it may be another one."""
    turn.state.pop(WANTED, None)
    left = turn.state.get("forms", {}).get(FORM.name)
    if left is None or turn.state.get("form") == FORM.name:
        forms.start(turn, FORM)
    else:
        turn.say(
            "report.left",
            [turn.typed("resume"), turn.typed("report_new")],
            what=given.so_far(turn, left["answers"]),
            since=forms.touched(turn, FORM),
        )


def begin_new(turn: Turn) -> None:
    """Start another report, with what was told of it; what was left is let go."""
    wanted = turn.state.pop(WANTED, None) or {}
    told.say_heard(turn, wanted)
    forms.restart(turn, FORM, wanted)


def begin_another(turn: Turn) -> None:
    """Another report in one sitting: who and where are as before, and read back with the rest."""
    if turn.state.get("forms", {}).get(FORM.name) is None:
        wanted = turn.state.pop(WANTED, None) or {}
        told.say_heard(turn, wanted)
        forms.start(turn, FORM, {**(turn.state.get("last_report") or {}), **wanted})
    else:
        begin(turn)


def begin_on_behalf(turn: Turn) -> None:
    """Start a report for somebody who came to the office in person."""
    place = on_behalf.place_of(turn)
    if place is None:
        turn.say("verify.not_an_officer")
    else:
        forms.restart(turn, FORM, {on_behalf.ENTERED: place, "commune": place})


def begin_told(turn: Turn, telling: Telling) -> None:
    """Start a report of which a sentence told already: what is certain need not be asked."""
    if len(telling.kinds) > 1:
        turn.say("report.one_by_one")
    begin_with(turn, told.answers(turn, telling))


def another_told(turn: Turn, text: str) -> bool:
    """Whether the text tells of a gift while a report was left: what it tells is kept for a report
    of its own, behind the one that was left or instead of it."""
    gift = None if ask.is_question(text) else turn.world.words.tells_of(text)
    if gift is None or not gift.sure:
        return False
    forms.park(turn)
    begin_told(turn, gift)
    return True


def _begin_kind(name: str) -> Callable[[Turn], None]:
    """A beginning for who says at once what it is."""
    return lambda turn: begin_with(turn, {"kind": name})


def begin_with(turn: Turn, answers: Answers) -> None:
    """Start a report some of whose answers are known; one left unfinished is asked about first."""
    if turn.state.get("forms", {}).get(FORM.name) is None:
        told.say_heard(turn, answers)
        forms.start(turn, FORM, answers)
    else:
        begin(turn)
        turn.state[WANTED] = answers


def _of_kind(kind: Kind) -> list[Question]:
    """A kind's questions, asked when the report is of that kind."""
    return [replace(one, when=partial(_is_of, kind.name, one.when)) for one in kind.questions]


def _is_of(name: str, when: Callable[[Turn, Answers], bool], turn: Turn, answers: Answers) -> bool:
    kind = given.kind_of(answers)
    return kind is not None and kind.name == name and when(turn, answers)


def _unless_entered(question: Question) -> Question:
    """Who types for somebody else is not asked for a consent of his own."""

    def when(turn: Turn, answers: Answers) -> bool:
        return on_behalf.ENTERED not in answers and question.when(turn, answers)

    return replace(question, when=when)


def _has(part: str) -> Callable[[Turn, Answers], bool]:
    """Whether the report's kind has this part (`purpose`, `day`)."""
    return lambda _turn, answers: bool(getattr(given.kind_of(answers), part, False))


def _fields(answers: Answers) -> list[str]:
    """What can be corrected, by the question one goes back to."""
    kind = given.kind_of(answers)
    first = [kind.questions[0].name] if kind else []
    parts = [name for name in ("purpose", "day") if getattr(kind, name, False)]
    where = "village" if on_behalf.ENTERED in answers else "commune"
    return [*first, *parts, where, "who"]


def _named(turn: Turn, answers: Answers) -> bool:
    return not (answers.get("who") == SELF and turn.person.name)


def _reporter_unnamed(turn: Turn, answers: Answers) -> bool:
    return not turn.person.name and answers.get("who") not in (None, SELF)


def _summary(turn: Turn, answers: Answers) -> dict[str, Any]:
    kind = given.kind_of(answers)
    return {
        "place": turn.world.places.get(answers["commune"]).name,
        "made_on": date.fromisoformat(answers["day"]) if "day" in answers else None,
        "what": given.described(turn, kind, answers) if kind else "",
        "does": given.does(turn, kind.name) if kind else "",
        "name": answers.get("name") or turn.person.name,
        "evidence": evidence_taken.told_of_draft(turn, answers),
    }


def made_of(turn: Turn, kind: Kind, answers: Answers) -> NewContribution:
    """What whole answers tell, ready to be stored."""
    name = answers.get("name") or turn.person.name
    own = answers["who"] in (SELF, HOUSEHOLD)
    what = kind.tell(answers)
    return NewContribution(
        kind=kind.name,
        contributor_name=name,
        contributor_id=turn.person.id if own else None,
        place=answers["commune"],
        village=answers["village"],
        purpose=answers.get("purpose", ""),
        made_on=what.made_on or date.fromisoformat(answers["day"]),
        told_vnd=what.vnd,
        told_quantity=what.quantity,
        details=what.details,
        **contributor.of(turn, answers, name),
        entered_by=turn.person.id if on_behalf.ENTERED in answers else None,
    )


def _finish(turn: Turn, answers: Answers) -> None:
    kind = given.kind_of(answers)
    if kind is None:
        forms.start(turn, FORM)
        return
    if not on_behalf.may_enter(turn, answers):
        turn.say("verify.not_an_officer")
        return
    name = answers.get("name") or turn.person.name
    mine = name if answers["who"] == SELF else answers.get("reporter")
    if mine and not turn.person.name:
        people.rename(turn.tx, turn.person, mine, fold(mine))
    new = made_of(turn, kind, answers)
    stored = contributions.submit(
        turn.tx, new, reporter_id=turn.person.id, account_id=turn.conversation.account_id
    )
    sent = evidence_taken.told_of_draft(turn, answers)
    evidence.hand_in(turn, answers, stored)
    officers = overdue.arrive(turn, stored)
    offers = [turn.label("show", turn.typing("show", stored.code))]
    place = turn.world.places.get(stored.place).name
    if on_behalf.ENTERED in answers:
        on_behalf.keep_consent(turn, answers, stored.code)
        turn.say("behalf.receipt", [*offers, turn.typed("behalf")], code=stored.code, name=name)
        return
    turn.state["last_report"] = {part: answers[part] for part in _KEPT if part in answers}
    turn.state["sent"] = [stored.code, turn.now.isoformat()]
    turn.say(
        "report.receipt",
        [*offers, turn.typed("another"), turn.label("attach", turn.typing("attach", stored.code))],
        code=stored.code, place=place, officers=officers, evidence=sent,
    )  # fmt: skip


FORM = Form(
    "report",
    (
        *(_unless_entered(one) for one in consent.questions(consent.REPORT)),
        on_behalf.CONSENT,
        *which_kind.QUESTIONS,
        *(question for kind in kinds().values() for question in _of_kind(kind)),
        Question(
            "purpose",
            when=_has("purpose"),
            read=read_line(MIN_WORDS, 60, left_open=True),
            offers=lambda turn, _: [
                Offer(label, label)
                for label in (turn.world.words.label(f"purpose.{n}") for n in range(1, 5))
            ],
            free=True,
        ),
        Question("day", when=_has("day"), read=read_day, offers=day_offers),
        Question("commune", read=read_commune, offers=commune_offers),
        Question(
            "village",
            read=on_behalf.read_village,
            offers=village_offers,
            needs=("commune",),
            free=True,
        ),
        Question(
            "who",
            offers=lambda turn, answers: [
                turn.label(f"who.{w}", w) for w in on_behalf.who(answers)
            ],
        ),
        Question(
            "group",
            when=lambda _, answers: answers.get("who") == GROUP,
            offers=lambda turn, _: [
                turn.label(f"group.{g}", g) for g in ("collective", "cooperative", "enterprise")
            ],
            needs=("who",),
        ),
        Question(
            "name",
            read=contributor.read_name,
            when=_named,
            offers=contributor.name_offers,
            needs=("who",),
            free=True,
        ),
        Question(
            "reporter",
            read=contributor.read_name,
            when=_reporter_unnamed,
            needs=("who",),
            free=True,
        ),
        *review(_fields, _summary),
    ),
    _finish,
)
FORMS = (FORM,)
COMMANDS: dict[str, Callable[[Turn], None]] = {
    "report": begin,
    "report_new": begin_new,
    "report_another": begin_another,
    "behalf": begin_on_behalf,
    **{f"report_{name}": _begin_kind(name) for name in kinds()},
}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {}
MENU: tuple[Entry, ...] = (
    Entry("report", 2),
    Entry("behalf", 5, lambda turn: on_behalf.place_of(turn) is not None),
)
