"""Reading a sum of money in any form that asks for one."""

from __future__ import annotations

from handlers.forms import Answers, Unclear
from handlers.turn import Offer, Turn
from knowledge import quantities

MOST_READINGS = 4


def read_money(_turn: Turn, _answers: Answers, text: str) -> int:
    """VND. Raises Unclear, with the possible readings to choose from where there are some."""
    found = quantities.read(text, "money")
    if found.result == "value" and isinstance(found.value, int):
        return found.value
    readings = [int(value) for value in found.readings[:MOST_READINGS]]
    offers = [Offer(quantities.format_money(value), value) for value in readings]
    raise Unclear("report.amount_unclear", offers, why=found.why)
