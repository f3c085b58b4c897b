"""Amounts people type: money, labour, land. (first working version)"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from knowledge import numbers


@dataclass(frozen=True, slots=True)
class Quantity:
    result: Literal["value", "ask", "reject"]
    kind: Literal["money", "labour", "land"] | None
    value: int | float | None
    unit: Literal["VND", "person-day", "m2"] | None
    echo: str
    why: str
    readings: tuple[int | float, ...] = ()


def say_money(vnd: int) -> str:
    return f"{numbers.say(vnd)} đồng"


def format_money(vnd: int) -> str:
    return f"{numbers.group_digits(vnd)} đ"


def read(text: str, kind: str | None = None) -> Quantity:
    match = re.fullmatch(r"(\d+) ?(k|nghìn|tr|triệu|m2|công|ngày công|sào)", text.strip().lower())
    if not match:
        why = "Bà con ghi giúp con số và đơn vị, ví dụ: 2 triệu đồng."
        return Quantity("ask", None, None, None, "", why)
    number, unit = int(match[1]), match[2]
    if unit in ("k", "nghìn", "tr", "triệu"):
        vnd = number * (1000 if unit in ("k", "nghìn") else 1_000_000)
        return Quantity("value", "money", vnd, "VND", f"{format_money(vnd)} - {say_money(vnd)}", "")
    if unit in ("công", "ngày công"):
        return Quantity("value", "labour", number, "person-day", f"{number} ngày công", "")
    area = number * (360 if unit == "sào" else 1)
    return Quantity("value", "land", area, "m2", f"{area} m²", "")
