"""Verifying (xác minh) by chat: the commune officer's queue, one report, one decision.

Every press checks afresh that the person holds a grant for the report's commune, that the report is
as he saw it, and that it is not his own. A report of another commune is as unknown as none at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers import consent, forms, given
from handlers.forms import Answers, Form, Question, Unclear
from handlers.kinds import kinds
from handlers.menu import Entry
from handlers.roles import REVIEWER
from handlers.turn import Offer, Turn
from storage import contributions, people, verification
from storage.codes import find_in, parse
from storage.contributions import Contribution
from storage.errors import Conflict
from storage.grants import Grant

SHOWN = 4
COUNTED = 100
VERIFY, CORRECT, REJECT, MORE, LATER = "verify", "correct", "reject", "more", "later"
REASONS = {REJECT: ("reject.1", "reject.2", "reject.3"), MORE: ("more.1", "more.2", "more.3")}
MIN_REASON = 5


def reviewing(turn: Turn) -> list[Grant]:
    """The grants under which this person reviews."""
    return [grant for grant in turn.grants if grant.role == REVIEWER]


def queue(turn: Turn) -> None:
    """What waits for this officer, oldest first."""
    held = reviewing(turn)
    if not held:
        turn.say("verify.not_an_officer")
        return
    waiting = [one for grant in held for one in contributions.queue(turn.tx, grant.place, SHOWN)]
    waiting.sort(key=lambda one: (one.submitted_at, one.id))
    count = sum(contributions.waiting(turn.tx, grant.place, COUNTED) for grant in held)
    offers = [
        Offer(
            turn.world.words.text("verify.line", one=one, what=given.told(turn, one)),
            turn.typing("open", one.code),
        )
        for one in waiting[:SHOWN]
    ]
    turn.say("verify.queue", offers, count=count, most=COUNTED, shown=len(offers))


def open_one(turn: Turn, typed: str) -> None:
    """Open a report to decide on it."""
    seen = _visible(turn, typed)
    if seen is None:
        turn.say("verify.no_such", typed=typed[:20])
        return
    if _is_own(turn, seen):
        turn.say("verify.own", code=seen.code)
        return
    if seen.state not in contributions.OPEN:
        _say_decided(turn, seen)
        return
    forms.restart(turn, FORM, {"id": seen.id, "version": seen.version, "kind": seen.kind})


def _visible(turn: Turn, typed: str) -> Contribution | None:
    code = parse(typed) or find_in(typed)
    seen = contributions.find(turn.tx, code) if code else None
    return seen if seen is not None and _grant_for(turn, seen) is not None else None


def _grant_for(turn: Turn, one: Contribution) -> Grant | None:
    return next((grant for grant in reviewing(turn) if grant.place == one.place), None)


def _is_own(turn: Turn, one: Contribution) -> bool:
    return turn.person.id in (one.reporter_id, one.contributor_id)


def _say_decided(turn: Turn, one: Contribution) -> None:
    last = verification.last_decision(turn.tx, one.id)
    if last is None or last.state != one.state:
        turn.say(
            "verify.moved_on", code=one.code, state=turn.world.words.label(f"state.{one.state}")
        )
        return
    turn.say(
        "verify.decided", code=one.code, last=last,
        state=turn.world.words.label(f"state.{last.state}"),
    )  # fmt: skip


def _details(turn: Turn, answers: Answers) -> dict[str, Any]:
    one = contributions.get(turn.tx, answers["id"])
    return {
        "one": one,
        "what": given.told(turn, one),
        "spelled": given.spelled(turn, one),
        "does": given.does(turn, one.kind),
        "dated": kinds()[one.kind].day,
        "place": turn.world.places.get(one.place).name,
        "kind": turn.world.words.label(f"contributor.{one.contributor_kind}"),
        "reporter": people.name_of(turn.tx, one.reporter_id),
    }


def _reason(_turn: Turn, _answers: Answers, text: str) -> str:
    reason = " ".join(text.split())
    if len(reason) < MIN_REASON or not any(char.isalpha() for char in reason):
        raise Unclear("verify.reason_short")
    return reason


def _reason_offers(turn: Turn, answers: Answers) -> list[Offer]:
    labels = [turn.world.words.label(f"reason.{key}") for key in REASONS[answers["action"]]]
    return [Offer(label, label) for label in labels]


def _action(turn: Turn, _answers: Answers, value: Any) -> bool:
    if value == LATER:
        turn.say("verify.later")
        return False
    return True


def _read_back(turn: Turn, answers: Answers) -> dict[str, Any]:
    one = contributions.get(turn.tx, answers["id"])
    right = answers.get("amount")
    return {
        "one": one,
        "what": given.told(turn, one),
        "spelled": given.spelled(turn, one),
        "does": given.does(turn, one.kind),
        "corrected": "" if right is None else given.corrected(turn, one, right),
    }


def _finish(turn: Turn, answers: Answers) -> None:
    now = contributions.get(turn.tx, answers["id"])
    grant = _grant_for(turn, now)
    if grant is None:
        turn.say("verify.no_such", typed=now.code)
        return
    if now.version != answers["version"]:
        _say_decided(turn, now)
        return
    try:
        decided = _decide(turn, now, grant, answers)
    except Conflict:
        _say_decided(turn, contributions.get(turn.tx, now.id))
        return
    except verification.OwnReport:
        turn.say("verify.own", code=now.code)
        return
    _tell_reporter(turn, decided, answers.get("reason", ""))
    turn.say(
        f"verify.done_{answers['action']}", [turn.typed("queue")],
        one=decided, what=given.verified(turn, decided),
    )  # fmt: skip


def _decide(turn: Turn, now: Contribution, grant: Grant, answers: Answers) -> Contribution:
    action = answers["action"]
    if action == REJECT:
        return verification.reject(turn.tx, now, grant, answers["reason"])
    if action == MORE:
        return verification.ask_more(turn.tx, now, grant, answers["reason"])
    if action == CORRECT:
        right = given.with_figure(now, answers["amount"])
        return verification.verify(turn.tx, now, grant, right.vnd, right.quantity)
    return verification.verify(turn.tx, now, grant, now.told_vnd, now.told_quantity)


def _tell_reporter(turn: Turn, one: Contribution, reason: str) -> None:
    words = turn.world.words
    typed = [(words.label("show"), turn.typing("show", one.code))]
    if one.state == "needs_more":
        typed = [(words.label("supplement"), turn.typing("supplement", one.code))]
    if one.state == "verified":
        typed += consent.praise_offer(turn, one.reporter_id)
    place = turn.world.places.get(one.place).name
    turn.push(
        one.account_id, f"verdict.{one.state}", typed,
        one=one, place=place, reason=reason, contact=turn.world.officer_contact,
        told=given.told(turn, one), what=given.verified(turn, one),
    )  # fmt: skip


def _deciding(*actions: str) -> Any:
    return lambda _turn, answers: answers.get("action") in actions


FORM = Form(
    "decide",
    (
        Question(
            "action",
            offers=lambda turn, _: [
                turn.label(f"decide.{key}", key) for key in (VERIFY, CORRECT, REJECT, MORE, LATER)
            ],
            values=_details,
            effect=_action,
        ),
        Question(
            "amount",
            says=lambda answers: f"{answers['kind']}.correct",
            read=lambda turn, answers, text: kinds()[answers["kind"]].correct(turn, answers, text),
            when=_deciding(CORRECT),
            values=_details,
            needs=("action",),
        ),
        Question(
            "reason",
            read=_reason,
            when=_deciding(REJECT, MORE),
            offers=_reason_offers,
            values=_details,
            needs=("action",),
        ),
        Question(
            "confirm",
            offers=lambda turn, _: [turn.label("record"), turn.label("cancel")],
            values=_read_back,
            needs=("action",),
            counts=False,
        ),
    ),
    _finish,
)
FORMS = (FORM,)
COMMANDS: dict[str, Callable[[Turn], None]] = {"queue": queue}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {}
MENU: tuple[Entry, ...] = (Entry("queue", 4, lambda turn: bool(reviewing(turn))),)
