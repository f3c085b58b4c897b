"""Flood limits (chống nhắn dồn): a token bucket per conversation, kept in its state.

A message over the limit is acknowledged and not handled; the person is told so, once in a while.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from storage.people import State

BURST = 40
"""A hasty person with a long form and an album of photos stays below it."""
NOTICE_SECONDS = 600

Verdict = Literal["handle", "drop", "notice"]


def weigh(state: State, sent_at: datetime, per_minute: int) -> Verdict:
    """What is to be done with one more message; the bucket in `state` is moved. 0 is no limit. It
    is weighed by when it was sent: hours of somebody's may have waited and come all at once."""
    if per_minute <= 0:
        return "handle"
    left, at, told = state.get("pace") or [float(BURST), sent_at.timestamp(), 0.0]
    moment = max(at, sent_at.timestamp())
    passed = moment - at
    left = min(float(BURST), left + passed * per_minute / 60)
    verdict: Verdict = "handle"
    if left >= 1:
        left -= 1
    elif moment - told >= NOTICE_SECONDS:
        verdict, told = "notice", moment
    else:
        verdict = "drop"
    state["pace"] = [round(left, 3), moment, told]
    return verdict
