"""Updates asked for: confirmed only when kept, whatever a batch holds and wherever it stops."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from bot.channels.telegram_answers import CallFailed, NoAnswer, NotReached, Refused
from bot.channels.telegram_polling import Polling
from bot.errors import StorageAway
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_faults import Fault
from tests.telegram_double import MemoryPort, intake_of, people_and_updates, telegram_at


class Slept:
    """A sleep that takes no time."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


class Script:
    """Stands in for `Telegram.updates`: one answer after the other, and what was asked."""

    def __init__(self, *answers: list[object] | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[int | None, int]] = []

    async def __call__(self, offset: int | None, limit: int) -> list[object]:
        self.asked.append((offset, limit))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def port() -> MemoryPort:
    return MemoryPort()


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        yield server


def updates_of(**said: list[str]) -> list[dict[str, Any]]:
    """An update for each text, `p7=["a", "b"]` being what person 7 says."""
    people, updates = people_and_updates()
    for person, texts in said.items():
        for text in texts:
            people.say(int(person[1:]), text)
    return updates


async def test_a_batch_is_confirmed_by_the_call_after_it(
    fake: FakeTelegram, port: MemoryPort
) -> None:
    async with telegram_at(fake) as platform:
        polling = Polling(platform.updates, intake_of(port).take, Slept())
        for number in range(3):
            fake.people.say(7, f"bảy {number}")
            fake.people.say(8, f"tám {number}")
        await polling.once()
        assert len(fake.unconfirmed) == 6
        fake.people.say(7, "nữa")
        await polling.once()
        assert len(fake.unconfirmed) == 1
    assert port.texts("7") == ["bảy 0", "bảy 1", "bảy 2", "nữa"]
    assert port.texts("8") == ["tám 0", "tám 1", "tám 2"]
    assert port.repeats == 0


async def test_a_poisoned_update_is_kept_and_stops_nothing(
    fake: FakeTelegram, port: MemoryPort
) -> None:
    port.broken.add("hỏng")
    async with telegram_at(fake) as platform:
        polling = Polling(platform.updates, intake_of(port).take, Slept())
        for number in range(40):
            fake.people.say(7, f"{number}")
        chat = {"id": 7, "type": "private"}
        fake.people.raw({"message": {"text": "không có chat"}})
        fake.people.raw({"message": None})
        fake.people.raw({"thought": {"deep": [1]}})
        fake.people.raw({"message": {"message_id": 5, "chat": chat, "text": "hỏng"}})
        fake.people.raw(
            {"message": {"message_id": 6, "chat": chat, "text": "ngoài hành tinh",
                         "forward_origin": {"type": "from_mars"}, "date": "hôm qua"}}
        )  # fmt: skip
        for number in range(40, 55):
            fake.people.say(7, f"{number}")
        await polling.once()
        fake.people.say(7, "sau")
        await polling.once()
    said = port.texts("7")
    assert said.pop(40) == "ngoài hành tinh"
    assert said == [*map(str, range(55)), "sau"]
    assert len(port.kept) == 3
    assert any("hỏng".encode("unicode-escape") in raw for raw in port.kept)


async def test_one_person_s_trouble_holds_back_the_batch_but_not_the_others(
    port: MemoryPort,
) -> None:
    batch = updates_of(p7=["a", "b"], p8=["c", "d"])
    script, slept = Script(list(batch), list(batch), []), Slept()
    polling = Polling(script, intake_of(port).take, slept)
    port.away["7"] = StorageAway(9)
    await polling.once()
    assert (port.texts("7"), port.texts("8"), slept.seconds) == ([], ["c", "d"], [9])
    port.away.clear()
    await polling.once()
    await polling.once()
    last = batch[-1]["update_id"]
    assert script.asked == [(None, 100), (None, 100), (last + 1, 100)]
    assert (port.texts("7"), port.texts("8"), port.repeats) == (["a", "b"], ["c", "d"], 2)


async def test_each_person_s_are_in_order_and_people_side_by_side(port: MemoryPort) -> None:
    held = asyncio.Event()
    took: list[str] = []

    async def take(raw: bytes) -> None:
        text = json.loads(raw)["message"]["text"]
        if text == "a":
            await held.wait()
        took.append(text)
        if text == "d":
            held.set()

    batch = updates_of(p7=["a", "b"], p8=["c", "d"])
    await Polling(Script(list(batch)), take, Slept()).once()
    assert took == ["c", "d", "a", "b"]


async def test_stopped_in_the_middle_of_a_batch_it_comes_again(
    fake: FakeTelegram, port: MemoryPort
) -> None:
    reached = asyncio.Event()
    inner = intake_of(port).take

    async def take(raw: bytes) -> None:
        if json.loads(raw)["message"]["text"] == "3":
            reached.set()
            await asyncio.Event().wait()
        await inner(raw)

    for number in range(6):
        fake.people.say(7, str(number))
    async with telegram_at(fake) as platform:
        running = asyncio.create_task(Polling(platform.updates, take, Slept()).run())
        await reached.wait()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        assert running.cancelled()
        assert port.texts("7") == ["0", "1", "2"]
        assert len(fake.unconfirmed) == 6
        await Polling(platform.updates, inner, Slept()).once()
    assert port.texts("7") == ["0", "1", "2", "3", "4", "5"]
    assert port.repeats == 3


async def test_stopped_while_waiting_it_ends_at_once(fake: FakeTelegram, port: MemoryPort) -> None:
    async with telegram_at(fake, patience=20.0) as platform:
        running = asyncio.create_task(
            Polling(platform.updates, intake_of(port).take, Slept()).run()
        )
        await fake.until(lambda: bool(fake.calls))
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        assert running.cancelled()


@pytest.mark.parametrize(
    ("faults", "seconds"),
    [
        ([NotReached("refused")] * 8, [1, 2, 4, 8, 16, 32, 60, 60]),
        ([NoAnswer("TimeoutError")] * 3, [1, 2, 4]),
        ([Refused(500, "restart")] * 3, [1, 2, 4]),
        ([Refused(409, "Conflict: terminated by other getUpdates request")] * 2, [1, 2]),
        ([Refused(401, "Unauthorized")] * 2, [60, 60]),
        ([Refused(429, "Too Many Requests", 35.0)] * 2, [35, 35]),
    ],
)
async def test_after_a_fault_it_waits(
    port: MemoryPort, faults: list[CallFailed], seconds: list[float]
) -> None:
    slept = Slept()
    script = Script(*faults, [], NotReached("refused"))
    polling = Polling(script, intake_of(port).take, slept)
    for _ in range(len(faults) + 2):
        await polling.once()
    assert slept.seconds == [*seconds, 1]


async def test_every_fault_on_the_wire_passes(fake: FakeTelegram, port: MemoryPort) -> None:
    async with telegram_at(fake) as platform:
        fake.people.say(7, "chào")
        kinds = ("429", "500", "502_html", "400", "401", "409", "ok_false", "bad_json", "empty")
        for kind in (*kinds, "reset_before", "reset_after", "done_lost"):
            fake.fail("getUpdates", Fault(kind))  # type: ignore[arg-type]
        running = asyncio.create_task(
            Polling(platform.updates, intake_of(port).take, Slept()).run()
        )
        await fake.until(lambda: not fake.unconfirmed)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert port.texts("7") == ["chào"]
    assert port.kept == []


async def test_an_update_that_spoils_its_batch_s_json_is_found_and_passed_over(
    port: MemoryPort,
) -> None:
    first, second = updates_of(p7=["trước", "sau"])
    bad = b'{"ok":true,"result":[{"update_id":100000002,"message":{"x":' + b"9" * 5000 + b"}}]}"
    script = Script(
        NoAnswer("unreadable", b"[" + bad),
        [first],
        NoAnswer("unreadable", bad),
        NoAnswer("unreadable", bad),
        [second],
    )
    slept = Slept()
    polling = Polling(script, intake_of(port).take, slept)
    for _ in range(5):
        await polling.once()
    assert script.asked == [
        (None, 100),
        (None, 1),
        (first["update_id"] + 1, 100),
        (first["update_id"] + 1, 1),
        (100_000_003, 1),
    ]
    assert port.texts("7") == ["trước", "sau"]
    assert port.kept == [bad]
    assert slept.seconds == []


async def test_an_unreadable_answer_without_an_update_is_waited_out(port: MemoryPort) -> None:
    script = Script(NoAnswer("html", b"<html>"), NoAnswer("html", b"<html>"), [])
    slept = Slept()
    polling = Polling(script, intake_of(port).take, slept)
    for _ in range(3):
        await polling.once()
    assert (slept.seconds, port.kept) == ([1], [])


async def test_after_an_empty_answer_ids_may_begin_anew(port: MemoryPort) -> None:
    batch = updates_of(p7=["a"])
    script = Script(list(batch), [], [])
    polling = Polling(script, intake_of(port).take, Slept())
    for _ in range(3):
        await polling.once()
    assert [offset for offset, _ in script.asked] == [None, batch[0]["update_id"] + 1, None]


async def test_what_has_no_id_does_not_spin(port: MemoryPort) -> None:
    slept = Slept()
    polling = Polling(Script([{"message": 1}, 5], [None]), intake_of(port).take, slept)
    await polling.once()
    await polling.once()
    assert slept.seconds == [1, 2]
    assert len(port.kept) == 3


async def test_a_second_poller_ends_the_first_one_s_call(fake: FakeTelegram) -> None:
    async with telegram_at(fake) as first, telegram_at(fake) as second:
        waiting = asyncio.create_task(first.updates(None, 100))
        await fake.until(lambda: bool(fake.calls))
        other = asyncio.create_task(second.updates(None, 100))
        with pytest.raises(Refused) as fault:
            await waiting
        assert fault.value.code == 409
        fake.people.say(7, "chào")
        assert len(await other) == 1
