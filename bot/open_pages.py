"""Who has the web chat open in this process, and what waits to be shown there.

A turn's replies are shown from here without being read back; storage is looked at again and again
and stays the truth.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.channels.web import Outgoing
from handlers.messages import Choice
from storage.outbox import MAX_WAITING


@dataclass(slots=True)
class Page:
    """A person with the web chat open: whom to wake, and what waits to be acknowledged."""

    account_id: int | None = None
    events: list[asyncio.Event] = field(default_factory=list)
    rows: dict[int, Outgoing] = field(default_factory=dict)
    looked: float = 0.0
    """When storage was last looked at, by the monotonic clock; 0 when it must be looked at."""
    _looks: int = 0
    _fresh: dict[int, Outgoing] = field(default_factory=dict)
    _gone: set[int] = field(default_factory=set)
    """What came and went while looks were under way, which they cannot know."""

    def wake(self) -> None:
        """There may be news."""
        for news in self.events:
            news.set()

    def add(self, row: Outgoing) -> None:
        """A row was committed just now."""
        if len(self.rows) >= MAX_WAITING:
            # Storage shows so many at a time, oldest first; a newer one must not overtake.
            self.looked = 0.0
        else:
            self.rows[row.id] = self._fresh[row.id] = row
        self.wake()

    def forget(self, ids: Iterable[int]) -> None:
        """These were acknowledged."""
        for row_id in ids:
            self.rows.pop(row_id, None)
        self._gone.update(ids)

    def begin_look(self) -> None:
        """Storage is about to be read."""
        if self._looks == 0:
            self._fresh.clear()
            self._gone.clear()
        self._looks += 1

    def end_look(self, rows: Sequence[Outgoing] | None) -> list[Outgoing]:
        """What storage held (None: it could not be read), put right by what came since."""
        self._looks -= 1
        if rows is not None:
            found = {row.id: row for row in rows} | self._fresh
            self.rows = {row_id: found[row_id] for row_id in found if row_id not in self._gone}
            self.looked = time.monotonic()
        return [self.rows[row_id] for row_id in sorted(self.rows)]


def outgoing(row_id: int, body: Mapping[str, Any], at: datetime) -> Outgoing:
    """An outbox row as the web chat takes it."""
    choices = tuple(Choice(one["id"], one["label"]) for one in body["choices"])
    return Outgoing(row_id, body["text"], choices, at, tuple(body.get("pictures", ())))
