"""The command line as scripts see it: exit status, one line on standard error, no traceback."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.__main__ import main
from bot.commands import common
from handlers.turn import World
from storage import grants, questions
from storage.database import Database
from tests.conftest import START, STORES, Fresh, HandClock
from tests.stock import HERE, opened, villager
from tests.talk import talking

ROOT = Path(__file__).parent.parent
HEAVY = ("aiogram", "starlette", "uvicorn")


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting from outside, and a folder of its own for whatever a command makes."""
    for name in [name for name in os.environ if name.startswith("BOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BOT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("BOT_CLOCK", START.isoformat())
    monkeypatch.chdir(tmp_path)


def _run(
    *arguments: str | bytes, source: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """The real program in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        input=source,
        capture_output=True,
        check=False,
        timeout=60,
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict", **environment},
    )


def _status(*arguments: str) -> int:
    """The exit status of a command run here, however it ends."""
    try:
        return main(list(arguments))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1


def _refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run what must be refused; the one line it is refused with."""
    assert _status(*arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    [line] = said.err.splitlines()
    assert line.startswith("python -m bot")
    return line


# wrong usage

WRONG_USAGE = [
    [],
    ["nope"],
    ["ask"],
    ["ask", "   "],
    ["ask", "\x00"],
    ["ask", "--nope"],
    ["invite"],
    ["invite", "--role", "commune_officer"],
    ["invite", "--role", "king", "--place", "Xã Bình Lư"],
    ["invite", "--role", "commune_officer", "--place", "Xã Không Có Đâu"],
    ["invite", "--role", "commune_officer", "--place", ""],
    ["invite", "--role", "commune_officer", "--place", "Xã\nKhông Có"],
    ["invite", "--role", "village_head", "--place", "Xã Bình Lư"],
    ["invite", "--role", "commune_officer", "--place", "Xã Bình Lư", "--village", "Bản"],
    ["invite", "--role", "cooperative_representative", "--place", "Xã Bình Lư"],
    ["invite", "--role", "commune_officer", "--place", "Xã Bình Lư", "--until", "mai"],
    ["invite", "--role", "commune_officer", "--place", "Xã Bình Lư", "--until", "2024-12-31"],
    ["invite", "--role", "commune_officer", "--place", "Xã Bình Lư", "--until", "9999-12-31"],
    ["questions", "thừa"],
    ["audit", "list"],
    ["audit", "verify", "--against", "không-có-tệp"],
    ["audit", "head", "--out", "không-có-thư-mục/head.json"],
    ["audit"],
    ["audit", "repair"],
    ["plan", "check"],
    ["plan", "check", "không-có-thư-mục"],
    ["chat", "thừa"],
    ["audit", "verify", "dòng\nthừa"],
]


@pytest.mark.parametrize("arguments", WRONG_USAGE, ids=repr)
def test_wrong_usage_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    _refused(capsys, *arguments)


@pytest.mark.parametrize("arguments", [["--help"], ["ask", "--help"], ["invite", "-h"]])
def test_help_is_no_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert _status(*arguments) == 0
    assert "usage" in capsys.readouterr().out


# wrong settings and stores

COMMANDS = [
    ["ask", "chào"],
    ["audit", "verify"],
    ["chat"],
    ["run"],
    ["invite", "--role", "commune_officer", "--place", "Xã Bình Lư"],
]
SETTINGS = {
    "BOT_HTTP_PORT": "hunter2",
    "BOT_CLOCK": "hunter2",
    "BOT_DATABASE_URL": "mysql://bot:hunter2@db/x",
    "BOT_PUBLIC_URL": "hunter2",
}


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda one: one[0])
@pytest.mark.parametrize("name", SETTINGS)
def test_a_wrong_setting_stops_every_command_with_one_line(
    arguments: list[str],
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(name, SETTINGS[name])
    line = _refused(capsys, *arguments)
    assert name in line
    assert "hunter2" not in line


def test_a_webhook_nobody_could_be_told_of_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BOT_TELEGRAM_TOKEN", "1:hunter2")
    monkeypatch.setenv("BOT_TELEGRAM_MODE", "webhook")
    monkeypatch.setenv("BOT_TELEGRAM_WEBHOOK_SECRET", "hunter2")
    line = _refused(capsys, "run")
    assert "BOT_PUBLIC_URL" in line
    assert "hunter2" not in line


def _stores(tmp_path: Path) -> dict[str, str]:
    garbage = tmp_path / "garbage.db"
    garbage.write_bytes(b"this is no database\n" * 400)
    newer = tmp_path / "newer.db"
    database = Database(f"sqlite:///{newer}")
    with database.writing(START) as tx:
        tx.connection.exec_driver_sql("CREATE TABLE alembic_version (version_num TEXT)")
        tx.connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('9999')")
    database.dispose()
    return {
        "nobody listens": "postgresql://bot:hunter2@127.0.0.1:1/chung_suc",
        "no such socket": f"postgresql://bot:hunter2@/chung_suc?host={tmp_path}",
        "not a database": f"sqlite:///{garbage}",
        "a folder": f"sqlite:///{tmp_path}",
        "below a file": f"sqlite:///{garbage}/x.db",
        "made by a newer program": f"sqlite:///{newer}",
    }


STORES_LOST = [
    "nobody listens", "no such socket", "not a database", "a folder", "below a file",
    "made by a newer program",
]  # fmt: skip
AUDIT = ["audit", "verify"]


@pytest.mark.parametrize(
    ("what", "arguments"),
    [(what, AUDIT) for what in STORES_LOST]
    + [("not a database", one) for one in COMMANDS if one != AUDIT and one[0] != "ask"],
    ids=lambda one: one if isinstance(one, str) else one[0],
)
def test_a_store_that_cannot_be_used_is_one_line(
    what: str,
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("BOT_DATABASE_URL", _stores(tmp_path)[what])
    line = _refused(capsys, *arguments)
    assert "hunter2" not in line


def test_a_data_folder_that_is_a_file_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("BOT_DATA_DIR", str(tmp_path / "file"))
    _refused(capsys, "audit", "verify")


def test_what_a_villager_tells_is_not_readable_to_other_users(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _status("audit", "verify") == 0
    for path in (tmp_path / "data").iterdir():
        assert path.stat().st_mode & 0o007 == 0 or path.parent.stat().st_mode & 0o007 == 0


# ask


def test_a_question_is_answered(capsys: pytest.CaptureFixture[str]) -> None:
    assert _status("ask", "xã", "nộp", "hồ", "sơ", "khen", "khi", "nào") == 0
    said = capsys.readouterr()
    assert said.out.strip()
    assert said.err == ""


LINES = [
    (b'{"id": 1, "q": "xin ch\xc3\xa0o"}', True),
    (b'{"id": "2", "q": "h\xe1\xba\xa1n n\xe1\xbb\x99p", "today": "2025-01-02"}', True),
    ('{"id": 3, "q": "", "asker": "commune_officer", "place": "Xã Bình Lư"}'.encode(), True),
    (b'{"id": 4, "q": "x", "today": null, "asker": null, "place": null, "after": null}', True),
    (b'{"id": 5, "q": "\\ud800 \\u0000 \\u202e"}', True),
    (b'{"id": {"a": [1]}, "q": "x"}', True),
    (b'{"q": "no id"}', True),
    (b"", None),
    (b"   ", None),
    (b"{", False),
    (b"[1]", False),
    (b"5", False),
    (b"null", False),
    (b'"text"', False),
    (b"\xff\xfe", False),
    (b'{"id": 6}', False),
    (b'{"id": 7, "q": 5}', False),
    (b'{"id": 8, "q": null}', False),
    (b'{"id": 9, "q": "x", "today": "2025-13-01"}', False),
    (b'{"id": 10, "q": "x", "today": 5}', False),
    (b'{"id": 11, "q": "x", "asker": [1]}', False),
    (b'{"id": 12, "q": "x", "place": 5}', False),
    (b'{"id": 13, "q": "x", "after": {"a": 1}}', False),
    (b'{"id": 14, "q": ' + b"[" * 50_000, False),
    (b'{"id": 15, "q": "x", "n": ' + b"9" * 5_000 + b"}", False),
    (b'{"id": 16, "q": "' + b"x" * 200_000 + b'"}', False),
    (b'{"id": "\\ud800", "q": "x"}', True),
    (b'{"id": NaN, "q": "x"}', False),
    (b'{"id": 1e999, "q": "x"}', False),
    (b'{"id": 17, "q": "last"}', True),
]


def test_a_line_that_cannot_be_read_yields_an_error_and_the_rest_goes_on() -> None:
    done = _run("ask", "--jsonl", source=b"\n".join(line for line, _ in LINES))
    assert done.stderr == b""
    assert done.returncode == 1
    wanted = [(line, good) for line, good in LINES if good is not None]
    written = done.stdout.decode().removesuffix("\n").split("\n")
    assert len(written) == len(wanted)

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    for text, (line, good) in zip(written, wanted, strict=True):
        answer = json.loads(text, parse_constant=refuse)
        assert ("error" not in answer) is good, (line[:80], text[:200])
        if good:
            assert {"decision", "answer", "clauses", "options", "confidence"} <= set(answer)
        identity = re.match(rb'\{"id": (\d+),? ', line)
        if identity and len(line) < 1_000:
            assert answer["id"] == int(identity[1])


def test_only_good_lines_are_status_0() -> None:
    done = _run("ask", "--jsonl", source='{"id": 1, "q": "chào"}\n'.encode())
    assert (done.returncode, done.stderr) == (0, b"")
    assert _run("ask", "--jsonl").returncode == 0


def test_a_reader_that_leaves_early_causes_no_traceback() -> None:
    """As in `… | head -1`."""
    lines = b'{"id": 1, "q": "x"}\n' * 3_000
    program = subprocess.Popen(
        [sys.executable, "-m", "bot", "ask", "--jsonl"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert program.stdin is not None
    assert program.stdout is not None
    assert program.stderr is not None
    program.stdout.close()
    try:
        program.stdin.write(lines)
        program.stdin.close()
    except BrokenPipeError:
        pass
    said = program.stderr.read()
    program.stderr.close()
    program.wait(60)
    assert b"Traceback" not in said


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["id", "q", "today", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
            ),
            max_leaves=5,
        ),
    )
)
def test_any_json_line_yields_one_json_line(asked: dict[str, object]) -> None:
    target = io.StringIO()
    stdout, sys.stdout = sys.stdout, target
    try:
        status = common.each_line(
            lambda line: {"got": str(line["q"])}, io.StringIO(json.dumps(asked) + "\n")
        )
    finally:
        sys.stdout = stdout
    [line] = target.getvalue().removesuffix("\n").split("\n")
    line.encode()
    answer = json.loads(line, parse_constant=lambda constant: pytest.fail(constant))
    assert status == ("error" in answer)


# what a command loads


@pytest.mark.parametrize("arguments", [["--help"], ["ask", "chào"]])
def test_a_bare_start_loads_no_network(arguments: list[str]) -> None:
    script = (
        "import sys\nfrom bot.__main__ import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True, check=True, cwd=ROOT, timeout=60,
    )  # fmt: skip
    assert done.stderr.decode().strip() == "[]"


# invite, audit, plan, chat


@pytest.mark.parametrize("store", STORES)
def test_an_invitation_made_here_opens_a_role_in_chat(
    store: str,
    fresh_url: Fresh,
    world: World,
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = fresh_url(store)
    monkeypatch.setenv("BOT_DATABASE_URL", url)
    assert _status("invite", "--role", "commune_officer", "--place", "Xã Bình Lư") == 0
    said = capsys.readouterr().out
    found = re.search(rf"\b([a-z2-9]{{{grants.TOKEN_LENGTH}}})\b", said)
    assert found is not None
    with talking(url, world, clock) as talk:
        talk.say("Hà", f"mã mời {found[1]}")
        talk.say("Hà", "Lò Thị Hà")
        talk.press("Hà", "Nhận")
        unit = world.places.find("Xã Bình Lư", START.date()).units[0]
        assert len(talk.write(lambda tx: grants.at_place(tx, unit.key, "commune_officer"))) == 1


def test_a_fresh_audit_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert _status("audit", "verify") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_the_shipped_plan_has_no_problem_and_others_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "pack"
    broken.mkdir()
    assert _status("plan", "check", str(broken)) in (1, 2)
    (broken / "plan.yaml").write_text("a: [\n", "utf-8")
    assert _status("plan", "check", str(broken)) in (1, 2)
    capsys.readouterr()


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What stands on standard input."""
    source = io.StringIO()
    monkeypatch.setattr(sys, "stdin", source)
    return source


def test_a_talk_in_the_terminal_ends_with_its_input(
    typed: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    typed.write("xin chào\n2\n\n")
    typed.seek(0)
    assert _status("chat") == 0
    said = capsys.readouterr().out
    assert "[1]" in said
    assert "[2]" in said
    typed.seek(0)
    assert _status("chat", "--as", "người khác") == 0


@pytest.mark.parametrize(
    ("arguments", "source"),
    [
        ((), b"\xff\xfe xin ch\xc3\xa0o\n\x00\n\xed\xa0\x80\nmenu"),
        (("--as", b"\xff"), b"menu\n"),
        (("--as", ""), b"menu\n"),
        (("--as", "x" * 500), b"menu\n"),
    ],
    ids=["bytes", "name", "empty name", "long name"],
)
def test_bytes_that_are_no_text_are_not_the_terminals_end(
    arguments: tuple[str | bytes, ...], source: bytes
) -> None:
    done = _run("chat", *arguments, source=source)
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0
    assert done.stdout.count("[Báo đóng góp]".encode()) >= 1


# roles with a village, an organisation, an end


@pytest.mark.parametrize("store", STORES)
def test_an_invitation_for_a_village_or_an_organisation_till_a_day(
    store: str,
    fresh_url: Fresh,
    world: World,
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = fresh_url(store)
    monkeypatch.setenv("BOT_DATABASE_URL", url)
    place = ("--place", "Xã Bình Lư")
    assert _status("invite", "--role", "village_head", *place, "--village", "Bản Nà Đon") == 0
    head = re.search(r"Mã: (\w+)", capsys.readouterr().out)
    htx = ("--organisation", "HTX Chè", "--until", "2025-01-03")
    assert _status("invite", "--role", "cooperative_representative", *place, *htx) == 0
    of_htx = re.search(r"Mã: (\w+)", capsys.readouterr().out)
    assert head is not None
    assert of_htx is not None
    with talking(url, world, clock) as talk:
        talk.say("Ún", f"mã mời {head[1]}")
        talk.say("Ún", "Lò Văn Ún")
        talk.press("Ún", "Nhận")
        talk.say("Mỷ", f"mã mời {of_htx[1]}")
        said = talk.say("Mỷ", "Lò Thị Mỷ")
        assert "HTX Chè" in said[0]
        assert "đến hết 03/01/2025" in said[0]
        talk.press("Mỷ", "Nhận")
        assert "Không có báo cáo nào" in talk.say("Ún", "báo cáo của bản")[0]
    assert _status("grants") == 0
    one, other = capsys.readouterr().out.splitlines()
    assert one.endswith("village_head\tXã Bình Lư\tLò Văn Ún\tna don")
    assert other.endswith("\tLò Thị Mỷ\tHTX Chè\t00:00 04/01/2025")


# unanswered questions


@pytest.mark.parametrize("store", STORES)
def test_questions_are_listed_and_answers_come_out_as_families(
    store: str,
    fresh_url: Fresh,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = fresh_url(store)
    monkeypatch.setenv("BOT_DATABASE_URL", url)
    asked = ["bao giờ có điện", "Bao giờ có điện?", 'khi nào bản "tôi" có điện: #1 - {x}', "no"]
    with opened(url) as [database], database.writing(START) as tx:
        who = villager(tx)
        group = None
        for text in asked:
            _, group = questions.keep(
                tx, who.account_id, who.person.id, text, HERE, group.id if group else None
            )
        assert group is not None
        questions.keep(tx, who.account_id, who.person.id, "giá\ntrâu", "", None)
    assert _status("questions", "--answered") == 0
    assert capsys.readouterr().out == ""
    with opened(url) as [database], database.writing(START) as tx:
        assert questions.answer(tx, group, 'Quý ba: "có".\nThế thôi.', by=who.person.id)
    assert _status("questions") == 0
    assert capsys.readouterr().out == "2\t1\t\tgiá trâu\n"
    assert _status("questions", "--answered") == 0
    families = yaml.safe_load(capsys.readouterr().out)
    assert families == {
        f"asked_{group.id}": {
            "kind": "unknown",
            "text": 'Quý ba: "có".\nThế thôi.',
            "ask": f"{asked[0]}\n{asked[2]}\n{asked[3]}\n",
        }
    }
