"""A reporter's own contributions: the list, one with its state, taking one back, adding to one.

Correcting one stands in `correct`, its story in `story`, a year's totals in `totals`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers import asked, consent, evidence_shown, forms, given, verify
from handlers.forms import Answers, Form, Question, Unclear
from handlers.menu import Entry
from handlers.turn import Offer, Turn
from storage import consents, contributions, corrections, holds, stories, verification
from storage.codes import find_in, parse
from storage.contributions import Contribution
from storage.errors import Conflict

SHOWN = 5
MIN_TOLD = 5


def listing(turn: Turn) -> None:
    """The newest reports of whoever asks."""
    _page(turn, contributions.of_reporter(turn.tx, turn.person.id, SHOWN + 1), "mine.listing")


def offer_changes(turn: Turn) -> bool:
    """To who speaks of putting right or taking back: what he can do so with; False for nothing."""
    newest = contributions.of_reporter(turn.tx, turn.person.id, SHOWN)
    own = [one for one in newest if one.state in corrections.OPEN]
    if len(own) > 1:
        listing(turn)
    elif own:
        keys = ("correct", "withdraw")
        offers = [turn.label(key, turn.typing(key, own[0].code)) for key in keys]
        turn.say("mine.change", offers, code=own[0].code, what=given.told(turn, own[0]))
    return bool(own)


def older(turn: Turn, typed: str) -> None:
    """The reports before one of his own."""
    own = find(turn, typed)
    if own is None:
        turn.say("verify.no_such", typed=typed[:20])
        return
    _page(turn, stories.before(turn.tx, turn.person.id, own.id, SHOWN + 1), "mine.older")


def _page(turn: Turn, own: list[Contribution], key: str) -> None:
    more = len(own) > SHOWN
    page = own[: SHOWN - 1] if more else own
    words = turn.world.words
    offers = [
        Offer(
            words.text(
                "mine.line",
                one=one,
                what=given.told(turn, one),
                state=words.label(f"state.{one.state}"),
            ),
            turn.typing("show", one.code),
        )
        for one in page
    ]
    if more:
        offers.append(turn.label("more", turn.typing("older", page[-1].code)))
    turn.say(key, offers, shown=len(page))


def only(turn: Turn) -> str | None:
    """The code of the only report a person has told, None when there are none or several."""
    own = contributions.of_reporter(turn.tx, turn.person.id, 2)
    return own[0].code if len(own) == 1 else None


def show(turn: Turn, typed: str) -> None:
    """One report by its code: to its reporter its state, to its commune's officer the decision."""
    own = find(turn, typed)
    if own is None:
        verify.open_one(turn, typed)
        return
    last = verification.last_decision(turn.tx, own.id)
    words = turn.world.words
    turn.say(
        "mine.one", _offers(turn, own), one=own,
        told=given.told(turn, own), does=given.does(turn, own.kind),
        what=given.verified(turn, own), place=turn.world.places.get(own.place).name,
        state=words.label(f"state.{own.state}"), reason=last.reason if last else "",
        office=turn.world.places.get(last.place).name if last else "",
    )  # fmt: skip


def _offers(turn: Turn, own: Contribution) -> list[Offer]:
    """What its reporter may do with a report as it stands."""
    possible = {
        "supplement": own.state == "needs_more",
        "correct": own.state in corrections.OPEN,
        "withdraw": "withdrawn" in verification.MOVES[own.state],
        "story": True,
        "take_out": own.state in corrections.OPEN and evidence_shown.is_any(turn.tx, own.id),
    }
    found = [turn.label(key, turn.typing(key, own.code)) for key, may in possible.items() if may]
    if own.state == "verified" and not consents.has(turn.tx, turn.person.id, consent.PRAISE):
        found.append(turn.typed("praise"))
    return found


def supplement(turn: Turn, typed: str) -> None:
    """Start adding what the commune asked for."""
    own = find(turn, typed)
    if own is None:
        turn.say("verify.no_such", typed=typed[:20])
    elif own.state != "needs_more":
        turn.say(
            "mine.nothing_asked", code=own.code, state=turn.world.words.label(f"state.{own.state}")
        )
    else:
        last = verification.last_decision(turn.tx, own.id)
        reason = last.reason if last else ""
        forms.restart(turn, FORM, {"id": own.id, "code": own.code, "reason": reason})


def withdraw(turn: Turn, typed: str) -> None:
    """Start taking a report back, while nobody has decided on it."""
    own = find(turn, typed)
    if own is None:
        turn.say("verify.no_such", typed=typed[:20])
    elif "withdrawn" not in verification.MOVES[own.state]:
        _too_late(turn, own)
    else:
        forms.restart(turn, WITHDRAW, {"id": own.id, "version": own.version})


def _too_late(turn: Turn, own: Contribution) -> None:
    state = turn.world.words.label(f"state.{own.state}")
    turn.say("withdraw.too_late", code=own.code, state=state)


def _what(turn: Turn, answers: Answers) -> dict[str, Any]:
    own = contributions.get(turn.tx, answers["id"])
    return {"code": own.code, "what": given.told(turn, own)}


def _withdraw(turn: Turn, answers: Answers) -> None:
    own = contributions.get(turn.tx, answers["id"])
    if answers["confirm"] != "withdraw_yes":
        turn.say("withdraw.kept", code=own.code)
        return
    try:
        if not holds.same_since(turn.tx, own.id, answers["version"]):
            raise Conflict
        verification.withdraw(turn.tx, own, turn.person.id)
    except Conflict:
        _too_late(turn, own)
        return
    turn.say("withdraw.done", [turn.typed("mine")], code=own.code)


def find(turn: Turn, typed: str) -> Contribution | None:
    """The report of this code, if whoever writes told it."""
    code = parse(typed) or find_in(typed)
    one = contributions.find(turn.tx, code) if code else None
    return one if one is not None and one.reporter_id == turn.person.id else None


def _told(_turn: Turn, _answers: Answers, text: str) -> str:
    told = " ".join(text.split())
    if len(told) < MIN_TOLD:
        raise Unclear("mine.told_short")
    return told


def _finish(turn: Turn, answers: Answers) -> None:
    asked.answer(turn, contributions.get(turn.tx, answers["id"]), answers["told"])


FORM = Form("supplement", (Question("told", read=_told),), _finish)
WITHDRAW = Form(
    "withdraw",
    (
        Question(
            "confirm",
            offers=lambda turn, _: [turn.label("withdraw_yes"), turn.label("keep")],
            values=_what,
        ),
    ),
    _withdraw,
)
FORMS = (FORM, WITHDRAW)
COMMANDS: dict[str, Callable[[Turn], None]] = {"mine": listing}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {
    "show": show,
    "supplement": supplement,
    "withdraw": withdraw,
    "older": older,
}
MENU: tuple[Entry, ...] = (Entry("mine", 3),)
