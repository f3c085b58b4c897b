"""Evidence (minh chứng): photos, files, voice notes, a location; before, in or after a report.

Each message is noted and answered on its own; of several sent together only the first is answered.
Whether it becomes part of a report is asked where it is not plain. What the file holds is found out
by the job that fetches it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from handlers import ask, asked, forms, given, told
from handlers.evidence_taken import (
    MOST_A_REPORT,
    agreed,
    keep,
    live,
    loose,
    nouns,
    of_draft,
    speaks,
    takeable,
)
from handlers.forms import Answers, Form
from handlers.menu import Entry
from handlers.messages import Attachment
from handlers.turn import Offer, Turn
from storage import contributions, media
from storage.codes import find_in, parse
from storage.contributions import Contribution

RECENT = timedelta(minutes=10)
"""For so long after a receipt what comes is meant for that report."""
OPEN = ("submitted", "in_review", "needs_more")
"""States in which a report can still be added to."""
OFFERED = 3
_REPORT, _SUPPLEMENT = "report", "supplement"


def take(turn: Turn, text: str, form: Form | None) -> bool:
    """What came beside the text; False when the text is still to be taken for what it says."""
    wanted = takeable(turn.message.attachments)
    if form is not None and forms.is_idle(turn, form):
        form = None
    if not wanted:
        if text:
            return False
        turn.say(f"evidence.{turn.message.attachments[0].kind}")
        if form is not None:
            forms.ask_next(turn, form)
        return True
    if form is not None and form.name == _REPORT:
        return _in_report(turn, text, form, wanted)
    one = _meant(turn, form) if agreed(turn) else None
    gift = _tells_another(turn, text, one)
    if gift:
        # It goes with the report that its words begin.
        one = None
    if one is not None:
        _give(turn, one, keep(turn, wanted, live(turn, one.id), one.code), text)
        return not _is_command(turn, text)
    ids = keep(turn, wanted, len(of_draft(turn, {})), "loose")
    turn.state["loose"] = {"ids": [*loose(turn), *ids], "at": turn.now.isoformat()}
    if gift or _is_command(turn, text):
        if gift and ids and speaks(turn, "loose", ids.values()):
            turn.say_text(_text(turn, "with_it" if agreed(turn) else "held_in_form", ids.values()))
        return False
    if ids and speaks(turn, "loose", ids.values()):
        forms.park(turn)
        _ask_which(turn, ids)
    return True


def hand_in(turn: Turn, answers: Answers, stored: Contribution) -> None:
    """The report is sent, and its evidence with it."""
    ids = [one.id for one in of_draft(turn, answers)]
    media.bind(turn.tx, ids, stored.id, turn.conversation.account_id, by=turn.person.id)
    turn.state.pop("loose", None)
    turn.state.pop("adding", None)


def attach(turn: Turn, typed: str) -> None:
    """ "gửi ảnh LC-…": what was just sent goes to this report, else what comes next does."""
    code = parse(typed) or find_in(typed)
    one = contributions.find(turn.tx, code) if code else None
    if one is None or one.reporter_id != turn.person.id:
        turn.say("verify.no_such", typed=typed[:20])
    elif one.state not in OPEN:
        state = turn.world.words.label(f"state.{one.state}")
        turn.say("evidence.closed", code=one.code, state=state)
    else:
        forms.park(turn)
        turn.state["adding"] = [one.code, turn.now.isoformat()]
        free = MOST_A_REPORT - live(turn, one.id)
        sent = of_draft(turn, {})[: max(free, 0)] if agreed(turn) else []
        if sent:
            turn.state.pop("loose", None)
            turn.state.pop("album", None)
            _give(turn, one, {each.id: each.kind for each in sent}, "")
        elif free > 0:
            turn.say("evidence.send_now", code=one.code)
        else:
            turn.say("evidence.too_many", most=MOST_A_REPORT)


def _in_report(turn: Turn, text: str, form: Form, wanted: list[Attachment]) -> bool:
    answers = forms.answers_of(turn, form)
    ids = keep(turn, wanted, len(of_draft(turn, answers)), "draft")
    answers["evidence"] = [*answers.get("evidence", ()), *ids]
    question = form.next(turn, answers)
    # A caption may answer what was asked, but a photo's title is no village and no name.
    answering = bool(text and question and question.read and not question.free)
    answering = answering or _is_command(turn, text) or _tells_another(turn, text, None)
    before = ""
    if ids and speaks(turn, "draft", ids.values()):
        before = _text(turn, "with_it" if agreed(turn) else "held_in_form", ids.values())
    if before and (answering or not question or not question.counts):
        turn.say_text(before)
        before = ""
    if not answering and (before or turn.replies):
        forms.ask_next(turn, form, before)
    return not answering


def _meant(turn: Turn, form: Form | None) -> Contribution | None:
    """The report it is plainly for: added to, just sent, or the one the commune asks about."""
    codes = []
    if form is not None and form.name == _SUPPLEMENT:
        codes.append(forms.answers_of(turn, form)["code"])
    for name in ("adding", "sent"):
        code, at = turn.state.get(name) or ("", "")
        if code and turn.now - datetime.fromisoformat(at) < RECENT:
            codes.append(code)
    for code in codes:
        one = contributions.find(turn.tx, code)
        if one is not None and one.state in OPEN and one.reporter_id == turn.person.id:
            return one
    asked = [one for one in _own(turn) if one.state == "needs_more"]
    return asked[0] if len(asked) == 1 else None


def _give(turn: Turn, one: Contribution, ids: dict[int, str], text: str) -> None:
    """Make these part of a report that was sent; to one the commune asked about they are the
    answer."""
    media.bind(turn.tx, ids, one.id, turn.conversation.account_id, by=turn.person.id)
    turn.state["adding"] = [one.code, turn.now.isoformat()]
    if one.state == "needs_more" and (ids or text):
        _answer(turn, one, ids, text)
    elif ids and speaks(turn, one.code, ids.values()):
        place = turn.world.places.get(one.place).name
        text = _text(turn, "added", ids.values(), code=one.code, place=place)
        turn.say_text(text, [turn.typed("take_out_last")])


def _answer(turn: Turn, one: Contribution, ids: dict[int, str], text: str) -> None:
    note = turn.world.words.text("evidence.note", what=nouns(turn, ids.values()))
    told = f"{text} {note}".strip() if ids else text
    turn.state.get("forms", {}).pop(_SUPPLEMENT, None)
    turn.state["form"] = None
    speaks(turn, one.code, ids.values())
    asked.answer(turn, one, told)


def _ask_which(turn: Turn, ids: dict[int, str]) -> None:
    if not agreed(turn):
        turn.say_text(_text(turn, "held", ids.values()), [turn.typed("report")])
        return
    words = turn.world.words
    left = turn.state.get("forms", {}).get(_REPORT) is not None
    offers = [turn.typed("resume")] if left else []
    offers.append(turn.typed("report_new" if left else "report"))
    for one in [one for one in _own(turn) if one.state in OPEN][:OFFERED]:
        line = words.text("evidence.line", one=one, what=given.told(turn, one))
        offers.append(Offer(line, turn.typing("attach", one.code)))
    turn.say_text(_text(turn, "which", ids.values()), offers)


def _own(turn: Turn) -> list[Contribution]:
    return contributions.of_reporter(turn.tx, turn.person.id, 2 * OFFERED)


def _is_command(turn: Turn, text: str) -> bool:
    return bool(text) and turn.world.words.command(text) is not None


def _tells_another(turn: Turn, text: str, one: Contribution | None) -> bool:
    """Whether words beside a photo surely tell of a gift that is not this report's; to an office
    that asked, they answer."""
    gift = turn.world.words.tells_of(text) if text and not ask.is_question(text) else None
    if gift is None or not gift.sure or (one is not None and one.state == "needs_more"):
        return False
    heard = told.answers(turn, gift)
    kind, what = given.kind_of(heard), given.so_far(turn, heard)
    same = one is not None and kind is not None and kind.name == one.kind
    return not (same and one is not None and what in ("", given.told(turn, one)))


def _text(turn: Turn, key: str, kinds: Any, **values: Any) -> str:
    return turn.world.words.text(f"evidence.{key}", what=nouns(turn, kinds), **values)


FORMS: tuple[Form, ...] = ()
COMMANDS: dict[str, Callable[[Turn], None]] = {}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {"attach": attach}
MENU: tuple[Entry, ...] = ()
