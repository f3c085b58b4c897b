"""What commands print: never a secret of the settings; on standard error nobody's words either."""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from bot import faults
from bot.__main__ import _parser, main
from bot.commands import ask as ask_command
from bot.settings import Settings
from handlers.turn import World
from storage.database import Database
from storage.people import find_account
from tests.canaries import forms, seen
from tests.conftest import Fresh, HandClock
from tests.load.server import ROOT, clean
from tests.saboteur import Quoting
from tests.talk import talking

NAME, NUMBER, WORDS = "Giàng Thị Chim Yến", "0977 315 590", "nhà tôi ở sau cây đa ba ngọn"
PEOPLE = {NAME, NUMBER, WORDS}
SECRETS = {
    "BOT_TELEGRAM_TOKEN": "7000000001:AAc4n4ryTelegramTokenXk29qLmZpRtVwYs",
    "BOT_TELEGRAM_WEBHOOK_SECRET": "c4n4ry-telegram-webhook-secret",
    "BOT_TELEGRAM_PROXY": "http://c4n4ry-user:c4n4ry-Mat-khau-proxy@127.0.0.1:1",
    "BOT_ZALO_OA_APP_SECRET": "c4n4ry-zalo-app-secret",
    "BOT_ZALO_OA_SECRET_KEY": "c4n4ry-zalo-webhook-key",
    "BOT_ZALO_OA_REFRESH_TOKEN": "c4n4ry-zalo-refresh-token",
    "BOT_ZALO_BOT_TOKEN": "123456789:c4n4ry-zalo-bot-token",
    "BOT_ZALO_BOT_WEBHOOK_SECRET": "c4n4ry-zalo-bot-secret",
}
PASSWORD = "c4n4ry-Mat-khau-CSDL-6613"
AWAY = f"postgresql://bot:{PASSWORD}@127.0.0.1:1/chung_suc"
LINES = "".join(f"{line}\n" for line in (
    json.dumps({"id": NUMBER, "q": WORDS, "text": WORDS, "facts": {"subject": WORDS}}),
    json.dumps({"id": 1, "q": None, "text": None, "facts": {"subject": "commune", "year": NAME}}),
    WORDS,
))  # fmt: skip
COMMANDS: dict[str, list[list[str]]] = {
    "ask": [[WORDS], ["--jsonl"]],
    "quantity": [["--jsonl"]],
    "place": [["--jsonl"]],
    "date": [["--jsonl"]],
    "awards": [["--jsonl"]],
    "template": [["mau.xlsx"]],
    "import": [["mau.xlsx", "--by", NAME], ["khong-co.xlsx"], ["hong.xlsx"]],
    "deadlines": [["--year", "2025", "--json"]],
    "reminders": [["preview", "--on", "2025-01-02", "--json"], ["preview", "--on", "x"]],
    "invite": [
        ["--role", "commune_officer", "--place", "Xã Bình Lư"],
        ["--role", "x", "--place", "y"],
    ],
    "grants": [[], ["--revoke", "1"]],
    "authorise": [[]],
    "requests": [[]],
    "questions": [[], ["--answered"]],
    "audit": [["verify"], ["head"], ["list", "--subject", "person:1"]],
    "plan": [["check", "."], ["import", "khong-co.docx"], ["import", "hong.xlsx"]],
    "replay": [["hoi-thoai.txt"], ["hong.xlsx"]],
    "chat": [[]],
    "run": [["--only", "web"], ["--demo-officer", "Xã Không Có"]],
}
CALLS = [
    pytest.param([name, *rest], id=" ".join([name, *rest])[:40])
    for name, several in COMMANDS.items()
    for rest in several
]


@pytest.fixture
def store(fresh_url: Fresh, world: World, clock: HandClock) -> str:
    """A store with an officer, and a villager who has said a lot."""
    url = fresh_url("sqlite")
    with talking(url, world, clock) as talk:
        talk.make_officer("Hà", "Xã Bình Lư")
        for words in ("báo đóng góp", "đồng ý", NAME, NUMBER, WORDS, "tôi muốn phản ánh dữ liệu"):
            talk.say("Páo", words)
        assert talk.write(lambda tx: find_account(tx, "terminal", "test", "Páo"))
    return url


@pytest.fixture(autouse=True)
def _set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The canaries for settings, and a folder with files nobody can read."""
    for name in [name for name in os.environ if name.startswith("BOT_")]:
        monkeypatch.delenv(name)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BOT_HTTP_PORT", "0")
    monkeypatch.setenv("BOT_PUBLIC_URL", "https://bot.test")
    monkeypatch.setenv("BOT_ZALO_OA_ID", "1")
    monkeypatch.setenv("BOT_ZALO_OA_APP_ID", "1")
    monkeypatch.setenv("BOT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    Path("hong.xlsx").write_text(f"{NAME} {NUMBER} {WORDS}", "utf-8")
    Path("hoi-thoai.txt").write_text(f"Páo: {WORDS}\n> {NAME}\n", "utf-8")
    monkeypatch.setattr(sys, "stdin", io.StringIO(LINES))


def test_every_command_is_called() -> None:
    [commands] = [one for one in _parser()._actions if isinstance(one, argparse._SubParsersAction)]
    assert set(COMMANDS) == set(commands.choices)


def _printed(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> tuple[bytes, bytes]:
    with suppress(SystemExit):
        main(arguments)
    told = capfd.readouterr()
    return told.out.encode("utf-8", "surrogatepass"), told.err.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("arguments", CALLS)
@pytest.mark.parametrize("where", ["here", "away"])
def test_a_command_prints_no_secret_and_reports_no_words(
    arguments: list[str],
    where: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    url = request.getfixturevalue("store") if where == "here" else AWAY
    monkeypatch.setenv("BOT_DATABASE_URL", url)
    capfd.readouterr()
    out, err = _printed(arguments, capfd)
    secrets = {*SECRETS.values(), "c4n4ry-Mat-khau-proxy", PASSWORD}
    assert seen(secrets, out + err) == []
    # What stands in a transcript is shown where it does not hold: that is what replay is for.
    words = set() if arguments[0] == "replay" else PEOPLE
    given = {one for one in words if one in " ".join(arguments)}
    assert seen(words - given, err) == []


def test_a_fault_of_ours_is_one_line_without_its_words(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(_options: argparse.Namespace) -> int:
        try:
            raise ValueError(f"{NAME} {NUMBER}")
        except ValueError as wrong:
            raise Quoting(f"{WORDS} {PASSWORD}") from wrong

    monkeypatch.setattr(ask_command, "main", broken)
    assert main(["ask", "cờ thi đua"]) == 2
    err = capfd.readouterr().err
    assert err.count("\n") == 1
    assert "Quoting test_quiet_commands.py:" in err
    assert seen({*PEOPLE, PASSWORD}, err.encode()) == []


SECRET_SETTINGS = [
    name for name, one in Settings.model_fields.items() if "SecretStr" in str(one.annotation)
]


def test_every_secret_setting_has_its_canary() -> None:
    assert {f"BOT_{name.upper()}" for name in SECRET_SETTINGS} <= {*SECRETS, "BOT_DATABASE_URL"}


def test_a_settings_repr_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_DATABASE_URL", AWAY)
    told = Settings()
    shown = f"{told!r} {told} {told.model_dump()} {Database(AWAY).url!r} {told.model_dump_json()}"
    assert seen({*SECRETS.values(), PASSWORD}, shown.encode()) == []


ESCAPES = {
    "uncaught": "raise Quoting(canary) from ValueError(canary)",
    "thread": "t = threading.Thread(target=fail); t.start(); t.join()",
    "task": "async def main():\n t = asyncio.create_task(afail()); await asyncio.sleep(0); await "
    "asyncio.sleep(0); del t; gc.collect()\nasyncio.run(main())",
    "callback": "async def main():\n asyncio.get_running_loop().call_soon(fail); await "
    "asyncio.sleep(0.01)\nasyncio.run(main())",
    "handler": "async def main():\n asyncio.get_running_loop().call_exception_handler({'message': "
    "canary, 'exception': Quoting(canary), canary: canary})\nasyncio.run(main())",
    "unraisable": "class A:\n def __del__(self): fail()\nA()\ngc.collect()",
    "warning": "warnings.warn(canary)",
    "library": "logging.getLogger('aiohttp').critical('token %s', canary)",
    "exception": "try: fail()\nexcept Exception: logging.getLogger('x').exception(canary)",
    "wrong_format": "logging.getLogger('x').error('%d of ' + canary, canary, canary)",
    "info": "logging.getLogger('httpx').info(canary)",
    "last_resort": "logging.getLogger('y').propagate = True; logging.warning(canary)",
    "group": "raise ExceptionGroup(canary, [Quoting(canary)])",
}
CHILD = """
import asyncio, gc, logging, sys, threading, warnings
canary = sys.argv[1]
class Quoting(Exception): pass
def fail(): raise Quoting(canary)
async def afail(): fail()
if sys.argv[2] == "silent":
    from bot import stray
    stray.silence(logging.DEBUG)
else:
    logging.basicConfig(level=logging.DEBUG)
exec(sys.argv[3])
"""


@pytest.mark.parametrize("way", ESCAPES)
def test_a_fault_nobody_caught_is_a_line_without_its_words(way: str) -> None:
    def printed(how: str) -> bytes:
        call = [sys.executable, "-c", CHILD, f"{NAME} {NUMBER}", how, ESCAPES[way]]
        ended = subprocess.run(
            call, capture_output=True, check=False, cwd=ROOT, env=clean({}), timeout=60
        )
        return ended.stdout + ended.stderr

    told = printed("silent")
    lines = [json.loads(line) for line in told.decode().splitlines()]
    assert lines, "nothing was said at all"
    assert all(line["event"] and line["at"] for line in lines)
    assert seen(PEOPLE, told) == []
    # Said in the usual way, each of them would be seen.
    assert seen(PEOPLE, printed("usual")) != []


def test_a_fault_is_told_by_kinds_and_places() -> None:
    def deep(left: int) -> None:
        if left:
            deep(left - 1)
        raise Quoting(NAME)

    try:
        try:
            deep(50)
        except Quoting as inner:
            raise KeyError(WORDS) from inner
    except KeyError as outer:
        told = faults.told(outer)
    assert re.fullmatch(r"KeyError [\w.]+:\d+; from Quoting ([\w.]+:\d+<){5}[\w.]+:\d+", told)
    assert faults.told(RuntimeError(NAME)) == "RuntimeError"


@pytest.mark.parametrize("value", [NAME, NUMBER, WORDS, PASSWORD, "mũ=+/&?%"])
def test_every_guise_of_a_canary_is_found(value: str) -> None:
    for guise, form in forms(value).items():
        assert (value, guise) in seen({value}, b'{"said": "' + form + b'"}')
    if "=" not in value:
        bare = value.replace("ế", "E").replace("ị", "i").replace("à", "A").upper()
        assert (value, "folded") in seen({value}, f"…{bare}…".encode())
    assert seen({value}, b'{"event": "dead_letter", "fault": "KeyError router.py:21"}') == []
