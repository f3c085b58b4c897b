"""Villagers and officers on a platform whose bot keeps dying, and what each was told.

They know only what they see. A message that comes again is a repeat: an answer is waited for by
what it must say, so a repeat cannot be taken for it.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tests.faults.chat import Stuck
from tests.faults.far_sides import FarSide, Shown
from tests.faults.ledger import CODE, ToldReport
from tests.load import script
from tests.load.traffic import told

PATIENCE = 150.0
"""Seconds without the answer after which a person gives up: of two replicas each that is killed may
have had him in its hand, and he waits for its lease of 40 seconds to end."""
LOOK_SECONDS = 0.02
PLACES = ("xã Bum Tở", "xã Mường Mô", "xã Lê Lợi", "xã Nậm Ban")
"""An officer each: what one person is pushed is braked, so several share the reports."""
REPORTS_EACH = 10_000
"""Amounts are told apart by number, so a person's numbers must not run into the next one's."""
WITH_PHOTO = 0.5
REMINDER = "Em nhắc hạn:"
ARRIVED = "Có báo cáo mới cần xác minh:"
GOOD_NEWS = "Tin vui:"
CHANGED = "Phần gửi kèm vừa thay đổi"
SUBSCRIBED = "Trước hạn em sẽ nhắn"
PHOTO_TAKEN = "Đã nhận ảnh cho báo cáo"
WHICH = "Đã nhận ảnh. Bà con gửi cho khoản nào?"


ORDER = tuple(what for _, what in script.RULES)
NONE = 99
ASKED_ONCE = {"=Đồng ý", "name"}


def _step(text: str) -> int:
    """Which of the script's questions this is, `NONE` for none."""
    return next((n for n, (words, _) in enumerate(script.RULES) if words in text), NONE)


@dataclass(slots=True)
class Person:
    """One person; `number` is the platform's for him."""

    number: int
    side: FarSide
    chance: random.Random
    reminders: int = 0
    repeats: int = 0
    _labels: tuple[str, ...] = ()
    _read: int = 0
    _known: set[str] = field(default_factory=set)

    async def next(self) -> Shown:
        """What he is shown next that he has not read. Raises Stuck."""
        try:
            async with asyncio.timeout(PATIENCE):
                while self._read >= len(self.side.seen(self.number)):  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            last = self.side.seen(self.number)[-1:]
            raise Stuck(f"person {self.number} hears nothing after {last}") from None
        shown = self.side.seen(self.number)[self._read]
        self._read += 1
        return shown

    async def ask(self, text: str, wanted: Callable[[str], bool]) -> Shown:
        """Say or press something and read on until the answer. Raises Stuck."""
        # A button further up is an old one: the program says so, and that is no answer.
        if self.chance.random() < 0.5 and text in self._labels:
            await self.side.press(self.number, text)
        else:
            await self.side.say(self.number, text)
        return await self.hear(wanted)

    async def hear(self, wanted: Callable[[str], bool]) -> Shown:
        """Read on until something that is wanted; what is pushed in between is noted."""
        while True:
            shown = await self.next()
            again = shown.text in self._known
            self._known.add(shown.text)
            if wanted(shown.text):
                self._labels = shown.labels
                return shown
            if again:
                self.repeats += 1
            elif not self.pushed(shown.text):
                raise Stuck(f"person {self.number} did not expect {shown.text!r}")

    def pushed(self, text: str) -> bool:
        """Note what nobody asked for; False when it is not known what it is."""
        self.reminders += text.startswith(REMINDER)
        return text.startswith(REMINDER)

    def listen(self) -> None:
        """Read what has come meanwhile. Raises Stuck for what is neither pushed nor a repeat."""
        for shown in self.side.seen(self.number)[self._read :]:
            if shown.text in self._known:
                self.repeats += 1
            elif not self.pushed(shown.text):
                raise Stuck(f"person {self.number} did not expect {shown.text!r}")
            self._known.add(shown.text)
            self._read += 1

    async def subscribe(self) -> None:
        """Wish to be reminded."""
        shown = await self.ask("nhắc tôi", lambda text: "Đồng ý" in text or "đồng ý" in text)
        while SUBSCRIBED not in shown.text:
            answer = PLACES[self.number % len(PLACES)] if "xã nào" in shown.text else "Đồng ý"
            shown = await self.ask(answer, lambda text: "xã nào" in text or SUBSCRIBED in text)


@dataclass(slots=True)
class Villager(Person):
    """Reports one contribution after the other, some with a photo."""

    photos: list[bytes] = field(default_factory=list)
    reports: list[ToldReport] = field(default_factory=list)
    shown_photos: dict[str, int] = field(default_factory=dict)
    verified: list[str] = field(default_factory=list)
    left_over: int = 0
    """Photos for no report yet: the next one gets them."""

    def pushed(self, text: str) -> bool:
        if text.startswith(GOOD_NEWS):
            self.verified += CODE.findall(text)[:1]
            return True
        return Person.pushed(self, text)

    async def talk(self, closing: asyncio.Event) -> None:
        """Report until closed."""
        while not closing.is_set():
            await self.report()
            await asyncio.sleep(self.chance.uniform(0.1, 0.8))

    async def report(self) -> None:
        """Report one contribution to its receipt. Raises Stuck."""
        values = told(self.number * REPORTS_EACH + len(self.reports))
        values = replace(values, place=PLACES[self.number % len(PLACES)])
        report = ToldReport(self.side.sender(self.number), values.vnd)
        self.reports.append(report)
        last = -1

        def is_new(text: str) -> bool:
            if script.RECEIPT in text:
                return not any(set(CODE.findall(text)) <= set(one.codes) for one in self.reports)
            # A report before this one asked the same: only what comes next in order is meant.
            skips = last + 1 < len(ORDER) and ORDER[last + 1] in ASKED_ONCE
            return _step(text) in (last + 1, last + 1 + skips)

        shown = await self.ask(script.START, is_new)
        while script.RECEIPT not in shown.text:
            what, last = script.wanted(shown.text), _step(shown.text)
            answer = script.answer(what, values)
            report.pressed |= what == script.SEND
            text = answer.label if isinstance(answer, script.Press) else answer.text
            shown = await self.ask(text, is_new)
        report.codes += sorted(set(CODE.findall(shown.text)))
        report.acknowledged = True
        self._add(report.codes[0], self.left_over)
        self.left_over = 0
        if self.chance.random() < WITH_PHOTO:
            await self._photo(report.codes[0])

    async def _photo(self, code: str) -> None:
        await self.side.photo(self.number, self.chance.choice(self.photos))
        shown = await self.hear(lambda text: text.startswith((f"{PHOTO_TAKEN} {code}", WHICH)))
        if shown.text.startswith(WHICH):
            # The clock has been turned on: what was just reported is no longer taken for meant.
            numbered = re.findall(rf"^(\d)\. {code}", shown.text, re.MULTILINE)
            labels = [one for one in shown.labels if code in one] or numbered
            if not labels:
                # It was decided before the photo came: nothing is added to it any more.
                self.left_over += 1
                return
            await self.ask(labels[0], lambda text: text.startswith(f"{PHOTO_TAKEN} {code}"))
        self._add(code, 1)

    def _add(self, code: str, photos: int) -> None:
        if photos:
            self.shown_photos[code] = self.shown_photos.get(code, 0) + photos


@dataclass(slots=True)
class Officer(Person):
    """Decides what he is told of."""

    waiting: list[str] = field(default_factory=list)
    decided: list[str] = field(default_factory=list)

    def pushed(self, text: str) -> bool:
        if text.startswith(ARRIVED):
            self.waiting += CODE.findall(text)[:1]
            return True
        return Person.pushed(self, text)

    async def redeem(self, code: str) -> None:
        """Take up the office."""
        await self.ask(f"mã mời {code}", lambda text: "họ tên đầy đủ" in text)
        await self.ask("Lò Văn Chính", lambda text: "Đúng thì bấm Nhận" in text)
        await self.ask("Nhận", lambda text: text.startswith("Xong rồi."))

    async def talk(self, closing: asyncio.Event) -> None:
        """Decide until closed."""
        while not closing.is_set():
            self.listen()
            if self.waiting:
                await self._decide(self.waiting.pop(0))
            await asyncio.sleep(self.chance.uniform(0.05, 0.4))

    async def _decide(self, code: str) -> None:
        await self.ask(f"mở {code}", lambda text: text.startswith(f"{code}:"))
        read = await self.ask("Xác nhận đúng", lambda text: text.startswith(f"Xác nhận {code}"))
        # A crash may say it once more.
        done, reread = f"Đã xác nhận {code}", {read.text}

        def is_answer(text: str) -> bool:
            again = code in text and CHANGED in text and text not in reread
            return again or text.startswith(done)

        shown = await self.ask("Ghi nhận", is_answer)
        while not shown.text.startswith(done):
            # A photo came, or was fetched, in between: it is read back once more.
            reread.add(shown.text)
            shown = await self.ask("Ghi nhận", is_answer)
        self.decided.append(code)
