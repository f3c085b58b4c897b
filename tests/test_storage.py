"""What storage remembers, on both stores: each aggregate, its guards, its migrations."""

from __future__ import annotations

import itertools
import random
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Select, event, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from knowledge.text import fold
from knowledge.villages import village_key
from storage import (
    audit,
    consents,
    contributions,
    grants,
    honours,
    outbox,
    people,
    queue,
    received,
    timers,
    verification,
)
from storage.contributions import Contribution
from storage.database import Database, Tx
from storage.errors import Conflict
from storage.grants import INVITATION_LIFE, Grant, Invitation
from storage.honours import Honour
from storage.schema import contributions as contributions_table
from storage.schema import dead_letters, decisions, metadata
from storage.schema import people as people_table
from storage.schema import received as received_table
from storage.upgrade import HEAD, MIGRATIONS, revision, upgrade
from storage.writer import Writer
from tests.conftest import START, STORES, Fresh, HandClock
from tests.stock import ELSEWHERE, HERE, at_once, officer, opened, report, villager

LATER = START + timedelta(minutes=1)


def _empty(url: str, tmp_path: Path) -> str:
    """An address at which there are no tables yet."""
    if url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'nothing-yet.db'}"
    with opened(url) as [database], database.writing(START) as tx:
        tx.execute(text("DROP SCHEMA public CASCADE"))
        tx.execute(text("CREATE SCHEMA public"))
    return url


# migrations


def _differ(
    _context: object, _in_store: object, _in_schema: object, stored: str | None, _default: object,
    declared: str | None,
) -> bool:  # fmt: skip
    """Whether two defaults differ, each store writing them down its own way ('' or ('') or '0')."""
    bare = [
        None if one is None else one.partition("::")[0].strip("()'") for one in (stored, declared)
    ]
    return bare[0] != bare[1]


def test_migrations_make_what_the_schema_says(database: Database) -> None:
    with database.connect_for_writing() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": _differ}
        )
        assert compare_metadata(context, metadata) == []


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]


@pytest.mark.parametrize("store", STORES)
def test_replicas_that_start_together_upgrade_once(
    store: str, fresh_url: Fresh, tmp_path: Path
) -> None:
    url = _empty(fresh_url(store), tmp_path)
    with opened(url, 6) as databases:
        assert at_once([partial(upgrade, one) for one in databases]) == [None] * 6
        with databases[0].reading(START) as tx:
            assert revision(tx.connection) == HEAD
            assert tx.execute(select(func.count()).select_from(decisions)).scalar() == 0


def test_an_upgraded_store_stays_as_it_is(database: Database) -> None:
    with database.writing(START) as tx:
        kept = report(tx)
    upgrade(database)
    with database.reading(START) as tx:
        assert contributions.find(tx, kept.code) == kept


# times and texts


def test_a_time_comes_back_as_the_same_instant_in_utc(database: Database) -> None:
    there = timezone(timedelta(hours=7))
    with database.writing(datetime(2025, 1, 2, 8, 0, 0, 123456, there)) as tx:
        stored = report(tx)
    with database.reading(START) as tx:
        found = contributions.get(tx, stored.id)
    assert found.submitted_at == START.replace(microsecond=123456)
    assert found.submitted_at.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    naive = START.replace(tzinfo=None)
    with pytest.raises(Exception, match="zone"), database.writing(naive) as tx:
        villager(tx)


def test_text_comes_back_as_it_was(database: Database) -> None:
    odd = "Bản Nậm Nhùn 🎉 مرحبا 'x'; DROP TABLE people; -- %s :a {b} \\ \n đường"
    with database.writing(START) as tx:
        stored = report(tx, purpose=odd, village=odd[:60])
    with database.reading(START) as tx:
        found = contributions.get(tx, stored.id)
    assert (found.purpose, found.village) == (odd, odd[:60])


# people


def test_a_conversation_is_made_once_and_then_found(database: Database) -> None:
    with database.writing(START) as tx:
        first = villager(tx, "Páo")
        people.save_state(tx, first.account_id, {"form": "report", "forms": {"ạ": ["đ", 1, None]}})
        people.rename(tx, first.person, "Giàng A Páo", fold("Giàng A Páo"))
    with database.writing(LATER) as tx:
        again = villager(tx, "Páo")
        other = people.open_conversation(tx, "terminal", "test-2", "Páo")
    assert first.is_new
    assert other.is_new
    assert not again.is_new
    assert (again.account_id, again.person.id) == (first.account_id, first.person.id)
    assert again.person.name == "Giàng A Páo"
    assert again.state == {"form": "report", "forms": {"ạ": ["đ", 1, None]}}
    assert again.version == 1
    assert other.person.id != first.person.id


def test_accounts_are_told_apart_by_all_three_parts(database: Database) -> None:
    parts = [("a", "b", "c"), ("a", "c", "b"), ("ab", "", "c"), ("b", "a", "c")]
    with database.writing(START) as tx:
        made = {people.open_conversation(tx, *one).account_id for one in parts}
        assert len(made) == 4
        assert {people.find_account(tx, *one) for one in parts} == made
        assert people.find_account(tx, "a", "b", "d") is None


@pytest.mark.parametrize("store", STORES)
def test_a_first_contact_from_two_replicas_makes_one_person(store: str, fresh_url: Fresh) -> None:
    def meet(one: Database) -> int:
        with one.writing(START) as tx:
            people.lock(tx, "terminal", "test", "Páo")
            return villager(tx, "Páo").account_id

    with opened(fresh_url(store), 4) as databases:
        for _ in range(3):
            met = at_once([partial(meet, one) for one in databases])
            assert len(set(met)) == 1
            assert isinstance(met[0], int)


# consent


def test_consent_is_for_one_purpose_of_one_person(database: Database) -> None:
    with database.writing(START) as tx:
        one, other = villager(tx), villager(tx)
        assert not consents.has(tx, one.person.id, "report")
        consents.give(
            tx, one.person.id, "report", text_version="v", account_id=one.account_id,
            event_id="e1", choice="Đồng ý",
        )  # fmt: skip
        assert consents.has(tx, one.person.id, "report")
        assert not consents.has(tx, one.person.id, "reminders")
        assert not consents.has(tx, other.person.id, "report")


# grants and invitations


def test_what_is_read_again_is_read_anew_after_anything_else(database: Database) -> None:
    with database.writing(START) as tx:
        person = people.open_conversation(tx, "web", "web", "páo").person
        asked: list[object] = []
        event.listen(tx.connection, "before_execute", lambda *told: asked.append(told[1]))
        for _ in range(3):
            assert not consents.has(tx, person.id, "report")
        assert len(asked) == 1
        tx.lock("somebody else's turn")
        assert not consents.has(tx, person.id, "report")
        tx.execute(select(people_table.c.id).with_for_update())
        assert not consents.has(tx, person.id, "report")
        assert sum(isinstance(one, Select) for one in asked) == 4
        given = dict.fromkeys(("text_version", "event_id", "choice"), "1")
        consents.give(tx, person.id, "report", account_id=1, **given)
        assert consents.has(tx, person.id, "report")
        assert consents.withdraw(tx, person.id, "report")
        assert not consents.has(tx, person.id, "report")


def test_a_grant_counts_until_it_is_revoked(database: Database) -> None:
    with database.writing(START) as tx:
        grant = officer(tx, "Hà")
        officer(tx, "Lan", ELSEWHERE)
        assert grants.of_person(tx, grant.person_id) == [grant]
        assert grants.at_place(tx, HERE, "commune_officer") == [grant]
        assert grants.at_place(tx, HERE, "admin") == []
    with database.writing(LATER) as tx:
        assert grants.revoke(tx, grant.id, by="operator")
        assert not grants.revoke(tx, grant.id, by="operator")
        assert grants.of_person(tx, grant.person_id) == []
        assert grants.at_place(tx, HERE, "commune_officer") == []


def test_an_invitation_works_once(database: Database) -> None:
    with database.writing(START) as tx:
        token = grants.invite(tx, "commune_officer", HERE, by=None)
        invitation = grants.find_invitation(tx, f"  {token.upper()} ")
        assert invitation is not None
        one, other = villager(tx), villager(tx)
        assert grants.redeem(tx, invitation, one.person, one.account_id) is not None
        assert grants.redeem(tx, invitation, other.person, other.account_id) is None
        assert grants.redeem(tx, invitation, one.person, one.account_id) is None
        assert grants.find_invitation(tx, token) is None
        assert len(grants.at_place(tx, HERE, "commune_officer")) == 1


def test_an_invitation_expires(database: Database) -> None:
    with database.writing(START) as tx:
        token = grants.invite(tx, "commune_officer", HERE, by=None)
    last = START + INVITATION_LIFE - timedelta(seconds=1)
    with database.writing(last) as tx:
        invitation = grants.find_invitation(tx, token)
        assert invitation is not None
    with database.writing(START + INVITATION_LIFE) as tx:
        assert grants.find_invitation(tx, token) is None
        late = villager(tx)
        assert grants.redeem(tx, invitation, late.person, late.account_id) is None


@pytest.mark.parametrize("store", STORES)
def test_a_hundred_hands_on_one_invitation_get_one_grant(store: str, fresh_url: Fresh) -> None:
    with opened(fresh_url(store), 2) as databases, ExitStack() as undo:
        writers = [Writer(one, HandClock()) for one in databases]
        for writer in writers:
            undo.callback(writer.close)

        def take(number: int, invitation: Invitation) -> Grant | None:
            def work(tx: Tx) -> Grant | None:
                who = villager(tx, f"người {number}")
                return grants.redeem(tx, invitation, who.person, who.account_id)

            return writers[number % 2].run(work, lane=f"lane {number}")

        token = writers[0].run(lambda tx: grants.invite(tx, "commune_officer", HERE, by=None))
        found = writers[1].run(lambda tx: grants.find_invitation(tx, token))
        assert found is not None
        outcomes = at_once([partial(take, number, found) for number in range(100)])
        assert [one for one in outcomes if isinstance(one, Exception)] == []
        [winner] = [one for one in outcomes if one is not None]
        held = writers[0].run(lambda tx: grants.at_place(tx, HERE, "commune_officer"))
        assert held == [winner]


def test_an_invitation_is_nowhere_at_rest(database: Database) -> None:
    with database.writing(START) as tx:
        token = grants.invite(tx, "commune_officer", HERE, by=None)
        invitation = grants.find_invitation(tx, token)
        assert invitation is not None
        who = villager(tx)
        grants.redeem(tx, invitation, who.person, who.account_id)
    with database.reading(START) as tx:
        everything = repr([tx.execute(select(table)).all() for table in metadata.sorted_tables])
    assert invitation.role in everything
    assert token not in everything.lower()
    if database.is_sqlite:
        file = Path(str(database.url.database))
        for one in file.parent.glob(f"{file.name}*"):
            assert token.encode() not in one.read_bytes().lower()


# contributions


def test_a_report_is_found_by_its_code_and_keeps_its_first_version(database: Database) -> None:
    with database.writing(START) as tx:
        who = villager(tx)
        one = report(tx, who)
        assert (one.state, one.version, one.verified_vnd) == ("submitted", 1, None)
        assert contributions.find(tx, one.code) == one == contributions.get(tx, one.id)
        assert contributions.find(tx, one.code.lower()) is None
        assert contributions.of_reporter(tx, who.person.id, 5) == [one]


def test_a_code_that_is_taken_is_not_given_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = iter(["LC-2222222", "LC-2222222", "LC-2222222", "LC-3333333"])
    monkeypatch.setattr(contributions, "new_code", lambda: next(codes))
    with database.writing(START) as tx:
        first, second = report(tx), report(tx)
    assert (first.code, second.code) == ("LC-2222222", "LC-3333333")
    assert first.id != second.id


def test_the_queue_is_oldest_first_and_of_one_place(database: Database) -> None:
    moments = [START + timedelta(minutes=number) for number in (3, 1, 2, 5, 4)]
    made: list[Contribution] = []
    for moment in moments:
        with database.writing(moment) as tx:
            made.append(report(tx))
            report(tx, place=ELSEWHERE)
    with database.writing(LATER) as tx:
        verification.reject(tx, made[1], officer(tx), "không có khoản này")
        expected = [made[2], made[0], made[4], made[3]]
        assert queue.at_places(tx, [HERE], queue.Filter(), 10) == expected
        assert queue.at_places(tx, [HERE], queue.Filter(), 2) == expected[:2]
        assert queue.at_places(tx, ["old:9999"], queue.Filter(), 3) == []


@pytest.mark.parametrize("value", [0, -1])
def test_no_report_of_nothing(database: Database, value: int) -> None:
    with pytest.raises(DBAPIError), database.writing(START) as tx:
        report(tx, told_vnd=value)


# verification


def test_each_decision_moves_the_report_and_says_who(database: Database) -> None:
    with database.writing(START) as tx:
        judge, one, two, three = officer(tx, "Hà"), report(tx), report(tx), report(tx)
        person = people.open_conversation(tx, "terminal", "test", "Hà").person
        people.rename(tx, person, "Lò Thị Hà", fold("Lò Thị Hà"))
    with database.writing(LATER) as tx:
        verified = verification.verify(tx, one, judge, 2_000_000)
        rejected = verification.reject(tx, two, judge, "trùng")
        asked = verification.ask_more(tx, three, judge, "ngày nào?")
        assert (verified.state, verified.verified_vnd, verified.told_vnd) == (
            "verified", 2_000_000, 2_500_000,
        )  # fmt: skip
        assert (rejected.state, asked.state) == ("rejected", "needs_more")
        last = verification.last_decision(tx, two.id)
        assert last is not None
        assert (last.officer_name, last.reason, last.at) == ("Lò Thị Hà", "trùng", LATER)
        with pytest.raises(Conflict):
            verification.verify(tx, rejected, judge, 1)
        again = verification.supplement(tx, asked, three.reporter_id, "hôm qua")
        assert (again.state, again.code, again.note) == ("submitted", three.code, "hôm qua")
        with pytest.raises(Conflict):
            verification.supplement(tx, again, three.reporter_id, "lần nữa")
        with pytest.raises(Conflict):
            verification.supplement(tx, asked, one.reporter_id, "của người khác")


def test_a_report_is_taken_back_by_its_reporter_before_a_decision(database: Database) -> None:
    with database.writing(START) as tx:
        judge, one, two = officer(tx, "Hà"), report(tx), report(tx)
    with database.writing(LATER) as tx:
        with pytest.raises(Conflict):
            verification.withdraw(tx, one, two.reporter_id)
        assert verification.withdraw(tx, one, one.reporter_id).state == "withdrawn"
        with pytest.raises(Conflict):
            verification.verify(tx, one, judge, 1)
        verified = verification.verify(tx, two, judge, two.told_vnd)
        with pytest.raises(Conflict):
            verification.withdraw(tx, verified, two.reporter_id)


@pytest.mark.parametrize(
    ("kind", "quantity", "details"),
    [("labour", 12.5, {}), ("ocop", 4.0, {"what": "miến dong", "year": 2024})],
)
def test_what_a_kind_counts_is_kept_as_told_and_as_confirmed(
    database: Database, kind: str, quantity: float, details: dict[str, object]
) -> None:
    with database.writing(START) as tx:
        judge = officer(tx, "Hà")
        one = report(tx, kind=kind, told_vnd=None, told_quantity=quantity, details=details)
        assert (one.told_quantity, one.details) == (quantity, details)
        done = verification.verify(tx, one, judge, None, quantity - 1)
        assert (done.told_quantity, done.verified_quantity) == (quantity, quantity - 1)


def test_a_decision_on_what_is_no_longer_so_is_a_conflict(database: Database) -> None:
    with database.writing(START) as tx:
        judge, one = officer(tx), report(tx)
        asked = verification.ask_more(tx, one, judge, "ngày nào?")
        again = verification.supplement(tx, asked, one.reporter_id, "hôm qua")
        assert again.state == one.state
        with pytest.raises(Conflict):
            verification.verify(tx, one, judge, 1)
        assert contributions.get(tx, one.id) == again


def test_nobody_decides_on_what_he_told_or_made(database: Database) -> None:
    with database.writing(START) as tx:
        judge = officer(tx, "Hà")
        himself = villager(tx, "Hà")
        told = report(tx, himself)
        made = report(tx, contributor_id=himself.person.id)
        for one in (told, made):
            for decide in (
                partial(verification.verify, tx, one, judge, 5),
                partial(verification.reject, tx, one, judge, "lý do"),
                partial(verification.ask_more, tx, one, judge, "lý do"),
            ):
                with pytest.raises(verification.OwnReport):
                    decide()
            assert contributions.get(tx, one.id) == one


def test_the_database_too_refuses_a_decision_on_ones_own(database: Database) -> None:
    with database.writing(START) as tx:
        judge, himself = officer(tx, "Hà"), villager(tx, "Hà")
        own = [report(tx, himself), report(tx, contributor_id=himself.person.id)]
    row = {
        "version": 2, "officer_id": judge.person_id, "grant_id": judge.id, "state": "verified",
        "reason": "", "verified_vnd": 1, "at": START,
    }  # fmt: skip
    for one in own:
        with pytest.raises(DBAPIError, match="own"), database.writing(START) as tx:
            tx.execute(insert(decisions), {**row, "contribution_id": one.id})


@pytest.mark.parametrize(
    "statement", ["UPDATE decisions SET officer_id = officer_id + 1", "DELETE FROM decisions"]
)
def test_a_decision_once_made_stands(database: Database, statement: str) -> None:
    with database.writing(START) as tx:
        verification.verify(tx, report(tx), officer(tx), 5)
        officer(tx)
    with pytest.raises(DBAPIError), database.writing(START) as tx:
        tx.execute(text(statement))


def _decide(database: Database, seen: Contribution, grant: Grant, how: int) -> str:
    with database.writing(LATER) as tx:
        if how == 0:
            return verification.verify(tx, seen, grant, seen.told_vnd).state
        if how == 1:
            return verification.reject(tx, seen, grant, "lý do").state
        return verification.ask_more(tx, seen, grant, "lý do").state


@pytest.mark.parametrize("store", STORES)
def test_of_two_officers_one_decides(store: str, fresh_url: Fresh) -> None:
    rounds, dice = 40, random.Random(7)
    with opened(fresh_url(store), 2) as databases:
        with databases[0].writing(START) as tx:
            judges = [officer(tx), officer(tx)]
            reports = [report(tx) for _ in range(rounds)]
        for seen in reports:
            hows = [dice.randrange(3), dice.randrange(3)]
            outcomes = at_once(
                [
                    partial(_decide, one, seen, judge, how)
                    for one, judge, how in zip(databases, judges, hows, strict=True)
                ]
            )
            [decided] = [one for one in outcomes if isinstance(one, str)]
            [beaten] = [one for one in outcomes if not isinstance(one, str)]
            assert isinstance(beaten, Conflict)
            with databases[0].reading(LATER) as tx:
                now = contributions.get(tx, seen.id)
                assert (now.state, now.version) == (decided, 2)
        with databases[1].reading(LATER) as tx:
            assert tx.execute(select(func.count()).select_from(decisions)).scalar() == rounds
            assert list(audit.verify(tx)) == []


# honours


def test_an_honour_is_recorded_once(database: Database) -> None:
    honour = Honour("merit_village", HERE, "village", "Bản Nà Đon", 2024, "12/QĐ-UBND")
    other_year = replace(honour, year=2023)
    with database.writing(START) as tx:
        by = villager(tx).person.id
        assert honours.record(tx, honour, by=by)
        assert not honours.record(tx, honour, by=by)
        assert not honours.record(tx, replace(honour, decision_number=""), by=by)
        assert honours.record(tx, other_year, by=by)
        assert honours.at_place(tx, HERE) == [other_year, honour]
        assert honours.at_place(tx, ELSEWHERE) == []


def test_another_number_puts_an_honours_decision_right(database: Database) -> None:
    honour = Honour("merit_village", HERE, "village", "Bản Nà Đon", 2024, "12/QĐ-UBND")
    right = replace(honour, decision_number="13/QĐ-UBND")
    with database.writing(START) as tx:
        by = villager(tx).person.id
        assert honours.record(tx, honour, by=by)
        assert honours.record(tx, right, by=by)
        assert not honours.record(tx, right, by=by)
        assert honours.at_place(tx, HERE) == [right]
    with database.reading(START) as tx:
        rows = list(audit.story(tx, f"place:{HERE}"))
    assert [row.action for row in rows] == ["honour.recorded", "honour.corrected"]
    assert rows[-1].values["decision"] == ("12/QĐ-UBND", "13/QĐ-UBND")


# outbox


def test_what_waits_is_in_order_and_goes_when_acknowledged(database: Database) -> None:
    bodies = [{"text": f"câu {number}", "choices": []} for number in range(5)]
    with database.writing(START) as tx:
        one, other = villager(tx), villager(tx)
        outbox.put(tx, one.account_id, "reply", bodies[:3])
        outbox.put(tx, other.account_id, "push", bodies[:1])
        outbox.put(tx, one.account_id, "push", bodies[3:])
    assert tx.woken == {one.account_id, other.account_id}
    with database.writing(LATER) as tx:
        rows = outbox.waiting(tx, one.account_id)
        assert [row.body for row in rows] == bodies
        outbox.acknowledge(tx, other.account_id, [row.id for row in rows])
        assert outbox.waiting(tx, one.account_id) == rows
        outbox.acknowledge(tx, one.account_id, [row.id for row in rows[:2]] * 2)
        outbox.acknowledge(tx, one.account_id, [])
        assert outbox.waiting(tx, one.account_id) == rows[2:]
        outbox.acknowledge(tx, one.account_id, [row.id for row in rows])
        assert outbox.waiting(tx, one.account_id) == []


def test_one_look_shows_a_bounded_number(database: Database) -> None:
    with database.writing(START) as tx:
        who = villager(tx)
        body = {"text": "câu", "choices": []}
        outbox.put(tx, who.account_id, "reply", [body] * (outbox.MAX_WAITING + 5))
    with database.writing(LATER) as tx:
        first = outbox.waiting(tx, who.account_id)
        assert len(first) == outbox.MAX_WAITING
        outbox.acknowledge(tx, who.account_id, [row.id for row in first])
        assert len(outbox.waiting(tx, who.account_id)) == 5


# timers


def _take_due(tx: Tx, limit: int = 100) -> list[timers.Timer]:
    taken = [timers.take(tx, timer_id) for timer_id in timers.due(tx, limit)]
    return [timer for timer in taken if timer is not None]


def test_a_timer_is_planned_once_for_a_version(database: Database) -> None:
    with database.writing(START) as tx:
        assert timers.plan(tx, "overdue", "contribution:1", LATER)
        assert not timers.plan(tx, "overdue", "contribution:1", LATER + timedelta(days=1))
        assert timers.plan(tx, "overdue", "contribution:1", LATER, version=12)
        assert timers.plan(tx, "expiry", "contribution:1", START)
        assert [one.kind for one in _take_due(tx)] == ["expiry"]
    with database.writing(LATER) as tx:
        assert [(one.kind, one.version) for one in _take_due(tx, 1)] == [("overdue", 0)]
        [last] = _take_due(tx)
        assert (last.subject, last.version) == ("contribution:1", 12)
        assert timers.take(tx, last.id) is None
        assert timers.due(tx, 10) == []
        assert not timers.plan(tx, "overdue", "contribution:1", LATER)


def test_a_timer_put_off_is_due_again_then(database: Database) -> None:
    with database.writing(START) as tx:
        timers.plan(tx, "overdue", "contribution:1", START)
        [one] = timers.due(tx, 10)
        timers.put_off(tx, one, LATER)
        assert timers.due(tx, 10) == []
        assert timers.take(tx, one) is None
    with database.writing(LATER) as tx:
        assert timers.take(tx, one) is not None


def test_a_timer_taken_but_not_committed_is_not_taken(database: Database) -> None:
    with database.writing(START) as tx:
        timers.plan(tx, "overdue", "contribution:1", START)
    with suppress(KeyError), database.writing(LATER) as tx:
        assert len(_take_due(tx)) == 1
        raise KeyError
    with database.writing(LATER) as tx:
        assert len(_take_due(tx)) == 1


@pytest.mark.parametrize("store", STORES)
def test_two_claimers_take_each_timer_once(store: str, fresh_url: Fresh) -> None:
    def claim(one: Database) -> list[int]:
        taken = []
        for _ in range(30):
            with one.writing(LATER) as tx:
                taken += [timer.id for timer in _take_due(tx, 20)]
        return taken

    with opened(fresh_url(store), 2) as databases:
        with databases[0].writing(START) as tx:
            for number in range(60):
                timers.plan(tx, "overdue", f"contribution:{number}", START)
        outcomes = at_once([partial(claim, one) for one in databases])
    taken = [one for some in outcomes if isinstance(some, list) for one in some]
    assert len(taken) == len(set(taken)) == 60


# received


def test_an_event_is_taken_once(database: Database) -> None:
    key = received.key_of("telegram", "bot", "1")
    with database.writing(START) as tx:
        assert received.take(tx, key)
        assert not received.take(tx, key)
    with database.writing(LATER) as tx:
        assert not received.take(tx, key)
        assert received.take(tx, received.key_of("telegram", "bot", "2"))


def test_keys_of_different_events_differ() -> None:
    parts = [("ab", "c"), ("a", "bc"), ("a", "b", "c"), ("abc",), ("", "abc"), ("abc", "")]
    assert len({received.key_of(*one) for one in parts}) == len(parts)


def test_a_dead_letter_is_kept_once_and_bounded(database: Database) -> None:
    key = received.key_of("web", "web", "x")
    with database.writing(START) as tx:
        assert received.bury(tx, key, b"\x00\xff" * 100_000, "Lỗi\n" * 9_000)
        assert not received.bury(tx, key, b"again", "again")
        [letter] = tx.execute(select(dead_letters)).all()
        assert tx.execute(select(received_table.c.outcome)).scalars().all() == ["dead"]
    assert (letter.key, letter.raw) == (key, b"\x00\xff" * 32_768)
    assert len(letter.error) == 4_000


@pytest.mark.parametrize(
    "error", ["ValueError: \ud800", "ValueError: a\x00b"], ids=["surrogate", "nul"]
)
def test_a_fault_that_quotes_what_no_store_can_keep_is_buried_all_the_same(
    database: Database, error: str
) -> None:
    """Otherwise the burial fails like a database, and one message blocks a chat for ever."""
    with database.writing(START) as tx:
        assert received.bury(tx, received.key_of("web", "web", "x"), b"raw", error)
        [letter] = tx.execute(select(dead_letters)).all()
    assert letter.error.startswith("ValueError: ")


def test_reading_cannot_write(database: Database) -> None:
    """On SQLite the driver refuses; on PostgreSQL nothing commits."""
    with suppress(Exception), database.reading(START) as tx:
        timers.plan(tx, "overdue", "contribution:1", START)
    with database.writing(LATER) as tx:
        assert timers.due(tx, 10) == []


def test_dates_keep_their_day(database: Database) -> None:
    with database.writing(START) as tx:
        one = report(tx, made_on=date(2024, 2, 29))
        assert contributions.get(tx, one.id).made_on == date(2024, 2, 29)


# what an older store brings along


@pytest.mark.parametrize("store", STORES)
def test_reports_from_before_get_the_keys_they_are_found_by(store: str, fresh_url: Fresh) -> None:
    database = Database(fresh_url(store))
    with database.writing(START) as tx:
        names = ("Giàng A Páo", "HTX Đại Đồng - Chè 1", "Lò Văn Ún")
        villages = ("Bản Nà  Đon", "Tổ dân phố số 3", "b. Thẳm", "Bản", "T.Tả Lèng", "khu bản Sò")
        for name, village in itertools.product(names, villages):
            report(tx, contributor_name=name, village=village)
        people.rename(tx, villager(tx).person, names[0], fold(names[0]))
        tx.execute(update(contributions_table).values(contributor_key="", village_key=""))
        tx.execute(update(people_table).values(name_key=""))
        script = ScriptDirectory(str(MIGRATIONS)).get_revision("0003").module
        with Operations.context(MigrationContext.configure(tx.connection)):
            script._keys()
        rows = tx.execute(select(contributions_table).order_by(contributions_table.c.id)).all()
        assert [(row.contributor_key, row.village_key) for row in rows] == [
            (fold(row.contributor_name), village_key(row.village)) for row in rows
        ]
        keys = tx.execute(select(people_table.c.name, people_table.c.name_key)).all()
        assert {fold(row.name or "") for row in keys} == {row.name_key for row in keys} > {""}
    database.dispose()
