"""Which conversation a message belongs to, and the words that work everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from handlers import (
    ask,
    asked,
    awards,
    evidence,
    figure,
    flood,
    forms,
    mine,
    new_or_answer,
    offered,
    queue,
    report,
    unclear,
    workbook,
)
from handlers.forms import Form
from handlers.messages import MAX_CHOICES
from handlers.registry import BY_KEY, COMMANDS, FORMS, MENU, READS, WITH_CODE, WITHIN
from handlers.turn import TYPED, Turn
from handlers.words import OPENERS
from knowledge.text import clean
from storage import outbox, people
from storage.codes import find_in, looks_like_code, parse

MAX_TEXT = 2_000
"""More is no question and no answer; whoever pastes a document is told so and nothing is stored."""
DOUBLE_TAP_SECONDS = 10
"""Within this time a second press of the same button is the same press."""
SENT_SECONDS = 600
"""For so long after a receipt "gửi" once more is an impatient second try."""

FIRST = ("resume", "about", "report", "mine", "queue")
"""The menu's first page; for an officer with something open, the last of them is on the next."""
OWN = ("show", "story", "correct", "withdraw", "supplement", "attach")
"""What is done to a report of one's own; without a code, to the only one there is."""


def handle(turn: Turn) -> None:
    """Handle one message wholly: what changed is stored and what is said lies in the outbox."""
    turn.offered = turn.state.pop("offered", [])
    verdict = flood.weigh(turn.state, min(turn.now, turn.message.at), turn.world.most_per_minute)
    if verdict == "handle":
        _dispatch(turn)
    elif verdict == "notice":
        turn.say("router.slow_down")
        turn.state["offered"] = turn.offered
    if not turn.replies and turn.offered:
        turn.state["offered"] = turn.offered
    people.save_state(turn.tx, turn.conversation.account_id, turn.state)
    if turn.replies:
        outbox.put(turn.tx, turn.conversation.account_id, "reply", turn.replies)


def _dispatch(turn: Turn) -> None:
    text = clean(turn.message.text, MAX_TEXT + 1)
    chosen: dict[str, Any] | None = None
    choice = turn.message.choice
    if choice is not None and choice.startswith(TYPED):
        text = clean(choice.removeprefix(TYPED), MAX_TEXT + 1)
    elif choice is not None:
        chosen = next((one for one in turn.offered if one["id"] == choice), None)
        if chosen is None:
            _old_button(turn, choice)
            return
        turn.state["pressed"] = [choice, turn.now.isoformat()]
    form = FORMS.get(turn.state.get("form") or "")
    sent = choice is None and bool(turn.message.attachments)
    if sent and (workbook.take(turn, form) or evidence.take(turn, text, form)):
        return
    if chosen is None and not text:
        _without_words(turn, form)
    elif chosen is None and max(len(turn.message.text), len(text)) > MAX_TEXT:
        turn.say("router.too_long", most=MAX_TEXT)
    else:
        _route(turn, text, chosen)


def _route(turn: Turn, text: str, chosen: dict[str, Any] | None) -> None:
    missed = turn.state.pop(unclear.MISSED, 0)
    form = FORMS.get(turn.state.get("form") or "")
    asked_to_resume = turn.state.pop("resuming", False)
    if form is None or asked_to_resume:
        # Outside a form every choice is no more than typing what it stands for.
        chosen = chosen or offered.meant(turn, text)
        text, chosen = (str(chosen["value"]) if chosen else text), None
    command = None if chosen is not None else turn.world.words.command(text)
    if command == "more" and form is not None:
        # A question may have more to read about itself than fits its message.
        chosen = next((one for one in turn.offered if one["value"] == "more"), None)
        command = command if chosen is None else None
    if form is not None and command in BY_KEY and not BY_KEY[command].shown(turn):
        # What the menu does not offer him is no command of his, but may be an answer.
        command = None
    if form is not None and command in OPENERS and not turn.world.words.opens(text):
        # "cho con học" may be what a gift was for.
        command = None
    if command == "cancel" and form is None and asked_to_resume:
        form = FORMS.get(_left(turn) or "")
    asks = form is not None and not forms.is_idle(turn, form)
    if asks and (command in COMMANDS or command == "cancel"):
        # What is asked comes first: "gia đình tôi" may be an answer here, elsewhere a command.
        chosen = offered.meant(turn, text)
        command = None if chosen is not None else command
    if command is not None and _everywhere(turn, command, form):
        return
    if chosen is None and _commanded(turn, text, command, form):
        _go_on(turn)
        return
    if form is not None and forms.is_idle(turn, form):
        if not asked_to_resume:
            if form is not report.FORM or not report.another_told(turn, text):
                _ask_to_resume(turn, form)
            return
        forms.park(turn)
        form = None
    if form is not None:
        forms.take(turn, form, text, chosen, asked.ask_which)
        _go_on(turn)
        return
    _talk(turn, text, command, missed)


def _go_on(turn: Turn) -> None:
    """Back into the form in whose middle an office's question was answered."""
    meant: str | None = turn.state.pop(asked.MEANT, None)
    form = FORMS.get(turn.state.get("form") or "")
    if meant is not None and form is not None:
        if meant:
            forms.take(turn, form, meant, None)
        else:
            forms.ask_next(turn, form)


def _talk(turn: Turn, text: str, command: str | None, missed: int) -> None:
    """Outside any form: a gift told of, a code in a sentence, or a question; `missed` counts."""
    words = turn.world.words
    statement = not ask.is_question(text)
    gift = words.tells_of(text) if statement else None
    sent = turn.state.get("sent")
    code = find_in(text)
    told = statement and not (code or command or (gift and gift.reports))
    if told and asked.offer(turn, text):
        return
    if gift is not None and gift.sure:
        if gift.reports or not new_or_answer.ask(turn, text, gift):
            report.begin_told(turn, gift)
    elif code is not None:
        mine.show(turn, code)
    elif statement and words.teller.corrects(text) and mine.offer_changes(turn):
        return
    elif sent and words.is_said(text, "send") and _since(turn, sent[1]) < SENT_SECONDS:
        # The last step pressed or typed once more: the same receipt, not a new conversation.
        mine.show(turn, sent[0])
    elif turn.conversation.is_new and command == "greeting":
        _menu(turn, "router.welcome")
    elif not awards.take(turn, text) and not figure.take(turn, text):
        if unclear.says_nothing(turn, text):
            unclear.say(turn, missed)
        else:
            ask.answer(turn, text)


def _everywhere(turn: Turn, command: str, form: Form | None) -> bool:
    """The words that work at any step; False when the text is none of them."""
    if command == "cancel":
        if form is not None:
            forms.cancel(turn, form)
        elif turn.state.get("forms"):
            _ask_to_drop(turn)
        else:
            turn.say("router.nothing_to_cancel")
    elif command == "back":
        if form is not None:
            forms.back(turn, form)
        else:
            _menu(turn, "router.menu")
    elif command in ("help", "more"):
        if command == "more":
            ask.more(turn)
        else:
            turn.say("router.help", contact=turn.world.officer_contact)
        if form is not None:
            forms.ask_next(turn, form)
    elif command == "menu":
        _menu(turn, "router.menu")
        forms.park(turn)
    elif command == "menu_more":
        _menu(turn, "router.menu", turn.state.get("menu", 0) + 1)
        forms.park(turn)
    elif command == "resume":
        _resume(turn)
    else:
        return False
    return True


def _commanded(turn: Turn, text: str, command: str | None, form: Form | None) -> bool:
    if command in COMMANDS:
        _leave_for(turn, command)
        COMMANDS[command](turn)
        return True
    if (form is None or not forms.is_free(turn, form)) and queue.spoken(turn, text):
        forms.park(turn)
        return True
    before = turn.state.get("forms", {}).get(form.name) if form is not None else None
    started = turn.world.words.starts_with(text)
    if form is None and started is not None and not started[1] and started[0] in OWN:
        code = mine.only(turn)
        if code is None:
            mine.listing(turn)
        else:
            WITH_CODE[started[0]](turn, code)
    elif started is not None and READS.get(started[0], _is_code)(started[1]):
        WITH_CODE[started[0]](turn, started[1])
    elif looks_like_code(text):
        mine.show(turn, text)
    else:
        return False
    if before is not None and turn.state["forms"].get(turn.state["form"] or "") is before:
        # Only looked at in between: what was being asked is asked again.
        forms.ask_next(turn, FORMS[turn.state["form"]])
    return True


def _is_code(text: str) -> bool:
    return looks_like_code(text) or parse(text) is not None or find_in(text) is not None


def _leave_for(turn: Turn, command: str) -> None:
    """An open form stays as it is while something else is talked of, unless it is that form."""
    if not command.startswith("report") and command not in WITHIN:
        forms.park(turn)


def _resume(turn: Turn) -> None:
    form = FORMS.get(turn.state.get("form") or _left(turn) or "")
    if form is None:
        turn.say("router.nothing_open")
    else:
        forms.start(turn, form)


def _left(turn: Turn) -> str | None:
    """The form left open last, None when there is none."""
    open_forms = turn.state.get("forms", {})
    name: str | None = max(open_forms, key=lambda one: open_forms[one]["at"], default=None)
    return name if name in FORMS else None


def _ask_to_resume(turn: Turn, form: Form) -> None:
    turn.state["resuming"] = True
    words = turn.world.words
    turn.say(
        "router.resume",
        [turn.typed("resume"), turn.label("drop", words.label("cancel"))],
        what=words.label(f"form.{form.name}"),
        since=forms.touched(turn, form),
    )


def _ask_to_drop(turn: Turn) -> None:
    """Nothing is being asked, but something was left: it is named before it is let go."""
    name = _left(turn)
    if name is not None:
        _ask_to_resume(turn, FORMS[name])


def _old_button(turn: Turn, choice: str) -> None:
    pressed, at = turn.state.get("pressed") or [None, ""]
    if pressed == choice and _since(turn, at) <= DOUBLE_TAP_SECONDS:
        return
    form = FORMS.get(turn.state.get("form") or "")
    turn.say("router.old_button", busy=form is not None)
    if form is not None:
        forms.ask_next(turn, form)


def _since(turn: Turn, at: str) -> float:
    return (turn.now - datetime.fromisoformat(at)).total_seconds()


def _without_words(turn: Turn, form: Form | None) -> None:
    turn.say("router.empty")
    if form is not None:
        forms.ask_next(turn, form)


def _menu(turn: Turn, key: str, page: int = 0) -> None:
    pages = list(_pages([entry.key for entry in MENU if entry.shown(turn)]))
    page %= len(pages)
    turn.state["menu"] = page
    offered = [*pages[page], *(["menu_more"] if len(pages) > 1 else [])]
    # A menu is scrolled back to and pressed days later.
    turn.say(key, [replace(turn.typed(key), lasting=True) for key in offered])


def _pages(keys: list[str]) -> Iterator[list[str]]:
    """What is used daily first; one place is left for what leads to the next page."""
    first = min(sum(key in FIRST for key in keys), MAX_CHOICES - 1)
    yield keys[:first]
    for start in range(first, len(keys), MAX_CHOICES - 1):
        yield keys[start : start + MAX_CHOICES - 1]
