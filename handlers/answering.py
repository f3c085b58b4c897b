"""Answering (trả lời câu hỏi): officials write an answer once, everyone who asked gets it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers import forms, gathering, passing_on, policy
from handlers.forms import Answers, Form, Question, Unclear
from handlers.menu import Entry
from handlers.policy import Where
from handlers.turn import Offer, Turn, World
from handlers.words import is_number
from storage import questions, timers
from storage.database import Tx
from storage.questions import Group
from storage.timers import Timer

ACTION = "answer"
SHOWN = 4
AT_ONCE, A_SLICE = 50, 500
"""Who is told in the turn itself, and in one transaction of the timer that tells the rest."""
MIN_ANSWER = 10
WRITE, EACH, ALIKE, LATER = "write", "each", "alike", "later"


def places(turn: Turn) -> list[str]:
    """Places whose questions this person may answer; "" for those that are the province's."""
    found = [
        unit.key
        for unit in turn.world.places.all()
        if policy.holding(turn, ACTION, Where(unit.key)) is not None
    ]
    of_province = any(
        turn.world.places.get(held.place).level == "province"
        and policy.allows(ACTION, held.role, ("under",))
        for held in turn.grants
    )
    return [*found, ""] if of_province else found


def visible(turn: Turn, group_id: int) -> Group | None:
    """A group this person may answer, None when it is not his or not there."""
    group = questions.get(turn.tx, group_id)
    return group if group is not None and group.place in places(turn) else None


def listing(turn: Turn) -> None:
    """Open groups, the most asked first."""
    _page(turn, None)


def more(turn: Turn) -> None:
    """The next page."""
    count, group_id = turn.state.get("unanswered_after") or (0, 0)
    _page(turn, (count, group_id) if group_id else None)


def _page(turn: Turn, after: tuple[int, int] | None) -> None:
    own = places(turn)
    if not own:
        turn.say("answering.not_yours")
        return
    found = questions.waiting(turn.tx, own, SHOWN + 1, after=after)
    offers = [
        Offer(
            turn.world.words.text("answering.line", group=one), turn.typing("question", str(one.id))
        )
        for one in found[:SHOWN]
    ]
    if len(found) > SHOWN:
        last = found[SHOWN - 1]
        turn.state["unanswered_after"] = [last.count, last.id]
        offers.append(turn.typed("unanswered_more"))
    turn.say("answering.listing", offers, shown=len(offers))


def open_one(turn: Turn, typed: str) -> None:
    """Open a group to answer it."""
    group = visible(turn, int(typed))
    if group is None:
        turn.say("answering.no_such")
    elif group.answered_at is not None:
        _say_answered(turn, group)
    else:
        forms.restart(turn, FORM, {"id": group.id})


def _say_answered(turn: Turn, group: Group) -> None:
    turn.say("answering.answered", [turn.typed("unanswered")], group=group)


def _values(turn: Turn, answers: Answers) -> dict[str, Any]:
    group = questions.get(turn.tx, answers["id"])
    place = passing_on.office_of(turn.world, group.place if group else "").name
    return {"group": group, "place": place}


def _action_offers(turn: Turn, answers: Answers) -> list[Offer]:
    group = questions.get(turn.tx, answers["id"])
    keys = [WRITE]
    if group is not None and group.count > 1:
        keys.append(EACH)
    if group is not None and gathering.like(turn, group, 1):
        keys.append(ALIKE)
    return [turn.label(f"answering.{key}", key) for key in (*keys, LATER)]


def _action(turn: Turn, answers: Answers, value: Any) -> bool:
    group = visible(turn, answers["id"])
    if value == WRITE and group is not None:
        return True
    if group is None or value == LATER:
        turn.say("answering.later", [turn.typed("unanswered")])
    elif value == EACH:
        _each(turn, group)
    else:
        _alike(turn, group)
    return False


def _each(turn: Turn, group: Group) -> None:
    """The questions of a group one by one, the newest first: the likeliest to be out of place."""
    newest = questions.newest(turn.tx, group.id, SHOWN)
    offers = [
        Offer(
            turn.world.words.text("answering.quoted", text=one.text),
            turn.typing("split", str(one.id)),
        )
        for one in newest
    ]
    turn.say("answering.each", offers, group=group, shown=len(newest))


def _alike(turn: Turn, group: Group) -> None:
    offers = [
        Offer(
            turn.world.words.text("answering.quoted", text=one.text),
            turn.typing("merge", f"{one.id} {group.id}"),
        )
        for one in gathering.like(turn, group, SHOWN)
    ]
    turn.say("answering.alike", offers, group=group)


def _read(_turn: Turn, _answers: Answers, text: str) -> str:
    answer = " ".join(text.split())
    if len(answer) < MIN_ANSWER or not any(char.isalpha() for char in answer):
        raise Unclear("answering.too_short")
    return answer


def _finish(turn: Turn, answers: Answers) -> None:
    group = visible(turn, answers["id"])
    if group is None:
        turn.say("answering.no_such")
        return
    questions.lock(turn.tx, group.place)
    if not questions.answer(turn.tx, group, answers["text"], by=turn.person.id):
        _say_answered(turn, group)
        return
    turn.say("answering.done", [turn.typed("unanswered")], count=group.count)
    tell(turn.tx, turn.world, group.id, AT_ONCE)


def tell(tx: Tx, world: World, group_id: int, most: int) -> None:
    """Tell the next of those who asked; a timer tells the rest, a slice at a time."""
    group = questions.get(tx, group_id)
    if group is None or group.answered_at is None:
        return
    told, left = questions.take_untold(tx, group_id, most)
    for one in told:
        passing_on.push_answer(tx, world, group, one.account_id, one.text)
    if told and left:
        timers.plan(tx, "answer", f"question_group:{group_id}", tx.now, version=told[-1].id)


def _tell_on_time(world: World, tx: Tx, timer: Timer) -> None:
    tell(tx, world, int(timer.subject.partition(":")[2]), A_SLICE)


FORM = Form(
    "answering",
    (
        Question("action", offers=_action_offers, values=_values, effect=_action),
        Question("text", read=_read, values=_values, free=False, needs=("action",)),
        Question(
            "confirm",
            offers=lambda turn, _: [turn.label("send_answer"), turn.label("cancel")],
            values=_values,
            needs=("text",),
            counts=False,
        ),
    ),
    _finish,
)
FORMS = (FORM,)
COMMANDS: dict[str, Callable[[Turn], None]] = {"unanswered": listing, "unanswered_more": more}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {"question": open_one}
READS: dict[str, Callable[[str], bool]] = {"question": is_number}
MENU: tuple[Entry, ...] = (
    Entry(
        "unanswered",
        5,
        lambda turn: any(
            policy.allows(ACTION, held.role, ("own", "under")) for held in turn.grants
        ),
    ),
)
TIMERS: dict[str, Callable[[World, Tx, Timer], None]] = {"answer": _tell_on_time}
