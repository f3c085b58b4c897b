"""Correcting a report, its story, a year's sums and requests about data, on both stores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from bot.__main__ import main
from handlers.turn import World
from knowledge.text import fold
from storage import (
    audit,
    contributions,
    corrections,
    grants,
    households,
    people,
    queue,
    raising,
    requests,
    stories,
    totals,
    verification,
    withdrawals,
)
from storage.contributions import Contribution
from storage.database import Database, Tx
from storage.errors import Conflict
from storage.grants import Grant
from storage.schema import contribution_versions, timers
from storage.schema import contributions as table
from storage.schema import people as persons
from storage.writer import Writer
from tests.conftest import START, STORES, Fresh, HandClock
from tests.stage import staged
from tests.stock import ELSEWHERE, HERE, MONEY, at_once, officer, opened, report, villager
from tests.talk import Talk, talking

MORE = replace(MONEY, told_vnd=3_000_000, purpose="Làm cầu")


def _in(tx: Tx, one: Contribution, state: str) -> Contribution:
    """The report brought to a state."""
    judge = officer(tx)
    if state == "needs_more":
        return verification.ask_more(tx, one, judge, "Chưa rõ ngày góp")
    if state == "verified":
        return verification.verify(tx, one, judge, one.told_vnd)
    if state == "rejected":
        return verification.reject(tx, one, judge, "Không có khoản này")
    if state == "withdrawn":
        return verification.withdraw(tx, one, one.reporter_id)
    return one


@pytest.mark.parametrize(("state", "to"), [("submitted", "submitted"), ("needs_more", "submitted")])
def test_a_correction_keeps_the_code_and_what_was_told(
    database: Database, state: str, to: str
) -> None:
    with database.writing(START) as tx:
        seen = _in(tx, report(tx), state)
        now = corrections.correct(tx, seen, MORE, by=seen.reporter_id)
        assert (now.code, now.state, now.version) == (seen.code, to, seen.version + 1)
        assert (now.told_vnd, now.purpose) == (3_000_000, "Làm cầu")
        assert contributions.get(tx, seen.id) == now
        last = stories.steps(tx, seen.id)[-1]
        assert last.changes["corrected"] == {
            "told_vnd": [2_500_000, 3_000_000],
            "purpose": ["Làm đường bản", "Làm cầu"],
        }
    with database.reading(START) as tx:
        assert list(audit.verify(tx)) == []


@pytest.mark.parametrize("state", ["verified", "rejected", "withdrawn"])
def test_nothing_is_corrected_after_a_decision(database: Database, state: str) -> None:
    with database.writing(START) as tx:
        seen = _in(tx, report(tx), state)
        with pytest.raises(Conflict):
            corrections.correct(tx, seen, MORE, by=seen.reporter_id)
        assert contributions.get(tx, seen.id) == seen


def test_only_the_reporter_corrects_and_only_what_he_saw(database: Database) -> None:
    with database.writing(START) as tx:
        seen, other = report(tx), villager(tx)
        with pytest.raises(Conflict):
            corrections.correct(tx, seen, MORE, by=other.person.id)
        corrections.correct(tx, seen, MORE, by=seen.reporter_id)
        with pytest.raises(Conflict):
            corrections.correct(tx, seen, replace(MONEY, told_vnd=4_000_000), by=seen.reporter_id)


def test_a_correction_of_nothing_changes_nothing(database: Database) -> None:
    with database.writing(START) as tx:
        seen = report(tx)
        assert corrections.correct(tx, seen, MONEY, by=seen.reporter_id) == seen
        rows = tx.execute(select(contribution_versions.c.version)).all()
        assert len(rows) == 1


def test_a_report_moved_to_another_commune_is_in_that_queue(database: Database) -> None:
    with database.writing(START) as tx:
        seen = report(tx)
        now = corrections.correct(tx, seen, replace(MORE, place=ELSEWHERE), by=seen.reporter_id)
        assert queue.at_places(tx, [HERE], queue.Filter(), 5) == []
        assert queue.at_places(tx, [ELSEWHERE], queue.Filter(), 5) == [now]


def test_another_commune_has_its_own_time(database: Database) -> None:
    """What was raised because one commune let its time pass is not yet the other's superior's."""
    with database.writing(START) as tx:
        seen = raising.raise_up(tx, report(tx).id)
        assert seen is not None
        stays = corrections.correct(tx, seen, MORE, by=seen.reporter_id)
        assert stays.raised_at == seen.raised_at
        new = replace(MORE, place=ELSEWHERE)
        assert corrections.correct(tx, stays, new, by=seen.reporter_id).raised_at is None
    with database.reading(START) as tx:
        assert list(audit.verify(tx)) == []


def _due(tx: Tx) -> dict[int, datetime]:
    rows = tx.execute(select(timers.c.key, timers.c.due_at).where(timers.c.kind == "overdue"))
    return {int(key.rpartition(":")[2]): due for key, due in rows}


def test_correcting_puts_no_decision_off(database: Database, world: World) -> None:
    """Its commune's time runs on, and is up when it was; another commune's begins."""
    with staged(database, world) as stage:
        mai = stage.officer("Mai", "district_officer", "old:106")
        for text in ("báo góp tiền", "đồng ý", "2 triệu", "làm đường", "hôm nay", "Bình Lư"):
            stage.say("Páo", text)
        for text in ("Bản Nà Đon", "tôi", "Giàng A Páo", "gửi"):
            stage.say("Páo", text)
        one = Contribution(*stage.tx().execute(select(*contributions.COLUMNS)).one())
        stage.clock.move(timedelta(days=3))
        for text in (f"sửa {one.code}", "1", "4 triệu", "gửi"):
            stage.say("Páo", text)
        due = _due(stage.tx())
        assert due[2] == due[1]
        stage.clock.move(timedelta(days=5))
        stage.tick()
        assert one.code in stage.heard[mai.account_id][-1]["text"]
        for text in (f"sửa {one.code}", "4", "Bản Bo", "Nà Ui", "gửi"):
            stage.say("Páo", text)
        assert _due(stage.tx())[3] == stage.clock() + timedelta(days=world.verify_days)


def test_what_looks_alike_is_noted_again(database: Database, world: World) -> None:
    """A correction may make a report look like another, and no more like it."""
    with staged(database, world) as stage:
        for who, amount in (("Páo", "2 triệu"), ("Mỷ", "3 triệu")):
            for text in ("báo góp tiền", "đồng ý", amount, "làm đường", "1/1", "Bình Lư"):
                stage.say(who, text)
            for text in ("Bản Nà Đon", "người khác", "Lò Văn Sáng", f"Giàng {who}", "gửi"):
                stage.say(who, text)
        stage.clock.move(timedelta(days=1))
        newest = select(*contributions.COLUMNS).order_by(table.c.id.desc()).limit(1)
        code, alike = (
            stage.tx().execute(newest.with_only_columns(table.c.code, table.c.doubts)).one()
        )
        assert alike == 1
        for day, noted in (("2/11/2024", 0), ("1/1/2025", 1)):
            for text in (f"sửa {code}", "3", day, "gửi"):
                stage.say("Mỷ", text)
            [doubts] = stage.tx().execute(newest.with_only_columns(table.c.doubts)).one()
            assert doubts == noted


@pytest.mark.parametrize("store", STORES)
def test_a_correction_and_a_decision_at_once_make_one_of_them(store: str, fresh_url: Fresh) -> None:
    with opened(fresh_url(store), 2) as databases:
        writers = [Writer(one, HandClock()) for one in databases]
        try:
            for _ in range(20):
                seen, judge = writers[0].run(lambda tx: (report(tx), officer(tx)))

                def fix(tx: Tx, seen: Contribution = seen) -> str:
                    corrections.correct(tx, seen, MORE, by=seen.reporter_id)
                    return "corrected"

                def accept(tx: Tx, seen: Contribution = seen, judge: Grant = judge) -> str:
                    verification.verify(tx, seen, judge, seen.told_vnd)
                    return "verified"

                done = at_once([partial(writers[0].run, fix), partial(writers[1].run, accept)])
                assert sorted(type(one).__name__ for one in done) == ["Conflict", "str"]
        finally:
            for writer in writers:
                writer.close()


def test_older_reports_follow_page_by_page(database: Database) -> None:
    with database.writing(START) as tx:
        who = villager(tx)
        made = [report(tx, who) for _ in range(7)]
        report(tx)
        newest = contributions.of_reporter(tx, who.person.id, 4)
        assert newest == made[:2:-1]
        assert stories.before(tx, who.person.id, newest[-1].id, 9) == made[2::-1]


def test_withdrawing_a_consent_withdraws_what_is_undecided(database: Database) -> None:
    with database.writing(START) as tx:
        who = villager(tx)
        for state in ("submitted", "needs_more", "verified", "rejected", "withdrawn"):
            _in(tx, report(tx, who), state)
        other = report(tx)
        assert withdrawals.withdraw_undecided(tx, who.person.id) == 2
        states = [one.state for one in contributions.of_reporter(tx, who.person.id, 9)]
        assert sorted(states) == ["rejected", "verified", "withdrawn", "withdrawn", "withdrawn"]
        assert contributions.get(tx, other.id) == other


def test_a_years_sums_tell_told_from_verified_and_leave_out_what_is_gone(
    database: Database,
) -> None:
    with database.writing(START) as tx:
        who = villager(tx)
        mine = {"contributor_id": who.person.id}
        for state, vnd in (("submitted", 1), ("verified", 20), ("rejected", 300), ("withdrawn", 4)):
            _in(tx, report(tx, who, told_vnd=vnd, **mine), state)
        report(tx, who, told_vnd=5_000)
        report(tx, who, told_vnd=60_000, made_on=date(2024, 12, 31), **mine)
        labour = {"kind": "labour", "told_vnd": None, "told_quantity": 12.5}
        report(tx, who, **labour, **mine)
        found = {one.kind: one for one in totals.of_person(tx, who.person.id, 2025)}
        assert set(found) == {"money", "labour"}
        assert (found["money"].told.vnd, found["money"].verified.vnd) == (21, 20)
        assert (found["money"].told.count, found["money"].verified.count) == (2, 1)
        assert (found["labour"].told.quantity, found["labour"].told.unvalued) == (12.5, 1)
        assert found["labour"].verified == totals.Sum(0, 0, 0.0, 0.0, 0)
        assert [one.told.vnd for one in totals.of_person(tx, who.person.id, 2024)] == [60_000]


def test_a_households_sums_are_what_oneself_told_of_it(database: Database) -> None:
    with database.writing(START) as tx:
        one, other = villager(tx), villager(tx)
        head = "Giàng A Páo"
        home = households.find_or_make(
            tx, HERE, "Nà Đon", head, place_key=HERE, village_key="na don", head_key=fold(head)
        )
        ours = {"contributor_kind": "household", "household_id": home,
                "contributor_key": fold(head)}  # fmt: skip
        report(tx, one, told_vnd=1, **ours)
        report(tx, other, told_vnd=20, **ours)
        report(tx, other, told_vnd=300, contributor_key=fold(head))
        report(tx, other, told_vnd=4_000, **ours)
        [found] = totals.of_household(tx, home, other.person.id, 2025)
        assert (found.told.vnd, found.told.count) == (4_020, 2)
        assert totals.of_household(tx, home, villager(tx).person.id, 2025) == []


def test_requests_wait_in_the_order_of_their_days(database: Database) -> None:
    with database.writing(START) as tx:
        who = villager(tx)

        def ask(kind: str, days: int) -> int:
            return requests.ask(
                tx, who.person.id, who.account_id, kind,
                answer_by=START.date(), done_by=START.date() + timedelta(days=days),
            )  # fmt: skip

        late, soon, done = ask("erase", 20), ask("complain", 15), ask("see", 10)
        assert requests.finish(tx, done, "done", by="machine")
        assert not requests.finish(tx, done, "again", by="machine")
        assert [one.id for one in requests.waiting(tx, 9)] == [soon, late]
        assert [one.id for one in requests.waiting(tx, 9, "erase")] == [late]
        asked = (requests.find(tx, number) for number in (late, soon, done))
        assert [one and one.outcome for one in asked] == ["", "", "done"]
        assert requests.find(tx, 999) is None


@pytest.fixture
def talk(tmp_path: Path, fresh_url: Fresh, world: World, clock: HandClock) -> Iterator[Talk]:
    with talking(fresh_url("sqlite"), world, clock) as opened_:
        yield opened_


def test_the_operator_sees_what_is_open_and_what_is_late(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOT_DATABASE_URL", talk.url)
    monkeypatch.setenv("BOT_CLOCK", START.isoformat())
    assert main(["requests"]) == 0
    assert "Không có yêu cầu nào" in capsys.readouterr().out
    talk.say("Páo", "phản ánh dữ liệu")
    talk.say("Páo", "Xã ghi sai tên bố tôi")
    assert main(["requests"]) == 0
    line = capsys.readouterr().out.strip()
    assert line == "1\tphản ánh\t06/01/2025\t17/01/2025"
    monkeypatch.setenv("BOT_CLOCK", (START + timedelta(days=5)).isoformat())
    assert main(["requests"]) == 1
    assert "QUÁ HẠN" in capsys.readouterr().out


def test_only_who_looks_after_requests_may_answer_one(talk: Talk) -> None:
    talk.make_officer("Lan", "Tỉnh Lai Châu", "province_officer")
    talk.say("Páo", "phản ánh dữ liệu")
    talk.say("Páo", "Xã ghi sai tên bố tôi")
    for who in ("Páo", "Mỷ"):
        assert "dành cho cán bộ tỉnh" in talk.say(who, "mở yêu cầu 1")[0]
        assert "dành cho cán bộ tỉnh" in talk.say(who, "yêu cầu dữ liệu")[0]
    talk.say("Lan", "mở yêu cầu 1")
    talk.write(_revoke_all)
    assert "dành cho cán bộ tỉnh" in talk.say("Lan", "Đã sửa lại tên rồi")[0]
    [one] = talk.write(lambda tx: requests.waiting(tx, 9))
    assert one.outcome == "Xã ghi sai tên bố tôi"


@pytest.mark.parametrize(
    ("answer", "said"),
    [("agreed", "bà con đồng ý với số"), ("objected", "bà con không đồng ý với số")],
)
def test_a_story_tells_the_answer_to_a_corrected_figure(talk: Talk, answer: str, said: str) -> None:
    """A step that brings no figure of its own, in a state that others bring one to."""

    def answered(tx: Tx) -> str:
        who = villager(tx, "Páo")
        seen = _in(tx, report(tx, who), "verified")
        now = replace(seen, version=seen.version + 1)
        contributions.keep_version(tx, now, by=who.person.id, changes={"answer": answer})
        return now.code

    code = talk.write(answered)
    told = talk.say("Páo", f"diễn biến {code}")[0]
    assert told.splitlines()[2].endswith("xã Bình Lư xác nhận 2.500.000 đ.")
    assert said in told.splitlines()[3]


def _revoke_all(tx: Tx) -> None:
    for grant, _name in grants.everyone(tx):
        grants.revoke(tx, grant.id, by="operator")


def test_the_log_is_empty_after_it_is_emptied(database: Database) -> None:
    with database.writing(START) as tx:
        tx.execute(insert(persons), {"name": "Chimyến", "created_at": START})
    assert database.empty_log()
    if database.is_sqlite:
        log = Path(f"{database.url.database}-wal")
        assert not log.exists() or log.stat().st_size == 0


def test_an_account_has_one_owner(database: Database) -> None:
    with database.writing(START) as tx:
        who = villager(tx)
        assert people.of_account(tx, who.account_id) == who.person.id
