"""Roles by chat: who may give and take back which, and that what is taken back counts no more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import func, select

from handlers import loudspeaker
from handlers.roles import INVITES, LEVELS
from handlers.turn import World
from storage import contributions, grants, organisations, people, representations
from storage.database import Database, Tx
from storage.schema import decisions, invitations
from storage.schema import grants as table
from tests.conftest import START, STORES, Fresh, HandClock
from tests.stock import ELSEWHERE, HERE, at_once, opened, report, villager
from tests.talk import Talk, talking

LATER = START + timedelta(minutes=1)
ACTIONS = (
    "việc cần duyệt", "mở {code}", "1", "Xác nhận đúng", "Không duyệt", "Ghi nhận", "mời cán bộ",
    "vai trò đã giao", "thu hồi {grant}", "đề nghị đại diện", "đại diện {asked}",
    "câu hỏi chưa trả lời", "câu hỏi {group}", "khác câu này {group}", "gộp câu hỏi {group} 2",
    "trưởng bản", "Tạo mã", "Thu hồi ngay", "Xác nhận đại diện", "Gửi trả lời",
)  # fmt: skip


@pytest.fixture
def talk(fresh_url: Fresh, world: World, clock: HandClock) -> Iterator[Talk]:
    with talking(fresh_url("sqlite"), world, clock) as opened_talk:
        yield opened_talk


def _person(talk: Talk, who: str) -> int:
    def find(tx: Tx) -> int:
        account_id = people.find_account(tx, "terminal", "test", who)
        assert account_id is not None
        return people.person_of(tx, account_id).id

    return talk.write(find)


def _grant(talk: Talk, who: str) -> int:
    person = _person(talk, who)
    return talk.write(lambda tx: grants.of_person(tx, person)[0].id)


@pytest.mark.parametrize("store", STORES)
def test_a_hundred_actions_after_a_revocation_change_nothing(
    store: str, fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    with talking(fresh_url(store), world, clock) as talk:
        talk.make_officer("Hà", "Xã Bình Lư")
        talk.make_officer("Tủa", "Xã Bình Lư")
        place = world.places.find("Xã Bình Lư", clock().date()).units[0].key

        def fill(tx: Tx) -> tuple[str, int]:
            who = villager(tx)
            htx = organisations.find_or_make(tx, "cooperative", place, "HTX", name_key="htx")
            asked = representations.ask(tx, who.person.id, who.account_id, htx)
            return report(tx, who, place=place).code, asked.id

        code, asked = talk.write(fill)
        # In the middle of things: what was begun with the right does not end without it.
        talk.say("Hà", f"mở {code}")
        talk.press("Hà", "Xác nhận đúng")
        mine, other = _grant(talk, "Hà"), _grant(talk, "Tủa")
        talk.write(lambda tx: grants.revoke(tx, mine, by="operator"))

        def count(tx: Tx) -> list[object]:
            rows = (decisions, invitations)
            return [
                *(tx.execute(select(func.count()).select_from(one)).scalar() for one in rows),
                tx.execute(select(func.count()).where(table.c.revoked_at.is_(None))).scalar(),
                contributions.find(tx, code),
                representations.get(tx, asked),
            ]

        before = talk.write(count)
        said = 0
        while said < 100:
            for action in ("Ghi nhận", *ACTIONS):
                text = action.format(code=code, grant=other, asked=asked, group=1)
                assert talk.say("Hà", text)
                said += 1
        assert talk.write(count) == before
        assert talk.say("Hà", "việc cần duyệt") == [world.words.text("verify.not_an_officer")]


def test_a_role_ends_with_its_last_day_and_can_be_given_again(database: Database) -> None:
    with database.writing(START) as tx:
        who = villager(tx)
        until = START + timedelta(days=1)
        first = grants.give(
            tx, who.person.id, who.account_id, "commune_officer", HERE, by=None, until=until
        )
        assert grants.stands(tx, first.id)
        assert grants.get(tx, first.id) == first
    with database.writing(until) as tx:
        assert grants.of_person(tx, who.person.id) == []
        assert grants.at_place(tx, HERE, "commune_officer") == []
        assert not grants.stands(tx, first.id)
        assert grants.get(tx, first.id) is None
        again = grants.give(tx, who.person.id, who.account_id, "commune_officer", HERE, by=None)
        assert [one.id for one in grants.of_person(tx, who.person.id)] == [again.id]
        assert grants.held_at(tx, who.person.id, START + timedelta(hours=1)) == [first]


def test_an_invitation_carries_everything_to_the_grant(database: Database) -> None:
    with database.writing(START) as tx:
        giver, taker = villager(tx), villager(tx)
        until = START + timedelta(days=9)
        code = grants.invite(
            tx, "village_head", HERE, by=giver.person, village="ban na don", until=until
        )
        found = grants.find_invitation(tx, code)
        assert found is not None
        assert grants.get_invitation(tx, found.id) == found
        given = grants.redeem(tx, found, taker.person, taker.account_id)
        assert given is not None
        assert (given.village, given.until, given.given_by) == (
            "ban na don", until, giver.person.id,
        )  # fmt: skip
        assert grants.get_invitation(tx, found.id) is None
        assert grants.of_person(tx, taker.person.id) == [given]


def test_who_represents_whom(database: Database) -> None:
    with database.writing(START) as tx:
        who, other = villager(tx), villager(tx)
        ours, theirs = (
            organisations.find_or_make(tx, "cooperative", HERE, name, name_key=name)
            for name in ("htx a", "htx b")
        )
        given = grants.give(
            tx, who.person.id, who.account_id, representations.ROLE, HERE, by=None,
            organisation_id=ours.id,
        )  # fmt: skip
        # Another role that names an organisation represents nobody.
        grants.give(
            tx, other.person.id, other.account_id, "village_head", HERE, by=None,
            organisation_id=ours.id,
        )  # fmt: skip
        assert grants.represents(tx, who.person.id, ours.id)
        assert not grants.represents(tx, who.person.id, theirs.id)
        assert not grants.represents(tx, who.person.id, 0)
        assert not grants.represents(tx, other.person.id, ours.id)
        assert representations.of_person(tx, who.person.id, 5) == [ours]
        assert representations.of_person(tx, other.person.id, 5) == []
        grants.revoke(tx, given.id, by="operator")
        assert not grants.represents(tx, who.person.id, ours.id)
        assert representations.of_person(tx, who.person.id, 5) == []


@pytest.mark.parametrize("store", STORES)
def test_two_officers_decide_once_on_a_representation(store: str, fresh_url: Fresh) -> None:
    with opened(fresh_url(store), 2) as databases:
        with databases[0].writing(START) as tx:
            who, one, other = villager(tx), villager(tx), villager(tx)
            htx = organisations.find_or_make(tx, "cooperative", HERE, "HTX", name_key="htx")
            asked = representations.ask(tx, who.person.id, who.account_id, htx)

        def decide(number: int, by: int, state: str) -> bool:
            with databases[number].writing(LATER) as tx:
                return representations.decide(tx, asked, state, by=by)

        outcomes = at_once(
            [
                lambda: decide(0, one.person.id, representations.CONFIRMED),
                lambda: decide(1, other.person.id, representations.REFUSED),
            ]
        )
        assert sorted(outcomes, key=str) == [False, True]


# who may give what


def test_every_role_that_can_be_given_can_be_held_somewhere() -> None:
    assert {role for given in INVITES.values() for role in given} < set(LEVELS)
    assert set(INVITES) < set(LEVELS)


GIVEN = [
    ("Xã Bình Lư", "commune_officer", {"trưởng bản", "người đại diện hợp tác xã"}),
    ("Huyện Tam Đường", "district_officer", {"cán bộ xã"}),
    ("Tỉnh Lai Châu", "province_officer", {"cán bộ xã", "cán bộ huyện", "cán bộ doanh nghiệp"}),
]


@pytest.mark.parametrize(("place", "role", "offered"), GIVEN)
def test_officers_give_the_roles_of_the_level_below(
    place: str, role: str, offered: set[str], talk: Talk
) -> None:
    talk.make_officer("Hà", place, role)
    talk.say("Hà", "mời cán bộ")
    assert {one["label"] for one in talk.last["Hà"][-1]["choices"]} == offered


@pytest.mark.parametrize("role", ["village_head", "department_officer", "admin"])
def test_others_give_none(role: str, talk: Talk) -> None:
    place = "Xã Bình Lư" if role == "village_head" else "Tỉnh Lai Châu"
    talk.make_officer("Ún", place, role)
    for who in ("Ún", "Páo"):
        [said] = talk.say(who, "mời cán bộ")
        assert said == talk.world.words.text("inviting.not_yours")


PLACES = [
    # Before the districts went: the district its communes, the province its districts alone.
    ("Huyện Tam Đường", "district_officer", "cán bộ xã", "Xã Bình Lư", True),
    ("Huyện Tam Đường", "district_officer", "cán bộ xã", "Xã Sin Suối Hồ", False),
    ("Tỉnh Lai Châu", "province_officer", "cán bộ huyện", "Huyện Tam Đường", True),
    ("Tỉnh Lai Châu", "province_officer", "cán bộ xã", "Xã Bình Lư", False),
    ("Tỉnh Lai Châu", "province_officer", "cán bộ huyện", "Xã Bình Lư", False),
]


@pytest.mark.parametrize(("own", "role", "giving", "place", "may"), PLACES)
def test_where_a_role_may_be_given(
    own: str, role: str, giving: str, place: str, may: bool, talk: Talk
) -> None:
    talk.make_officer("Lan", own, role)
    talk.say("Lan", "mời cán bộ")
    talk.press("Lan", giving)
    [said] = talk.say("Lan", place)
    assert ("không do anh chị mời" not in said) is may


def test_since_the_districts_went_the_province_gives_the_communes_roles(
    fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    clock.move(timedelta(days=200))
    with talking(fresh_url("sqlite"), world, clock) as talk:
        talk.make_officer("Lan", "Tỉnh Lai Châu", "province_officer")
        talk.say("Lan", "mời cán bộ")
        talk.press("Lan", "cán bộ xã")
        talk.say("Lan", "Xã Bình Lư")
        talk.press("Lan", "Không thời hạn")
        talk.press("Lan", "Tạo mã")
        assert "Mã mời cán bộ xã" in talk.last["Lan"][-1]["text"]


def test_an_inviter_who_lost_his_office_meanwhile_makes_no_code(talk: Talk) -> None:
    talk.make_officer("Lan", "Huyện Tam Đường", "district_officer")
    for text in ("mời cán bộ", "cán bộ xã", "Xã Bình Lư", "Không thời hạn"):
        talk.say("Lan", text)
    mine = _grant(talk, "Lan")
    talk.write(lambda tx: grants.revoke(tx, mine, by="operator"))
    assert talk.press("Lan", "Tạo mã") == [talk.world.words.text("inviting.not_yours")]
    count = talk.write(
        lambda tx: tx.execute(select(func.count()).select_from(invitations)).scalar()
    )
    assert count == 1


def test_who_is_of_the_commune_alone_now_pages_no_list_of_the_province(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loudspeaker, "SHOWN", 1)
    for who, place in (("Páo", "Sin Suối Hồ"), ("Mỷ", "Bản Bo")):
        for text in ("nhắc tôi", "đồng ý", place):
            talk.say(who, text)
        talk.write(
            partial(
                people.note_reach,
                channel="terminal",
                account="test",
                sender=who,
                why="blocked",
                at=talk.clock.now,
            )
        )
    talk.make_officer("Lan", "Tỉnh Lai Châu")
    talk.make_officer("Lan", "Xã Bình Lư")
    assert "Tin nhắn không tới" in talk.say("Lan", "loa bản")[0]
    province = _grant(talk, "Lan")
    talk.write(lambda tx: grants.revoke(tx, province, by="operator"))
    own = talk.world.words.text("loudspeaker.listing", lines=[], first=True)
    assert talk.press("Lan", "Bản tiếp theo") == [own]


def test_a_last_day_that_has_no_end_is_asked_again(talk: Talk) -> None:
    talk.make_officer("Lan", "Huyện Tam Đường", "district_officer")
    for text in ("mời cán bộ", "cán bộ xã", "Xã Bình Lư"):
        talk.say("Lan", text)
    assert talk.say("Lan", "31/12/9999") == [talk.world.words.text("inviting.until_unclear")]
    assert "đến hết 31/12/2099" in talk.say("Lan", "31/12/2099")[0]
    assert "Mã mời cán bộ xã" in talk.press("Lan", "Tạo mã")[0]


def test_who_looks_after_requests_in_two_roles_hears_a_complaint_once(talk: Talk) -> None:
    talk.make_officer("Lan", "Tỉnh Lai Châu", "province_officer")
    talk.make_officer("Lan", "Tỉnh Lai Châu", "admin")
    talk.last["Lan"] = []
    for text in ("phản ánh dữ liệu", "xã ghi sai tên bố tôi"):
        talk.say("Páo", text)
    [said] = [body["text"] for body in talk.last["Lan"]]
    assert "Có phản ánh số 1" in said


def test_who_serves_a_commune_and_its_district_hears_an_objection_once(talk: Talk) -> None:
    talk.make_officer("Hà", "Xã Bình Lư")
    talk.make_officer("Lan", "Xã Bình Lư")
    talk.make_officer("Lan", "Huyện Tam Đường")
    place = talk.world.places.find("Xã Bình Lư", talk.clock().date()).units[0].key
    talk.say("Páo", "menu")

    def fill(tx: Tx) -> str:
        return report(tx, people.open_conversation(tx, "terminal", "test", "Páo"), place=place).code

    code = talk.write(fill)
    talk.say("Hà", f"mở {code}")
    talk.press("Hà", "Sửa số")
    talk.say("Hà", "2 triệu")
    talk.press("Hà", "Ghi nhận")
    talk.last["Lan"] = []
    talk.say("Páo", f"không đồng ý {code}")
    [said] = [body["text"] for body in talk.last["Lan"]]
    assert "không đồng ý" in said


def test_an_answer_is_signed_by_the_office_that_may_answer(talk: Talk) -> None:
    talk.make_officer("Lan", "Xã Bản Bo", "village_head")
    talk.make_officer("Lan", "Huyện Tam Đường")
    for text in (
        "gia đình tôi", "đồng ý", "Bình Lư", "Bản Nà Đon", "Giàng A Páo", "đúng",
        "bao giờ xã làm trạm y tế ở bản tôi", "chuyển cho cán bộ",
    ):  # fmt: skip
        talk.say("Páo", text)
    talk.last["Páo"] = []
    talk.say("Lan", "câu hỏi 1")
    talk.press("Lan", "Viết trả lời")
    talk.say("Lan", "Trạm y tế khởi công trong quý ba năm nay.")
    talk.press("Lan", "Gửi trả lời")
    assert "cán bộ huyện Tam Đường đã trả lời" in talk.last["Páo"][0]["text"]


def test_forged_numbers_take_no_role_away(talk: Talk) -> None:
    talk.make_officer("Hà", "Xã Bình Lư")
    talk.make_officer("Lan", "Huyện Tam Đường", "district_officer")
    talk.make_officer("Tủa", "Huyện Phong Thổ", "district_officer")
    talk.make_officer("Ún", "Xã Bình Lư", "village_head")
    before = talk.write(lambda tx: len(grants.everyone(tx)))
    for who in ("Tủa", "Ún", "Páo"):
        for number in (*range(9), 10**17):
            [said] = talk.say(who, f"thu hồi {number}")
            assert said == talk.world.words.text("roster.no_such")
    assert talk.write(lambda tx: len(grants.everyone(tx))) == before


def test_a_long_roster_comes_in_pages(database: Database) -> None:
    with database.writing(START) as tx:
        given = []
        for _ in range(7):
            who = villager(tx)
            one = grants.give(tx, who.person.id, who.account_id, "village_head", HERE, by=None)
            given.append(one.id)
        far = villager(tx)
        grants.give(tx, far.person.id, far.account_id, "village_head", ELSEWHERE, by=None)
        grants.revoke(tx, given[3], by="operator")
        seen: list[int] = []
        while page := grants.roster(
            tx, [HERE], ["village_head"], 2, before=seen[-1] if seen else None
        ):
            seen += [one.id for one, _ in page]
    assert seen == [one for one in reversed(given) if one != given[3]]
