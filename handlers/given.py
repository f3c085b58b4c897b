"""What was given, in a few words of its kind: "2.000.000 đồng", "15 ngày công", "300 m² đất"."""

from __future__ import annotations

from typing import Any

from handlers.forms import Answers
from handlers.kinds import WORTH, Kind, Told, kinds
from handlers.turn import Turn
from storage.contributions import Contribution

OTHER_KINDS = "other"
"""The choice that leads to the kinds on the second page."""


def kind_of(answers: Answers) -> Kind | None:
    """The kind a report's answers name, None while they name none."""
    return kinds().get(answers.get("rare_kind") or answers.get("kind", ""))


def so_far(turn: Turn, answers: Answers) -> str:
    """What an unfinished report tells already, "" while nothing; its value may be open."""
    kind = kind_of(answers)
    if kind is None or any(one.name not in answers for one in kind.questions if one.says != WORTH):
        return ""
    return in_short(turn, kind, answers)


def in_short(turn: Turn, kind: Kind, answers: Answers) -> str:
    """What a form's answers say was given."""
    return _say(turn, f"{kind.name}.told", kind.tell(answers))


def described(turn: Turn, kind: Kind, answers: Answers) -> str:
    """What a form's answers say was given, spelled out to be read back."""
    return _say(turn, f"{kind.name}.spelled", kind.tell(answers))


def does(turn: Turn, kind: str) -> str:
    """The verb of a kind: one gives money, but has a product and passes on a technique."""
    return turn.world.words.label(f"does.{kind}")


def told(turn: Turn, one: Contribution) -> str:
    """What a report says was given."""
    return _say(turn, f"{one.kind}.told", _as_told(one))


def spelled(turn: Turn, one: Contribution) -> str:
    """What a report says was given, spelled out for who decides on it."""
    return _say(turn, f"{one.kind}.spelled", _as_told(one))


def verified(turn: Turn, one: Contribution) -> str:
    """What was confirmed of it; as told while nothing is."""
    if one.verified_vnd is None and one.verified_quantity is None:
        return told(turn, one)
    return _say(
        turn, f"{one.kind}.told", Told(one.verified_vnd, one.verified_quantity, one.details)
    )


def corrected(turn: Turn, one: Contribution, figure: Any) -> str:
    """What it comes to with an officer's figure, spelled out."""
    return _say(turn, f"{one.kind}.spelled", with_figure(one, figure))


def with_figure(one: Contribution, figure: Any) -> Told:
    """The report with an officer's figure. A value reckoned for another quantity holds no more."""
    if kinds()[one.kind].counts == "vnd":
        return Told(figure, one.told_quantity, one.details)
    return Told(None, figure, one.details)


def _as_told(one: Contribution) -> Told:
    return Told(one.told_vnd, one.told_quantity, one.details)


def total(turn: Turn, kind: str, vnd: int, quantity: float, count: int) -> str:
    """Several of a kind together."""
    values = {"vnd": vnd, "quantity": quantity, "count": count}
    return turn.world.words.text(f"{kind}.total", **values)


def short(turn: Turn, kind: str, what: Told) -> str:
    """Whatever figures of a kind these are, in a few words."""
    return _say(turn, f"{kind}.told", what)


def _say(turn: Turn, key: str, what: Told) -> str:
    if what.vnd is None and what.quantity is None and not what.details:
        # Whoever reported it had it erased.
        return turn.world.words.label("figures_erased")
    return turn.world.words.text(key, vnd=what.vnd, quantity=what.quantity, details=what.details)
