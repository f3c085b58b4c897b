"""Labour (ngày công), in person-days: people times days, with its value where it was worked out."""

from __future__ import annotations

from handlers.forms import Question
from handlers.kinds import Kind, Told
from handlers.kinds._answers import quantity, value, worth, worth_again

KIND = Kind(
    "labour",
    2,
    (Question("days", says="labour.days", read=quantity("labour")), worth("days")),
    lambda answers: Told(vnd=value(answers, "days"), quantity=answers["days"]),
    correct=quantity("labour"),
    counts="quantity",
    again=lambda told: {"days": told.quantity, **worth_again("days", told)},
    weighs=("labour_vnd", "labour_days"),
)
