"""Asking: the plan's answer in chat, with "xem thêm" for what does not fit one message."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from handlers import passing_on
from handlers.roles import LEVELS
from handlers.telling import Telling
from handlers.turn import Offer, Turn
from knowledge import ask as brain
from knowledge import questions

MAX_CHARS, MAX_LINES = 300, 5
"""One message a villager reads (chat manners, rule 1)."""
MAX_KEPT = 300
is_question = questions.is_question


def answer(turn: Turn, text: str, *, in_form: bool = False) -> None:
    """Answer from the plan. Inside a form nothing is offered: the form's choices stand."""
    turn.state.pop("unanswered", None)
    held = {grant.role: grant for grant in turn.grants}
    role = next((role for role in LEVELS if role in held), "villager")
    place = turn.world.places.get(held[role].place).name if role in held else None
    found = brain.ask(
        turn.world.plan,
        text,
        today=turn.today,
        asker=role,
        place=place,
        after=turn.state.get("question"),
    )
    if found.decision in ("answer", "choose"):
        turn.state["question"] = text[:MAX_KEPT]
    parts = split(found.text) + (split(found.more) if found.more else [])
    if in_form:
        turn.state.pop("more", None)
        readings = [f"- {option.label}" for option in found.options]
        turn.say_text("\n".join([parts[0], *readings]))
        return
    passing = passing_on.offers(turn, text) if found.decision == "unknown" else []
    gift = None if is_question(text) else turn.world.words.tells_of(text)
    if passing and len(parts) == 1:
        turn.state.pop("more", None)
        _say_and_ask(turn, parts[0], [*passing, *([_reporting(turn, text, gift)] if gift else [])])
        return
    offers = [Offer(option.label, option.label) for option in found.options]
    if gift is not None or (found.decision == "answer" and _figures(turn, text)):
        offers.append(_reporting(turn, text, gift))
    say_parts(turn, parts, offers)


def is_small_talk(turn: Turn, text: str) -> bool:
    """Whether it is a greeting, a thank-you or the like: said to the bot, not to an office.

    A mere "hôm qua" opens a talk, but may as well be what an office asked for.
    """
    found = brain.ask(turn.world.plan, text, today=turn.today)
    return found.decision == "smalltalk" and bool(found.topic)


def _figures(turn: Turn, text: str) -> bool:
    """Whether a figure stands in a text that neither asks, denies, complains nor takes back:
    somebody may mean a gift by it."""
    teller = turn.world.words.teller
    said = any(char.isdigit() for char in text) and not is_question(text)
    return said and not teller.denies(text) and not teller.corrects(text)


def _reporting(turn: Turn, text: str, gift: Telling | None) -> Offer:
    """The offer to report; pressing it types the text, too, where all of it is understood."""
    report = turn.typed("report")
    whole = gift is not None and gift.whole
    return replace(report, value=f"{report.value}: {text[:MAX_KEPT]}") if whole else report


def _say_and_ask(turn: Turn, text: str, passing: Sequence[Offer]) -> None:
    """A refusal, and whether the question is to be passed on: in one message where both fit, for
    two come with two signals of a telephone."""
    asked = turn.world.words.text("passing_on.offer")
    *before, last = split(f"{text}\n{asked}")
    for part in before:
        turn.say_text(part)
    turn.say_text(last, passing)


def say_parts(turn: Turn, parts: Sequence[str], offers: Sequence[Offer] = ()) -> None:
    """Say the first part; the others follow at "xem thêm"."""
    if len(parts) > 1:
        turn.state["more"] = list(parts[1:])
        turn.say_text(parts[0], [*offers, turn.typed("more")])
    else:
        turn.state.pop("more", None)
        turn.say_text(parts[0], offers)


def more(turn: Turn) -> None:
    """The next part of the last answer."""
    parts = turn.state.get("more") or []
    if not parts:
        turn.say("ask.no_more")
        return
    turn.state["more"] = parts[1:]
    last = len(parts) == 1
    turn.say_text(parts[0], [] if last else [turn.typed("more")])


def split(text: str, chars: int = MAX_CHARS, lines: int = MAX_LINES) -> list[str]:
    """The text in parts somebody reads (unless told otherwise, a villager), cut between lines or
    sentences, not inside a word."""
    if len(text) <= chars and text.count("\n") < lines:
        return [text.strip()]
    parts: list[str] = []
    for piece in _pieces(text):
        joined = f"{parts[-1]}{piece}" if parts else ""
        if parts and len(joined.strip()) <= chars and joined.strip().count("\n") < lines:
            parts[-1] = joined
        else:
            parts.append(piece)
    return [part.strip() for part in parts if part.strip()] or [""]


def _pieces(text: str) -> list[str]:
    pieces = []
    for sentence in re.findall(r"[^\n]*?(?:[.;:!?](?=\s)\s?|\n|$)", text):
        while len(sentence) > MAX_CHARS:
            cut = sentence.rfind(" ", 0, MAX_CHARS)
            cut = cut if cut > 0 else MAX_CHARS
            pieces.append(sentence[:cut])
            sentence = sentence[cut:].lstrip()
        if sentence:
            pieces.append(sentence)
    return pieces
