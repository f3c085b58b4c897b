"""Money (tiền), in VND."""

from __future__ import annotations

from handlers.amounts import read_money
from handlers.forms import Question
from handlers.kinds import Kind, Told

KIND = Kind(
    "money",
    1,
    (Question("amount", says="money.amount", read=read_money),),
    lambda answers: Told(vnd=answers["amount"]),
    correct=read_money,
    counts="vnd",
    again=lambda told: {"amount": told.vnd},
    weighs=("money_vnd", ""),
)
