"""`template`, `import`: communes' facts in a workbook, laid out and read back, all or nothing."""

from __future__ import annotations

import argparse
from pathlib import Path

from bot.app import App, make_app
from bot.commands import common
from bot.errors import BadUsage
from bot.fact_rows import as_sheet, as_stored
from bot.sheets import facts_template, read_facts, say
from knowledge.awards import Awards
from knowledge.text import clean
from knowledge.zone import ZONE
from storage import facts

MOST_BYTES = 5_000_000
"""Far more than a province's year of facts; what a reader of workbooks refuses is less."""
MOST_NAME = 80


def main(options: argparse.Namespace) -> int:
    """Run either command; 1 when a workbook has errors, and then nothing is written."""
    settings = common.settings()
    with common.storage_at_hand():
        app = make_app(settings)
        try:
            return _template(app, options) if options.command == "template" else _take(app, options)
        finally:
            app.close()


def _template(app: App, options: argparse.Namespace) -> int:
    today = app.clock().astimezone(ZONE).date()
    units = app.world.places.communes(today)
    with app.database.reading(app.clock()) as tx:
        stored = facts.everything(tx, [unit.key for unit in units])
    plan = app.world.plan
    data = facts_template(
        app.world.places, plan, _awards(app), on=today, rows=as_sheet(stored), year=options.year
    )
    try:
        Path(options.file).write_bytes(data)
    except OSError as wrong:
        raise BadUsage(f"không ghi được {options.file} ({wrong.strerror})") from None
    print(f"Đã ghi {options.file}: mỗi xã một dòng, kèm số liệu đã có.")
    return 0


def _take(app: App, options: argparse.Namespace) -> int:
    path = Path(options.file)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadUsage(f"{path}: tệp lớn quá {MOST_BYTES // 1_000_000} MB")
        data = path.read_bytes()
    except OSError as wrong:
        raise BadUsage(f"không đọc được {path} ({wrong.strerror})") from None
    name = " ".join(clean(options.by, MOST_NAME).split())
    if not name:
        raise BadUsage("--by: cần tên người chịu trách nhiệm")
    today = app.clock().astimezone(ZONE).date()
    sheet = read_facts(data, app.world.places, app.world.plan, _awards(app), on=today)
    for problem in sheet.errors:
        print(say(problem))
    if sheet.errors:
        print(f"Chưa ghi gì: còn {len(sheet.errors)} chỗ cần sửa.")
        return 1
    rows = list(as_stored(sheet.rows))
    if options.dry_run:
        print(f"Không có lỗi: {len(sheet.rows)} dòng sẵn sàng. Chưa ghi gì (--dry-run).")
        return 0
    changed = app.engine.writer.run(
        lambda tx: facts.take_in(tx, rows, by=facts.operator(tx, name)) if rows else 0
    )
    print(f"Đã nhận {len(sheet.rows)} dòng, {changed} số liệu mới hoặc thay đổi.")
    return 0


def _awards(app: App) -> Awards:
    found = app.world.plan.awards
    if found is None:
        raise BadUsage("gói kế hoạch này không có phần khen thưởng")
    return found
