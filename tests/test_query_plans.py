"""Every statement of a turn finds its rows by an index, however many are stored.

The statements are not copied here: a whole conversation is had, and what it sent is explained.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import event, text

from bot.engine import Engine
from handlers.turn import World
from storage import grants, media, media_jobs, outbox, queue, timers
from storage.database import Database, Tx
from storage.queue import Filter
from storage.schema import metadata
from tests.conftest import START, STORES, Fresh, HandClock
from tests.stock import ELSEWHERE, HERE, opened, report, villager
from tests.talk import Talk, talking

ONE_ROW = {"audit_head"}
"""Tables that never hold more than one row."""
OF_FEW_ROWS = (
    "UPDATE honours",
    "UPDATE representations",
    "UPDATE campaigns",
    "SELECT representations",
)
"""Statements that may walk through a table of a few hundred rows in a year of the whole province:
when accounts are joined or let go, and when an officer looks who waits to represent."""

Sent = dict[str, Any]
"""Each statement as the driver got it, and one set of its values."""


@contextmanager
def _listening(*databases: Database) -> Iterator[Sent]:
    sent: Sent = {}

    def heard(_c: object, _cursor: object, statement: str, values: Any, *_rest: object) -> None:
        if statement.split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE"):
            sent.setdefault(statement, values[0] if isinstance(values, list) else values)

    engines = []
    for database in databases:
        with database.connect_for_writing() as writing, database.reading(START) as reading:
            engines += [writing.engine, reading.connection.engine]
    for engine in set(engines):
        event.listen(engine, "before_cursor_execute", heard)
    yield sent
    for engine in set(engines):
        event.remove(engine, "before_cursor_execute", heard)


def _have_conversations(talk: Talk) -> None:
    """Ask, report, ask for more, supplement, decide, look: every statement of a turn."""
    talk.make_officer("Hà", "Xã Bình Lư")
    talk.say("Páo", "báo góp tiền")
    talk.press("Páo", "Đồng ý")
    talk.say("Páo", "2 triệu đồng")
    talk.press("Páo", "Làm đường bản")
    talk.press("Páo", "Hôm qua")
    talk.say("Páo", "Xã Bình Lư")
    talk.say("Páo", "Bản Nà Đon")
    talk.press("Páo", "Cá nhân tôi")
    talk.say("Páo", "Giàng A Páo")
    talk.send("Páo", "photo", 2)
    talk.press("Páo", "Gửi")
    talk.send("Páo", "voice")
    talk.press("Hà", "Mở xem")
    talk.press("Hà", "Cần bổ sung")
    talk.press("Hà", "Chưa rõ ai góp")
    talk.press("Hà", "Ghi nhận")
    talk.press("Páo", "Bổ sung")
    talk.say("Páo", "Tôi tự góp bằng tiền bán ngô")
    talk.say("Hà", "việc cần duyệt")
    talk.say("Hà", "1")
    talk.press("Hà", "Xác nhận đúng")
    talk.press("Hà", "Ghi nhận")
    talk.say("Páo", "đóng góp của tôi")
    talk.say("Páo", "1")
    talk.say("Páo", "báo góp tiền")
    talk.say("Páo", "menu")
    _keep_facts(talk)


def _keep_facts(talk: Talk) -> None:
    """Enter a commune's facts, ask what it can be commended for, look at who gave."""
    for group in ("bản đạt chuẩn", "tiêu chí"):
        talk.say("Hà", "số liệu của xã")
        talk.say("Hà", "2024")
        talk.say("Hà", group)
        for told in ("Bản Nà Đon", "12/QĐ-UBND") if "bản" in group else ("17", "2"):
            talk.say("Hà", told)
        talk.press("Hà", "Ghi nhận")
    talk.say("Hà", "xã tôi được khen gì")
    talk.say("Hà", "2025")
    for told in ("bổ sung số liệu xét khen", "1", "giải thích xét khen", "xem cá nhân",
                 "ông Giàng A Páo được khen gì", "bản Nà Đon được khen gì"):  # fmt: skip
        talk.say("Hà", told)


def _know_each_other(talk: Talk) -> None:
    """Link, part, tell the household, represent, invite, take back, pass on, answer."""
    [said] = talk.say("Páo", "liên kết")
    talk.say("Máy hai", f"liên kết {said.split('Mã liên kết: ')[1][:11]}")
    talk.press("Máy hai", "Liên kết")
    [said] = talk.say("Hà", "liên kết")
    talk.say("Máy ba", f"liên kết {said.split('Mã liên kết: ')[1][:11]}")
    talk.press("Máy ba", "Liên kết")
    talk.say("Páo", "tài khoản của tôi")
    talk.say("Páo", "1")
    talk.say("Páo", "1")
    for said in ("gia đình tôi", "Xã Bình Lư", "Bản Nà Đon", "Giàng A Páo", "đúng"):
        talk.say("Páo", said)
    for said in ("đại diện hợp tác xã", "Xã Bình Lư", "1", "HTX Chè Bình Lư", "gửi"):
        talk.say("Páo", said)
    for said in ("đề nghị đại diện", "1", "1"):
        talk.say("Hà", said)
    for said in ("mời cán bộ", "trưởng bản", "1", "Bản Nà Đon", "không thời hạn", "tạo"):
        talk.say("Hà", said)
    code = talk.last["Hà"][-1]["text"].split("): ")[1][:26]
    for said in (f"mã mời {code}", "Lò Văn Ún", "nhận", "báo cáo của bản"):
        talk.say("Ún", said)
    for said in ("con tôi học đại học có được miễn học phí không", "chuyển cho cán bộ"):
        talk.say("Páo", said)
        talk.say("Páo", "ai là chủ tịch xã bình lư")
        talk.say("Páo", "chuyển cho cán bộ")
    talk.say("Hà", "câu hỏi chưa trả lời")
    talk.say("Hà", "1")
    talk.press("Hà", "Viết trả lời")
    talk.say("Hà", "Bà con hỏi trạm y tế xã giúp em nhé.")
    talk.press("Hà", "Gửi trả lời")
    for said in ("vai trò đã giao", "1", "thu hồi"):
        talk.say("Hà", said)


def _do_the_rest(tx: Tx) -> None:
    """What no turn of today does, but schedule and officers will."""
    timers.plan(tx, "overdue", "contribution:1", START)
    for timer_id in timers.due(tx, 10):
        timers.take(tx, timer_id)
    media_jobs.claim(tx, 9, "zalo_oa")
    for one in media_jobs.claim(tx, 9):
        media_jobs.same(tx, one, "source")
        list(media_jobs.pictures_before(tx, one))
        media_jobs.put_off(tx, one)
        media_jobs.refuse(tx, one, "not_fetched")
    media.drop(tx, [1], by="operator")
    media_jobs.drop_stale(tx, 9)
    media_jobs.forget(tx, [one.id for one in media_jobs.dropped(tx, 9)])
    queue.raised(tx, [HERE, ELSEWHERE], Filter(), 4)
    queue.at_places(tx, [HERE, ELSEWHERE], Filter(kind="money", doubtful=True, newest=True), 4)
    [grant] = grants.at_place(tx, HERE, "commune_officer")
    grants.revoke(tx, grant.id, by="operator")


def _fill(tx: Tx) -> None:
    """So many rows that a planner has a choice."""
    who = villager(tx)
    for number in range(300):
        report(tx, who if number % 3 else villager(tx), place=(HERE, ELSEWHERE)[number % 2])
        outbox.put(tx, who.account_id, "push", [{"text": "câu", "choices": []}])
    outbox.acknowledge(tx, who.account_id, list(range(1, 290)))


@dataclass(slots=True)
class Plans:
    """The plan of every statement, in the store's own words."""

    kind: str
    of: dict[str, str] = field(default_factory=dict)

    def explain(self, tx: Tx, sent: Sent) -> None:
        """Ask the store."""
        if self.kind == "postgresql":
            tx.execute(text("SET enable_seqscan = off"))
        explain = "EXPLAIN QUERY PLAN " if self.kind == "sqlite" else "EXPLAIN "
        for statement, values in sent.items():
            rows = tx.connection.exec_driver_sql(explain + statement, values).all()
            self.of[statement] = "\n".join(str(row[-1]) for row in rows)

    def scans(self) -> dict[str, str]:
        """Statements that walk through a table that grows."""
        mark = {"sqlite": "SCAN ", "postgresql": "Seq Scan on "}[self.kind]
        grow = {table.name for table in metadata.sorted_tables} - ONE_ROW
        return {
            statement: plan
            for statement, plan in self.of.items()
            for line in plan.splitlines()
            if mark in line
            and line.split(mark)[1].split()[0] in grow
            and not statement.startswith(OF_FEW_ROWS)
        }


@pytest.mark.parametrize("store", STORES)
def test_no_statement_of_a_turn_walks_through_a_table(
    store: str, fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    with talking(fresh_url(store), world, clock) as talk:
        talk.write(_fill)
        with _listening(talk.engine.database) as sent:
            _have_conversations(talk)
            _know_each_other(talk)
            talk.write(_do_the_rest)
        plans = Plans(store)
        with talk.engine.database.connect_for_writing() as connection:
            plans.explain(Tx(connection, START), sent)
    assert len(sent) > 30
    assert plans.scans() == {}


@pytest.mark.parametrize("store", STORES)
def test_the_queue_is_read_in_order_and_not_sorted(store: str, fresh_url: Fresh) -> None:
    """Sorting would read everything that waits at a place in order to show four."""
    from storage import contributions

    with opened(fresh_url(store)) as [database]:
        with database.writing(START) as tx:
            _fill(tx)
        with _listening(database) as sent, database.reading(START) as tx:
            queue.at_places(tx, [HERE], Filter(), 4)
            contributions.of_reporter(tx, 1, 5)
            outbox.waiting(tx, 1)
        plans = Plans(store)
        with database.connect_for_writing() as connection:
            plans.explain(Tx(connection, START), sent)
    assert len(plans.of) == 3
    sort = {"sqlite": "TEMP B-TREE", "postgresql": "Sort"}[store]
    assert [plan for plan in plans.of.values() if sort in plan] == []


@pytest.mark.parametrize("store", STORES)
def test_what_was_sent_is_not_walked_through(
    store: str, fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    """Only what still waits may cost anything to look for: the partial index is what is used."""
    engine = Engine(Database(fresh_url(store)), world, clock)
    engine.writer.run(_fill)
    with _listening(engine.database) as sent:
        engine.writer.run(lambda tx: outbox.waiting(tx, 1))
        engine.writer.run(lambda tx: outbox.acknowledge(tx, 1, [290, 291]))
    plans = Plans(store)
    with engine.database.connect_for_writing() as connection:
        plans.explain(Tx(connection, START), sent)
    engine.close()
    assert "ix_outbox_waiting" in next(
        plan for statement, plan in plans.of.items() if statement.startswith("SELECT")
    )
