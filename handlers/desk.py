"""Opening a report as an official (mở báo cáo): who may decide takes it in hand, others look.

Every press checks afresh what the person may do with the report as it stands. A report he may not
see is as unknown as none at all.
"""

from __future__ import annotations

from datetime import timedelta

from handlers import details, overdue, policy
from handlers.turn import Offer, Turn
from storage import contributions, holds, verification
from storage.codes import find_in, parse
from storage.contributions import Contribution
from storage.errors import Conflict
from storage.four_eyes import is_own
from storage.grants import Grant

LEASE = timedelta(minutes=15)
"""Time for a call to the village; a phone put away must not keep a report from a colleague."""


def serves(turn: Turn) -> list[Grant]:
    """The grants under which this person verifies, his own commune's or what is raised to him."""
    return [grant for grant in turn.grants if policy.granted("claim", grant.role)]


def visible(turn: Turn, typed: str) -> Contribution | None:
    """The report a typed code means, when this person may see it in an office."""
    code = parse(typed) or find_in(typed)
    seen = contributions.find(turn.tx, code) if code else None
    return seen if seen is not None and policy.may(turn, "see", seen) else None


def take(turn: Turn, typed: str) -> Contribution | None:
    """Take the report in hand, or say why not and show it; None when there is nothing to do."""
    seen = visible(turn, typed)
    if seen is None:
        turn.say("verify.no_such", typed=typed[:20])
        return None
    grant = policy.may(turn, "claim", seen)
    if grant is None:
        say_decided(turn, seen)
        return None
    if is_own(turn.tx, turn.person.id, seen):
        turn.say("verify.own", code=seen.code)
        return None
    try:
        held = holds.claim(turn.tx, seen, grant, turn.now + LEASE)
        overdue.plan_lease(turn, held)
        return held
    except verification.Held:
        look(turn, seen)
    except Conflict:
        say_decided(turn, contributions.get(turn.tx, seen.id))
    return None


def look(turn: Turn, one: Contribution, *offers: Offer) -> None:
    """Show a report to whoever may see it and not decide."""
    turn.say("verify.look", [*offers, *back_to_queue(turn)], **details.of(turn, one))


def say_decided(turn: Turn, one: Contribution) -> None:
    """How a report stands that is not this person's to decide on, and what he may yet do."""
    last = verification.last_decision(turn.tx, one.id)
    offers = []
    if policy.may(turn, "revoke", one) and not is_own(turn.tx, turn.person.id, one):
        offers.append(turn.label("revoke", turn.typing("revoke", one.code)))
    if one.state == "withdrawn":
        # Whoever takes his report back takes what it told from the officers' eyes.
        state = turn.world.words.label(f"state.{one.state}")
        turn.say("verify.withdrawn", back_to_queue(turn), code=one.code, state=state)
        return
    # A decision taken back leaves the report open again: nobody has decided on it.
    if last is None or last.state != one.state or one.state in contributions.OPEN:
        look(turn, one, *offers)
        return
    turn.say(
        "verify.decided", [*offers, *back_to_queue(turn)], code=one.code, last=last,
        state=turn.world.words.label(f"state.{last.state}"),
    )  # fmt: skip


def back_to_queue(turn: Turn) -> list[Offer]:
    """The way back to the queue, for who has one."""
    return [turn.typed("queue")] if serves(turn) else []
