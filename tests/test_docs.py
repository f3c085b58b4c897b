"""What the documents say exists, and what exists is in the documents."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from bot.__main__ import _parser
from bot.settings import Settings

ROOT = Path(__file__).parent.parent
COMMANDS = (ROOT / "docs/commands.md").read_text("utf-8")
SETTINGS = (ROOT / "docs/settings.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")


def _commands() -> set[str]:
    [commands] = [
        action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction)
    ]
    return set(commands.choices)


def test_every_command_is_documented_and_no_other() -> None:
    table = COMMANDS.split("## Make targets")[0]
    assert set(re.findall(r"^\| `(\w+)", table, re.MULTILINE)) == _commands()


def test_every_setting_is_documented_and_no_other() -> None:
    named = {f"BOT_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"`(BOT_\w+)`", SETTINGS)) == named


def test_every_make_target_is_documented_and_no_other() -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"^\| `make ([a-z-]+)`", COMMANDS, re.MULTILINE)) == set(targets)


def test_the_readme_names_its_two_commands() -> None:
    assert "make run" in README
    assert re.search(r"<!-- test -->\n```\n(?:.*\n)*?make test\n```", README)


def test_every_file_the_documents_link_to_exists() -> None:
    for document in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_no_lock_names_a_host() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text("utf-8")
        assert "://" not in text, lock.name
        assert "--hash=sha256:" in text, lock.name
