"""Verifying several at once when a role is taken back between two presses."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from handlers.turn import World
from storage import contributions, grants, people
from storage.contributions import Contribution
from storage.database import Tx
from tests.conftest import STORES, Fresh, HandClock
from tests.stock import ELSEWHERE, HERE, report
from tests.talk import Talk, talking


@pytest.fixture(params=STORES)
def talk(
    request: pytest.FixtureRequest, fresh_url: Fresh, world: World, clock: HandClock
) -> Iterator[Talk]:
    with talking(fresh_url(request.param), world, clock) as made:
        yield made


def _revoke(talk: Talk, place: str) -> None:
    def work(tx: Tx) -> None:
        account = people.find_account(tx, talk.channel, "test", "Hà")
        assert account is not None
        for one in grants.of_person(tx, people.of_account(tx, account)):
            if one.place == place:
                assert grants.revoke(tx, one.id, by="operator")

    talk.write(work)


def _reports(talk: Talk) -> tuple[Contribution, Contribution]:
    """One at each of two communes of which Hà is an officer."""
    for place in (HERE, ELSEWHERE):
        unit = talk.world.places.get(place)
        talk.make_officer("Hà", f"{unit.name}, {unit.district}")
    here, there = (
        talk.write(partial(report, place=place, contributor_name=f"Lò Văn {place[-4:]}"))
        for place in (HERE, ELSEWHERE)
    )
    talk.say("Hà", "duyệt nhiều")
    return here, there


def test_what_is_his_no_more_is_left_out_for_that_reason_and_the_rest_is_done(talk: Talk) -> None:
    here, there = _reports(talk)
    talk.press("Hà", "Tất cả")
    _revoke(talk, ELSEWHERE)
    [told] = talk.press("Hà", "Ghi nhận")
    assert told.startswith(f"Đã xác nhận 1 báo cáo: {here.code}.")
    assert f"{there.code} (không còn là việc của anh chị)" in told
    now = [talk.write(partial(contributions.get, contribution_id=one.id)) for one in (here, there)]
    assert [one.state for one in now] == ["verified", "submitted"]


def test_a_list_shown_again_tells_nothing_of_what_is_his_no_more(talk: Talk) -> None:
    _, there = _reports(talk)
    talk.say("Hà", "menu")
    _revoke(talk, ELSEWHERE)
    told = "\n".join(talk.say("Hà", "tiếp tục"))
    assert f"{there.code}:" not in told
    assert there.code in told


def test_without_any_role_left_he_is_told_so_and_nothing_is_done(talk: Talk) -> None:
    here, there = _reports(talk)
    talk.press("Hà", "Tất cả")
    for place in (HERE, ELSEWHERE):
        _revoke(talk, place)
    [told] = talk.press("Hà", "Ghi nhận")
    assert told.startswith("Mục này dành cho cán bộ")
    now = [talk.write(partial(contributions.get, contribution_id=one.id)) for one in (here, there)]
    assert [one.state for one in now] == ["submitted", "submitted"]
