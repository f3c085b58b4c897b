"""Verifying (xác minh) by chat: one report taken in hand, one decision on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers import colleagues, decided, desk, details, evidence_shown, forms, given, policy
from handlers.forms import Answers, Form, Question, Unclear
from handlers.kinds import kinds
from handlers.menu import Entry
from handlers.turn import Offer, Turn
from knowledge.text import fold
from storage import contributions, holds, verification
from storage.contributions import Contribution
from storage.errors import Conflict
from storage.grants import Grant

VERIFY, CORRECT, REJECT, MORE, LATER, HAND = "verify", "correct", "reject", "more", "later", "hand"
REASONS = {REJECT: ("reject.1", "reject.2", "reject.3"), MORE: ("more.1", "more.2", "more.3")}
MIN_REASON = 5
SEEN = "shown"
"""The answer that tells what evidence the officer was shown; no question asks for it."""


def open_one(turn: Turn, typed: str) -> None:
    """Open a report to decide on it: it is in this officer's hand from now on."""
    _start(turn, typed, {})


def hand_over(turn: Turn, typed: str) -> None:
    """Open a report to hand it to a colleague."""
    _start(turn, typed, {"action": HAND})


def _start(turn: Turn, typed: str, answers: Answers) -> None:
    held = desk.take(turn, typed)
    if held is not None:
        _put_back_other(turn, held)
        about = {"id": held.id, "version": held.version, "kind": held.kind}
        forms.restart(turn, FORM, about | answers)


def read_reason(_turn: Turn, _answers: Answers, text: str) -> str:
    """A reason in words, for the reporter to read."""
    reason = " ".join(text.split())
    if len(reason) < MIN_REASON or not any(char.isalpha() for char in reason):
        raise Unclear("verify.reason_short")
    return reason


def _reason_offers(turn: Turn, answers: Answers) -> list[Offer]:
    labels = [turn.world.words.label(f"reason.{key}") for key in REASONS[answers["action"]]]
    return [Offer(label, label) for label in labels]


def _typed_action(turn: Turn, _answers: Answers, text: str) -> str:
    """Handing over is not among the five choices; it is typed, with the name or without."""
    asked = turn.world.words.label("hand_to")
    if not fold(text).startswith(fold(asked)):
        raise Unclear("forms.choose")
    return HAND


def _action(turn: Turn, answers: Answers, value: Any) -> bool:
    if value == HAND:
        named = colleagues.named(turn, answers, turn.message.text)
        if named is not None:
            answers["colleague"] = named
    if value != LATER:
        return True
    _put_back(turn, answers)
    code = contributions.get(turn.tx, answers["id"]).code
    turn.say(
        "verify.later",
        [turn.label("hand", turn.typing("hand", code)), *desk.back_to_queue(turn)],
        code=code,
    )
    return False


def _put_back_other(turn: Turn, opened: Contribution) -> None:
    """What was open in this chat goes back to the queue when another report is opened."""
    left = turn.state.get("forms", {}).get(FORM.name)
    if left is None or left["answers"]["id"] == opened.id:
        return
    if _put_back(turn, left["answers"]):
        other = contributions.get(turn.tx, left["answers"]["id"])
        turn.say("verify.put_back", code=other.code)


def _put_back(turn: Turn, answers: Answers) -> bool:
    """Somebody else may take it in hand; False when it was not in this officer's."""
    one = contributions.get(turn.tx, answers["id"])
    if one.state != "in_review" or one.holder_id != turn.person.id:
        return False
    holds.release(turn.tx, one, turn.person.id)
    return True


def _read_back(turn: Turn, answers: Answers) -> dict[str, Any]:
    one = contributions.get(turn.tx, answers["id"])
    right = answers.get("amount")
    corrected = "" if right is None else given.corrected(turn, one, right)
    seen = answers.get(SEEN)
    shown = _note_seen(turn, answers)
    return {
        **details.brief(turn, one),
        "corrected": corrected,
        "sent": evidence_shown.told(turn, one.id),
        "came": seen is not None and seen != answers[SEEN],
        "fetching": evidence_shown.is_fetching(turn.tx, one.id),
        "pictures": [number for number in shown if [number, True] not in (seen or [])],
    }


def _note_seen(turn: Turn, answers: Answers) -> list[int]:
    """Keep what came with the report as it is shown now; the pictures among it."""
    answers[SEEN] = evidence_shown.as_it_is(turn.tx, answers["id"])
    return [number for number, shown in answers[SEEN] if shown]


def _still_so(turn: Turn, answers: Answers, _value: Any) -> bool | None:
    """What came or went since the read-back is read back before anything is recorded."""
    # From this look to the record nobody takes a piece out: the decision stands on what was shown.
    contributions.hold(turn.tx, answers["id"])
    same = answers.get(SEEN, []) == evidence_shown.as_it_is(turn.tx, answers["id"])
    return True if same else None


def _moved_on(turn: Turn, answers: Answers) -> bool:
    """Whether the report is no more this officer's to decide on as he saw it, which he is told.

    Asked at every step: what was taken back or erased meanwhile is not shown once more.
    """
    now = contributions.get(turn.tx, answers["id"])
    if policy.may(turn, "see", now) is None:
        turn.say("verify.no_such", typed=now.code)
        return True
    same = holds.same_since(turn.tx, now.id, answers["version"])
    if policy.may(turn, "decide", now) is None or not same:
        decided.say_moved_on(turn, now)
        return True
    return False


def _finish(turn: Turn, answers: Answers) -> None:
    now = contributions.get(turn.tx, answers["id"])
    grant = policy.may(turn, "decide", now)
    try:
        if grant is None:
            raise Conflict
        if answers["action"] == HAND:
            colleagues.give(turn, now, grant, answers["colleague"])
            return
        done = _decide(turn, now, grant, answers)
    except verification.Held:
        desk.look(turn, now)
        return
    except Conflict:
        decided.say_moved_on(turn, contributions.get(turn.tx, now.id))
        return
    except verification.OwnReport:
        turn.say("verify.own", code=now.code)
        return
    decided.tell_reporter(turn, done, grant, answers.get("reason", ""))
    decided.say_done(turn, done, answers["action"])


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


def _deciding(*actions: str) -> Any:
    return lambda _turn, answers: answers.get("action") in actions


def _details(turn: Turn, answers: Answers) -> dict[str, Any]:
    _note_seen(turn, answers)
    return details.again(turn, answers["id"])


FORM = Form(
    "decide",
    (
        Question(
            "action",
            read=_typed_action,
            offers=lambda turn, _: [
                turn.label(f"decide.{key}", key) for key in (VERIFY, CORRECT, REJECT, MORE, LATER)
            ],
            values=_details,
            effect=_action,
        ),
        Question(
            "colleague",
            read=colleagues.read,
            when=_deciding(HAND),
            offers=colleagues.offers,
            values=_details,
            needs=("action",),
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
            read=read_reason,
            when=_deciding(REJECT, MORE),
            offers=_reason_offers,
            values=_details,
            needs=("action",),
        ),
        Question(
            "confirm",
            when=_deciding(VERIFY, CORRECT, REJECT, MORE),
            offers=lambda turn, _: [turn.label("record"), turn.label("cancel")],
            values=_read_back,
            effect=_still_so,
            needs=("action",),
            counts=False,
        ),
    ),
    _finish,
    let_go=_put_back,
    gone=_moved_on,
)
FORMS = (FORM,)
COMMANDS: dict[str, Callable[[Turn], None]] = {}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {"hand": hand_over}
MENU: tuple[Entry, ...] = ()
