"""What was learnt from a pack is kept for the next start, and never trusted past a change."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from knowledge.ask import ask
from knowledge.plan import load

PACK = Path(__file__).parent / "data" / "plans" / "tinh-thu-2027-2029"
TODAY = date(2027, 3, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the invented pack without anything kept."""
    shutil.copytree(PACK, tmp_path / PACK.name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / PACK.name


def kept(folder: Path) -> list[Path]:
    """The files kept for a pack."""
    return sorted((folder / "__pycache__").glob("*"))


def test_the_second_load_is_the_first_one_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load(folder)
    assert len(kept(folder)) == 1
    monkeypatch.setattr("knowledge.plan.learn", lambda *_: pytest.fail("learnt anew"))
    second = load(folder)
    assert (second.lexicon, second.clause_index) == (first.lexicon, first.clause_index)
    assert second.index.examples == first.index.examples
    assert replace(second.index, examples=()) == replace(first.index, examples=())


def test_a_changed_source_is_learnt_anew(folder: Path) -> None:
    load(folder)
    before = kept(folder)
    os.utime(before[0], (0, 0))
    answers = folder / "answers.yaml"
    name = "xyzzy"
    answers.write_text(
        answers.read_text().replace("  ask: |\n", f"  ask: |\n    {name} là gì\n", 1)
    )
    assert name in load(folder).lexicon.known
    assert len(kept(folder)) == 1
    assert kept(folder) != before


@pytest.mark.parametrize("junk", [b"", b"junk", b"(" * 9, b"i\x01\x00\x00\x00"])
def test_a_broken_file_is_learnt_anew(folder: Path, junk: bytes) -> None:
    good = ask(load(folder), "xã nộp hồ sơ khi nào", today=TODAY)
    kept(folder)[0].write_bytes(junk)
    assert ask(load(folder), "xã nộp hồ sơ khi nào", today=TODAY) == good
    assert kept(folder)[0].read_bytes() != junk


def test_where_nothing_can_be_written_it_still_loads(folder: Path) -> None:
    (folder / "__pycache__").write_text("a file where the folder should be")
    assert load(folder).families


def test_nothing_half_written_is_left(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr("os.replace", full)
    assert load(folder).families
    monkeypatch.undo()
    for left in kept(folder):
        os.utime(left, (0, 0))
    load(folder)
    assert len(kept(folder)) == 1
