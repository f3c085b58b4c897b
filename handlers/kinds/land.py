"""Land given (hiến đất), in m², with its value where somebody worked it out."""

from __future__ import annotations

from handlers.forms import Question
from handlers.kinds import Kind, Told
from handlers.kinds._answers import quantity, value, worth, worth_again

KIND = Kind(
    "land",
    3,
    (Question("area", says="land.area", read=quantity("land")), worth("area")),
    lambda answers: Told(vnd=value(answers, "area"), quantity=answers["area"]),
    correct=quantity("land"),
    counts="quantity",
    again=lambda told: {"area": told.quantity, **worth_again("area", told)},
    weighs=("land_vnd", "land_m2"),
)
