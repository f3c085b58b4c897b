"""A large announcement goes only after a second officer has seen it; the author hears the end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import delete

from handlers import announce
from handlers import campaigns as planning
from handlers.turn import World
from storage import campaigns, grants, people
from storage.database import Tx
from storage.schema import timers as timer_rows
from storage.upgrade import MIGRATIONS
from tests.conftest import STORES, Fresh, HandClock
from tests.talk import Talk, talking

TEXT = "Sáng thứ Bảy họp bản tại nhà văn hóa, bà con đến đủ."


@pytest.fixture(params=STORES)
def talk(
    request: pytest.FixtureRequest,
    fresh_url: Fresh,
    world: World,
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Talk]:
    monkeypatch.setattr(announce, "ALONE", 0)
    with talking(fresh_url(request.param), world, clock) as made:
        for text in ("nhắc tôi", "đồng ý", "Bình Lư"):
            made.say("Páo", text)
        made.make_officer("Hà", "Xã Bình Lư")
        yield made


def _write(talk: Talk) -> tuple[str, str]:
    for text in ("gửi thông báo", TEXT):
        talk.say("Hà", text)
    [said] = talk.say("Hà", "gửi")
    return said, "LC-" + said.split("LC-")[1][:7]


def _send(talk: Talk, world: World) -> None:
    def work(tx: Tx) -> bool:
        found = campaigns.lock_due(tx)
        if found is not None:
            planning.fan_out(tx, world, found)
        return found is not None

    while talk.write(work):
        pass
    talk.collect()


def _texts(talk: Talk, who: str) -> list[str]:
    return [body["text"] for body in talk.last[who]]


def test_a_second_officer_is_asked_looks_and_lets_it_go(talk: Talk, world: World) -> None:
    talk.make_officer("Dua", "Xã Bình Lư")
    talk.make_officer("Lan", "Huyện Tam Đường")
    said, code = _write(talk)
    assert "Em đã nhắn 2 cán bộ khác" in said
    assert all(TEXT in _texts(talk, who)[-1] for who in ("Dua", "Lan"))
    _send(talk, world)
    assert TEXT not in " ".join(_texts(talk, "Páo"))
    assert "để người khác cho phát" in talk.say("Hà", f"phát {code}")[0]
    talk.press("Dua", "Cho phát")
    assert TEXT in _texts(talk, "Dua")[0]
    talk.last["Hà"] = []
    assert "Đã cho phát" in talk.press("Dua", "Cho phát")[0]
    assert any("đã cho phát thông báo" in one for one in _texts(talk, "Hà"))
    _send(talk, world)
    assert any(TEXT in one for one in _texts(talk, "Páo"))
    assert any(f"Thông báo {code} đã xếp gửi cho 1 người" in one for one in _texts(talk, "Hà"))
    assert "không còn chờ phát" in talk.say("Lan", f"phát {code}")[0]


def test_where_there_is_nobody_else_the_author_is_told_so(talk: Talk, world: World) -> None:
    said, code = _write(talk)
    assert "chưa có cán bộ nào khác" in said
    talk.clock.move(timedelta(hours=1))
    assert f"Đã dừng thông báo {code}" in talk.say("Hà", f"dừng {code}")[0]
    _send(talk, world)
    assert TEXT not in " ".join(_texts(talk, "Páo"))


def test_what_nobody_lets_go_in_a_week_is_ended_and_its_author_told(talk: Talk) -> None:
    talk.make_officer("Dua", "Xã Bình Lư")
    _, code = _write(talk)
    talk.clock.move(timedelta(days=7) - timedelta(minutes=1))
    talk.tick()
    assert talk.say("Dua", f"phát {code}")[0].startswith("“Thông báo của Xã Bình Lư")
    talk.clock.move(timedelta(minutes=1))
    talk.last["Hà"] = []
    talk.tick()
    [told] = _texts(talk, "Hà")
    assert told.startswith(f"Thông báo {code} chờ 7 ngày")
    [told] = talk.press("Dua", "Cho phát")
    assert told == f"Thông báo {code} không còn chờ phát."
    assert talk.say("Hà", f"dừng {code}") == [
        f"Thông báo {code} đã gửi xong hoặc đã dừng từ trước."
    ]


def test_what_was_let_go_in_time_is_not_ended(talk: Talk, world: World) -> None:
    talk.make_officer("Dua", "Xã Bình Lư")
    _, code = _write(talk)
    talk.say("Dua", f"phát {code}")
    talk.press("Dua", "Cho phát")
    talk.last["Hà"] = []
    talk.clock.move(timedelta(days=8))
    talk.tick()
    assert _texts(talk, "Hà") == []
    _send(talk, world)
    assert any(TEXT in text for text in _texts(talk, "Páo"))


def _unreached(talk: Talk, who: str) -> None:
    talk.write(
        lambda tx: people.note_reach(
            tx, channel=talk.channel, account="test", sender=who, why="blocked", at=tx.now
        )
    )


def test_the_loudspeaker_s_list_is_of_all_his_areas_that_are_still_his(talk: Talk) -> None:
    talk.make_officer("Hà", "Xã Bản Bo")
    for who, commune in (("Mỷ", "Bản Bo"), ("Tủa", "Sin Suối Hồ")):
        for text in ("nhắc tôi", "đồng ý", commune):
            talk.say(who, text)
    for who in ("Páo", "Mỷ", "Tủa"):
        _unreached(talk, who)
    [listed] = talk.say("Hà", "loa bản")
    assert "xã Bình Lư" in listed
    assert "xã Bản Bo" in listed
    assert "Sin Suối Hồ" not in listed

    def revoke(tx: Tx) -> None:
        account = people.find_account(tx, talk.channel, "test", "Hà")
        assert account is not None
        held = grants.of_person(tx, people.of_account(tx, account))
        bo = talk.world.places.find("Xã Bản Bo", talk.clock().date()).units[0].key
        [gone] = [one.id for one in held if one.place == bo]
        assert grants.revoke(tx, gone, by="operator")

    talk.write(revoke)
    [listed] = talk.say("Hà", "loa bản")
    assert "xã Bình Lư" in listed
    assert "Bản Bo" not in listed


def test_what_was_held_before_anything_lapsed_lapses_too(talk: Talk) -> None:
    _, code = _write(talk)

    def as_before(tx: Tx) -> None:
        tx.execute(delete(timer_rows).where(timer_rows.c.kind == "release"))
        script = ScriptDirectory(str(MIGRATIONS)).get_revision("0007").module
        with Operations.context(MigrationContext.configure(tx.connection)):
            script._lapses()

    talk.write(as_before)
    talk.last["Hà"] = []
    talk.clock.move(timedelta(days=7))
    talk.tick()
    assert any(code in one and "7 ngày" in one for one in _texts(talk, "Hà"))
