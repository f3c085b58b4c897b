"""Taking out what was sent by mistake (bỏ ảnh): one piece of one's own evidence, asked once.

While a report is being told, and afterwards until somebody decides on it. Whoever has it in hand is
shown what it holds by then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from handlers import asked, evidence_taken, forms
from handlers.evidence_shown import counted, is_picture
from handlers.evidence_taken import TOGETHER
from handlers.forms import Answers, Form, Question, Unclear
from handlers.menu import Entry
from handlers.messages import MAX_CHOICES
from handlers.turn import Offer, Turn
from storage import contributions, corrections, media, media_out
from storage.codes import find_in, parse
from storage.contributions import Contribution
from storage.errors import Conflict
from storage.media import LIVE, Evidence

REPORT, CORRECT = "report", "correct"
"""Forms in whose middle something can be taken out; they go on behind it."""
LOOKED_AT = 20
"""Of a person's newest reports; an older one is named by its code."""
OLDER = "older"
NONE = 0
"""Chosen instead of a piece's id: all of them stay."""
PAGE = MAX_CHOICES - 1


def begin(turn: Turn) -> None:
    """Ask which of what was sent is to go."""
    _start(turn, _pieces(turn))


def begin_last(turn: Turn) -> None:
    """What was sent last is to go; of several sent together, ask which."""
    found = _pieces(turn)
    together = [one for one in found if found[0].received_at - one.received_at <= TOGETHER]
    _start(turn, together, last=True)


def begin_of(turn: Turn, typed: str) -> None:
    """ "bỏ ảnh LC-…": out of this report."""
    code = parse(typed) or find_in(typed)
    one = contributions.find(turn.tx, code) if code else None
    if one is None or one.reporter_id != turn.person.id:
        turn.say("verify.no_such", typed=typed[:20])
    elif one.state not in corrections.OPEN:
        _say_closed(turn, one)
    else:
        _start(turn, _of(turn, one))


def _start(turn: Turn, found: list[Evidence], *, last: bool = False) -> None:
    """Begin with these, newest first; nothing is asked where there is none."""
    back = _inside(turn)
    if not found:
        if not last or not _offer_the_report(turn):
            turn.say("take_out.none")
        turn.state["form"] = None
        _go_back(turn, back)
        return
    answers: Answers = {"ids": [one.id for one in found], "back": back}
    if len(found) == 1:
        answers["which"] = found[0].id
    forms.restart(turn, FORM, answers)


def _offer_the_report(turn: Turn) -> bool:
    """Where not a photo but the newest report may be what was sent by mistake, offer to mend it."""
    newest = contributions.of_reporter(turn.tx, turn.person.id, 1)
    if _inside(turn) is not None or not newest or newest[0].state not in corrections.OPEN:
        return False
    code = newest[0].code
    offers = [turn.label(key, turn.typing(key, code)) for key in ("correct", "withdraw")]
    turn.say("take_out.none_but_report", offers, code=code)
    return True


def _inside(turn: Turn) -> str | None:
    """The form in whose middle the person is, where it goes on behind this."""
    form = turn.state.get("form")
    if form == FORM.name:
        form = forms.answers_of(turn, FORM)["back"]
    return form if form in (REPORT, CORRECT) else None


def _pieces(turn: Turn) -> list[Evidence]:
    """What can be taken out where the person is now, newest first."""
    told = turn.state.get("forms", {})
    draft = evidence_taken.of_draft(turn, told.get(REPORT, {}).get("answers", {}))
    form = _inside(turn)
    if form == REPORT and draft:
        return draft[::-1]
    own = contributions.of_reporter(turn.tx, turn.person.id, LOOKED_AT)
    if form == CORRECT:
        own = [contributions.get(turn.tx, told[CORRECT]["answers"]["seen"][0])]
    sent = [piece for one in own if one.state in corrections.OPEN for piece in _of(turn, one)]
    return sorted([*draft, *sent], key=lambda one: one.id, reverse=True)


def _of(turn: Turn, one: Contribution) -> list[Evidence]:
    rows = media.of_contribution(turn.tx, one.id)
    return [each for each in rows if each.state in LIVE][::-1]


def _page(answers: Answers) -> list[int]:
    """The ids that are offered now; all of them where they fit."""
    ids: list[int] = answers["ids"]
    if len(ids) <= MAX_CHOICES:
        return ids
    at = answers.get("at", 0)
    return ids[at : at + PAGE]


def _shown(turn: Turn, answers: Answers) -> list[Evidence]:
    found = (media.get(turn.tx, number) for number in _page(answers))
    return [one for one in found if one is not None]


def _offers(turn: Turn, answers: Answers) -> list[Offer]:
    shown = [(one, _named(turn, one)) for one in _shown(turn, answers)]
    alike = Counter(tuple(named.values()) for _, named in shown)
    line = partial(turn.world.words.text, "take_out.line")
    offers = [
        # Where the time does not tell them apart, their place in the list does.
        Offer(
            line(
                number=answers["ids"].index(one.id) + 1 if alike[*named.values()] > 1 else 0,
                **named,
            ),
            one.id,
        )
        for one, named in shown
    ]
    more = len(answers["ids"]) > MAX_CHOICES
    return [*offers, turn.label("more", OLDER)] if more else offers


def _read_none(turn: Turn, _answers: Answers, text: str) -> int:
    """ "không", "giữ lại" at the list: none of them."""
    if turn.world.words.is_said(text, "take_out_no"):
        return NONE
    raise Unclear("forms.choose")


def _turn_page(_turn: Turn, answers: Answers, value: Any) -> bool | None:
    if value != OLDER:
        return True
    at = answers.get("at", 0) + PAGE
    answers["at"] = at if at < len(answers["ids"]) else 0
    return None


def _named(turn: Turn, one: Evidence) -> dict[str, Any]:
    """What a piece is called: its sort, when it came, the code of its report ("" for none yet)."""
    bound = one.contribution_id
    return {
        "what": turn.world.words.label(f"evidence.{one.kind}"),
        "at": one.received_at,
        "code": contributions.get(turn.tx, bound).code if bound is not None else "",
    }


def _pictures(found: list[Evidence]) -> list[int]:
    return [one.id for one in found if is_picture(one)]


def _list(turn: Turn, answers: Answers) -> dict[str, Any]:
    return {"pictures": _pictures(_shown(turn, answers))}


def _one(turn: Turn, answers: Answers) -> dict[str, Any]:
    one = media.get(turn.tx, answers["which"])
    if one is None:
        raise LookupError(answers["which"])  # `_is_gone` was asked before
    return {**_named(turn, one), "pictures": _pictures([one])}


def _is_gone(turn: Turn, answers: Answers) -> bool:
    """Whether what was chosen cannot be taken out any more, which is said."""
    one = media.get(turn.tx, answers["which"]) if "which" in answers else None
    if answers.get("which", NONE) == NONE or _is_free(turn, one):
        return False
    if one is not None and one.contribution_id is not None:
        _say_closed(turn, contributions.get(turn.tx, one.contribution_id))
    else:
        turn.say("take_out.none")
    return True


def _is_free(turn: Turn, one: Evidence | None) -> bool:
    if one is None or one.state not in LIVE:
        return False
    bound = one.contribution_id
    return bound is None or contributions.get(turn.tx, bound).state in corrections.OPEN


def _finish(turn: Turn, answers: Answers) -> None:
    one = media.get(turn.tx, answers["which"])
    if answers["which"] == NONE:
        turn.say("take_out.kept_all")
    elif one is None:
        turn.say("take_out.none")
    elif answers["confirm"] != "take_out_yes":
        turn.say("take_out.kept", **_named(turn, one))
    else:
        _take_out(turn, one)
    _go_back(turn, answers["back"])


def _take_out(turn: Turn, one: Evidence) -> None:
    named, bound = _named(turn, one), one.contribution_id
    try:
        media_out.take_out(turn.tx, one, by=turn.person.id)
    except Conflict:
        if bound is None:
            turn.say("take_out.none")
        else:
            _say_closed(turn, contributions.get(turn.tx, bound))
        return
    # The next thing sent is no part of what was answered already.
    turn.state.pop("album", None)
    left: list[Evidence] = []
    if bound is not None:
        left = _of(turn, contributions.get(turn.tx, bound))
    turn.say("take_out.done", **named, left=counted(turn.world.words, (each.kind for each in left)))


def _go_back(turn: Turn, form: str | None) -> None:
    """Into the form in whose middle this was done; what it asked is asked again."""
    if form is not None and form in turn.state.get("forms", {}):
        turn.state["form"] = form
        turn.state[asked.MEANT] = ""


def _say_closed(turn: Turn, one: Contribution) -> None:
    state = turn.world.words.label(f"state.{one.state}")
    contact = turn.world.officer_contact
    turn.say("take_out.closed", code=one.code, state=state, contact=contact)


FORM = Form(
    "take_out",
    (
        Question("which", read=_read_none, offers=_offers, values=_list, effect=_turn_page),
        Question(
            "confirm",
            offers=lambda turn, _: [turn.label("take_out_yes"), turn.label("take_out_no")],
            values=_one,
            when=lambda _, answers: answers.get("which") != NONE,
            needs=("which",),
            counts=False,
        ),
    ),
    _finish,
    gone=_is_gone,
)
FORMS = (FORM,)
COMMANDS: dict[str, Callable[[Turn], None]] = {"take_out": begin, "take_out_last": begin_last}
WITHIN = tuple(COMMANDS)
"""Commands that leave an open form to themselves: what it is tells what they are about."""
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {"take_out": begin_of}
MENU: tuple[Entry, ...] = ()
