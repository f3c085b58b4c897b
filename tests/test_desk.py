"""Storage of the desk: holds, undoing, objecting, revoking, raising, doubts and the queue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from storage import contributions, doubts, holds, objections, queue, raising, verification
from storage.contributions import Contribution
from storage.database import Database, Tx
from storage.errors import Conflict
from storage.grants import Grant
from storage.queue import Filter
from storage.schema import audit, contribution_versions
from storage.schema import contributions as table
from tests.conftest import START
from tests.stock import ELSEWHERE, HERE, officer, report, villager

LEASE = START + timedelta(minutes=15)
LATER = START + timedelta(minutes=16)


def _actions(tx: Tx, one: Contribution) -> list[str]:
    rows = tx.execute(
        select(audit.c.action)
        .where(audit.c.subject == f"contribution:{one.id}")
        .order_by(audit.c.seq)
    )
    return [row.action.removeprefix("contribution.") for row in rows]


# holds


def test_one_officer_at_a_time(database: Database) -> None:
    with database.writing(START) as tx:
        ha, lan = officer(tx, "Hà"), officer(tx, "Lan")
        held = holds.claim(tx, report(tx), ha, LEASE)
        assert (held.state, held.holder_id, held.held_until) == ("in_review", ha.person_id, LEASE)
        acts: list[Callable[[], object]] = [
            lambda: holds.claim(tx, held, lan, LEASE),
            lambda: verification.verify(tx, held, lan, 1),
            lambda: holds.hand_over(tx, held, lan, lan, LEASE),
        ]
        for act in acts:
            with pytest.raises(verification.Held):
                act()
        with pytest.raises(Conflict):
            holds.release(tx, held, lan.person_id)
        assert holds.lapse(tx, held) is None
        back = holds.release(tx, held, ha.person_id)
        assert (back.state, back.holder_id) == ("submitted", None)
        assert holds.same_since(tx, back.id, 1)
        assert verification.verify(tx, back, lan, 1).holder_id is None
        assert not holds.same_since(tx, back.id, 1)
    with database.reading(START) as tx:
        assert _actions(tx, back) == ["submitted", "claimed", "released", "verified"]


def test_a_hold_runs_out_by_itself(database: Database) -> None:
    with database.writing(START) as tx:
        ha, lan = officer(tx, "Hà"), officer(tx, "Lan")
        one, two = (holds.claim(tx, report(tx), ha, LEASE) for _ in range(2))
    with database.writing(LATER) as tx:
        assert holds.claim(tx, one, lan, LATER + timedelta(minutes=15)).holder_id == lan.person_id
        with pytest.raises(Conflict):
            verification.verify(tx, one, ha, 1)
        lapsed = holds.lapse(tx, two)
        assert lapsed is not None
        assert (lapsed.state, lapsed.holder_id) == ("submitted", None)
        assert holds.lapse(tx, lapsed) is None


def test_a_hold_goes_from_hand_to_hand(database: Database) -> None:
    with database.writing(START) as tx:
        ha, lan = officer(tx, "Hà"), officer(tx, "Lan")
        held = holds.claim(tx, report(tx), ha, LEASE)
        given = holds.hand_over(tx, held, ha, lan, LEASE)
        assert given.holder_id == lan.person_id
        with pytest.raises(verification.Held):
            verification.verify(tx, given, ha, 1)
        own = holds.claim(tx, report(tx, villager(tx, "Lan")), ha, LEASE)
        with pytest.raises(verification.OwnReport):
            holds.hand_over(tx, own, ha, lan, LEASE)


@pytest.mark.parametrize("how", ["verified", "rejected", "needs_more", "withdrawn"])
def test_what_is_no_more_open_is_not_taken_in_hand(database: Database, how: str) -> None:
    with database.writing(START) as tx:
        ha, one = officer(tx), report(tx)
        if how == "withdrawn":
            done = verification.withdraw(tx, one, one.reporter_id)
        else:
            done = _decided(tx, one, ha, how)
        with pytest.raises(Conflict):
            holds.claim(tx, done, ha, LEASE)


def _decided(tx: Tx, one: Contribution, grant: Grant, how: str) -> Contribution:
    if how == "verified":
        return verification.verify(tx, one, grant, one.told_vnd)
    if how == "rejected":
        return verification.reject(tx, one, grant, "không có")
    return verification.ask_more(tx, one, grant, "ngày nào?")


# undoing


@pytest.mark.parametrize("how", ["verified", "rejected", "needs_more"])
def test_a_fresh_decision_is_taken_back_by_who_made_it(database: Database, how: str) -> None:
    with database.writing(START) as tx:
        ha, lan = officer(tx, "Hà"), officer(tx, "Lan")
        one, two = (_decided(tx, report(tx), ha, how) for _ in range(2))
        with pytest.raises(Conflict):
            verification.undo(tx, one, lan, until=LEASE)
    with database.writing(START + verification.UNDO_WITHIN) as tx:
        back = verification.undo(tx, one, ha, until=LEASE)
        assert (back.state, back.holder_id, back.verified_vnd) == ("in_review", ha.person_id, None)
        with pytest.raises(Conflict):
            verification.undo(tx, back, ha, until=LEASE)
        last = verification.last_decision(tx, one.id)
        assert last is not None
        assert (last.state, last.version) == ("in_review", back.version)
        assert verification.verify(tx, back, ha, 7).verified_vnd == 7
    with database.writing(START + verification.UNDO_WITHIN + timedelta(seconds=1)) as tx:
        with pytest.raises(Conflict):
            verification.undo(tx, two, ha, until=LEASE)
        assert _actions(tx, one) == ["submitted", how, "undone", "verified"]


def test_what_the_reporter_answered_is_not_undone(database: Database) -> None:
    with database.writing(START) as tx:
        ha, one = officer(tx), report(tx)
        done = verification.verify(tx, one, ha, 1)
        agreed = objections.agree(tx, done, one.reporter_id)
        with pytest.raises(Conflict):
            verification.undo(tx, agreed, ha, until=LEASE)


# objecting


def test_a_corrected_figure_is_agreed_to_once(database: Database) -> None:
    with database.writing(START) as tx:
        one = report(tx)
        done = verification.verify(tx, one, officer(tx), 1)
        for act in (objections.agree, objections.object_to):
            with pytest.raises(Conflict):
                act(tx, done, villager(tx).person.id)
        agreed = objections.agree(tx, done, one.reporter_id)
        assert (agreed.state, agreed.answer, agreed.verified_vnd) == ("verified", "agreed", 1)
        for act in (objections.agree, objections.object_to):
            with pytest.raises(Conflict):
                act(tx, agreed, one.reporter_id)


def test_an_objection_reopens_once_and_is_then_only_kept(database: Database) -> None:
    with database.writing(START) as tx:
        ha, one = officer(tx), report(tx)
        again = objections.object_to(tx, verification.verify(tx, one, ha, 1), one.reporter_id)
        assert (again.state, again.answer, again.doubts) == ("submitted", "objected", 1)
        assert again.verified_vnd is None
        second = verification.verify(tx, again, ha, 2)
        kept = objections.object_to(tx, second, one.reporter_id)
        assert (kept.state, kept.answer, kept.verified_vnd) == ("verified", "twice", 2)
        with pytest.raises(Conflict):
            objections.object_to(tx, kept, one.reporter_id)
    with database.reading(START) as tx:
        assert _actions(tx, one) == ["submitted", "verified", "objected", "verified", "objected"]
        kept_versions = (
            tx.execute(
                select(contribution_versions.c.changes)
                .where(contribution_versions.c.contribution_id == one.id)
                .order_by(contribution_versions.c.version)
            )
            .scalars()
            .all()
        )
        assert [changes.get("answer") for changes in kept_versions] == [
            None, None, "objected", None, "twice",
        ]  # fmt: skip


def test_a_figure_as_told_needs_no_answer(database: Database) -> None:
    with database.writing(START) as tx:
        one = report(tx)
        done = verification.verify(tx, one, officer(tx), one.told_vnd)
        assert not objections.may_answer(done)
        with pytest.raises(Conflict):
            objections.object_to(tx, done, one.reporter_id)


def test_only_what_is_verified_is_revoked(database: Database) -> None:
    with database.writing(START) as tx:
        ha, one, two = officer(tx), report(tx), report(tx)
        with pytest.raises(Conflict):
            verification.revoke(tx, two, ha, "trùng")
        gone = verification.revoke(tx, verification.verify(tx, one, ha, 1), ha, "trùng")
        assert (gone.state, gone.verified_vnd) == ("revoked", None)
        with pytest.raises(Conflict):
            verification.verify(tx, gone, ha, 1)


# raising


def test_only_what_is_undecided_is_raised_and_once(database: Database) -> None:
    with database.writing(START) as tx:
        one, two = report(tx), report(tx)
        verification.verify(tx, two, officer(tx), 1)
        raised = raising.raise_up(tx, one.id)
        assert raised is not None
        assert (raised.raised_at, raised.version) == (START, one.version)
        assert raising.raise_up(tx, one.id) is None
        assert raising.raise_up(tx, two.id) is None
    with database.reading(START) as tx:
        assert _actions(tx, one) == ["submitted", "raised"]


# doubts

PAO: dict[str, Any] = {"contributor_key": "giang a pao", "contributor_name": "Giàng A Páo"}


@pytest.mark.parametrize(
    ("changes", "alike"),
    [
        ({}, True),
        ({"told_vnd": 1}, True),
        ({"made_on": date(2025, 1, 25)}, True),
        ({"made_on": date(2025, 1, 25), "told_vnd": 1}, False),
        ({"made_on": date(2025, 3, 1)}, False),
        ({"place": ELSEWHERE}, False),
        ({"kind": "goods"}, False),
        ({"contributor_key": "lo thi my"}, False),
        ({"details": {"what": "xi măng"}}, False),
        ({"village": "Bản khác"}, True),
    ],
)
def test_what_looks_like_a_report_told_before(
    database: Database, changes: dict[str, Any], alike: bool
) -> None:
    with database.writing(START) as tx:
        first = report(tx, **PAO)
        second = doubts.note(tx, report(tx, **(PAO | changes)))
        assert [one.id for one in doubts.duplicates(tx, second)] == [first.id] * alike
        assert contributions.get(tx, second.id).doubts == second.doubts == int(alike)
        assert second.version == 1


def test_ones_own_told_as_the_households_too_is_alike(database: Database) -> None:
    with database.writing(START) as tx:
        pao, my = villager(tx, "Páo"), villager(tx, "Mỷ")
        own = {"contributor_id": pao.person.id}
        first = report(tx, pao, **own, **PAO)
        for_household = report(tx, pao, **own, contributor_key="giang a su")
        for_another = report(tx, pao, contributor_key="lo thi my")
        by_another = report(tx, my, contributor_id=my.person.id, contributor_key="lo thi my 2")
        assert [one.id for one in doubts.duplicates(tx, for_household)] == [first.id]
        assert doubts.duplicates(tx, for_another) == []
        assert doubts.duplicates(tx, by_another) == []


@pytest.mark.parametrize("gone", ["withdrawn", "rejected", "revoked"])
def test_what_no_more_counts_is_no_duplicate(database: Database, gone: str) -> None:
    with database.writing(START) as tx:
        first, second = report(tx, **PAO), report(tx, **PAO)
        tx.execute(update(table).where(table.c.id == first.id).values(state=gone))
        assert doubts.duplicates(tx, second) == []


def test_what_somebody_gave_earlier_is_counted_from_a_day_on(database: Database) -> None:
    with database.writing(START - timedelta(days=400)) as tx:
        report(tx, **PAO)
    with database.writing(START) as tx:
        ha = officer(tx)
        verification.verify(tx, report(tx, **PAO), ha, 2_000_000)
        verification.verify(tx, report(tx, **PAO), ha, 500_000)
        last = report(tx, **PAO)
        report(tx)
        assert doubts.earlier(tx, last, START) == doubts.Earlier(2, 2, 2_500_000)


# the queue


def test_the_queue_is_filtered_and_ordered(database: Database) -> None:
    made: list[Contribution] = []
    told: list[dict[str, Any]] = [
        {"kind": "money", "village_key": "ban tham"},
        {"kind": "labour", "village_key": "ban tham"},
        {"kind": "money", "village_key": "ban na don"},
        {"kind": "money", "place": ELSEWHERE},
    ]
    for number, changes in enumerate(told):
        with database.writing(START + timedelta(minutes=number)) as tx:
            made.append(report(tx, None, **changes))
    with database.writing(START) as tx:
        ha = officer(tx)
        holds.claim(tx, made[1], ha, LEASE)
        tx.execute(update(table).where(table.c.id == made[2].id).values(doubts=1))
        raising.raise_up(tx, made[3].id)

        def ids(places: list[str], limit: int = 10, **wanted: object) -> list[int]:
            shown = Filter(**wanted)  # type: ignore[arg-type]  # its own fields, by name
            found = queue.at_places(tx, places, shown, limit)
            return [made.index(contributions.get(tx, one.id)) for one in found]

        made = [contributions.get(tx, one.id) for one in made]
        assert ids([HERE]) == [0, 1, 2]
        assert ids([HERE], 2) == [0, 1]
        assert ids([HERE, ELSEWHERE]) == [0, 1, 2, 3]
        assert ids([HERE, ELSEWHERE], 2, newest=True) == [3, 2]
        assert ids([HERE], kind="money") == [0, 2]
        assert ids([HERE], village="ban tham") == [0, 1]
        assert ids([HERE], village="ban tham", kind="labour") == [1]
        assert ids([HERE], doubtful=True) == [2]
        assert ids([HERE], holder=ha.person_id) == [1]
        assert [one.id for one in queue.raised(tx, [ELSEWHERE, HERE], Filter(), 9)] == [made[3].id]
        assert queue.raised(tx, [HERE], Filter(), 9) == []


def test_the_villages_that_wait_are_those_of_the_open_reports(database: Database) -> None:
    with database.writing(START) as tx:
        for village in ("ban tham", "ban tham", "ban na don"):
            report(tx, village_key=village)
        report(tx, village_key="ban mong", place=ELSEWHERE)
        gone = report(tx, village_key="ban xa")
        verification.withdraw(tx, gone, gone.reporter_id)
        assert queue.villages(tx, [HERE]) == {"ban tham", "ban na don"}
        assert queue.villages(tx, []) == set()
