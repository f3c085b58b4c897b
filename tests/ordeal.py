"""A webhook under malformed bodies while people write to it: what must hold whatever comes.

It is answered, never by a fault of ours; what is no JSON object is kept for a person to look at;
and the people who write meanwhile, or whose event can still be told to be theirs, are answered.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, redirect_stderr, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.console.json_body import MAX_BODY
from handlers.turn import World
from storage.received import MAX_RAW
from storage.schema import accounts, dead_letters, outbox
from tests.conftest import HandClock
from tests.hooks_double import Hook, Site, site_of, stamp, written

AT_ONCE = 60
"""Calls under way together; beside them `BYSTANDERS` write plain words."""
BYSTANDERS = 4
FIRST_BYSTANDER = 5_000_000
STAMP = b'{"sent":{"timestamp":"1790000000000"},'


class Nowhere(io.TextIOBase):
    """Takes what is written and keeps nothing."""

    def write(self, text: str) -> int:
        return len(text)


@asynccontextmanager
async def ordeal_of(
    hook: Hook, url: str, world: World, clock: HandClock, folder: Path
) -> AsyncIterator[Ordeal]:
    """An ordeal on a store; when it is over, nothing may be lost."""
    async with site_of(url, world, clock, folder) as site:
        # What a busy machine takes too long over lies in the spool for a while.
        handing_on = asyncio.create_task(site.spool.run())
        try:
            ordeal = Ordeal(site, hook)
            yield ordeal
            ordeal.ended()
        finally:
            handing_on.cancel()
            with suppress(asyncio.CancelledError):
                await handing_on


class Ordeal:
    """What one webhook was sent, and what it owes for it."""

    def __init__(self, site: Site, hook: Hook) -> None:
        self._site, self._hook = site, hook
        self._numbers = itertools.count(FIRST_BYSTANDER)
        self._kept: dict[bytes, bytes] = {}
        self._people: dict[str, str] = {}
        self.statuses: Counter[int] = Counter()

    async def through(self, what: str, raws: Iterable[bytes]) -> None:
        """Post them all, signed where the platform signs, people writing between them and last."""
        each = iter(raws)
        while batch := list(itertools.islice(each, AT_ONCE)):
            batch = [signable(self._hook, raw) for raw in batch]
            for raw in batch:
                self._owe(raw)
            for _ in range(BYSTANDERS):
                number = next(self._numbers)
                batch.append(written(self._hook.says(number, "góp tiền thế nào")))
                self.owe_words(number, f"{what}: a bystander")
            with redirect_stderr(Nowhere()):  # most are worth a line of the log
                posts = (self._site.post(self._hook, raw) for raw in batch)
                statuses = await asyncio.gather(*posts)
            odd = [
                (what, status, raw[:300])
                for status, raw in zip(statuses, batch, strict=True)
                if status != (413 if len(raw) > MAX_BODY else 200)
            ]
            assert not odd, odd
            self.statuses.update(statuses)
        while self._site.spool.waiting:  # noqa: ASYNC110 - the files are the signal
            await asyncio.sleep(0.001)

    def owe_words(self, number: int, why: str) -> None:
        """The person with this number is to be told something."""
        self._people[self._hook.person(number)] = why

    def ended(self) -> None:
        """Nothing is lost."""
        kept = self._letters()
        lost = [raw for digest, raw in self._kept.items() if digest not in kept]
        assert not lost, lost
        told = self.answered()
        unanswered = [why for who, why in self._people.items() if who not in told]
        assert not unanswered, unanswered
        print(
            f"{self._hook.name}: {dict(self.statuses)}, {len(kept)} kept, "
            f"{len(self._people)} people answered, nothing lost"
        )

    def answered(self) -> set[str]:
        """The people of this platform who were told something."""
        told = (
            select(accounts.c.sender)
            .join(outbox, outbox.c.account_id == accounts.c.id)
            .where(accounts.c.channel == self._hook.name)
        )
        with self._site.app.database.reading(self._site.app.clock()) as tx:
            return set(tx.execute(told).scalars())

    def _owe(self, raw: bytes) -> None:
        # An empty call is how Zalo Bot looks whether anybody is there.
        is_probe = self._hook.name == "zalo_bot" and not raw.strip()
        if len(raw) <= MAX_BODY and parsed(raw) is None and not is_probe:
            self._kept[_digest(raw)] = raw[:300]

    def _letters(self) -> set[bytes]:
        """The bodies nobody understood. A handler's own fault would stand there with its trace."""
        with self._site.app.database.reading(self._site.app.clock()) as tx:
            rows = tx.execute(select(dead_letters.c.raw, dead_letters.c.error))
            found = {(_digest(row.raw), row.error) for row in rows}
        assert {error for _, error in found} <= {"not understood"}
        return {digest for digest, _ in found}


def signable(hook: Hook, raw: bytes) -> bytes:
    """With a timestamp somewhere, without which Zalo OA signs nothing."""
    if hook.name != "zalo_oa" or stamp(raw):
        return raw
    return STAMP + (raw[1:] if raw[:1] == b"{" else raw)


def parsed(raw: bytes) -> dict[str, Any] | None:
    """The object, by Python's own reader told to be as strict as JSON is; None where it is none."""

    def no(_constant: str) -> None:
        raise ValueError

    try:
        value = json.loads(raw.decode(), parse_constant=no)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _digest(raw: bytes) -> bytes:
    return hashlib.blake2b(raw[:MAX_RAW], digest_size=16).digest()


def events(hook: Hook, numbers: Iterator[int]) -> Iterator[dict[str, Any]]:
    """An event of every kind in turn, without end, each by somebody new."""
    for make in itertools.cycle(hook.kinds.values()):
        yield make(next(numbers))
