"""Verifying several at once (duyệt nhiều): picked from a page, counted, read back, confirmed.

Each is decided by its own compare-and-set, and what could not be is told with its reason. What
looks doubtful, is one's own, or is in a colleague's hand must be opened by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from typing import Any

from handlers import decided, desk, forms, policy, queue
from handlers.forms import Answers, Form, Question, Unclear
from handlers.menu import Entry
from handlers.turn import Turn
from knowledge.text import fold
from storage import contributions, holds, verification
from storage.contributions import Contribution
from storage.errors import Conflict
from storage.four_eyes import is_own

SHOWN = 5
LOOKED_AT = 15
"""Mostly enough to find as many; the whole queue is read only where it is not."""
ALL = "all"
CHANGED, HELD, OWN, NOT_HIS = "changed", "held", "own", "not_his"


def begin(turn: Turn) -> None:
    """List the first reports of the current view that may be verified together."""
    if not desk.serves(turn):
        turn.say("verify.not_an_officer")
        return
    found = _first(turn, LOOKED_AT)
    if len(found) < SHOWN:
        found = _first(turn, queue.COUNTED)
    if not found:
        turn.say("bulk.none", desk.back_to_queue(turn))
        return
    forms.restart(turn, FORM, {"page": [[one.id, one.version] for one in found]})


def _first(turn: Turn, of: int) -> list[Contribution]:
    """The first that may be verified together, among as many as `of` of the view."""
    waiting = queue.waiting(turn, queue.view_of(turn), of)
    return list(islice((one for one in waiting if _plain(turn, one)), SHOWN))


def _plain(turn: Turn, one: Contribution) -> bool:
    """Whether nothing about a report asks for a look of its own."""
    return (
        not one.doubts
        and one.holder(turn.now) in (None, turn.person.id)
        and not is_own(turn.tx, turn.person.id, one)
    )


def _listed(turn: Turn, answers: Answers) -> dict[str, Any]:
    found = [contributions.get(turn.tx, one_id) for one_id, _ in answers["page"]]
    return {"lines": [_line(turn, one) for one in found]}


def _line(turn: Turn, one: Contribution) -> str:
    """A report in one line; of one that is his no more only the code he was shown."""
    return queue.line(turn, one) if policy.may(turn, "see", one) else one.code


def _none_left(turn: Turn, answers: Answers) -> bool:
    """Whether none of these is this person's to see any more, which he is told."""
    page = (contributions.get(turn.tx, one_id) for one_id, _ in answers["page"])
    if any(policy.may(turn, "see", one) for one in page):
        return False
    if desk.serves(turn):
        turn.say("bulk.none", desk.back_to_queue(turn))
    else:
        turn.say("verify.not_an_officer")
    return True


def _pick(turn: Turn, answers: Answers, text: str) -> list[int]:
    """The numbers of the lines picked, from "1 2 4" or "1, 2 và 4"."""
    numbers = turn.world.words.numbers
    words = [word for word in re.split(r"[\s,;.+&]+", fold(text)) if word and word != "va"]
    picked = sorted({numbers.get(word, 0) for word in words})
    if not picked or picked[0] < 1 or picked[-1] > len(answers["page"]):
        raise Unclear("bulk.pick_unclear", most=len(answers["page"]))
    return picked


def _picked(answers: Answers) -> list[list[int]]:
    if answers["pick"] == ALL:
        return list(answers["page"])
    return [answers["page"][number - 1] for number in answers["pick"]]


def _read_back(turn: Turn, answers: Answers) -> dict[str, Any]:
    found = [contributions.get(turn.tx, one_id) for one_id, _ in _picked(answers)]
    return {
        "codes": [one.code for one in found],
        "count": len(found),
        "vnd": sum(one.told_vnd or 0 for one in found),
    }


def _finish(turn: Turn, answers: Answers) -> None:
    done: list[Contribution] = []
    skipped: list[tuple[str, str]] = []
    for one_id, version in _picked(answers):
        now = contributions.get(turn.tx, one_id)
        why = _verify(turn, now, version)
        if why:
            skipped.append((now.code, turn.world.words.label(f"skipped.{why}")))
        else:
            done.append(now)
    turn.say(
        "bulk.done", [turn.typed("queue.bulk"), *desk.back_to_queue(turn)],
        codes=[one.code for one in done], skipped=skipped,
    )  # fmt: skip


def _verify(turn: Turn, now: Contribution, version: int) -> str:
    """Verify one as told; why not, "" when it is done."""
    grant = policy.may(turn, "decide", now)
    if policy.may(turn, "see", now) is None:
        return NOT_HIS
    if now.holder(turn.now) not in (None, turn.person.id):
        return HELD
    if grant is None or now.doubts or not holds.same_since(turn.tx, now.id, version):
        return CHANGED
    try:
        done = verification.verify(turn.tx, now, grant, now.told_vnd, now.told_quantity)
    except Conflict:
        return CHANGED
    except verification.OwnReport:
        return OWN
    decided.tell_reporter(turn, done, grant)
    return ""


FORM = Form(
    "bulk",
    (
        Question(
            "pick",
            read=_pick,
            offers=lambda turn, _: [
                turn.label("bulk.all", ALL),
                turn.label("cancel"),
            ],
            values=_listed,
        ),
        Question(
            "confirm",
            offers=lambda turn, _: [turn.label("record"), turn.label("cancel")],
            values=_read_back,
            needs=("pick",),
            counts=False,
        ),
    ),
    _finish,
    gone=_none_left,
)
FORMS = (FORM,)
COMMANDS: dict[str, Callable[[Turn], None]] = {"bulk": begin}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {}
MENU: tuple[Entry, ...] = ()
