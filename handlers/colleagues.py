"""Handing a report to a named colleague of the same office (chuyển cho đồng nghiệp)."""

from __future__ import annotations

from handlers import desk, details, offices, overdue
from handlers.forms import Answers, Unclear
from handlers.messages import MAX_CHOICES
from handlers.turn import Offer, Turn
from knowledge.text import fold
from storage import contributions, holds, people
from storage.contributions import Contribution
from storage.errors import Conflict
from storage.four_eyes import is_own
from storage.grants import Grant


def offers(turn: Turn, answers: Answers) -> list[Offer]:
    """The colleagues by name."""
    return [Offer(name, person_id) for person_id, name in _names(turn, answers)][:MAX_CHOICES]


def read(turn: Turn, answers: Answers, text: str) -> int:
    """The colleague a typed name means."""
    found = named(turn, answers, text)
    if found is None:
        raise Unclear("verify.no_such_colleague")
    return found


def named(turn: Turn, answers: Answers, text: str) -> int | None:
    """The one colleague whose name, or the end of it, the text ends with."""
    typed = f" {fold(text)}"
    near = {
        person_id
        for person_id, name in _names(turn, answers)
        if name and typed.endswith((f" {fold(name)}", f" {fold(name.split()[-1])}"))
    }
    return near.pop() if len(near) == 1 else None


def give(turn: Turn, one: Contribution, grant: Grant, person_id: int) -> None:
    """Put the report into the colleague's hand and tell both. Raises Conflict, OwnReport."""
    to = next((held for held in _of(turn, one) if held.person_id == person_id), None)
    if to is None:
        raise Conflict
    if is_own(turn.tx, to.person_id, one):
        turn.say("verify.colleagues_own", code=one.code)
        return
    given = holds.hand_over(turn.tx, one, grant, to, turn.now + desk.LEASE)
    overdue.plan_lease(turn, given)
    turn.push(
        to.account_id, "verify.handed",
        [(turn.world.words.label("open"), turn.typing("open", given.code))],
        officer=turn.person.name, **details.brief(turn, given),
    )  # fmt: skip
    turn.say(
        "verify.done_hand", desk.back_to_queue(turn),
        code=given.code, officer=people.name_of(turn.tx, to.person_id),
    )  # fmt: skip


def _names(turn: Turn, answers: Answers) -> list[tuple[int, str]]:
    one = contributions.get(turn.tx, answers["id"])
    return [(held.person_id, people.name_of(turn.tx, held.person_id)) for held in _of(turn, one)]


def _of(turn: Turn, one: Contribution) -> list[Grant]:
    """The other officers of this officer's own office, one grant each."""
    places = turn.world.places
    near = offices.officers(turn.tx, places, one.place, turn.today)
    if not any(held.person_id == turn.person.id for held in near):
        near = offices.officers_above(turn.tx, places, one.place, turn.today)
    return list(
        {held.person_id: held for held in near if held.person_id != turn.person.id}.values()
    )
