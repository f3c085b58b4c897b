"""The engine: every event once, its effect whole or not at all, and nobody told too early."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot.engine import Engine, Taken
from bot.errors import StorageAway
from handlers import router
from handlers.messages import Message
from handlers.turn import Turn, World
from knowledge.text import fold
from storage import audit, outbox, people, received
from storage.database import Database, Tx
from storage.errors import DatabaseAway
from storage.schema import dead_letters
from storage.schema import outbox as outbox_table
from storage.schema import received as received_table
from tests.conftest import START, STORES, Fresh, HandClock
from tests.stock import at_once

WEB_SENDERS = ("a" * 64, "b" * 64)


def _message(sender: str, event_id: str, text: str = "menu", channel: str = "terminal") -> Message:
    return Message(channel, "test", sender, event_id, START, text)


def _echo(turn: Turn) -> None:
    """A handler that needs no plan: says what was said, counts in the state, names the person."""
    turn.state["count"] = turn.state.get("count", 0) + 1
    people.save_state(turn.tx, turn.conversation.account_id, turn.state)
    people.rename(turn.tx, turn.person, turn.message.text, fold(turn.message.text))
    said = {"text": f"{turn.state['count']}: {turn.message.text}", "choices": []}
    outbox.put(turn.tx, turn.conversation.account_id, "reply", [said])


def _echo_or(fault: Callable[[], Exception]) -> Callable[[Turn], None]:
    def handle(turn: Turn) -> None:
        _echo(turn)
        if "hỏng" in turn.message.text:
            raise fault()

    return handle


@pytest.fixture
def engine(database: Database, world: World, clock: HandClock) -> Iterator[Engine]:
    """An engine on either store."""
    one = Engine(database, world, clock)
    yield one
    one.close()


@pytest.fixture
def two_engines(
    request: pytest.FixtureRequest, fresh_url: Fresh, world: World, clock: HandClock
) -> Iterator[list[Engine]]:
    """Two replicas on one store."""
    url = fresh_url(request.param)
    engines = [Engine(Database(url), world, clock) for _ in range(2)]
    yield engines
    for one in engines:
        one.close()


def _said(engine: Engine, sender: str, channel: str = "terminal") -> list[str]:
    def look(tx: Tx) -> list[str]:
        account_id = people.find_account(tx, channel, "test", sender)
        return [] if account_id is None else [
            row.body["text"] for row in outbox.waiting(tx, account_id)
        ]  # fmt: skip

    return engine.writer.run(look)


def _letters(engine: Engine) -> list[tuple[bytes, str]]:
    def look(tx: Tx) -> list[tuple[bytes, str]]:
        rows = tx.execute(select(dead_letters.c.raw, dead_letters.c.error)).all()
        return [(row.raw, row.error) for row in rows]

    return engine.writer.run(look)


def _count(engine: Engine, table: object) -> int:
    statement = select(func.count()).select_from(table)  # type: ignore[arg-type]  # any table
    return engine.writer.run(lambda tx: int(tx.execute(statement).scalar() or 0))


def _whole(engine: Engine) -> bool:
    return engine.writer.run(lambda tx: list(audit.verify(tx))) == []


# a handler that fails


def test_a_handlers_fault_is_one_dead_letter_and_one_apology(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "handle", _echo_or(lambda: KeyError("mine")))
    bad = _message("Páo", "2", "hỏng rồi")
    assert engine.take(_message("Páo", "1", "chào"), b"1").outcome == "done"
    assert engine.take(bad, b"raw event").outcome == "dead"
    for _ in range(3):
        assert engine.take(bad, b"raw event") == Taken(None, "repeat")
    assert engine.take(_message("Páo", "3", "tiếp"), b"3").outcome == "done"
    said = _said(engine, "Páo")
    assert (said[0], said[2]) == ("1: chào", "2: tiếp")
    assert said[1].startswith("Xin lỗi")
    assert len(said) == 3
    [(raw, error)] = _letters(engine)
    assert raw == b"raw event"
    assert "KeyError" in error
    assert _whole(engine)


def test_a_fault_before_any_contact_apologises_too(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "handle", _echo_or(lambda: ValueError("mine")))
    assert engine.take(_message("Lạ", "1", "hỏng"), b"x").outcome == "dead"
    assert len(_said(engine, "Lạ")) == 1


def test_of_a_batch_only_the_broken_turn_is_undone(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "handle", _echo_or(RecursionError))
    texts = {f"người {number}": "hỏng" if number % 3 == 0 else "chào" for number in range(30)}
    tasks = [
        partial(engine.take, _message(sender, "1" + sender, text), b"")
        for sender, text in texts.items()
    ]
    outcomes = at_once(tasks)
    assert [one.outcome for one in outcomes if isinstance(one, Taken)] == [
        "dead" if text == "hỏng" else "done" for text in texts.values()
    ]
    for sender, text in texts.items():
        [said] = _said(engine, sender)
        assert (said == "1: chào") is (text == "chào")
    assert len(_letters(engine)) == 10
    assert _whole(engine)


@pytest.mark.parametrize(
    "quoted",
    ["\ud800", "\x00", "x" * 100_000, "%(name)s %s {0} \udcff\x00"],
    ids=["surrogate", "nul", "long", "mixed"],
)
def test_a_fault_that_quotes_anything_is_still_a_dead_letter(
    engine: Engine, quoted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused by the store, it would be taken for a failing database and block the chat."""
    monkeypatch.setattr(router, "handle", _echo_or(lambda: ValueError(quoted)))
    outcome = "away"
    # The fault itself may not reach the test's report, which no more than a store can hold it.
    with suppress(DatabaseAway):
        outcome = engine.take(_message("Páo", "1", "hỏng"), b"x").outcome
    assert outcome == "dead"
    assert len(_letters(engine)) == len(_said(engine, "Páo")) == 1


def test_the_log_does_not_quote_what_was_written(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "handle", _echo_or(lambda: ValueError("hỏng, số căn cước 012345")))
    with capture_logs() as logs:
        engine.take(_message("Páo", "1", "hỏng, số căn cước 012345"), b"x")
    [line] = [one for one in logs if one["event"] == "dead_letter"]
    assert "012345" not in repr(line)
    assert line["fault"].startswith("ValueError test_engine.py:")


# an event comes again


def test_an_event_is_handled_once_however_often_it_comes(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "handle", _echo)
    events = [_message(f"người {n % 5}", f"e{n}", f"câu {n}") for n in range(40)]
    sent = events * 4
    random.Random(3).shuffle(sent)
    outcomes = at_once([partial(engine.take, one, b"") for one in sent])
    taken = [one.outcome for one in outcomes if isinstance(one, Taken)]
    assert sorted(taken) == ["done"] * 40 + ["repeat"] * 120
    assert _count(engine, outbox_table) == 40


@pytest.mark.parametrize("two_engines", STORES, indirect=True)
def test_one_event_at_two_replicas_at_once_has_one_effect(
    two_engines: list[Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "handle", _echo_or(lambda: KeyError("mine")))
    for number in range(15):
        text = "hỏng" if number % 4 == 0 else "chào"
        event = _message(f"người {number % 3}", f"e{number}", text)
        outcomes = at_once([partial(one.take, event, b"") for one in two_engines])
        taken = [one.outcome for one in outcomes if isinstance(one, Taken)]
        assert sorted(taken) == ["dead" if text == "hỏng" else "done", "repeat"]
    assert _count(two_engines[0], outbox_table) == 15
    assert _count(two_engines[0], received_table) == 15
    assert len(_letters(two_engines[1])) == 4
    assert _whole(two_engines[0])


@pytest.mark.parametrize("two_engines", STORES, indirect=True)
def test_two_replicas_lose_no_update_of_one_conversation(
    two_engines: list[Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "handle", _echo)
    events = [_message("Páo", f"e{number}", f"câu {number}") for number in range(24)]
    outcomes = at_once(
        [partial(two_engines[n % 2].take, event, b"") for n, event in enumerate(events)]
    )
    assert [one for one in outcomes if not isinstance(one, Taken)] == []
    counts = [said.partition(":")[0] for said in _said(two_engines[0], "Páo")]
    assert counts == [str(number) for number in range(1, 25)]


def test_on_the_web_an_event_id_is_its_senders_own(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "handle", _echo)
    one, other = (_message(sender, "1", "chào", "web") for sender in WEB_SENDERS)
    assert engine.take(one, b"").outcome == engine.take(other, b"").outcome == "done"
    assert engine.take(one, b"").outcome == "repeat"
    assert engine.take(_message("Páo", "1"), b"").outcome == "done"
    assert engine.take(_message("Mỷ", "1"), b"").outcome == "repeat"


def test_a_conversation_keeps_its_order(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "handle", _echo)
    people_talking = [f"người {number}" for number in range(8)]

    def talk(sender: str) -> None:
        answers: list[object] = []
        for number in range(10):
            event = _message(sender, f"{sender} {number}", f"câu {number}")
            engine.submit(event, b"", answers.append)

    assert at_once([partial(talk, one) for one in people_talking]) == [None] * 8
    engine.writer.run(lambda tx: None)
    for sender in people_talking:
        engine.take(_message(sender, f"{sender} last", "hết"), b"")
        expected = [f"{n + 1}: câu {n}" for n in range(10)] + ["11: hết"]
        assert _said(engine, sender) == expected


# the database fails


def _away(turn: Turn) -> None:
    _echo(turn)
    raise OperationalError("INSERT", {}, Exception("disk I/O error"))


def test_a_failing_database_is_no_dead_letter_and_the_event_may_come_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = _message("Páo", "1", "chào")
    monkeypatch.setattr(router, "handle", _away)
    with pytest.raises(DatabaseAway):
        engine.take(event, b"")
    assert _count(engine, received_table) == 0
    assert _letters(engine) == []
    monkeypatch.setattr(router, "handle", _echo)
    assert engine.take(event, b"").outcome == "done"
    assert _said(engine, "Páo") == ["1: chào"]


async def test_a_failing_database_is_told_with_a_time_to_wait(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.attach(asyncio.get_running_loop())
    monkeypatch.setattr(router, "handle", _away)
    with pytest.raises(StorageAway) as told:
        await engine.receive(_message("Páo", "1"), b"")
    assert told.value.retry_after >= 1
    monkeypatch.setattr(router, "handle", _echo)
    await engine.receive(_message("Páo", "1"), b"")

    def broken(_tx: Tx) -> None:
        raise DatabaseAway("gone")

    with pytest.raises(StorageAway):
        await engine.read(broken)
    with pytest.raises(StorageAway):
        await engine.write(broken)
    assert await engine.read(lambda tx: len(tx.execute(select(received_table)).all())) == 1


# the web chat's side


def _web(sender: str, event_id: str, text: str) -> Message:
    return Message("web", "web", sender, event_id, START, text)


async def test_what_waits_is_shown_until_acknowledged(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "handle", _echo)
    engine.attach(asyncio.get_running_loop())
    one, other = WEB_SENDERS
    assert await engine.pending(one) == []
    await engine.acknowledge(one, [1, 2, 3])
    for number in range(3):
        await engine.receive(_web(one, str(number), f"câu {number}"), b"")
    await engine.receive(_web(other, "0", "khác"), b"")
    rows = list(await engine.pending(one))
    assert [row.text for row in rows] == ["1: câu 0", "2: câu 1", "3: câu 2"]
    await engine.acknowledge(other, [row.id for row in rows])
    assert list(await engine.pending(one)) == rows
    await engine.acknowledge(one, [rows[0].id, rows[0].id, 10**15])
    assert list(await engine.pending(one)) == rows[1:]
    assert [row.text for row in await engine.pending(other)] == ["1: khác"]


async def test_whoever_watches_is_woken_for_his_own_news(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "handle", _echo)
    engine.attach(asyncio.get_running_loop())
    one, other = WEB_SENDERS
    with engine.watch(one) as news, engine.watch(one) as second, engine.watch(other) as others:
        await engine.receive(_web(one, "1", "chào"), b"")
        await asyncio.wait_for(news.wait(), 20)
        await asyncio.wait_for(second.wait(), 20)
        news.clear()
        others.clear()
        await engine.receive(_web(one, "2", "lần nữa"), b"")
        await asyncio.wait_for(news.wait(), 20)
        assert not others.is_set()
    with engine.watch(one) as again:
        await engine.pending(one)
        again.clear()
        await engine.receive(_web(one, "3", "trở lại"), b"")
        await asyncio.wait_for(again.wait(), 20)


async def test_many_at_once_are_all_taken(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "handle", _echo)
    engine.attach(asyncio.get_running_loop())
    events = [_web(WEB_SENDERS[n % 2], str(n), f"câu {n}") for n in range(60)]
    await asyncio.gather(*(engine.receive(one, b"") for one in events + events))
    for sender in WEB_SENDERS:
        assert len(await engine.pending(sender)) == 30


async def test_whoever_gives_up_waiting_disturbs_nobody(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "handle", _echo)
    engine.attach(asyncio.get_running_loop())
    one, other = WEB_SENDERS
    waiting = asyncio.ensure_future(engine.receive(_web(one, "1", "chào"), b""))
    await asyncio.sleep(0)
    waiting.cancel()
    await engine.receive(_web(other, "1", "chào"), b"")
    await engine.receive(_web(one, "1", "chào"), b"")
    assert [row.text for row in await engine.pending(one)] == ["1: chào"]


def test_the_key_of_an_event_is_what_design_says(engine: Engine) -> None:
    engine.take(_message("Páo", "77"), b"")
    key = received.key_of("terminal", "test", "77")
    kept = engine.writer.run(lambda tx: tx.execute(select(received_table.c.key)).scalars().all())
    assert [bytes(one) for one in kept] == [key]
