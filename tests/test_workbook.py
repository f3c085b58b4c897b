"""A workbook of facts sent in the chat: read by a job, recorded at a press, once and wholly."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from bot import sheet_reading, tidying
from bot.engine import Engine
from bot.incoming import Incoming
from bot.media import MediaJob
from bot.replay.tables import workbook
from handlers.messages import Attachment
from handlers.turn import World
from storage import audit, erasure, fact_sheets, facts, media, media_jobs
from storage.database import Database
from storage.facts import Fact, Row, Village
from storage.honours import Honour
from storage.schema import audit as audit_rows
from storage.schema import audit_values
from storage.schema import fact_sheets as sheet_rows
from tests.conftest import STORES, Fresh, HandClock
from tests.picture_double import files
from tests.stock import ELSEWHERE, HERE
from tests.talk import Talk, talking
from tests.test_media_job import FakeChannel
from tests.xlsx_double import packed

WHERE = ("Xã Bình Lư", "Huyện Tam Đường")
HEADS = ("Xã, phường, thị trấn", "Huyện, thành phố", "Năm", "Tổng số tiêu chí đã đạt")
VILLAGES = ("Xã, phường, thị trấn", "Huyện, thành phố", "Tên bản", "Năm đạt chuẩn")


def sheet_of(total: int = 17, *villages: str) -> bytes:
    """A workbook about Bình Lư in 2024."""
    lines = [("Xã", *HEADS), ("", *WHERE, "2024", str(total))]
    if villages:
        lines += [("Bản", *VILLAGES), *(("", *WHERE, name, "2024") for name in villages)]
    return workbook(lines)


def stored(talk: Talk) -> list[Row]:
    return talk.write(lambda tx: facts.everything(tx, [HERE, ELSEWHERE]))


def told(talk: Talk, who: str = "Hà") -> str:
    return "\n".join(str(body["text"]) for body in talk.last[who])


class Chat:
    """Officers of Bình Lư on a channel, and the job that fetches what they send."""

    def __init__(self, talk: Talk, folder: Path) -> None:
        self.talk, self.folder = talk, folder
        self.channel = FakeChannel()
        self.incoming = Incoming(folder / "incoming")
        talk.make_officer("Hà", "Xã Bình Lư")

    def work(self, do: Callable[[MediaJob], Awaitable[object]]) -> None:
        """Let a job of another process do something."""

        async def run() -> None:
            engine = Engine(Database(self.talk.url), self.talk.world, self.talk.clock)
            engine.attach(asyncio.get_running_loop())
            fetchers = {"terminal": self.channel}
            await do(
                MediaJob(engine, self.talk.world, self.folder / "media", self.incoming, fetchers)
            )
            engine.close()

        asyncio.run(run())

    def send(self, data: bytes | str, name: str = "so-lieu.xlsx", who: str = "Hà") -> list[str]:
        reference = f"f{len(self.channel.has)}"
        self.channel.has[reference] = data  # type: ignore[assignment]  # bytes, or why there are none
        return self.talk.say(who, attachments=(Attachment("file", reference, name),))


@pytest.fixture(params=["sqlite"])
def chat(
    request: pytest.FixtureRequest, fresh_url: Fresh, world: World, clock: HandClock, tmp_path: Path
) -> Iterator[Chat]:
    with talking(fresh_url(request.param), world, clock) as talk:
        yield Chat(talk, tmp_path)


both = pytest.mark.parametrize("chat", STORES, indirect=True)


def read(chat: Chat) -> str:
    """Let the job work; what was said to Hà."""

    async def everything(job: MediaJob) -> None:
        while await job.once():
            pass

    chat.talk.last["Hà"] = []
    chat.work(everything)
    chat.talk.collect()
    return told(chat.talk)


@both
def test_what_is_sent_is_read_back_and_recorded_at_the_press(chat: Chat) -> None:
    assert "Em đang đọc tệp so-lieu.xlsx" in chat.send(sheet_of(17, "Bản Nà Đon"))[0]
    assert "chưa rõ → 17\n- thêm bản đạt chuẩn: Bản Nà Đon" in read(chat)
    assert stored(chat.talk) == []
    assert chat.talk.press("Hà", "Ghi")[0] == "Đã ghi 1 số liệu, 1 bản đạt chuẩn của xã Bình Lư."
    assert stored(chat.talk) == [
        Fact(HERE, 2024, "criteria_total", 17),
        Village(HERE, "Bản Nà Đon", "na don", 2024),
    ]
    with chat.talk.engine.database.reading(chat.talk.clock()) as tx:
        assert list(audit.verify(tx)) == []
        said = {row.action: row.actor for row in tx.execute(audit_rows.select())}
    assert said["fact.told"] == said["village.reached"] == said["sheet.recorded"] != "machine"


@both
def test_nothing_of_the_file_is_left(chat: Chat) -> None:
    chat.send(sheet_of())
    read(chat)
    assert not files(chat.folder / "media")
    chat.talk.press("Hà", "Ghi")
    chat.work(lambda job: job.tidy(timedelta(0)))
    with chat.talk.engine.database.reading(chat.talk.clock()) as tx:
        assert media.get(tx, 1) is None
        [row] = tx.execute(sheet_rows.select()).all()
    assert (row.name, row.changes, row.problems, row.state) == ("", [], [], "recorded")


def test_from_the_web_the_uploaded_file_is_removed(chat: Chat) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield sheet_of()

    reference, _ = asyncio.run(chat.incoming.put("a" * 64, chunks()))
    chat.talk.channel = "web"
    chat.talk.make_officer("Sơn", "Xã Bình Lư")
    chat.talk.say("Sơn", attachments=(Attachment("file", reference, "a.XLSX"),))
    read(chat)
    assert "Anh chị bấm Ghi thì thay đổi 1 số liệu" in told(chat.talk, "Sơn")
    assert chat.incoming.older(timedelta(0)) == []


@both
def test_read_twice_is_told_once(chat: Chat) -> None:
    """A job that dies after reading leaves the file to another, and may yet come back to life."""
    chat.send(sheet_of())
    talk = chat.talk
    [one] = talk.write(lambda tx: media_jobs.claim(tx, 5))
    sheet = sheet_reading.read(talk.world, sheet_of(), talk.clock())
    judged = talk.write(lambda tx: sheet_reading.judge(tx, talk.world, one, sheet))
    assert read(chat) == ""
    talk.clock.move(media_jobs.LEASE)
    assert "1 số liệu" in read(chat)
    talk.last["Hà"] = []
    talk.write(lambda tx: sheet_reading.tell(tx, talk.world, one, judged))
    talk.collect()
    assert talk.last["Hà"] == []


def test_it_goes_on_after_a_restart_at_every_step(chat: Chat) -> None:
    chat.talk.afresh = True
    chat.send(sheet_of())
    read(chat)
    assert "Đã ghi 1 số liệu" in chat.talk.press("Hà", "Ghi")[0]


HOSTILE = {
    "empty": b"",
    "no zip": b"PK\x03\x04 not a workbook",
    "Excel 97": b"\xd0\xcf\x11\xe0" + bytes(600),
    "a picture": b"\xff\xd8\xff" + bytes(600),
    "a bomb": packed({"xl/workbook.xml": b"\0" * 20_000_000}),
    "many parts": packed({f"xl/{number}": b"" for number in range(300)}),
    "entities": packed({"xl/workbook.xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}),
    "too large": bytes(3 * 1024 * 1024),
    "a formula": workbook([("Xã", *HEADS), ("", *WHERE, "2024", "=1+16")]),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_answered_and_changes_nothing(chat: Chat, data: bytes) -> None:
    chat.send(data)
    said = read(chat)
    assert "chưa ghi gì" in said
    assert "Ghi" not in [one["label"] for body in chat.talk.last["Hà"] for one in body["choices"]]
    assert stored(chat.talk) == []
    assert "chưa ghi được" in chat.talk.say("Hà", "ghi excel 1")[0]
    assert stored(chat.talk) == []


@pytest.mark.parametrize(
    ("why", "says"), [("gone", "chưa tải được tệp"), ("too_large", "nặng quá")]
)
def test_what_cannot_be_fetched_is_told(chat: Chat, why: str, says: str) -> None:
    chat.send(why)
    assert says in read(chat)


def test_one_foreign_row_and_nothing_can_be_recorded(chat: Chat) -> None:
    lines = [("Xã", *HEADS), ("", *WHERE, "2024", "17"),
             ("", "Xã Bản Giang", "Huyện Tam Đường", "2024", "15")]  # fmt: skip
    chat.send(workbook(lines))
    said = read(chat)
    assert "1 dòng đúng, 1 dòng sai" in said
    assert "dòng 3: Xã Bản Giang không thuộc phần việc của anh chị" in said
    chat.talk.say("Hà", "ghi excel 1")
    assert stored(chat.talk) == []


def test_many_rows_of_another_commune_are_one_problem(chat: Chat) -> None:
    villages = [f"Bản Số {number}" for number in range(4)]
    lines = [("Bản", *VILLAGES), ("", *WHERE, "Bản Nà Đon", "2024")]
    lines += [("", "Xã Bản Giang", "Huyện Tam Đường", name, "2024") for name in villages]
    lines[4:4] = [("", *WHERE, "Bản Hoa Vân", "2024")]
    chat.send(workbook(lines))
    said = read(chat)
    assert "2 dòng đúng, 4 dòng sai" in said
    assert said.count("không thuộc phần việc") == 1
    assert "dòng 3–4, 6–7: Xã Bản Giang không thuộc phần việc của anh chị" in said


def test_a_sheet_with_nothing_left_to_record_says_so_at_every_press(chat: Chat) -> None:
    for _ in range(2):
        chat.send(sheet_of(17))
        read(chat)
    chat.talk.say("Hà", "ghi excel 2")
    assert "không có gì thay đổi" in chat.talk.say("Hà", "ghi excel 1")[0]
    again = chat.talk.say("Hà", "ghi excel 1")[0]
    assert again == "Số liệu trong tệp này đã ghi như vậy rồi, không còn gì để ghi."


def test_more_than_is_recorded_at_once_is_refused(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet_reading, "MOST_CHANGES", 2)
    chat.send(sheet_of(17, "Bản Nà Đon", "Bản Hoa Vân"))
    assert "3 chỗ mới hoặc thay đổi, mỗi lần em chỉ ghi được 2" in read(chat)
    chat.send(sheet_of(17, "Bản Nà Đon"))
    assert "Anh chị bấm Ghi" in read(chat)


def test_so_many_a_day_and_no_more(chat: Chat) -> None:
    for _ in range(30):
        assert "Em đang đọc" in chat.send(sheet_of())[0]
        chat.talk.clock.move(timedelta(minutes=1))
    assert "chỉ nhận 30 tệp" in chat.send(sheet_of())[0]
    chat.talk.clock.move(timedelta(days=1))
    assert "Em đang đọc" in chat.send(sheet_of())[0]


@pytest.mark.parametrize(
    ("name", "asked", "is_sheet"),
    [("a.XLSX", False, True), ("a.xls ", False, True), ("số liệu.csv", False, True),
     ("xlsx", False, False), ("", False, False), ("a.xlsx.pdf", False, False),
     ("", True, True), ("xlsx", True, True), ("a.pdf", True, False)],
)  # fmt: skip
def test_it_is_known_by_its_name(chat: Chat, name: str, asked: bool, is_sheet: bool) -> None:
    if asked:
        chat.talk.say("Hà", "nhập excel")
        chat.talk.say("Hà", "2024")
    assert ("Em đang đọc" in chat.send(b"x", name)[0]) is is_sheet


def test_a_report_that_was_named_gets_its_evidence(chat: Chat) -> None:
    talk = chat.talk
    talk.say("Hà", "nhập excel")
    talk.say("Hà", "2024")
    for text in ("báo góp tiền", "đồng ý", "2 triệu", "Làm đường", "hôm qua", "Xã Bình Lư",
                 "Bản Nà Đon", "tôi", "Lò Thị Hà", "gửi"):  # fmt: skip
        talk.clock.move(timedelta(seconds=5))
        said = talk.say("Hà", text)
    code = next(word.strip(".,") for word in " ".join(said).split() if word.startswith("LC-"))
    talk.clock.move(timedelta(minutes=1))
    talk.say("Hà", f"gửi ảnh {code}")
    assert f"cho báo cáo {code}" in chat.send(sheet_of())[0]
    talk.clock.move(timedelta(minutes=11))
    assert "Em đang đọc" in chat.send(sheet_of())[0]


def test_where_no_files_go_that_is_said(chat: Chat) -> None:
    chat.talk.channel = "zalo_bot"
    chat.talk.make_officer("Sơn", "Xã Bình Lư")
    [said] = chat.talk.say("Sơn", "nhập excel")
    assert "Ở kênh này em không gửi, nhận được tệp" in said


def test_who_decides_on_nothing_for_a_week_sends_it_again(chat: Chat) -> None:
    chat.send(sheet_of())
    read(chat)
    press = chat.talk.choice("Hà", "Ghi")
    chat.talk.clock.move(fact_sheets.LIFE + timedelta(minutes=1))
    chat.work(lambda job: tidying.once(job._engine))
    with chat.talk.engine.database.reading(chat.talk.clock()) as tx:
        assert [(row.state, row.changes) for row in tx.execute(sheet_rows.select())] == [
            ("expired", [])
        ]
    assert "Tệp này đã bỏ" in chat.talk.say("Hà", choice=press)[0]
    assert stored(chat.talk) == []


def test_an_erasure_takes_what_waits(chat: Chat) -> None:
    chat.send(sheet_of())
    read(chat)
    sheet = chat.talk.write(lambda tx: fact_sheets.find(tx, 1))
    assert sheet is not None
    chat.talk.write(lambda tx: erasure.begin(tx, sheet.person_id))
    with chat.talk.engine.database.reading(chat.talk.clock()) as tx:
        [row] = tx.execute(sheet_rows.select()).all()
    assert (row.state, row.name, row.changes) == ("expired", "", [])


@both
def test_a_press_and_an_entry_by_chat_never_overwrite_each_other(
    chat: Chat, world: World, clock: HandClock
) -> None:
    """From two replicas at once: what was recorded by the press is what was read back."""
    talk = chat.talk
    for number in range(20):
        chat.send(sheet_of(number % 2))
        read(chat)
        press = talk.choice("Hà", "Ghi") if talk.last["Hà"][0]["choices"] else ""
        with ExitStack() as undo:
            other = Engine(Database(talk.url), world, clock)
            undo.callback(other.close)
            together = threading.Barrier(2)
            entry = threading.Thread(target=_enter, args=(other, together, 2 + number % 2))
            entry.start()
            together.wait(20)
            if press:
                talk.say("Hà", choice=press)
            entry.join(20)
    with talk.engine.database.reading(talk.clock()) as tx:
        kept = tx.execute(
            audit_values.select()
            .where(audit_values.c.field == "criteria_total")
            .order_by(audit_values.c.seq)
        )
        steps = [json.loads(row.value) for row in kept]
        assert list(audit.verify(tx)) == []
    assert len(steps) > 20
    # Each began where the one before had ended.
    assert [before for before, _ in steps[1:]] == [after for _, after in steps[:-1]]


def _enter(engine: Engine, together: threading.Barrier, total: int) -> None:
    together.wait(20)
    engine.writer.run(
        lambda tx: facts.take_in(tx, [Fact(HERE, 2024, "criteria_total", total)], by=1)
    )


def test_changes_are_what_taking_in_would_keep(fresh_url: Fresh, clock: HandClock) -> None:
    database = Database(fresh_url("sqlite"))
    flag = Honour("flag_commune_ntm", HERE, "commune", "Xã Bình Lư", 2024, "7/QĐ")
    rows: list[Row] = [Fact(HERE, 2024, "level", "ntm"), Village(HERE, "Hoi", "hoi", 2024), flag]
    with database.writing(clock()) as tx:
        by = facts.operator(tx, "Lan")
        assert [one.before for one in facts.changes(tx, rows)] == [{}, {}, {}]
        facts.take_in(tx, rows, by=by)
        assert facts.changes(tx, rows) == []
        silent = Honour(flag.award, HERE, "commune", "Xã Bình Lư", 2024, "")
        other = Village(HERE, "Hoi", "hoi", 2023)
        [change] = facts.changes(tx, [silent, other, Fact(HERE, 2024, "level", "ntm")])
        assert change.before == {"name": "Hoi", "year": 2024, "decision": ""}
    database.dispose()
