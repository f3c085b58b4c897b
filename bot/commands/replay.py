"""`replay FILE`: play a transcript against a store of its own and say where it does not hold."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bot.commands import common
from bot.errors import BadUsage

MOST_BYTES = 1_000_000
"""No conversation somebody reads is as long; more is some other file."""


def main(options: argparse.Namespace) -> int:
    """Print the conversation; 1 when the bot says something else than the transcript."""
    text = _read(Path(options.file))
    with common.storage_at_hand(), tempfile.TemporaryDirectory(prefix="chung-suc-") as folder:
        return _play(text, options.way, f"sqlite:///{Path(folder) / 'replay.db'}")


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadUsage(f"{path}: quá lớn, không phải một hội thoại")
        return path.read_text("utf-8-sig")
    except (OSError, ValueError) as wrong:
        why = wrong.strerror if isinstance(wrong, OSError) else "không phải chữ UTF-8"
        raise BadUsage(f"không đọc được {path} ({why})") from None


def _play(text: str, way: str, url: str) -> int:
    from bot.app import make_world
    from bot.replay.player import WAYS, Mismatch, Player, Unreadable, playable
    from bot.replay.talk import HandClock, talking
    from storage.database import Database
    from storage.upgrade import upgrade

    if not playable(text, way):
        raise BadUsage("hội thoại này có “bấm lại”, chỉ chơi lại được nơi có nút bấm")
    database = Database(url)
    upgrade(database)
    database.dispose()
    try:
        with talking(url, make_world(""), HandClock(), **WAYS[way]) as talk:
            Player(talk, buttons=way != "no-buttons", hear=print).play(text)
    except Unreadable as wrong:
        raise BadUsage(f"không hiểu dòng này: {wrong}") from None
    except Mismatch as wrong:
        sys.stdout.flush()
        print(f"không khớp: {wrong}", file=sys.stderr)
        return 1
    return 0
