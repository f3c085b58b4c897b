"""Telegram's speed limits: so many messages a second for the bot, and fewer to one chat."""

from __future__ import annotations

import math
from collections import deque

from telegram.constants import FloodLimit

CHAT_WINDOW = 20
"""Short bursts to a chat are let pass: 20 messages in 20 seconds are one a second."""


class Flood:
    """Counts what was sent; `per_second` for the whole bot."""

    def __init__(self, per_second: int = FloodLimit.MESSAGES_PER_SECOND) -> None:
        self._per_second = per_second
        self._sent: deque[float] = deque()
        self._by_chat: dict[int, deque[float]] = {}

    def wait(self, chat: int, now: float) -> int:
        """0 and the message counts, or for how many whole seconds nothing may be sent."""
        own = self._by_chat.setdefault(chat, deque())
        most = CHAT_WINDOW * FloodLimit.MESSAGES_PER_SECOND_PER_CHAT
        waits = [_over(self._sent, now, 1, self._per_second), _over(own, now, CHAT_WINDOW, most)]
        if max(waits) > 0:
            return math.ceil(max(waits))
        self._sent.append(now)
        own.append(now)
        return 0


def _over(sent: deque[float], now: float, window: int, most: int) -> float:
    while sent and sent[0] <= now - window:
        sent.popleft()
    return sent[0] + window - now if len(sent) >= most else 0.0
