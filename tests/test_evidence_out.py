"""Taking one piece of evidence out: whose, until when, and what is left of it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from storage import audit, contributions, media, media_jobs, media_out, verification
from storage.contributions import Contribution
from storage.database import Database, Tx
from storage.errors import Conflict
from storage.grants import Grant
from storage.media import Evidence
from tests.conftest import START
from tests.stock import officer, report, villager
from tests.test_media_rows import DIGEST, found, kept, sent

Decide = Callable[[Tx, Contribution, Grant], Contribution]


def _bound(tx: Tx) -> tuple[Contribution, Evidence, int]:
    """A report with one photo, which its reporter sent."""
    who = villager(tx)
    one, photo = report(tx, who), sent(tx, who)
    media.bind(tx, [photo], one.id, who.account_id, by=who.person.id)
    return one, found(tx, photo), who.person.id


def test_it_is_no_report_s_any_more_and_its_file_goes_with_the_last(database: Database) -> None:
    with database.writing(START) as tx:
        one, photo, person = _bound(tx)
        other = sent(tx, villager(tx))
        for number in (photo.id, other):
            kept(tx, found(tx, number))
        media_out.take_out(tx, found(tx, photo.id), by=person)
        assert media.of_contribution(tx, one.id) == []
        assert [each.id for each in media_jobs.dropped(tx, 9)] == [photo.id]
        assert media_jobs.unreferred(tx, [DIGEST]) == set()
        done = [entry.action for entry in tx.audits]
        assert done[-2:] == ["evidence.dropped", "evidence.taken_out"]
        with pytest.raises(Conflict):
            media_out.take_out(tx, photo, by=person)
        media.drop(tx, [other], by="operator")
        assert media_jobs.unreferred(tx, [DIGEST]) == {DIGEST}
    with database.writing(START) as tx:
        assert list(audit.verify(tx)) == []


def test_what_is_not_fetched_yet_is_not_fetched_any_more(database: Database) -> None:
    with database.writing(START) as tx:
        _, photo, person = _bound(tx)
        media_out.take_out(tx, photo, by=person)
        assert media_jobs.claim(tx, 9) == []
        assert not kept(tx, photo)


def test_nobody_else_takes_it_out_be_it_bound_or_not(database: Database) -> None:
    with database.writing(START) as tx:
        one, photo, person = _bound(tx)
        grant, stranger = officer(tx), villager(tx).person.id
        loose = found(tx, sent(tx, villager(tx)))
        for by, what in ((stranger, photo), (grant.person_id, photo), (person, loose)):
            with pytest.raises(Conflict):
                media_out.take_out(tx, what, by=by)
        assert found(tx, loose.id).state == "pending"
        assert [each.id for each in media.of_contribution(tx, one.id)] == [photo.id]


@pytest.mark.parametrize(
    "decide",
    [
        lambda tx, one, grant: verification.verify(tx, one, grant, one.told_vnd),
        lambda tx, one, grant: verification.reject(tx, one, grant, "Xã chưa nhận được"),
        lambda tx, one, _: verification.withdraw(tx, one, one.reporter_id),
    ],
    ids=["verified", "rejected", "withdrawn"],
)
def test_after_a_decision_it_stays(database: Database, decide: Decide) -> None:
    with database.writing(START) as tx:
        one, photo, person = _bound(tx)
        decide(tx, one, officer(tx))
        with pytest.raises(Conflict):
            media_out.take_out(tx, photo, by=person)
        assert [each.id for each in media.of_contribution(tx, one.id)] == [photo.id]


def test_the_doubt_of_a_look_alike_goes_with_the_last_such_picture(database: Database) -> None:
    with database.writing(START) as tx:
        one, photo, person = _bound(tx)
        who = villager(tx)
        second = media.take(
            tx, photo.account_id, person, kind="photo", channel="terminal", reference="r2"
        )
        media.bind(tx, [second], one.id, photo.account_id, by=person)
        for number in (photo.id, second):
            kept(tx, found(tx, number), like=report(tx, who).code)
        assert contributions.get(tx, one.id).doubts == 1
        media_out.take_out(tx, found(tx, photo.id), by=person)
        assert contributions.get(tx, one.id).doubts == 1
        media_out.take_out(tx, found(tx, second), by=person)
        assert contributions.get(tx, one.id).doubts == 0


def test_a_picture_taken_out_is_no_look_alike_of_one_sent_later(database: Database) -> None:
    with database.writing(START) as tx:
        _, photo, person = _bound(tx)
        kept(tx, photo)
        media_out.take_out(tx, found(tx, photo.id), by=person)
    with database.writing(START + timedelta(minutes=1)) as tx:
        _, again, _ = _bound(tx)
        assert media_jobs.same(tx, again, DIGEST) is None
