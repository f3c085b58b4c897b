"""Technology or know-how passed on (chuyển giao kỹ thuật), with its value where it is known."""

from __future__ import annotations

from handlers.amounts import read_money
from handlers.forms import Question, read_line
from handlers.kinds import Kind, Told
from handlers.kinds._answers import value, worth

MOST = 40
"""Characters: what a read-back shows whole."""

KIND = Kind(
    "technology",
    6,
    (
        Question("technology", says="technology.technology", read=read_line(4, MOST), free=True),
        worth("technology"),
    ),
    lambda answers: Told(vnd=value(answers, "technology"), details={"what": answers["technology"]}),
    correct=read_money,
    counts="vnd",
    purpose=False,
    rare=True,
)
