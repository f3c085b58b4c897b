"""Erasure leaves no trace outside what archives law keeps: looked for byte by byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, make_url, select, update

from bot import erasing
from bot.pictures import folder
from handlers import router
from handlers.turn import Turn, World
from knowledge.text import fold
from storage import audit, people, requests
from storage.database import Database, Tx
from storage.schema import (
    accounts,
    attachments,
    consents,
    contribution_versions,
    contributions,
    conversations,
    data_requests,
    decisions,
    grants,
    metadata,
    outbox,
    question_groups,
    questions,
    subscriptions,
)
from tests.conftest import STORES, Fresh, HandClock
from tests.talk import Talk, talking

NAME = "Giàng Thị Chimyến"
VILLAGE = "Bản Sơncayến"
PURPOSE = "Làm cầu qua suối Chimyến"
NOTE = "Nộp cho ông Hờyến ngày rằm"
REASON = "Chưa thấy bà Chimyến trong sổ"
QUESTION = "Nhà Lờyến có được khen không"
CHAT = "Em là cháu ông Vừyến đây"
DEAD = "NỔ Mùayến"
GOODS = "30 bao thóc giống Nếpyến"
HEAD = "Giàng A Chủyến"
GROUP = "Tổ thêu Váyyến"
GUARDIAN = "Vàng A Giámyến"
COMPLAINT = "Xã ghi nhầm tên Nhầmyến"
SENDER = "canary-sender-7291"
PHOTO = b"canary photo bytes 8412"
FILE_NAME = "bien-nhan-Giấyyến.jpg"
OF_THE_AWARD_FILE = (NAME, VILLAGE, PURPOSE)
ALL = (NAME, VILLAGE, PURPOSE, NOTE, REASON, QUESTION, CHAT, DEAD, GOODS, HEAD, GROUP,
       COMPLAINT, SENDER, FILE_NAME)  # fmt: skip


def _forms(text: str) -> Iterator[bytes]:
    """Every way a text may lie in a file; folded, as keys are."""
    for one in (text, fold(text)):
        yield one.encode()
        yield one.encode("utf-16-le")
        yield one.encode("utf-16-be")
        yield json.dumps(one)[1:-1].encode()


@dataclass(slots=True)
class Place:
    """Everything a store has written anywhere."""

    database: Database
    media: Path

    def holds(self, text: str) -> list[str]:
        """Where a text is found."""
        return [where for where, content in self._contents() if self._in(text, content)]

    def _in(self, text: str, content: bytes) -> bool:
        return any(one in content for one in _forms(text))

    def _contents(self) -> Iterator[tuple[str, bytes]]:
        for file in sorted(self.media.rglob("*")):
            if file.is_file():
                yield "media", file.read_bytes()
        url = make_url(self.database.url)
        if self.database.is_sqlite:
            for ending in ("", "-wal", "-shm"):
                file = Path(f"{url.database}{ending}")
                if file.exists():
                    yield f"db{ending}", file.read_bytes()
        with self.database.reading(HandClock()()) as tx:
            for table in metadata.sorted_tables:
                for row in tx.execute(select(table)):
                    yield table.name, b"\0".join(_plain(value) for value in row)


def _plain(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    return json.dumps(value, ensure_ascii=False, default=str).encode()


@pytest.fixture(params=STORES)
def talk(
    request: pytest.FixtureRequest, fresh_url: Fresh, world: World, clock: HandClock
) -> Iterator[Talk]:
    with talking(fresh_url(request.param), world, clock) as opened:
        yield opened


def _report(talk: Talk, *, goods: bool = False, who: str = "tôi") -> str:
    """A report with a canary in every field; its code."""
    texts = ["báo khoản mới"]
    if talk.write(lambda tx: tx.execute(select(consents.c.id)).first()) is None:
        texts.append("đồng ý")
    texts += ["hiện vật", GOODS, "2 triệu"] if goods else ["tiền", "3 triệu"]
    texts += [PURPOSE, "hôm qua", "Bình Lư", VILLAGE]
    texts += {
        "tôi": ["tôi", NAME],
        "hộ": ["gia đình tôi", HEAD, NAME],
        "nhóm": ["nhóm", "tổ", GROUP, NAME],
    }[who]
    for text in [*texts, "gửi"]:
        said = talk.say(SENDER, text)
        if said[0].startswith("Đã nhận báo cáo"):
            break
    assert said[0].startswith("Đã nhận báo cáo"), said
    return "LC-" + said[0].split("LC-")[1][:7]


def _decide(talk: Talk, code: str, *texts: str) -> None:
    talk.say("Hà", "việc cần duyệt")
    talk.say("Hà", f"mở {code}")
    for text in texts:
        talk.say("Hà", text)


def _live(talk: Talk, media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person leaves something of himself wherever a person can."""
    talk.make_officer("Hà", "Xã Bình Lư")
    talk.make_officer("Lan", "Tỉnh Lai Châu", "province_officer")
    talk.say("Páo", "xin chào")
    rejected = _report(talk, who="hộ")
    _decide(talk, rejected, "không duyệt", REASON, "ghi")
    asked = _report(talk, goods=True, who="nhóm")
    _decide(talk, asked, "cần bổ sung", REASON, "ghi")
    talk.say(SENDER, f"bổ sung {asked}")
    talk.say(SENDER, NOTE)
    left = _report(talk)
    talk.say(SENDER, f"sửa {left}")
    talk.say(SENDER, "góp để làm gì")
    talk.say(SENDER, f"{PURPOSE} mới")
    talk.say(SENDER, "gửi")
    talk.say("Hà", "việc cần duyệt")
    talk.say("Hà", f"mở {left}")
    talk.say("Hà", "không duyệt")
    talk.say("Hà", REASON)
    talk.say(SENDER, "phản ánh dữ liệu")
    talk.say(SENDER, COMPLAINT)
    talk.say(SENDER, "báo góp tiền")
    talk.say(SENDER, "4 triệu")
    talk.say(SENDER, CHAT)
    _break(talk, monkeypatch)
    _ask_unanswered(talk)
    _send_photo(talk, media, left)


def _break(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = router.handle

    def handle(turn: Turn) -> None:
        if "NỔ" in turn.message.text:
            raise ValueError(turn.message.text)
        whole(turn)

    monkeypatch.setattr(router, "handle", handle)
    talk.say(SENDER, DEAD)


def _ask_unanswered(talk: Talk) -> None:
    """As the unanswered questions keep them: two askers in a group, his words as its own."""

    def ask(tx: Tx) -> None:
        his, others = _account(tx, SENDER), _account(tx, "Páo")
        for text, askers in ((QUESTION, (his,)), (f"{QUESTION} ạ", (his, others))):
            group = tx.insert(
                question_groups,
                {"place": "", "text": text, "count": 1, "first_at": tx.now, "last_at": tx.now},
            )
            for asker in askers:
                said = text if asker == his else "Nhà tôi có được khen không"
                tx.insert(
                    questions,
                    {"group_id": group, "account_id": asker, "text": said, "asked_at": tx.now},
                )

    talk.write(ask)


def _send_photo(talk: Talk, media: Path, code: str) -> None:
    [name] = folder.store(media, PHOTO)

    def keep(tx: Tx) -> None:
        row = {
            "account_id": _account(tx, SENDER),
            "kind": "photo",
            "channel": "terminal",
            "reference": "",
            "name": FILE_NAME,
            "state": "kept",
            "sha256": name,
            "received_at": tx.now,
        }
        bound = tx.execute(select(contributions.c.id).where(contributions.c.code == code)).scalar()
        tx.execute(insert(attachments), {**row, "contribution_id": bound})

    talk.write(keep)


def _account(tx: Tx, who: str) -> int:
    found = people.find_account(tx, "terminal", "test", who)
    assert found is not None
    return found


def _erase(talk: Talk, media: Path) -> list[str]:
    talk.say(SENDER, "xóa dữ liệu")
    said = talk.say(SENDER, "xóa hết")
    assert said[0].startswith("Đã xóa dữ liệu"), said
    while talk.write(lambda tx: requests.waiting(tx, 9, "erase")):
        erasing.finish_all(talk.engine.database, talk.engine.writer)
    _remove_files(talk, media)
    talk.engine.database.empty_log()
    return said


def _remove_files(talk: Talk, media: Path) -> None:
    """What the evidence's job does with what was given up."""
    for name in talk.write(
        lambda tx: tx.execute(
            select(attachments.c.sha256).where(attachments.c.state == "dropped")
        ).scalars().all()
    ):  # fmt: skip
        assert name is not None
        folder.delete(media, name)


def test_nothing_is_left_of_a_person(
    talk: Talk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = tmp_path / "media"
    media.mkdir()
    place = Place(talk.engine.database, media)
    _live(talk, media, monkeypatch)
    talk.engine.database.empty_log()
    assert {text: [] for text in ALL if not place.holds(text)} == {}
    assert place.holds(PHOTO.decode()) == ["media"]
    _erase(talk, media)
    assert {text: where for text in (*ALL, PHOTO.decode()) if (where := place.holds(text))} == {}
    assert talk.write(lambda tx: list(audit.verify(tx))) == []


def test_only_the_award_file_is_left_of_who_was_verified(
    talk: Talk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = tmp_path / "media"
    media.mkdir()
    place = Place(talk.engine.database, media)
    _live(talk, media, monkeypatch)
    talk.say("Hà", "hủy")
    code = _report(talk)
    _decide(talk, code, "cần bổ sung", REASON, "ghi")
    talk.say(SENDER, f"bổ sung {code}")
    talk.say(SENDER, NOTE)
    _decide(talk, code, "đúng", "ghi")
    said = _erase(talk, media)
    assert "Còn giữ 1 khoản đã xác nhận" in said[0]
    kept = {text: place.holds(text) for text in OF_THE_AWARD_FILE}
    for where in kept.values():
        assert set(where) <= {"db", "contributions", "contribution_versions", "audit_values"}
    rest = set(ALL) - set(OF_THE_AWARD_FILE) - {REASON}
    assert {text: where for text in rest if (where := place.holds(text))} == {}
    [row] = talk.write(
        lambda tx: tx.execute(
            select(contributions.c.contributor_name, contributions.c.verified_vnd,
                   contributions.c.state).where(contributions.c.code == code)
        ).all()
    )  # fmt: skip
    assert tuple(row) == (NAME, 3_000_000, "verified")
    reasons = talk.write(lambda tx: tx.execute(select(decisions.c.reason)).scalars().all())
    assert sorted(reasons) == ["", "", "", REASON]
    assert talk.write(lambda tx: list(audit.verify(tx))) == []


def test_who_comes_back_is_somebody_new(talk: Talk) -> None:
    code = _report(talk)
    before = talk.write(lambda tx: people.of_account(tx, _account(tx, SENDER)))
    talk.say(SENDER, "xóa dữ liệu")
    talk.say(SENDER, "xóa hết")
    talk.say(SENDER, "đóng góp của tôi")
    assert talk.write(lambda tx: people.of_account(tx, _account(tx, SENDER))) != before
    assert "Không tìm thấy" in talk.say(SENDER, f"xem {code}")[0]
    # He has come back before the job was through: then the old request is no business of his.
    erasing.finish_all(talk.engine.database, talk.engine.writer)
    assert talk.write(lambda tx: requests.waiting(tx, 9, "erase")) == []
    assert talk.say(SENDER, "menu")[0]
    new = talk.write(lambda tx: people.of_account(tx, _account(tx, SENDER)))
    his = select(data_requests).where(data_requests.c.person_id == new)
    assert talk.write(lambda tx: tx.execute(his).all()) == []


def test_the_farewell_is_waited_for_a_day_and_no_longer(talk: Talk, clock: HandClock) -> None:
    _report(talk)
    talk.say(SENDER, "xóa dữ liệu")
    talk.say(SENDER, "xóa hết")
    talk.write(lambda tx: tx.execute(update(outbox).values(state="queued")))
    assert erasing.finish_all(talk.engine.database, talk.engine.writer) == 0
    assert talk.write(lambda tx: people.find_account(tx, "terminal", "test", SENDER)) is not None
    clock.move(timedelta(days=1))
    assert erasing.finish_all(talk.engine.database, talk.engine.writer) == 1
    assert talk.write(lambda tx: people.find_account(tx, "terminal", "test", SENDER)) is None


def test_a_role_goes_with_its_holder_and_nobody_finds_his_account(talk: Talk) -> None:
    talk.make_officer("Hà", "Xã Bình Lư")
    talk.say("Hà", "xóa dữ liệu")
    talk.say("Hà", "xóa hết")
    live = grants.c.revoked_at.is_(None)
    assert talk.write(lambda tx: tx.execute(select(grants.c.id).where(live)).all()) == []
    assert "dành cho cán bộ" in talk.say("Hà", "việc cần duyệt")[0]


def test_consent_keeps_its_bare_proof(talk: Talk) -> None:
    _report(talk)
    talk.say(SENDER, "xóa dữ liệu")
    talk.say(SENDER, "xóa hết")
    [row] = talk.write(lambda tx: tx.execute(select(consents)).all())
    assert (row.purpose, row.choice, row.event_id, row.guardian) == ("report", "", "", None)
    assert len(row.text_version) == 64
    assert row.given_at <= row.withdrawn_at


def test_an_officers_open_form_about_it_is_closed(talk: Talk) -> None:
    talk.make_officer("Hà", "Xã Bình Lư")
    code = _report(talk)
    talk.say("Hà", f"mở {code}")
    assert code in json.dumps(_states(talk))
    talk.say(SENDER, "xóa dữ liệu")
    talk.say(SENDER, "xóa hết")
    erasing.finish_all(talk.engine.database, talk.engine.writer)
    assert code not in json.dumps(_states(talk))
    assert [code in said or "xác nhận" in said for said in talk.say("Hà", "đúng")] == [False]


def _states(talk: Talk) -> list[Any]:
    return list(talk.write(lambda tx: tx.execute(select(conversations.c.state)).scalars().all()))


def test_ten_thousand_rows_go_in_slices(talk: Talk, clock: HandClock) -> None:
    """A turn never takes more than a slice; what is left the job takes."""
    _report(talk)

    def many(tx: Tx) -> None:
        his = _account(tx, SENDER)
        group = tx.insert(
            question_groups,
            {"place": "", "text": "x", "count": 1, "first_at": tx.now, "last_at": tx.now},
        )
        row = {"group_id": group, "account_id": his, "text": QUESTION, "asked_at": tx.now}
        tx.execute(insert(questions), [row] * 2_500)
        body = {"text": CHAT, "choices": []}
        said = {"account_id": his, "kind": "reply", "state": "sent", "created_at": tx.now}
        tx.execute(insert(outbox), [{**said, "body": body}] * 2_500)

    talk.write(many)
    talk.say(SENDER, "xóa dữ liệu")
    talk.say(SENDER, "xóa hết")
    full = questions.c.text != ""
    left = talk.write(lambda tx: len(tx.execute(select(questions.c.id).where(full)).all()))
    assert left == 1_500
    erasing.finish_all(talk.engine.database, talk.engine.writer)
    assert talk.write(lambda tx: tx.execute(select(questions.c.id).where(full)).all()) == []
    bodies = talk.write(lambda tx: tx.execute(select(outbox.c.body)).scalars().all())
    assert all(CHAT not in body["text"] for body in bodies)


def test_versions_of_what_is_erased_say_nothing(talk: Talk) -> None:
    _report(talk)
    talk.say(SENDER, "xóa dữ liệu")
    talk.say(SENDER, "xóa hết")
    rows = talk.write(
        lambda tx: tx.execute(select(contribution_versions.c.changes)).scalars().all()
    )
    assert rows == [{}, {}]
    sender = talk.write(lambda tx: tx.execute(select(accounts.c.sender)).scalars().all())
    assert len([one for one in sender if one.startswith("erased-")]) == 1


def test_nobody_is_reminded_after_erasing(talk: Talk) -> None:
    for text in ("nhắc tôi", "đồng ý", "Bình Lư"):
        talk.say(SENDER, text)
    wishes = select(subscriptions.c.place, subscriptions.c.until)
    [before] = talk.write(lambda tx: tx.execute(wishes).all())
    assert before.place
    assert before.until is None
    talk.say(SENDER, "xóa dữ liệu")
    talk.say(SENDER, "xóa hết")
    assert talk.write(lambda tx: tx.execute(wishes).all()) == []
