"""A report entered for somebody who came in person: whose it is, what is kept of his consent."""

from __future__ import annotations

from sqlalchemy import select

from handlers.turn import World
from storage import consents, contributions, grants
from storage.database import Database
from storage.four_eyes import is_own
from storage.schema import consents as rows
from storage.schema import contributions as table
from tests.stage import Stage, staged

HERE = "old:3412"


def _enter(stage: Stage, how: str) -> None:
    stage.say("Hà", "báo hộ")
    stage.press("Hà", how)
    for text in ("tiền", "1 triệu", "làm đường", "hôm nay", "Bản Nà Đon", "người khác"):
        stage.say("Hà", text)
    stage.say("Hà", "Giàng A Páo")


def test_the_persons_consent_is_kept_and_it_is_not_the_officers(
    database: Database, world: World
) -> None:
    with staged(database, world) as stage:
        ha = stage.officer("Hà", "commune_officer", HERE)
        _enter(stage, "Có giấy đồng ý")
        stage.press("Hà", "Gửi")
        one = contributions.get(stage.tx(), stage.tx().execute(select(table.c.id)).scalar_one())
        assert (one.entered_by, one.reporter_id, one.contributor_id) == (ha.person_id,) * 2 + (
            None,
        )
        assert (one.contributor_name, one.place) == ("Giàng A Páo", HERE)
        assert is_own(stage.tx(), ha.person_id, one)
        [kept] = stage.tx().execute(select(rows)).all()
        assert (kept.person_id, kept.purpose) == (ha.person_id, "entered")
        assert kept.choice == f"written {one.code}"
        assert not consents.has(stage.tx(), ha.person_id, "report")


def test_a_village_head_enters_for_his_village_alone(database: Database, world: World) -> None:
    with staged(database, world) as stage:
        stage.officer("Hà", "village_head", HERE, village="tham")
        stage.say("Hà", "báo hộ")
        stage.press("Hà", "Đồng ý bằng lời")
        for text in ("tiền", "1 triệu", "làm đường", "hôm nay"):
            stage.say("Hà", text)
        [said] = stage.say("Hà", "Bản Nà Đon")
        assert "chỉ báo hộ cho bản mình" in said
        [said] = stage.say("Hà", "bản Thẳm")
        assert "ai góp" in said


def test_without_consent_nothing_is_kept(database: Database, world: World) -> None:
    with staged(database, world) as stage:
        stage.officer("Hà", "commune_officer", HERE)
        stage.say("Hà", "báo hộ")
        stage.press("Hà", "Không đồng ý")
        assert stage.tx().execute(select(rows)).all() == []
        [said] = stage.say("Hà", "tiếp tục")
        assert "Không có việc nào" in said


def test_it_stays_in_the_officers_own_place(database: Database, world: World) -> None:
    """Going back to where a report is made does not open another commune to him."""
    with staged(database, world) as stage:
        stage.officer("Hà", "commune_officer", HERE)
        _enter(stage, "Đồng ý bằng lời")
        for _ in range(4):
            stage.say("Hà", "quay lại")
        stage.say("Hà", "Xã Bản Bo")
        for text in ("Bản Hợp Nhất", "người khác", "Giàng A Páo", "gửi"):
            stage.say("Hà", text)
        places = stage.tx().execute(select(table.c.place)).scalars().all()
        assert set(places) <= {HERE}


def _entered(stage: Stage) -> str:
    _enter(stage, "Đồng ý bằng lời")
    stage.press("Hà", "Gửi")
    return contributions.get(stage.tx(), stage.tx().execute(select(table.c.id)).scalar_one()).code


def test_correcting_it_is_entering_it_again(database: Database, world: World) -> None:
    """Neither another commune nor himself is offered, and his own consent is not asked for."""
    with staged(database, world) as stage:
        ha = stage.officer("Hà", "commune_officer", HERE)
        code = _entered(stage)
        [asked] = stage.say("Hà", f"sửa {code}")
        assert "sửa chỗ nào" in asked
        offered = [one["label"] for one in stage.heard[ha.account_id][-1]["choices"]]
        assert "Bản" in offered
        stage.press("Hà", "Bản")
        stage.say("Hà", "quay lại")
        stage.say("Hà", "Xã Bản Bo")
        for text in ("Bản Hợp Nhất", "gửi"):
            stage.say("Hà", text)
        one = contributions.get(stage.tx(), stage.tx().execute(select(table.c.id)).scalar_one())
        assert one.place == HERE
        stage.say("Hà", f"sửa {code}")
        stage.press("Hà", "Ai góp")
        offered = [one["label"] for one in stage.heard[ha.account_id][-1]["choices"]]
        assert "Cá nhân tôi" not in offered
        for text in ("Người khác", "Vàng A Chi", "gửi"):
            stage.say("Hà", text)
        one = contributions.get(stage.tx(), one.id)
        assert (one.contributor_name, one.contributor_id) == ("Vàng A Chi", None)
        assert one.entered_by == ha.person_id


def test_without_the_role_it_is_not_corrected(database: Database, world: World) -> None:
    """Neither begun nor gone on with: what was open closes."""
    with staged(database, world) as stage:
        ha = stage.officer("Hà", "commune_officer", HERE)
        code = _entered(stage)
        stage.say("Hà", f"sửa {code}")
        grants.revoke(stage.tx(), ha.id, by="test")
        for text in ("1", f"sửa {code}"):
            [said] = stage.say("Hà", text)
            assert "dành cho cán bộ" in said
        assert "Không có việc nào" in stage.say("Hà", "tiếp tục")[0]
