"""How a villager answers: what to say when the bot's words hold these. Follows the templates.

When a sentence of the report changes, this table is what changes with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.load.traffic import Told, amount_text

START = "báo góp tiền"
"""What opens a report."""
SEND = "=Gửi"
RECEIPT = "Mã của bà con"
RULES: tuple[tuple[str, str], ...] = (
    # Words in the bot's text → the field of `Told` to type, or "=" and the label to press.
    ("Bà con đồng ý không", "=Đồng ý"),
    ("đã góp bao nhiêu tiền", "amount"),
    ("Góp để làm việc gì", "purpose"),
    ("Góp ngày nào", "day"),
    ("Góp ở xã nào", "place"),
    ("Ở bản", "village"),
    ("do ai góp", "=Cá nhân tôi"),
    ("Họ tên của bà con", "name"),
    ("Xin đọc lại", SEND),
)


class Unknown(Exception):
    """The bot said something this table does not know; the text quotes it."""


@dataclass(frozen=True, slots=True)
class Press:
    """Press the offered choice with this label."""

    label: str


@dataclass(frozen=True, slots=True)
class Type:
    """Type this."""

    text: str


Answer = Press | Type


def wanted(said: str) -> str:
    """What a message of the bot asks for, as in `RULES`. Raises Unknown."""
    for words, what in RULES:
        if words in said:
            return what
    raise Unknown(f"not in the script: {said!r}")


def answer(what: str, told: Told) -> Answer:
    """What a person reporting `told` says when asked for `what`."""
    if what.startswith("="):
        return Press(what[1:])
    values = {
        "amount": amount_text(told.vnd),
        "purpose": told.purpose,
        "day": "hôm qua",
        "place": told.place,
        "village": told.village,
        "name": told.name,
    }
    return Type(values[what])


def place_of(label: str, choices: Sequence[Mapping[str, str]]) -> int:
    """The position of a label among the choices offered. Raises Unknown."""
    labels = [choice["label"] for choice in choices]
    if label not in labels:
        raise Unknown(f"{label!r} is not among the choices {labels}")
    return labels.index(label)
