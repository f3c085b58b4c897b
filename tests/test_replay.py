"""`replay FILE`: a transcript played from the command line, without a test package."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.engine import Taken
from handlers.messages import Message
from handlers.turn import World
from knowledge.zone import ZONE
from tests.conftest import Fresh, HandClock
from tests.talk import Talk, talking
from tests.transcript import Mismatch, Player, Unreadable, starts_at

CONVERSATIONS = Path(__file__).parent / "conversations"
SHORT = (
    "Páo: menu\n> Bà con muốn làm gì?\n"
    "[Hỏi về kế hoạch] [Báo đóng góp] [Đóng góp của tôi] [Mục khác]\n"
)


def _replay(tmp_path: Path, text: str, *options: str) -> int:
    path = tmp_path / "hoi-thoai.txt"
    path.write_text(text, "utf-8")
    return main(["replay", str(path), *options])


@pytest.mark.parametrize("way", ["plain", "afresh", "twice", "no-buttons"])
def test_a_transcript_that_holds(tmp_path: Path, way: str) -> None:
    text = (CONVERSATIONS / "bao-gop-tien.txt").read_text("utf-8")
    assert _replay(tmp_path, text, "--way", way) == 0


def test_the_conversation_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _replay(tmp_path, SHORT) == 0
    printed = capsys.readouterr().out
    assert printed == SHORT.replace("> Bà", "> @Páo Bà")
    assert _replay(tmp_path, printed) == 0


def test_the_line_that_does_not_hold_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _replay(tmp_path, SHORT.replace("> Bà con", "> Anh chị")) == 1
    assert "line 2: > Anh chị muốn làm gì?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    ["Páo menu\n", "= 2 tháng\n", "Cán bộ Hà: Xã Không Có\n", "# lúc: mai\n", "Páo bấm lại\n"],
)
def test_what_is_no_transcript_is_told_in_one_line(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _replay(tmp_path, text) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_file_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tmp_path / "none.txt")]) == 2
    assert main(["replay", str(tmp_path)]) == 2
    (tmp_path / "x.txt").write_bytes(b"\xff\xfe\x00P")
    assert main(["replay", str(tmp_path / "x.txt")]) == 2
    (tmp_path / "big.txt").write_bytes(b"#" * 1_000_001)
    assert main(["replay", str(tmp_path / "big.txt")]) == 2
    assert capsys.readouterr().err.count("\n") == 4


def test_an_old_button_needs_buttons(tmp_path: Path) -> None:
    assert _replay(tmp_path, f"{SHORT}Páo bấm lại\n", "--way", "no-buttons") == 2


def test_the_clock_stands_at_what_the_transcript_says(
    fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    text = "# lúc: 2025-07-02 08:00\nPáo: menu\n= 90 giây\n"
    assert starts_at(text) == datetime(2025, 7, 2, 8, 0, tzinfo=ZONE)
    with talking(fresh_url("sqlite"), world, clock) as talk:
        Player(talk).play(text)
    assert clock() == datetime(2025, 7, 2, 8, 1, 30, tzinfo=ZONE)


def test_what_is_sent_beside_words(
    fresh_url: Fresh, world: World, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Message] = []
    deliver = Talk.deliver

    def listen(talk: Talk, message: Message) -> Taken:
        heard.append(message)
        return deliver(talk, message)

    monkeypatch.setattr(Talk, "deliver", listen)
    with talking(fresh_url("sqlite"), world, clock) as talk:
        Player(talk).play(
            "Páo gửi ảnh\nPáo gửi 3 ảnh\nPáo gửi ghi âm\nPáo gửi tệp: biên bản\nPáo: gửi ảnh"
        )
    kinds = [[a.kind for a in one.attachments] for one in heard]
    assert kinds == [["photo"], ["photo"], ["photo"], ["photo"], ["voice"], ["file"], []]
    references = [a.reference for one in heard for a in one.attachments]
    assert len(set(references)) == len(references)
    # An album comes as one message for each picture, told apart from others by its group.
    albums = [one.group for one in heard]
    assert albums == ["", *[albums[1]] * 3, "", "", ""]
    assert albums[1] != ""
    assert [one.text for one in heard] == ["", "", "", "", "", "biên bản", "gửi ảnh"]


def test_no_test_package_is_needed() -> None:
    code = (
        "import sys; import bot.commands.replay, bot.replay.player; "
        "print({name.partition('.')[0] for name in sys.modules} & "
        "{'pytest', 'hypothesis', 'tests', 'httpx'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_player_faults_have_their_own_names(
    fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    with talking(fresh_url("sqlite"), world, clock) as talk:
        with pytest.raises(Mismatch, match="line 1"):
            Player(talk).play("Páo bấm: Gửi")
        with pytest.raises(Unreadable, match="line 2"):
            Player(talk).play("Páo: menu\nkhông có dấu hai chấm")
