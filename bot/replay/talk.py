"""A bot without a network: people write, and what the bot says to each is kept."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from bot import schedule
from bot.engine import Engine, Taken
from handlers import evidence_shown
from handlers.messages import Attachment, AttachmentKind, Message
from handlers.turn import TYPED, World
from storage import grants, media_jobs, outbox, people, timers
from storage.database import Database, Tx
from storage.media import SHEET

T = TypeVar("T")
OFFICERS = {
    "province": "province_officer",
    "district": "district_officer",
    "city": "district_officer",
}
"""Who serves a unit that is no commune."""
START = datetime(2025, 1, 2, 1, 0, tzinfo=UTC)
"""08:00 in Lai Châu, inside the plan's period and before the districts were abolished."""


class HandClock:
    """A clock that only moves when told to."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, by: timedelta) -> None:
        """Let this much time pass."""
        self.now += by


@dataclass(slots=True)
class Talk:
    """Conversations of several people with one bot on one channel."""

    url: str
    world: World
    clock: HandClock
    channel: str = "terminal"
    twice: bool = False
    """Deliver every message a second time, as platforms do."""
    afresh: bool = False
    """Build the engine anew before every message, as after a restart."""
    engine: Engine = field(init=False)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    files: dict[str, bytes] = field(default_factory=dict)
    """What was sent, by reference, where it matters what is in it."""
    last: dict[str, list[outbox.Body]] = field(default_factory=dict)
    """What the bot said to each person since he last wrote, pushes included."""

    def __post_init__(self) -> None:
        self._open()

    def _open(self) -> None:
        self.engine = Engine(Database(self.url), self.world, self.clock)

    def rehearse(self) -> None:
        """Go on as in a rehearsal, where a conversation can be kept; here nothing is."""
        self.close()
        self.world = replace(self.world, keep_talk=lambda _turn: None)
        self._open()

    def close(self) -> None:
        """Stop the engine."""
        self.engine.close()

    def say(
        self,
        who: str,
        text: str = "",
        choice: str | None = None,
        attachments: tuple[Attachment, ...] = (),
    ) -> list[str]:
        """`who` writes or presses; returns the texts the bot answered him with."""
        self._hand(who, text, choice, attachments)
        return self._heard(who)

    def send(self, who: str, kind: AttachmentKind, count: int = 1, text: str = "") -> list[str]:
        """`who` sends this many things at once, several as an album; a caption is on the first."""
        group = f"g{next(self._ids)}" if count > 1 else ""
        for number in range(count):
            reference = "22.396,103.471" if kind == "location" else f"r{next(self._ids)}"
            self._hand(who, "" if number else text, None, (Attachment(kind, reference),), group)
        return self._heard(who)

    def hand(self, who: str, name: str, data: bytes) -> list[str]:
        """`who` sends a document of this name."""
        reference = f"r{next(self._ids)}"
        self.files[reference] = data
        self._hand(who, "", None, (Attachment("file", reference, name, len(data)),))
        return self._heard(who)

    def read(self) -> None:
        """The media job reads the workbooks that were sent."""
        from bot import sheet_reading  # what reads and writes workbooks is slow to load

        def work(tx: Tx) -> None:
            for one in media_jobs.claim(tx, 100):
                if one.kind == SHEET:
                    sheet = sheet_reading.read(self.world, self.files[one.reference], tx.now)
                    judged = sheet_reading.judge(tx, self.world, one, sheet)
                    sheet_reading.tell(tx, self.world, one, judged)

        self.write(work)
        self.collect()

    def refuse(self, reason: str) -> None:
        """The media job finds that what it fetches cannot be kept."""

        def work(tx: Tx) -> None:
            for one in media_jobs.claim(tx, 100):
                media_jobs.refuse(tx, one, reason)
                evidence_shown.tell_refused(tx, self.world, one, reason)

        self.write(work)
        self.collect()

    def _hand(
        self,
        who: str,
        text: str,
        choice: str | None,
        attachments: tuple[Attachment, ...],
        group: str = "",
    ) -> None:
        if self.afresh:
            self.close()
            self._open()
        event, at = f"e{next(self._ids)}", self.clock()
        message = Message(self.channel, "test", who, event, at, text, choice, attachments, group)
        taken = self.deliver(message)
        if self.twice and taken.outcome == "done":
            again = self.deliver(message)
            if again.outcome != "repeat":
                raise AssertionError(f"{text!r} delivered twice was taken twice: {again.outcome}")

    def _heard(self, who: str) -> list[str]:
        self.last[who] = []
        self.collect()
        return [body["text"] for body in self.last[who]]

    def deliver(self, message: Message) -> Taken:
        """Hand one event to the engine and wait for its commit. Raises what the turn raised."""
        return self.engine.take(message, message.text.encode("utf-8", "surrogatepass"))

    def press(self, who: str, label: str) -> list[str]:
        """`who` presses the choice with this label on the newest message that offers it."""
        return self.say(who, choice=self.choice(who, label))

    def choice(self, who: str, label: str) -> str:
        """The id of an offered choice. Raises AssertionError when it is not offered."""
        for body in reversed(self.last.get(who, [])):
            for one in body["choices"]:
                if one["label"] == label:
                    return str(one["id"])
        offered = [one["label"] for body in self.last.get(who, []) for one in body["choices"]]
        raise AssertionError(f"{label!r} is not offered to {who}; offered: {offered}")

    def number(self, who: str, label: str) -> str:
        """What a person without buttons types for an offered choice."""
        wanted = self.choice(who, label)
        if wanted.startswith(TYPED):
            return wanted.removeprefix(TYPED)
        for body in reversed(self.last[who]):
            ids = [one["id"] for one in body["choices"]]
            if wanted in ids:
                return str(ids.index(wanted) + 1)
        raise AssertionError(label)

    def collect(self) -> None:
        """Take whatever waits in the outbox for anyone."""

        def take(tx: Tx) -> dict[str, list[outbox.Body]]:
            news = {}
            for who in list(self.last):
                account_id = people.find_account(tx, self.channel, "test", who)
                if account_id is None:
                    continue
                rows = outbox.waiting(tx, account_id)
                outbox.acknowledge(tx, account_id, [row.id for row in rows])
                news[who] = [row.body for row in rows]
            return news

        for who, bodies in self.engine.writer.run(take).items():
            self.last[who].extend(bodies)

    def tick(self) -> None:
        """Let everything happen that is due by now."""
        while due := self.write(lambda tx: timers.due(tx, schedule.SLICE)):
            for timer_id in due:
                self.write(partial(schedule.fire, self.world, timer_id))
        self.collect()

    def make_officer(self, who: str, place: str, role: str = "") -> None:
        """Invite `who` and let him take the role up, by chat like everybody."""
        unit = self.world.places.find(place, self.clock().date()).units[0]
        role = role or OFFICERS.get(unit.level, "commune_officer")
        code = self.write(lambda tx: grants.invite(tx, role, unit.key, by=None))
        self.say(who, f"mã mời {code}")
        self.say(who, f"Cán bộ {who}")
        self.press(who, "Nhận")

    def write(self, work: Callable[[Tx], T]) -> T:
        """Do something to the store directly, in a transaction of its own."""
        return self.engine.writer.run(work)


@contextmanager
def talking(url: str, world: World, clock: HandClock, **how: bool | str) -> Iterator[Talk]:
    """A Talk, closed at the end."""
    talk = Talk(url, world, clock, **how)  # type: ignore[arg-type]  # its own keyword fields
    try:
        yield talk
    finally:
        talk.close()
