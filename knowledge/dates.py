"""The day a contribution was made, as people type it. (first working version)"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal


@dataclass(frozen=True, slots=True)
class DateRead:
    result: Literal["date", "month", "ask", "reject"]
    value: date | None
    month: str | None
    echo: str
    why: str


def read(text: str, today: date) -> DateRead:
    text = text.strip().lower()
    for word, back in (("hôm nay", 0), ("hôm qua", 1), ("hôm kia", 2)):
        if text == word:
            day = today - timedelta(days=back)
            return DateRead("date", day, None, f"{day:%d/%m/%Y}", "")
    if match := re.fullmatch(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})", text):
        try:
            day = date(int(match[3]), int(match[2]), int(match[1]))
        except ValueError:
            return DateRead("ask", None, None, "", "Bà con ghi giúp ngày và tháng, ví dụ: 15/3.")
        if day > today:
            return DateRead("reject", None, None, "", "Ngày này chưa tới.")
        return DateRead("date", day, None, f"{day:%d/%m/%Y}", "")
    return DateRead("ask", None, None, "", "Bà con ghi giúp ngày và tháng, ví dụ: 15/3.")
