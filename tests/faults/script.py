"""How a chat answers: what to say when the bot's words hold these. Follows `templates/`."""

from __future__ import annotations

from dataclasses import dataclass

from tests.load.traffic import Told, amount_text

START = "báo đóng góp"


@dataclass(frozen=True, slots=True)
class Press:
    """Press the offered choice with this label."""

    label: str


@dataclass(frozen=True, slots=True)
class Type:
    """Type this."""

    text: str


Answer = Press | Type

SEND = Press("Gửi")
RECEIPT = "Mã của bà con"
RULES: tuple[tuple[str, str], ...] = (
    # Words in the bot's text → the field of `Told` to type, or "=" and a label to press.
    ("Bà con đồng ý không", "=Đồng ý"),
    ("đã góp bao nhiêu tiền", "amount"),
    ("Góp để làm việc gì", "purpose"),
    ("Góp ngày nào", "day"),
    ("Góp ở xã nào", "place"),
    ("Ở bản", "village"),
    ("của ai góp", "=Cá nhân tôi"),
    ("Họ tên của bà con", "name"),
    ("Xin đọc lại", "=Gửi"),
)


def answer_to(said: str, told: Told) -> Answer | None:
    """What a person reporting `told` answers; None when these words ask for nothing known."""
    values = {
        "amount": amount_text(told.vnd),
        "purpose": told.purpose,
        "day": "hôm qua",
        "place": told.place,
        "village": told.village,
        "name": told.name,
    }
    for words, what in RULES:
        if words in said:
            return Press(what[1:]) if what.startswith("=") else Type(values[what])
    return None
