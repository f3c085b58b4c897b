"""`audit`: prove the chain whole, export its head for safekeeping elsewhere, tell one story."""

from __future__ import annotations

import argparse
import json
from datetime import datetime
from pathlib import Path

from bot.clock import make_clock
from bot.commands import common
from bot.errors import BadUsage
from storage.database import Database, Tx

_MOST_BYTES = 10_000
"""An exported head is a line; a larger file is something else."""


def main(options: argparse.Namespace) -> int:
    """`verify`, `head` or `list`; 1 when the chain is not whole or there is no story."""
    _check(options)
    settings = common.settings()
    with common.storage_at_hand():
        from bot.app import open_store

        database = open_store(settings)
        try:
            now = make_clock(settings.clock)()
            return {"verify": _verify, "head": _head, "list": _list}[options.action](
                database, now, options
            )
        finally:
            database.dispose()


def _check(options: argparse.Namespace) -> None:
    """Refuse an option that the action would silently leave out."""
    belongs = {"out": "head", "against": "verify", "subject": "list"}
    for name, action in belongs.items():
        if getattr(options, name) is not None and options.action != action:
            raise BadUsage(f"--{name} chỉ dùng với audit {action}")
    if options.action == "list" and not options.subject:
        raise BadUsage("audit list cần --subject, ví dụ --subject contribution:12 hoặc mã LC-…")


def _verify(database: Database, now: datetime, options: argparse.Namespace) -> int:
    from storage import audit

    noted = _noted(options.against) if options.against is not None else None
    with database.reading(now) as tx:
        breaks = list(audit.verify(tx))
        seq, digest = audit.head(tx)
        if noted is not None and not audit.holds(tx, *noted):
            breaks.append(
                f"entry {noted[0]} is not the one noted elsewhere: the chain was cut or rewritten"
            )
    for one in breaks:
        print(one)
    if not breaks:
        print(f"Chuỗi nhật ký còn nguyên: {seq} mục, mục cuối {digest}")
    return 1 if breaks else 0


def _noted(path: str) -> tuple[int, str]:
    """The head exported earlier. Raises BadUsage when the file holds none."""
    try:
        with Path(path).open("rb") as file:
            read = json.loads(file.read(_MOST_BYTES))
        seq, digest = read["seq"], read["digest"]
    except (OSError, ValueError, KeyError, TypeError):
        raise BadUsage(f"--against: không đọc được mục cuối đã lưu trong {path}") from None
    if type(seq) is not int or not isinstance(digest, str) or seq < 0:
        raise BadUsage(f"--against: {path} không phải mục cuối do audit head ghi ra")
    return seq, digest


def _head(database: Database, now: datetime, options: argparse.Namespace) -> int:
    from storage import audit

    with database.reading(now) as tx:
        seq, digest = audit.head(tx)
    line = json.dumps({"seq": seq, "digest": digest, "at": now.isoformat()}, ensure_ascii=False)
    if options.out is None:
        print(line)
        return 0
    try:
        with Path(options.out).open("x", encoding="utf-8") as file:
            file.write(f"{line}\n")
    except FileExistsError:
        raise BadUsage(f"--out: {options.out} đã có; mục đã lưu không bị ghi đè") from None
    except OSError as fault:
        raise BadUsage(f"--out: không ghi được {options.out} ({fault.strerror})") from None
    print(f"Đã ghi mục {seq} vào {options.out}; giữ tệp này ở một nơi khác.")
    return 0


def _list(database: Database, now: datetime, options: argparse.Namespace) -> int:
    from handlers.words import moment
    from storage import audit

    with database.reading(now) as tx:
        subject = _subject(tx, options.subject)
        told = 0
        for entry in audit.story(tx, subject):
            told += 1
            changes = "; ".join(
                f"{name}: {_shown(before)} → {_shown(after)}"
                for name, (before, after) in entry.values.items()
            )
            who = _who(tx, entry.actor)
            print(f"{entry.seq}\t{moment(entry.at)}\t{who}\t{entry.action}\t{changes}")
    if not told:
        print(f"Không có mục nào về {subject}.")
    return 0 if told else 1


def _subject(tx: Tx, typed: str) -> str:
    """A subject as the chain names it; a receipt code is looked up."""
    from storage import contributions
    from storage.codes import parse

    code = parse(typed)
    found = contributions.find(tx, code) if code else None
    return f"contribution:{found.id}" if found else typed.strip()


def _who(tx: Tx, actor: str) -> str:
    """An actor with his name as it is now."""
    from storage import people

    name = people.find_name(tx, int(actor)) if actor.isdigit() else ""
    return f"{actor} ({name})" if name else actor


def _shown(value: object) -> str:
    return "" if value is None else " ".join(str(value).split())
