"""After a decision (sau khi quyết định): who is told what, and taking it back within a minute."""

from __future__ import annotations

from collections.abc import Callable

from handlers import consent, desk, given, offices, overdue, policy
from handlers.forms import Form
from handlers.menu import Entry
from handlers.turn import Turn
from storage import verification
from storage.contributions import Contribution
from storage.errors import Conflict
from storage.grants import Grant
from storage.objections import is_corrected, may_answer


def tell_reporter(
    turn: Turn, one: Contribution, by: Grant, reason: str = "", message: str = ""
) -> None:
    """One sentence with the next step to whoever told the report; `by` names the office."""
    words = turn.world.words
    step = "supplement" if one.state == "needs_more" else "show"
    typed = [(words.label(step), turn.typing(step, one.code))]
    if may_answer(one):
        typed = [(words.label(key), turn.typing(key, one.code)) for key in ("agree", "disagree")]
    if one.state == "verified" and one.entered_by is None:
        typed += consent.praise_offer(turn, one.reporter_id)
    turn.push(
        one.account_id, message or f"verdict.{one.state}", typed,
        one=one, place=turn.world.places.get(by.place).name, reason=reason,
        contact=turn.world.officer_contact, corrected=is_corrected(one),
        told=given.told(turn, one), what=given.verified(turn, one),
    )  # fmt: skip


def say_done(turn: Turn, one: Contribution, action: str) -> None:
    """Tell the officer, and how to take it back."""
    turn.state["decided"] = one.code
    turn.say(
        f"verify.done_{action}",
        [turn.label("undo", turn.typing("undo", one.code)), *desk.back_to_queue(turn)],
        one=one, what=given.verified(turn, one),
    )  # fmt: skip


def say_moved_on(turn: Turn, one: Contribution) -> None:
    """The report is no more as this officer saw it."""
    last = verification.last_decision(turn.tx, one.id)
    taken_back = one.state == "withdrawn"
    if taken_back or (last is not None and last.version == one.version):
        desk.say_decided(turn, one)
        return
    turn.say(
        "verify.moved_on", [turn.label("open", turn.typing("open", one.code))],
        code=one.code, state=turn.world.words.label(f"state.{one.state}"),
    )  # fmt: skip


def undo_last(turn: Turn) -> None:
    """Take back what was decided last in this chat."""
    code = turn.state.get("decided")
    if code is None:
        turn.say("verify.nothing_to_undo")
    else:
        undo(turn, code)


def undo(turn: Turn, typed: str) -> None:
    """Take one's own decision back, while it is fresh."""
    seen = desk.visible(turn, typed)
    if seen is None:
        turn.say("verify.no_such", typed=typed[:20])
        return
    grant = policy.may(turn, "undo", seen)
    try:
        if grant is None:
            raise Conflict
        back = verification.undo(turn.tx, seen, grant, until=turn.now + desk.LEASE)
    except (Conflict, verification.OwnReport):
        turn.say("verify.too_late_to_undo", desk.back_to_queue(turn), code=seen.code)
        return
    overdue.plan(turn, back)
    overdue.plan_lease(turn, back)
    turn.say("verify.undone", [turn.label("open", turn.typing("open", back.code))], code=back.code)
    tell_reporter(turn, back, grant, message="verdict.undone")


def tell_officers(
    turn: Turn, one: Contribution, message: str, *,
    above: bool = False, added: str = "", only: int | None = None,
) -> None:  # fmt: skip
    """Tell everybody who serves the report's place (or the level above), but not who writes.

    `only` is the one of them whom alone it is news to.
    """
    places = turn.world.places
    told = offices.officers(turn.tx, places, one.place, turn.today)
    if above:
        told += offices.officers_above(turn.tx, places, one.place, turn.today)
    # Who serves the place and the level above hears it once.
    for officer in {grant.account_id: grant for grant in told}.values():
        if officer.person_id != turn.person.id and only in (None, officer.person_id):
            turn.push(
                officer.account_id, message,
                [(turn.world.words.label("open"), turn.typing("open", one.code))],
                one=one, place=places.get(one.place).name, what=given.verified(turn, one),
                told=given.told(turn, one), does=given.does(turn, one.kind), added=added,
            )  # fmt: skip


FORMS: tuple[Form, ...] = ()
COMMANDS: dict[str, Callable[[Turn], None]] = {"undo": undo_last}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {"undo": undo}
MENU: tuple[Entry, ...] = ()
