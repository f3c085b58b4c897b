"""How far the outbox rows got that leave as several messages and stopped in between.

In memory only: after a crash such a row begins again, which is what "at least once" allows.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict

from bot.channels.platform import Body, Failed, Outcome

MOST = 10_000
"""People with a row under way; beyond it the oldest row would begin again."""


class Unfinished:
    """One row a person, for a person's rows leave one after the other."""

    def __init__(self) -> None:
        self._rows: OrderedDict[str, tuple[bytes, int]] = OrderedDict()

    def done(self, sender: str, body: Body) -> int:
        """How many messages of this row the platform has taken already."""
        if sender not in self._rows:
            return 0
        key, number = self._rows[sender]
        return number if key == _key(body) else 0

    def stopped(self, sender: str, body: Body, number: int, outcome: Outcome) -> None:
        """The row's message `number`, counted from 0, came to this outcome, which is not Sent."""
        if number == 0 or isinstance(outcome, Failed):
            self.finished(sender)
            return
        self._rows[sender] = (_key(body), number)
        self._rows.move_to_end(sender)
        while len(self._rows) > MOST:
            self._rows.popitem(last=False)

    def finished(self, sender: str) -> None:
        """Nothing of this person's is under way."""
        self._rows.pop(sender, None)


def _key(body: Body) -> bytes:
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).digest()
