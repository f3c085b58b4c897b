"""A commune's facts by Excel (nhập bằng Excel) in the chat: the workbook is given, taken back,
read by a job, read back, and recorded at a press, wholly or not at all.

A turn only notes the file; what it says becomes a numbered sheet (`storage.fact_sheets`), whose
buttons carry the number. Rights to every place in it are asked when it is read and at that press.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from handlers import commune_year, evidence, fact_changes, forms, long_answers
from handlers.data import WEB
from handlers.evidence_taken import MAX_NAME, MAX_REFERENCE, MOST_A_DAY
from handlers.forms import Answers, Form, Question
from handlers.menu import Entry
from handlers.messages import Attachment
from handlers.turn import Offer, Turn, World, push
from handlers.words import inside
from knowledge.text import clean
from storage import fact_sheets, facts, media
from storage.database import Tx
from storage.fact_sheets import FactSheet
from storage.facts import Change
from storage.media import Evidence

ASKED_LIFE = timedelta(days=1)
"""For so long after he was given the workbook a file without a name is taken for it."""
MOST_NAMED = 10
"""Places named in one sentence."""
_IS_TABLE = re.compile(r"\.(?:xls[xmb]?|ods|csv)\s*$", re.IGNORECASE)
"""What tables are called: of those that cannot be read it is said how to save them."""
_NUMBER = re.compile(r"(\d{1,9})(?: (\d{1,4}))?")


def begin(turn: Turn) -> None:
    """Give the workbook; who keeps no commune's facts is told so."""
    if not commune_year.is_official(turn):
        turn.say("facts.not_an_official")
    elif turn.message.channel == turn.world.fileless:
        turn.say("workbook.no_files")
    else:
        forms.restart(turn, FORM, {})


def _give(turn: Turn, answers: Answers) -> None:
    year = answers["year"]
    turn.state["workbook"] = turn.now.isoformat()
    turn.say("workbook.ready", year=year, on_page=turn.message.channel == WEB)
    if turn.message.channel != WEB:
        # Each channel sends it as it can; what is in it is put together only then.
        turn.replies[-1]["workbook"] = {
            "account": turn.conversation.account_id, "year": year,
            "name": f"so-lieu-{year}.xlsx", "otherwise": turn.world.words.text("workbook.no_files"),
        }  # fmt: skip


def take(turn: Turn, form: Form | None) -> bool:
    """Note an officer's workbooks to be read; False when what came is none."""
    sent = turn.message.attachments
    if form is not None and forms.is_idle(turn, form):
        form = None
    asked = form is FORM or _since(turn, turn.state.get("workbook")) < ASKED_LIFE
    if not all(_is_sheet(one, asked) for one in sent):
        return False
    if _is_evidence(turn, form) or not commune_year.is_official(turn):
        return False
    today = media.taken(turn.tx, turn.person.id, turn.now - timedelta(days=1))
    if today + len(sent) > MOST_A_DAY:
        turn.say("workbook.too_many_today", most=MOST_A_DAY)
    else:
        turn.say("workbook.reading", names=[_note(turn, one) for one in sent])
    if form is FORM:
        forms.close(turn, FORM)
    elif form is not None:
        forms.ask_next(turn, form)
    return True


def _is_evidence(turn: Turn, form: Form | None) -> bool:
    """Whether a file is plainly part of a report: told just now, or named."""
    if form is not None and form.name in ("report", "supplement"):
        return True
    _, named_at = turn.state.get("adding") or ("", None)
    named = _since(turn, named_at)
    return named < evidence.RECENT and named < _since(turn, turn.state.get("workbook"))


def _is_sheet(one: Attachment, asked: bool) -> bool:
    is_file = one.kind == "file" and bool(one.reference)
    return is_file and bool(_IS_TABLE.search(one.name) or (asked and "." not in one.name))


def _since(turn: Turn, at: str | None) -> timedelta:
    return turn.now - datetime.fromisoformat(at) if at else timedelta.max


def _note(turn: Turn, one: Attachment) -> str:
    name = clean(one.name, MAX_NAME) or "Excel"
    media.take(
        turn.tx, turn.conversation.account_id, turn.person.id,
        kind=media.SHEET, channel=turn.message.channel,
        reference=clean(one.reference, MAX_REFERENCE), name=name,
    )  # fmt: skip
    return name


def tell_refused(tx: Tx, world: World, one: Evidence, reason: str) -> None:
    """Tell who sent a workbook that it could not be fetched, and why."""
    key = "too_large" if reason == "too_large" else "not_fetched"
    push(world, tx, one.account_id, f"workbook.{key}", name=one.name)


def tell_wrong(
    tx: Tx, world: World, one: Evidence, *, good: int, bad: int, problems: Sequence[str]
) -> None:
    """Tell who sent a workbook what must be changed in it first."""
    sheet = fact_sheets.keep(
        tx, one.account_id, one.name, good=good, bad=bad, problems=problems
    )  # fmt: skip
    _push(tx, world, sheet)


def tell_right(
    tx: Tx, world: World, one: Evidence, *, good: int, changes: Sequence[Change]
) -> None:
    """Read back to who sent a workbook what recording it would change."""
    if not changes:
        push(world, tx, one.account_id, "workbook.same", name=one.name, good=good)
        return
    _push(tx, world, fact_sheets.keep(tx, one.account_id, one.name, good=good, changes=changes))


def record(turn: Turn, typed: str) -> None:
    """ "ghi excel 12": everything in the sheet, if it still changes what was shown."""
    sheet = _own(turn, typed)
    if sheet is None:
        return
    places = list(dict.fromkeys(one.row.place for one in sheet.changes))
    lost = [place for place in places if not commune_year.may(turn, place)]
    if lost:
        turn.say("workbook.not_yours", places=_names(turn, lost))
        return
    facts.hold(turn.tx, places)
    rows = [one.row for one in sheet.changes]
    if any(facts.stands(turn.tx, one.row) != one.before for one in sheet.changes):
        _show_anew(turn, sheet, facts.changes(turn.tx, rows))
        return
    if not fact_sheets.close(turn.tx, sheet, "recorded", by=turn.person.id):
        turn.say("workbook.closed", state="recorded")
        return
    facts.take_in(turn.tx, rows, by=turn.person.id)
    turn.state["facts"] = [rows[0].place, rows[0].year]
    turn.say(
        "workbook.recorded",
        [turn.typed("facts_more"), turn.typed("awards")],
        counts=fact_changes.counted(turn.world, sheet.changes),
        places=_names(turn, places),
    )


def _show_anew(turn: Turn, sheet: FactSheet, changes: list[Change]) -> None:
    """Whoever presses twice must not record what he has not read: the sheet gets another number."""
    if not changes:
        # Somebody recorded the very same meanwhile; there is no newer message to be read.
        fact_sheets.close(turn.tx, sheet, "same", by=turn.person.id)
        turn.say("workbook.same", name=sheet.name, good=sheet.good)
        return
    fact_sheets.close(turn.tx, sheet, "changed", by=turn.person.id)
    anew = fact_sheets.keep(
        turn.tx, turn.conversation.account_id, sheet.name, good=sheet.good, changes=changes
    )
    turn.say("workbook.changed")
    _say_part(turn, anew, 1)


def drop(turn: Turn, typed: str) -> None:
    """ "bỏ excel 12": nothing of it is recorded."""
    sheet = _own(turn, typed)
    if sheet is not None and fact_sheets.close(turn.tx, sheet, "dropped", by=turn.person.id):
        turn.say("workbook.dropped")


def show(turn: Turn, typed: str) -> None:
    """ "xem excel 12 2": the second part of what was read."""
    sheet = _own(turn, typed, "wrong", "right")
    found = _NUMBER.fullmatch(typed)
    if sheet is not None and found is not None:
        _say_part(turn, sheet, int(found[2] or 1))


def _own(turn: Turn, typed: str, *states: str) -> FactSheet | None:
    """The writer's own sheet of this number, in one of these states; says so when there is none."""
    found = _NUMBER.fullmatch(typed)
    sheet = fact_sheets.find(turn.tx, int(found[1])) if found else None
    if sheet is None or sheet.person_id != turn.person.id:
        turn.say("workbook.closed", state="none")
    elif sheet.state not in (states or ("right",)):
        turn.say("workbook.closed", state=sheet.state)
    else:
        return sheet
    return None


def _names(turn: Turn, places: Sequence[str]) -> list[str]:
    return [inside(turn.world.places.get(one).name) for one in places[:MOST_NAMED]] + (
        ["…"] if len(places) > MOST_NAMED else []
    )


def _parts(world: World, sheet: FactSheet) -> list[str]:
    """What was read, in messages an official reads."""
    said: dict[str, Any] = {"name": sheet.name, "good": sheet.good, "bad": sheet.bad}
    if sheet.problems:
        key, lines = "wrong" if sheet.bad else "not_read", list(sheet.problems)
    else:
        key, lines = "right", list(fact_changes.lines(world, sheet.changes))
        said["counts"] = fact_changes.counted(world, sheet.changes)
    return long_answers.split(world.words.text(f"workbook.{key}", lines=lines, **said))


def _part(world: World, sheet: FactSheet, number: int) -> tuple[str, list[tuple[str, str]]]:
    """One part, and what can be typed to it, each with its label."""
    parts = _parts(world, sheet)
    at = min(max(number, 1), len(parts))
    keys = [(key, str(sheet.id)) for key in ("sheet_record", "sheet_drop") if not sheet.problems]
    if at < len(parts):
        keys.append(("sheet_show", f"{sheet.id} {at + 1}"))
    label = world.words.label
    return parts[at - 1], [(label(key), f"{label(f'typed.{key}')} {what}") for key, what in keys]


def _push(tx: Tx, world: World, sheet: FactSheet) -> None:
    text, typed = _part(world, sheet, 1)
    push(world, tx, sheet.account_id, "workbook.part", typed, text=text)


def _say_part(turn: Turn, sheet: FactSheet, number: int) -> None:
    text, typed = _part(turn.world, sheet, number)
    turn.say_text(text, [Offer(label, what, lasting=True) for label, what in typed])


def _still_official(turn: Turn, _answers: Answers, _value: Any) -> bool:
    if commune_year.is_official(turn):
        return True
    turn.say("facts.not_an_official")
    return False


def _reads(typed: str) -> bool:
    return _NUMBER.fullmatch(typed) is not None


FORM = Form(
    "workbook",
    (
        Question(
            "year",
            read=commune_year.read_year,
            offers=commune_year.year_offers,
            effect=_still_official,
        ),
    ),
    _give,
)
FORMS = (FORM,)
COMMANDS: dict[str, Callable[[Turn], None]] = {"workbook": begin}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {
    "sheet_record": record,
    "sheet_drop": drop,
    "sheet_show": show,
}
READS: dict[str, Callable[[str], bool]] = dict.fromkeys(WITH_CODE, _reads)
MENU: tuple[Entry, ...] = ()
