"""Consent is given by saying so and by nothing else, and taking it back counts at once."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from handlers import ask, router
from handlers.consent import PARTS, PRAISE, PURPOSES, REMIND, REPORT
from handlers.messages import Message
from handlers.turn import Turn, World
from storage import audit, consents, people, requests
from storage.database import Database, Tx
from storage.schema import consents as given
from storage.schema import contributions, data_requests
from tests.conftest import START, STORES, Fresh, HandClock
from tests.talk import Talk, talking

FEW, MANY = 2_000, 10_000
AGREE = "Đồng ý"
WORDS = (
    "", "   ", "?", "…", "ừ thì", "để xem", "chưa", "không", "3", "4", "2", "9", "xem thêm",
    "xem tiếp", "quay lại", "0", "giúp", "menu", "tiếp tục", "hủy", "báo góp tiền", "2 triệu",
    "báo đóng góp", "nhận nhắc hạn", "cho nêu tên khi biểu dương", "việc đã đồng ý", "Vàng A Dơ",
    "chưa đủ 16 tuổi", "tôi đủ 16 tuổi", "không đồng ý", "đồng", "hạn nộp hồ sơ là khi nào?",
    "dữ liệu của tôi", "xem dữ liệu", "rút đồng ý gửi báo cáo", "báo ngày công", "gửi", "1 triệu",
    "đồng ý thì sao?", "em chưa đồng ý đâu",
)  # fmt: skip
"""What people say that is no agreement."""


@pytest.fixture(params=STORES)
def talk(
    request: pytest.FixtureRequest, fresh_url: Fresh, world: World, clock: HandClock
) -> Iterator[Talk]:
    with talking(fresh_url(request.param), world, clock) as opened:
        yield opened


def _say(tx: Tx, world: World, who: str, number: int, text: str, choice: str | None) -> None:
    conversation = people.open_conversation(tx, "terminal", "test", who)
    message = Message("terminal", "test", who, f"e{number}", tx.now, text, choice)
    router.handle(Turn(world, tx, message, conversation))


def _count(tx: Tx) -> int:
    return int(tx.execute(select(func.count()).select_from(given)).scalar_one())


@pytest.mark.parametrize("dialogues", [FEW, pytest.param(MANY, marks=pytest.mark.long)])
def test_thousands_of_dialogues_never_agree_by_silence(
    dialogues: int, fresh_url: Fresh, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any words, any button but the one, any wait: no consent comes of it."""
    # What the plan answers is not what is asked here, and would take most of the time.
    monkeypatch.setattr(ask, "answer", lambda turn, _text, **_how: turn.say("router.empty"))
    dice = random.Random(2025)
    database = Database(fresh_url("sqlite"))
    asked = 0
    with database.writing(START) as tx:
        for number in range(dialogues):
            who = f"người {number}"
            for step in range(dice.randint(1, 3)):
                state = people.open_conversation(tx, "terminal", "test", who).state
                offered = state.get("offered", [])
                asked += any(one["label"] == AGREE for one in offered)
                open_ = [one for one in offered if one["label"] != AGREE]
                if open_ and dice.random() < 0.4:
                    _say(tx, world, who, step, "", dice.choice(open_)["id"])
                else:
                    _say(tx, world, who, step, dice.choice(WORDS), None)
                if dice.random() < 0.1:
                    tx.now += timedelta(hours=dice.choice((1, 30)))
        assert _count(tx) == 0
        tx.audits.clear()
    database.dispose()
    assert asked > dialogues / 10


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("word", ["đồng ý", "dong y", "vâng", "1"])
def test_one_word_of_agreement_is_one_consent(talk: Talk, purpose: str, word: str) -> None:
    begin = {REPORT: "báo góp tiền", REMIND: "nhận nhắc hạn", PRAISE: "nêu tên tôi"}
    talk.say("Páo", begin[purpose])
    talk.say("Páo", word)
    [row] = talk.write(lambda tx: tx.execute(select(given)).all())
    assert (row.purpose, row.choice, row.guardian) == (purpose, word, None)
    assert row.event_id
    talk.say("Páo", word)
    assert talk.write(_count) == 1


def test_the_version_covers_the_whole_text(talk: Talk, world: World) -> None:
    talk.say("Páo", "báo góp tiền")
    shown = ["\n".join(talk.say("Páo", "xem thêm")[:1]) for _ in PARTS[REPORT]]
    talk.say("Páo", "đồng ý")
    [row] = talk.write(lambda tx: tx.execute(select(given)).all())
    first = world.words.text("consent.report", contact="")

    assert row.text_version == hashlib.sha256("\n".join([first, *shown]).encode()).hexdigest()


def test_a_guardian_is_kept_with_the_consent(talk: Talk) -> None:
    talk.say("Súa", "báo góp tiền")
    talk.press("Súa", "Chưa đủ 16 tuổi")
    assert talk.write(_count) == 0
    talk.say("Súa", "Vàng A Dơ")
    assert talk.write(_count) == 0
    talk.press("Súa", AGREE)
    [row] = talk.write(lambda tx: tx.execute(select(given)).all())
    assert (row.purpose, row.guardian) == (REPORT, "Vàng A Dơ")


def test_withdrawing_stops_the_purpose_at_once_also_in_an_open_form(talk: Talk) -> None:
    """Between the last question and "Gửi" the consent is taken back elsewhere: nothing is sent."""
    for text in ("báo góp tiền", "đồng ý", "2 triệu", "1", "hôm qua", "Bình Lư", "Nà Đon", "tôi"):
        talk.say("Páo", text)
    assert talk.say("Páo", "Giàng A Páo")[0].startswith("Xin đọc lại")

    def withdraw(tx: Tx) -> bool:
        who = people.open_conversation(tx, "terminal", "test", "Páo").person.id
        assert consents.withdraw(tx, who, REPORT)
        return consents.has(tx, who, REPORT)

    assert talk.write(withdraw) is False
    assert talk.press("Páo", "Gửi")[0].startswith("Để nhận báo cáo")
    assert talk.write(lambda tx: tx.execute(select(contributions.c.id)).all()) == []
    assert talk.press("Páo", AGREE)[0].startswith("Xin đọc lại")
    assert talk.press("Páo", "Gửi")[0].startswith("Đã nhận báo cáo")


def test_a_withdrawal_is_a_request_done_at_once(talk: Talk) -> None:
    talk.say("Páo", "nhận nhắc hạn")
    talk.say("Páo", "đồng ý")
    talk.say("Páo", "thôi nhắc hạn")
    talk.press("Páo", "Rút đồng ý")
    [row] = talk.write(lambda tx: tx.execute(select(data_requests)).all())
    assert (row.kind, row.outcome) == ("withdraw", "remind")
    assert row.done_at is not None
    assert talk.write(lambda tx: requests.waiting(tx, 9)) == []
    assert talk.write(lambda tx: list(audit.verify(tx))) == []


def test_a_consent_is_withdrawn_once_and_of_one_purpose(database: Database) -> None:
    with database.writing(START) as tx:
        who = people.open_conversation(tx, "terminal", "test", "Páo")
        for purpose in (REPORT, REMIND):
            consents.give(
                tx, who.person.id, purpose, text_version="v", account_id=who.account_id,
                event_id="e", choice=AGREE, guardian="Vàng A Dơ" if purpose == REPORT else "",
            )  # fmt: skip
        assert consents.withdraw(tx, who.person.id, REPORT)
        assert not consents.withdraw(tx, who.person.id, REPORT)
        assert not consents.withdraw(tx, who.person.id, PRAISE)
        assert consents.has(tx, who.person.id, REMIND)
        columns = given.c.purpose, given.c.guardian, given.c.withdrawn_at
        assert [tuple(row) for row in tx.execute(select(*columns).order_by(given.c.id))] == [
            (REPORT, "Vàng A Dơ", START),
            (REMIND, None, None),
        ]
