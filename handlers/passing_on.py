"""Passing a question on (chuyển câu hỏi): what the plan does not say, an official may be asked.

Nothing is kept before the asker says so; an answer goes out with whose it is and when it was given.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from handlers import gathering, policy
from handlers.menu import Entry
from handlers.messages import Reply
from handlers.turn import Offer, Turn, World
from knowledge.places import Unit
from knowledge.worth_keeping import worth_keeping
from storage import grants, households, outbox, questions
from storage.database import Tx
from storage.questions import Group

A_DAY, MOST_A_DAY = timedelta(days=1), 5
MAX_QUESTION = 300


def offers(turn: Turn, text: str) -> list[Offer]:
    """The offer to pass a question on, none where it is not worth it or the day's share is used."""
    if len(text) > MAX_QUESTION or not worth_keeping(text, turn.world.plan.lexicon):
        return []
    if questions.kept_since(turn.tx, turn.person.id, turn.now - A_DAY) >= MOST_A_DAY:
        return []
    turn.state["unanswered"] = text
    gathering.warm(turn, _place(turn))
    return [turn.typed("pass_on")]


def pass_on(turn: Turn) -> None:
    """Keep the question just asked; whoever asks what was answered already gets that answer."""
    text = turn.state.pop("unanswered", None)
    if text is None:
        turn.say("passing_on.nothing")
        return
    if questions.kept_since(turn.tx, turn.person.id, turn.now - A_DAY) >= MOST_A_DAY:
        turn.say("passing_on.enough")
        return
    place = _place(turn)
    questions.lock(turn.tx, place)
    joined = gathering.join(turn, place, text)
    account_id = turn.conversation.account_id
    one, group = questions.keep(
        turn.tx, account_id, turn.person.id, text, place, joined.id if joined else None
    )
    if group.answered_at is None:
        turn.say("passing_on.kept", place=office_of(turn.world, place).name)
        return
    turn.state["passed_on"] = one.id
    told, answer = told_of(turn.tx, turn.world, group)
    turn.say_text(told.text)
    turn.say_text(answer.text, [turn.typed("not_this")])


def not_this(turn: Turn) -> None:
    """The asker finds that the stored answer is to another question: his own is asked anew."""
    one = questions.question(turn.tx, turn.state.pop("passed_on", 0))
    group = questions.get(turn.tx, one.group_id) if one else None
    if one is None or group is None or group.answered_at is None:
        turn.say("passing_on.nothing")
        return
    questions.lock(turn.tx, group.place)
    questions.split(turn.tx, one, by=turn.person.id)
    gathering.forget(turn, group.place)
    turn.say("passing_on.kept", place=office_of(turn.world, group.place).name)


def told_of(tx: Tx, world: World, group: Group, asked: str = "") -> tuple[Reply, Reply]:
    """An official's answer as two messages: whose it is and to what, then the answer itself."""
    values: dict[str, Any] = {
        "question": asked or group.text,
        "place": _answering_office(tx, world, group).name,
        "at": group.answered_at,
    }
    words = world.words
    return (
        Reply(words.text("passing_on.answered", **values)),
        Reply(words.text("passing_on.answer", answer=group.answer)),
    )


def push_answer(tx: Tx, world: World, group: Group, account_id: int, asked: str) -> None:
    """Send an official's answer to one who asked."""
    told = told_of(tx, world, group, asked)
    outbox.put(tx, account_id, "push", [{"text": one.text, "choices": []} for one in told])


def office_of(world: World, place: str) -> Unit:
    """Whose office a group is: its commune's, or the province's."""
    if place:
        return world.places.get(place)
    return next(unit for unit in world.places.all() if unit.level == "province")


def _answering_office(tx: Tx, world: World, group: Group) -> Unit:
    """The office of whoever answered, as he held it then."""
    if group.answered_by is None or group.answered_at is None:
        return office_of(world, group.place)
    held = grants.held_at(tx, group.answered_by, group.answered_at)
    places = [one.place for one in held if policy.granted("answer", one.role)]
    if not places or group.place in places:
        return office_of(world, group.place)
    return world.places.get(places[0])


def _place(turn: Turn) -> str:
    """The commune where the asker is at home, "" when he never said."""
    key = households.home_of(turn.tx, turn.person.id)
    places = turn.world.places
    if key and turn.today >= places.changed_on:
        key = places.successor(places.get(key)).key
    return key


FORMS = ()
COMMANDS: dict[str, Callable[[Turn], None]] = {"pass_on": pass_on, "not_this": not_this}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {}
MENU: tuple[Entry, ...] = ()
