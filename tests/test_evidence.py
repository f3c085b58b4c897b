"""Evidence where a transcript does not reach: albums out of order, bounds, who may see what."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest

from handlers.evidence_shown import pictures, visible
from handlers.evidence_taken import MOST_A_DAY, MOST_A_REPORT
from handlers.messages import Attachment, Message
from handlers.turn import World
from storage import contributions, media, media_jobs, people
from storage.contributions import Contribution
from storage.database import Tx
from tests.conftest import STORES, Fresh, HandClock
from tests.stock import HERE, officer, villager
from tests.talk import Talk, talking


@pytest.fixture(params=STORES)
def talk(
    request: pytest.FixtureRequest, fresh_url: Fresh, world: World, clock: HandClock
) -> Iterator[Talk]:
    with talking(fresh_url(request.param), world, clock) as made:
        yield made


def _report(talk: Talk, who: str) -> Contribution:
    for text in ("báo góp tiền", "đồng ý", "2 triệu đồng", "làm đường", "hôm nay", "Bình Lư"):
        talk.say(who, text)
    for text in ("Bản Nà Đon", "Cá nhân tôi", f"Giàng A {who}", "gửi"):
        talk.say(who, text)

    def newest(tx: Tx) -> Contribution:
        account = people.find_account(tx, talk.channel, "test", who)
        assert account is not None
        return contributions.of_reporter(tx, people.of_account(tx, account), 1)[0]

    return talk.write(newest)


@pytest.mark.parametrize("seed", range(5))
def test_an_album_is_answered_once_in_any_order_and_twice(talk: Talk, seed: int) -> None:
    one = _report(talk, "Páo")
    parts = [
        Message(
            "terminal", "test", "Páo", f"a{number}", talk.clock(), "",
            attachments=(Attachment("photo", f"r{number}"),), group="album",
        )
        for number in range(4)
    ]  # fmt: skip
    events = parts * 2
    random.Random(seed).shuffle(events)
    talk.last["Páo"] = []
    for event in events:
        talk.deliver(event)
        talk.clock.move(timedelta(seconds=20))
    talk.collect()
    assert len(talk.last["Páo"]) == 1
    assert one.code in talk.last["Páo"][0]["text"]
    kept = talk.write(lambda tx: media.of_contribution(tx, one.id))
    assert sorted(each.reference for each in kept) == ["r0", "r1", "r2", "r3"]


def test_an_album_whose_last_part_comes_after_the_report_was_sent_is_whole(talk: Talk) -> None:
    talk.say("Páo", "báo góp tiền")
    talk.say("Páo", "đồng ý")
    talk.send("Páo", "photo")
    one = _report(talk, "Páo")
    [told] = talk.send("Páo", "photo")
    assert one.code in told
    assert len(talk.write(lambda tx: media.of_contribution(tx, one.id))) == 2


def test_so_much_is_taken_for_a_report_and_in_a_day_and_no_more(talk: Talk) -> None:
    total = 0
    for _ in range(MOST_A_DAY // MOST_A_REPORT + 1):
        one = _report(talk, "Páo")
        talk.send("Páo", "photo", MOST_A_REPORT + 1)
        total += len(talk.write(partial(media.of_contribution, contribution_id=one.id)))
        talk.clock.move(timedelta(minutes=11))
    assert total == MOST_A_DAY
    assert "ngày mai" in talk.last["Páo"][-1]["text"]
    talk.clock.move(timedelta(days=1))
    one = _report(talk, "Páo")
    talk.send("Páo", "photo")
    assert len(talk.write(lambda tx: media.of_contribution(tx, one.id))) == 1


def test_a_cancelled_report_takes_its_photos_with_it(talk: Talk) -> None:
    talk.say("Páo", "báo góp tiền")
    talk.say("Páo", "đồng ý")
    talk.send("Páo", "photo")
    talk.say("Páo", "hủy")
    one = _report(talk, "Páo")
    assert talk.write(lambda tx: media.of_contribution(tx, one.id)) == []


def test_nobody_adds_to_another_s_report(talk: Talk) -> None:
    one = _report(talk, "Páo")
    _report(talk, "Mỷ")
    [told] = talk.say("Mỷ", f"gửi ảnh {one.code}")
    assert told.startswith("Không tìm thấy báo cáo")
    talk.send("Mỷ", "photo")
    assert talk.write(lambda tx: media.of_contribution(tx, one.id)) == []


def test_a_location_is_kept_to_about_a_kilometre(talk: Talk) -> None:
    one = _report(talk, "Páo")
    talk.send("Páo", "location")
    [kept] = talk.write(lambda tx: media.of_contribution(tx, one.id))
    assert (kept.reference, kept.state) == ("22.40,103.47", "kept")


def test_a_picture_is_seen_by_its_reporter_and_the_report_s_commune_alone(talk: Talk) -> None:
    one = _report(talk, "Páo")
    talk.send("Páo", "photo")

    def work(tx: Tx) -> dict[str, bool]:
        [due] = media_jobs.claim(tx, 9)
        media_jobs.keep(
            tx, due, kind="photo", sha256="ab" * 32, thumb="cd" * 32, source="ef" * 32, phash=1,
            mime="image/jpeg", size=9,
        )  # fmt: skip
        here, elsewhere = officer(tx, "Hà", one.place), officer(tx, "Lý", "old:3394")
        own = people.find_account(tx, talk.channel, "test", "Páo")
        who = {"own": own, "here": here.account_id, "elsewhere": elsewhere.account_id}
        who["stranger"] = villager(tx).account_id
        assert pictures(tx, one.id) == [due.id]
        return {
            name: account is not None and visible(tx, talk.world, account, due.id) is not None
            for name, account in who.items()
        }

    assert one.place == HERE
    seen = talk.write(work)
    assert seen == {"own": True, "here": True, "elsewhere": False, "stranger": False}


def _fetched(talk: Talk) -> int:
    """Let the one picture that waits be kept; its id."""

    def work(tx: Tx) -> int:
        [due] = media_jobs.claim(tx, 9)
        media_jobs.keep(
            tx, due, kind="photo", sha256="ab" * 32, thumb="cd" * 32, source="ef" * 32, phash=1,
            mime="image/jpeg", size=9,
        )  # fmt: skip
        return due.id

    return talk.write(work)


def test_before_it_is_recorded_the_officer_is_shown_the_picture_he_has_not_seen(talk: Talk) -> None:
    one = _report(talk, "Páo")
    talk.make_officer("Hà", "Xã Bình Lư")
    talk.send("Páo", "photo")
    first = _fetched(talk)
    talk.say("Hà", f"mở {one.code}")
    assert talk.last["Hà"][-1]["pictures"] == [first]
    talk.press("Hà", "Xác nhận đúng")
    assert "pictures" not in talk.last["Hà"][-1]
    talk.send("Páo", "photo")
    [told] = talk.press("Hà", "Ghi nhận")
    assert "nay có: 2 ảnh (em đang tải về)." in told
    assert "pictures" not in talk.last["Hà"][-1], "it is not fetched yet"
    second = _fetched(talk)
    [told] = talk.press("Hà", "Ghi nhận")
    assert "nay có: 2 ảnh." in told
    assert talk.last["Hà"][-1]["pictures"] == [second]
    [told] = talk.press("Hà", "Ghi nhận")
    assert told.startswith("Đã xác nhận")
