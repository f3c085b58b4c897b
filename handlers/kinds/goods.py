"""Goods in kind (hiện vật): what and how much of it, with its value where it is known."""

from __future__ import annotations

from handlers.amounts import read_money
from handlers.forms import Question, read_line
from handlers.kinds import Kind, Told
from handlers.kinds._answers import value, worth

MOST = 40
"""Characters: what a read-back shows whole."""

KIND = Kind(
    "goods",
    4,
    (
        Question("goods", says="goods.goods", read=read_line(4, MOST), free=True),
        worth("goods"),
    ),
    lambda answers: Told(vnd=value(answers, "goods"), details={"what": answers["goods"]}),
    correct=read_money,
    counts="vnd",
)
