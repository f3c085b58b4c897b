"""The spool: nothing acknowledged is lost, order holds, and its bounds are told, not hidden."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import prometheus_client
import pytest

from bot import spool as spool_module
from bot import spool_files, tidying
from bot.engine import Engine
from bot.errors import StorageAway
from bot.events import Event, Pause, Reach, Unread
from bot.spool import Spool
from bot.spool_files import Waiting
from handlers.messages import Attachment, Message

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def message(number: int, channel: str = "zalo_oa") -> Message:
    photo = Attachment("photo", f"ref-{number}", "ảnh.jpg", 12)
    return Message(channel, "oa", "u1", f"e{number}", AT, f"tin {number}", None, (photo,), "nhóm")


class Store:
    """Takes events unless it is away."""

    def __init__(self) -> None:
        self.away = False
        self.is_slow = False
        self.taken: list[Message] = []
        self.besides: list[tuple[Event, bytes]] = []
        self.order: list[str] = []

    async def store(self, event: Event, raw: bytes) -> None:
        if self.away:
            raise StorageAway
        if self.is_slow:
            await asyncio.Event().wait()
        self.order.append(type(event).__name__)
        if isinstance(event, Message):
            self.taken.append(event)
            assert raw == event.text.encode()
        else:
            self.besides.append((event, raw))


def alarms() -> float:
    name, labels = "chung_suc_alarms_total", {"channel": "zalo_oa"}
    return prometheus_client.REGISTRY.get_sample_value(name, labels) or 0.0


async def hand_on(spool: Spool, until_empty: bool = True) -> None:
    await spool.look()
    task = asyncio.create_task(spool.run())
    async with asyncio.timeout(10):
        while spool.waiting and until_empty:  # noqa: ASYNC110 - the files are the signal
            await asyncio.sleep(0.001)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def give(spool: Spool, numbers: Sequence[int], channel: str = "zalo_oa") -> None:
    for number in numbers:
        one = message(number, channel)
        await spool.take(one, one.text.encode())


async def test_with_storage_at_hand_nothing_is_written(tmp_path: Path) -> None:
    store = Store()
    spool = Spool(tmp_path, store.store)
    await give(spool, [1])
    assert store.taken == [message(1)]
    assert list(tmp_path.rglob("*.json")) == []


async def test_what_came_while_away_comes_first_and_whole_even_after_a_restart(
    tmp_path: Path,
) -> None:
    store = Store()
    store.away = True
    await give(Spool(tmp_path, store.store), range(1, 6))
    later = Spool(tmp_path, store.store)
    store.away = False
    await later.look()
    assert later.waiting == 5
    await give(later, [6])
    await give(later, [1], channel="telegram")
    assert store.taken == [message(1, "telegram")]
    await hand_on(later)
    assert store.taken[1:] == [message(number) for number in range(1, 7)]
    await give(later, [7])
    assert store.taken[-1] == message(7)
    assert list(tmp_path.rglob("*.json")) == []


async def test_while_still_away_it_all_stays(tmp_path: Path) -> None:
    store = Store()
    store.away = True
    looks = 0

    async def sleep(_seconds: float) -> None:
        nonlocal looks
        looks += 1
        store.away = looks < 3
        await asyncio.sleep(0)

    spool = Spool(tmp_path, store.store, sleep=sleep)
    await give(spool, [1, 2])
    await spool.take(Unread("zalo_oa", "k1"), b"\xff")
    await hand_on(spool)
    assert looks == 3
    assert [one.event_id for one in store.taken] == ["e1", "e2"]
    assert store.besides == [(Unread("zalo_oa", "k1"), b"\xff")]


@pytest.mark.parametrize("is_slow", [False, True])
async def test_what_is_told_besides_messages_keeps_its_place(tmp_path: Path, is_slow: bool) -> None:
    """Who leaves and comes back is reached again; an operator's pause begins after what he read."""
    patience = 0.0 if is_slow else None
    store = Store()
    store.away, store.is_slow = not is_slow, is_slow
    besides: list[Event] = [
        Reach("zalo_oa", "oa", "u1", "blocked", AT),
        Reach("zalo_oa", "oa", "u1", "", AT),
        Pause("zalo_oa", "oa", "u1", AT),
    ]
    spool = Spool(tmp_path, store.store)
    await spool.take(message(1), b"tin 1", patience)
    for event in besides:
        await spool.take(event, b"", patience)
    assert store.order == []
    store.away = store.is_slow = False
    await give(spool, [2])
    del spool  # its process has ended
    await hand_on(Spool(tmp_path, store.store))
    assert store.order == ["Message", "Reach", "Reach", "Pause", "Message"]
    assert [event for event, _ in store.besides] == besides


async def test_people_are_handed_on_in_parallel_each_in_order(tmp_path: Path) -> None:
    begun: dict[str, list[str]] = {}
    all_there = asyncio.Event()
    is_away = True

    async def store(event: Event, _raw: bytes) -> None:
        assert isinstance(event, Message)
        if is_away:
            raise StorageAway
        heard = begun.setdefault(event.sender, [])
        heard.append(event.event_id)
        if len(begun) == 3:
            all_there.set()
        await all_there.wait()
        if event.event_id == "u2-1" and heard.count("u2-1") == 1:
            raise StorageAway  # away again in the middle: what he said after it waits behind it

    spool = Spool(tmp_path, store, sleep=lambda _seconds: asyncio.sleep(0))
    for number in range(3):
        for sender in ("u1", "u2", "u3"):
            one = replace(message(number), sender=sender, event_id=f"{sender}-{number}")
            await spool.take(one, b"")
    is_away = False
    await hand_on(spool)
    assert begun["u1"] == ["u1-0", "u1-1", "u1-2"]
    assert begun["u2"] == ["u2-0", "u2-1", "u2-1", "u2-2"]
    assert begun["u3"] == ["u3-0", "u3-1", "u3-2"]


async def test_processes_share_the_queue_and_any_of_them_hands_on(tmp_path: Path) -> None:
    store = Store()
    store.away = True
    one, two = Spool(tmp_path, store.store), Spool(tmp_path, store.store)
    await give(one, [1])
    await give(two, [2])
    await give(one, [3])
    store.away = False
    del one  # its process has ended
    await hand_on(two)
    assert store.taken == [message(1), message(2), message(3)]
    assert list(tmp_path.rglob("*.json")) == []


async def test_no_process_overtakes_what_another_was_told(tmp_path: Path) -> None:
    store = Store()
    one, two = Spool(tmp_path, store.store), Spool(tmp_path, store.store)
    looking = asyncio.create_task(two.run())
    await give(two, [0])
    store.away = True
    await give(one, [1])
    async with asyncio.timeout(10):
        while not two.waiting:  # noqa: ASYNC110 - the files are the signal
            await asyncio.sleep(0.001)
    looking.cancel()
    store.away = False
    await give(two, [2])
    await give(two, [1], channel="telegram")
    assert store.taken == [message(0), message(1, "telegram")]
    await hand_on(two)
    assert store.taken[2:] == [message(1), message(2)]
    await one.look()
    await give(one, [3])
    await give(two, [4])
    assert store.taken[4:] == [message(3), message(4)]
    assert list(tmp_path.rglob("*.json")) == []


class Stopped(Store):
    """A store that stops at the first event it is given, until it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.may_go_on = asyncio.Event(), asyncio.Event()

    async def store(self, event: Event, raw: bytes) -> None:
        self.begun.set()
        await self.may_go_on.wait()
        await super().store(event, raw)


@pytest.mark.parametrize("channel", ["zalo_oa", "telegram"])
async def test_who_hands_on_overtakes_nothing_that_another_is_told_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, channel: str
) -> None:
    """Told to the other and then to it, in the queue it hands on or in one that was empty."""
    monkeypatch.setattr(spool_module, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(spool_module, "AT_ONCE", 2)
    drained, away = Stopped(), Store()
    away.away = True
    one, two = Spool(tmp_path, drained.store), Spool(tmp_path, away.store)
    await give(two, range(5))
    handing_on = asyncio.create_task(hand_on(one))
    async with asyncio.timeout(10):
        await drained.begun.wait()
    await give(two, [5], channel)
    given = asyncio.create_task(give(one, [6], channel))
    async with asyncio.timeout(10):
        while one.waiting < 7:  # noqa: ASYNC110 - the files are the signal
            await asyncio.sleep(0.001)
    drained.may_go_on.set()
    await asyncio.gather(handing_on, given)
    told = [one for one in drained.taken if one.event_id in {"e5", "e6"}]
    assert told == [message(5, channel), message(6, channel)]
    assert len(drained.taken) == 7


@pytest.mark.parametrize("look_seconds", [0.0, 3600.0])
async def test_what_another_writes_meanwhile_is_handed_on_within_a_long_queue_or_right_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look_seconds: float
) -> None:
    monkeypatch.setattr(spool_module, "LOOK_SECONDS", look_seconds)
    monkeypatch.setattr(spool_module, "AT_ONCE", 1)
    drained, away = Stopped(), Store()
    away.away = True
    one, two = Spool(tmp_path, drained.store), Spool(tmp_path, away.store)
    await give(two, range(5))
    running = asyncio.create_task(one.run())
    async with asyncio.timeout(10):
        await drained.begun.wait()
        await give(two, [5], "telegram")
        drained.may_go_on.set()
        while len(drained.taken) < 6:  # noqa: ASYNC110 - what is taken is the signal
            await asyncio.sleep(0.001)
    running.cancel()
    place = drained.taken.index(message(5, "telegram"))
    assert place == 5 if look_seconds else place < 4


async def test_of_the_first_that_come_at_once_none_overtakes_what_lay_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead process's events come first, and all that wait for the look wait for the same one."""
    monkeypatch.setattr(spool_module, "LOOK_SECONDS", 3600.0)
    store, looks, found = Store(), 0, spool_files.found

    def counted(folder: Path, known: Waiting) -> Waiting:
        nonlocal looks
        looks += 1
        return found(folder, known)

    store.away = True
    await give(Spool(tmp_path, store.store), [1, 2])
    store.away = False
    monkeypatch.setattr(spool_files, "found", counted)
    later = Spool(tmp_path, store.store)
    await asyncio.gather(*(give(later, [number]) for number in range(3, 13)))
    assert (store.taken, looks) == ([], 1)
    await hand_on(later)
    assert store.taken[:2] == [message(1), message(2)]
    assert len(store.taken) == 12


async def test_what_has_been_handed_on_is_no_event_that_cannot_be_read(tmp_path: Path) -> None:
    async def sleep(_seconds: float) -> None:
        raise AssertionError("nothing is waited for")

    store, before = Store(), alarms()
    store.away = True
    spool = Spool(tmp_path, store.store, sleep=sleep)
    await give(spool, [1, 2, 3])
    for path in sorted(tmp_path.rglob("*.json"))[:2]:
        path.unlink()
    store.away = False
    assert await spool._hand_on("zalo_oa")
    assert (store.taken, spool.waiting, alarms()) == ([message(3)], 0, before)


async def test_another_may_hand_on_only_once_nothing_runs_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed, may_end, unlink = asyncio.Event(), asyncio.Event(), Path.unlink
    loop, is_away, was_ours = asyncio.get_running_loop(), True, True

    def failing(path: Path, *, missing_ok: bool = False) -> None:
        if path.name == first:
            loop.call_soon_threadsafe(failed.set)
            raise OSError(errno.EIO, "Input/output error")
        unlink(path, missing_ok=missing_ok)

    async def store(event: Event, _raw: bytes) -> None:
        nonlocal was_ours
        if is_away:
            raise StorageAway
        if isinstance(event, Message) and event.sender == "u2":
            await failed.wait()
            await may_end.wait()
            was_ours = not spool_files.locked(other)

    spool = Spool(tmp_path, store)
    for sender in ("u1", "u2"):
        await spool.take(replace(message(1), sender=sender), b"")
    first = min(tmp_path.rglob("*.json")).name
    is_away = False
    monkeypatch.setattr(Path, "unlink", failing)
    other = os.open(tmp_path / spool_module.LOCK, os.O_WRONLY)
    try:
        running = asyncio.create_task(spool.run())
        async with asyncio.timeout(10):
            await failed.wait()
            for _ in range(100):  # the fault has come up as far as it will
                await asyncio.to_thread(lambda: None)
            assert not running.done()
            may_end.set()
            with pytest.raises(OSError, match="Input/output"):
                await running
        assert was_ours
        assert spool_files.locked(other)
    finally:
        os.close(other)


async def test_one_process_at_a_time_hands_on(tmp_path: Path) -> None:
    begun, may_end, taken = asyncio.Event(), asyncio.Event(), list[str]()

    async def slowly(event: Event, _raw: bytes) -> None:
        assert isinstance(event, Message)
        begun.set()
        await may_end.wait()
        taken.append(event.event_id)

    slept = asyncio.Event()

    async def sleep(_seconds: float) -> None:
        slept.set()
        await may_end.wait()

    store = Store()
    store.away = True
    await give(Spool(tmp_path, store.store), [1, 2])
    store.away = False
    first = asyncio.create_task(hand_on(Spool(tmp_path, slowly)))
    await begun.wait()
    second = asyncio.create_task(hand_on(Spool(tmp_path, store.store, sleep=sleep)))
    async with asyncio.timeout(10):
        await slept.wait()
    assert store.taken == []
    may_end.set()
    await asyncio.gather(first, second)
    assert (taken, store.taken) == (["e1", "e2"], [])


@pytest.mark.parametrize("step", [0, -1_000_000_000])
async def test_clocks_that_stand_still_or_step_back_lose_and_shuffle_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    store, at = Store(), time.time_ns()
    store.away = True
    one, two = Spool(tmp_path, store.store), Spool(tmp_path, store.store)
    for number, spool in enumerate((one, two, one, two)):
        monkeypatch.setattr(time, "time_ns", lambda number=number: at + number * step)
        await spool.look()
        await give(spool, [number])
    store.away = False
    await hand_on(one)
    assert store.taken == [message(number) for number in range(4)]


async def test_what_comes_while_an_event_is_being_written_stands_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, writing, written = Store(), threading.Event(), threading.Event()
    store.away = True
    write = spool_files.write

    def slowly(path: Path, text: str) -> None:
        writing.set()
        assert written.wait(10)
        write(path, text)

    monkeypatch.setattr(spool_files, "write", slowly)
    spool = Spool(tmp_path, store.store)
    first = asyncio.create_task(give(spool, [1]))
    assert await asyncio.to_thread(writing.wait, 10)
    store.away = False
    second = asyncio.create_task(give(spool, [2]))
    await asyncio.sleep(0)
    written.set()
    await asyncio.gather(first, second)
    await hand_on(spool)
    assert store.taken == [message(1), message(2)]


@pytest.mark.parametrize(
    "text", ["[1]", "{}", '{"raw": ""}', '{"message": null, "raw": ""}', '{"key": "k", "raw": ""}']
)
async def test_an_odd_file_is_set_aside_with_an_alarm_and_holds_up_nothing(
    tmp_path: Path, text: str
) -> None:
    store, before = Store(), alarms()
    store.away = True
    spool = Spool(tmp_path, store.store)
    await give(spool, [1, 2])
    min(tmp_path.rglob("*.json")).write_text(text)
    store.away = False
    await hand_on(spool)
    assert store.taken == [message(2)]
    assert [path.suffix for path in tmp_path.rglob("*.*")] == [".unreadable"]
    assert alarms() == before + 1


async def test_a_read_that_fails_is_tried_again_with_one_alarm_a_file_and_nothing_overtakes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, before = Store(), alarms()
    store.away = True
    spool = Spool(tmp_path, store.store, sleep=lambda _seconds: asyncio.sleep(0))
    await give(spool, [1, 2])
    store.away, read = False, Path.read_text
    fails = dict.fromkeys((path.name for path in tmp_path.rglob("*.json")), 3)

    def failing(path: Path, *told: str) -> str:
        fails[path.name] -= 1
        if fails[path.name] >= 0:
            raise OSError(errno.EIO, "Input/output error")
        return read(path, *told)

    monkeypatch.setattr(Path, "read_text", failing)
    await hand_on(spool)
    assert store.taken == [message(1), message(2)]
    assert alarms() == before + 2


async def test_a_full_spool_says_so_and_takes_again_when_there_is_room(tmp_path: Path) -> None:
    store = Store()
    store.away = True
    spool = Spool(tmp_path, store.store, most=2)
    await give(spool, [1, 2])
    with pytest.raises(StorageAway):
        await give(spool, [3])
    store.away = False
    await hand_on(spool)
    await give(spool, [3])
    assert [one.event_id for one in store.taken] == ["e1", "e2", "e3"]


async def test_a_spool_is_bounded_in_bytes_too(tmp_path: Path) -> None:
    store = Store()
    store.away = True
    spool = Spool(tmp_path, store.store, most_bytes=900)
    await give(spool, [1])
    with pytest.raises(StorageAway):
        await give(spool, [2, 3, 4])


async def test_a_folder_that_cannot_be_written_acknowledges_nobody(tmp_path: Path) -> None:
    store = Store()
    store.away = True
    spool = Spool(tmp_path / "spool", store.store)
    (tmp_path / "spool" / "zalo_oa").write_text("a file where a folder should be")
    with pytest.raises(StorageAway):
        await give(spool, [1])
    assert spool.waiting == 0


async def test_a_torn_file_is_set_aside_and_blocks_nothing(tmp_path: Path) -> None:
    store = Store()
    store.away = True
    await give(Spool(tmp_path, store.store), [1, 2])
    first = min(tmp_path.rglob("*.json"))
    first.write_text('{"message": {"chan')
    store.away = False
    await hand_on(Spool(tmp_path, store.store))
    assert [one.event_id for one in store.taken] == ["e2"]
    assert [path.suffix for path in tmp_path.rglob("*.*")] == [".unreadable"]


async def test_what_can_never_be_handed_on_goes_after_a_week(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put() -> None:
        (tmp_path / "zalo_oa").mkdir(exist_ok=True)
        for name in ("1.part", "2.unreadable", "3.json"):
            for age in (6, 8):
                path = tmp_path / "zalo_oa" / f"{age}{name}"
                path.write_text("{}")
                os.utime(path, (then := time.time() - age * 24 * 3600, then))

    def left() -> set[str]:
        return {path.name for path in tmp_path.rglob("*.*")}

    store, kept = Store(), {"61.part", "62.unreadable", "63.json", "83.json"}
    put()
    spool = Spool(tmp_path, store.store)
    assert left() == kept
    put()

    class Enough(Exception):
        pass

    async def a_day(_seconds: float) -> None:
        raise Enough

    async def nothing(_engine: Engine) -> None:
        raise StorageAway

    monkeypatch.setattr(tidying, "once", nothing)
    with pytest.raises(Enough):
        await tidying.work(cast(Engine, None), spool, a_day)
    assert left() == kept


async def test_what_is_set_aside_is_kept_a_week_from_then(tmp_path: Path) -> None:
    store = Store()
    (tmp_path / "zalo_oa").mkdir()
    torn = tmp_path / "zalo_oa" / "000000000001.json"
    torn.write_text("{")
    os.utime(torn, (0, 0))
    spool = Spool(tmp_path, store.store)
    await hand_on(spool)
    spool.tidy()
    assert [path.suffix for path in tmp_path.rglob("*.*")] == [".unreadable"]


async def test_what_storage_takes_too_long_over_is_spooled(tmp_path: Path) -> None:
    store = Store()
    spool = Spool(tmp_path, store.store)
    store.is_slow = True
    await spool.take(message(1), b"tin 1", 0.0)
    store.is_slow = False
    await spool.take(message(2), b"tin 2")
    assert (store.taken, spool.waiting) == ([], 2)
    await hand_on(spool)
    assert [one.event_id for one in store.taken] == ["e1", "e2"]
