"""Rows of evidence on both stores: from sent to kept or refused, whose, and what it looks like."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from storage import audit, contributions, media, media_jobs
from storage.database import Database, Tx
from storage.media import Evidence
from storage.people import Conversation
from tests.conftest import START
from tests.stock import report, villager

DIGEST = "ab" * 32


def sent(tx: Tx, who: Conversation, state: str = "pending", kind: str = "photo") -> int:
    return media.take(
        tx, who.account_id, who.person.id,
        kind=kind, channel="terminal", reference="r1", state=state,
    )  # fmt: skip


def kept(tx: Tx, one: Evidence, source: str = DIGEST, phash: int = 7, like: str = "") -> bool:
    return media_jobs.keep(
        tx, one, kind="photo", sha256=DIGEST, thumb=DIGEST, source=source, phash=phash,
        mime="image/jpeg", size=10, like=like,
    )  # fmt: skip


def found(tx: Tx, attachment_id: int) -> Evidence:
    one = media.get(tx, attachment_id)
    assert one is not None
    return one


def actions(tx: Tx) -> list[str]:
    """What this transaction will have audited about evidence."""
    return [entry.action for entry in tx.audits if entry.action.startswith("evidence.")]


def test_what_is_sent_is_bound_fetched_and_shown_with_its_report(database: Database) -> None:
    with database.writing(START) as tx:
        who = villager(tx)
        one = report(tx, who)
        first = sent(tx, who)
        assert [each.id for each in media.unbound(tx, who.account_id)] == [first]
        assert media.bind(tx, [first], one.id, who.account_id, by=who.person.id) == 1
        assert media.unbound(tx, who.account_id) == []
        [due] = media_jobs.claim(tx, 10)
        assert (due.id, due.tries) == (first, 0)
        assert media_jobs.claim(tx, 10) == []
        assert kept(tx, due)
        assert not kept(tx, due)
        assert actions(tx) == ["evidence.received", "evidence.added", "evidence.kept"]
    with database.writing(START + media_jobs.LEASE) as tx:
        assert media_jobs.claim(tx, 10) == []
        [shown] = media.of_contribution(tx, one.id)
        assert (shown.state, shown.sha256, shown.reference) == ("kept", DIGEST, "")
        assert list(audit.verify(tx)) == []


def test_nobody_binds_what_another_sent_or_what_is_bound_already(database: Database) -> None:
    with database.writing(START) as tx:
        who, other = villager(tx), villager(tx)
        one, two = report(tx, who), report(tx, other)
        first = sent(tx, who)
        assert media.bind(tx, [first], two.id, other.account_id, by=other.person.id) == 0
        assert media.bind(tx, [first], one.id, who.account_id, by=who.person.id) == 1
        assert media.bind(tx, [first], two.id, who.account_id, by=who.person.id) == 0
        assert media.of_contribution(tx, two.id) == []


def test_what_is_held_is_fetched_once_it_is_part_of_a_report(database: Database) -> None:
    with database.writing(START) as tx:
        who = villager(tx)
        first = sent(tx, who, "held")
        assert media_jobs.claim(tx, 10) == []
        media.bind(tx, [first], report(tx, who).id, who.account_id, by=who.person.id)
        assert [each.id for each in media_jobs.claim(tx, 10)] == [first]


def test_what_is_due_on_another_channel_loses_no_try(database: Database) -> None:
    with database.writing(START) as tx:
        first = sent(tx, villager(tx))
        channel = found(tx, first).channel
        assert media_jobs.claim(tx, 10, "zalo_oa") == []
        assert [(each.id, each.tries) for each in media_jobs.claim(tx, 10, channel)] == [(first, 0)]


def test_who_crashed_over_it_leaves_it_to_the_next_and_it_is_given_up_in_the_end(
    database: Database,
) -> None:
    at = START
    with database.writing(at) as tx:
        who = villager(tx)
        first = sent(tx, who)
    tries = 0
    while True:
        with database.writing(at) as tx:
            for due in media_jobs.claim(tx, 10):
                tries += 1
                assert due.tries == tries - 1
                if not media_jobs.put_off(tx, due):
                    assert media_jobs.refuse(tx, due, "not_fetched")
            if found(tx, first).state == "refused":
                break
        at += timedelta(seconds=30)
        assert at < START + timedelta(days=1)
    assert media_jobs.MOST_TRIES < tries < 2 * media_jobs.MOST_TRIES
    assert media_jobs.PATIENCE <= at - START < media_jobs.PATIENCE + timedelta(hours=2)


def test_a_program_that_keeps_crashing_gives_up_nobody_s_picture_within_hours(
    database: Database,
) -> None:
    with database.writing(START) as tx:
        who = villager(tx)
        first = sent(tx, who)
    tries, at = 0, START
    while at < START + media_jobs.PATIENCE:
        with database.writing(at) as tx:
            for due in media_jobs.claim(tx, 10):
                tries += 1
                assert not media_jobs.spent(due, at)
        at += media_jobs.LEASE
    # It is not made to crash every two minutes either.
    assert media_jobs.MOST_TRIES < tries < 2 * media_jobs.MOST_TRIES
    with database.writing(at + timedelta(hours=2)) as tx:
        [due] = media_jobs.claim(tx, 10)
        assert due.id == first
        assert media_jobs.spent(due, tx.now)


def test_an_exact_copy_of_an_earlier_report_s_picture_is_one_doubt(database: Database) -> None:
    with database.writing(START) as tx:
        who, other = villager(tx), villager(tx)
        one, two = report(tx, who), report(tx, other)
        ids = [sent(tx, who), sent(tx, other), sent(tx, other)]
        media.bind(tx, ids[:1], one.id, who.account_id, by=who.person.id)
        media.bind(tx, ids[1:], two.id, other.account_id, by=other.person.id)
        for number in ids:
            due = found(tx, number)
            kept(tx, due, like=media_jobs.same(tx, due, DIGEST) or "")
        assert media.hints(tx, one.id) == []
        assert media.hints(tx, two.id) == [one.code]
        assert contributions.get(tx, one.id).doubts == 0
        assert contributions.get(tx, two.id).doubts == 1
        assert actions(tx).count("evidence.alike") == 1


def test_a_copy_found_before_it_was_bound_counts_when_it_is(database: Database) -> None:
    with database.writing(START) as tx:
        who = villager(tx)
        one, two = report(tx, who), report(tx, who)
        old, new = sent(tx, who), sent(tx, who)
        media.bind(tx, [old], one.id, who.account_id, by=who.person.id)
        kept(tx, found(tx, old))
        due = found(tx, new)
        kept(tx, due, like=media_jobs.same(tx, due, DIGEST) or "")
        assert contributions.get(tx, two.id).doubts == 0
        media.bind(tx, [new], two.id, who.account_id, by=who.person.id)
        assert media.hints(tx, two.id) == [one.code]
        assert contributions.get(tx, two.id).doubts == 1


def test_pictures_to_compare_with_are_those_of_other_earlier_reports(
    database: Database,
) -> None:
    with database.writing(START) as tx:
        who = villager(tx)
        one, two = report(tx, who), report(tx, who)
        ids = [sent(tx, who) for _ in range(5)]
        for number, to in zip(ids, (one, one, two, two, one), strict=True):
            media.bind(tx, [number], to.id, who.account_id, by=who.person.id)
            kept(tx, found(tx, number), phash=-number)
        fourth = found(tx, ids[3])
        assert list(media_jobs.pictures_before(tx, fourth)) == [
            (-ids[0], one.code),
            (-ids[1], one.code),
        ]
        assert len(list(media_jobs.pictures_before(tx, replace(fourth, contribution_id=None)))) == 3


def test_what_nobody_made_part_of_a_report_goes_after_its_time(database: Database) -> None:
    with database.writing(START) as tx:
        who = villager(tx)
        bound, held, free = sent(tx, who), sent(tx, who, "held"), sent(tx, who)
        media.bind(tx, [bound], report(tx, who).id, who.account_id, by=who.person.id)
        kept(tx, found(tx, free))
    with database.writing(START + timedelta(days=1, seconds=1)) as tx:
        assert media_jobs.drop_stale(tx, 10) == 1
        assert [each.id for each in media_jobs.dropped(tx, 10)] == [held]
        media_jobs.forget(tx, [held])
        assert media.get(tx, held) is None
    with database.writing(START + timedelta(days=7, seconds=1)) as tx:
        assert media_jobs.drop_stale(tx, 10) == 1
        assert media_jobs.unreferred(tx, [DIGEST, "cd" * 32]) == {DIGEST, "cd" * 32}
        media_jobs.forget(tx, [free, bound])
        assert media.get(tx, free) is None
        assert media.get(tx, bound) is not None


def test_a_file_two_refer_to_stays_until_the_last_is_given_up(database: Database) -> None:
    with database.writing(START) as tx:
        ids = [sent(tx, villager(tx)), sent(tx, villager(tx))]
        for number in ids:
            kept(tx, found(tx, number))
        media.drop(tx, ids[:1], by="operator")
        assert media_jobs.unreferred(tx, [DIGEST]) == set()
        media.drop(tx, ids[1:], by="operator")
        assert media_jobs.unreferred(tx, [DIGEST]) == {DIGEST}


def test_a_person_s_things_are_counted_over_all_his_accounts(database: Database) -> None:
    with database.writing(START) as tx:
        who = villager(tx)
        sent(tx, who)
    with database.writing(START + timedelta(hours=1)) as tx:
        sent(tx, who)
        sent(tx, villager(tx))
        assert media.taken(tx, who.person.id, START) == 1
        assert media.taken(tx, who.person.id, START - timedelta(seconds=1)) == 2
        assert media_jobs.awaited(tx, "terminal") == {"r1"}
        assert media_jobs.awaited(tx, "web") == set()
