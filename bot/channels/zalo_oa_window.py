"""When Zalo lets an Official Account write to a person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

FREE = timedelta(hours=48)
PAID = timedelta(days=7)
Window = Literal["free", "paid", "closed"]


def window(last_interaction: datetime | None, now: datetime) -> Window:
    """Whether a consultation message is free, costs money, or is refused (-230).

    In a closed window only a template message may be sent.
    """
    if last_interaction is None or now - last_interaction > PAID:
        return "closed"
    return "free" if now - last_interaction <= FREE else "paid"
