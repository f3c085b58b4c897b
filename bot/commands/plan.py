"""`plan check DIR`: prove that a plan pack is consistent. `plan import FILE`: take over the wording
of the official document, so that answers quote it."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

import yaml

from bot.commands import common
from bot.errors import BadUsage
from knowledge import pack, plan


def main(options: argparse.Namespace) -> int:
    """Check or import, whichever was asked."""
    path = Path(options.path)
    if options.action == "import":
        return _import(path, dry_run=options.dry_run)
    if options.dry_run:
        raise BadUsage("--dry-run chỉ dùng với: plan import")
    return _check(path)


def _check(folder: Path) -> int:
    """Print every problem; 0 when there is none, 1 when there is."""
    if not folder.is_dir():
        raise BadUsage(f"không có thư mục {folder}")
    try:
        problems = plan.check(folder)
    except (pack.PlanError, yaml.YAMLError) as wrong:
        problems = [" ".join(str(wrong).split())]
    for one in problems:
        print(one)
    if not problems:
        print("Gói kế hoạch không có lỗi.")
    return 1 if problems else 0


def _import(path: Path, *, dry_run: bool) -> int:
    """Keep what is found and print what is not; 1 and nothing kept for less than half."""
    from bot import documents, plan_folder
    from knowledge.official_text import find

    settings = common.settings()
    try:
        paragraphs = documents.read(path)
    except documents.NotUnderstood as wrong:
        raise BadUsage(f"{path.name}: {wrong}") from None
    pack = plan.load()
    found = find(paragraphs, pack.clauses)
    enough = 2 * len(found.texts) >= len(pack.clauses)
    print(f"Tìm thấy nguyên văn {len(found.texts)}/{len(pack.clauses)} mục trong {path.name}.")
    _list("Không thấy", pack, found.missing)
    _list("Khác với nội dung gói kế hoạch nên không lấy", pack, found.unlike)
    if not enough:
        print(
            "Chưa được một nửa nên không ghi gì. Hãy dùng đúng bản kế hoạch này, "
            "còn nguyên số mục (I, 1, a)."
        )
        return 1
    if dry_run:
        print("Chạy thử nên chưa ghi gì.")
        return 0
    with common.storage_at_hand():
        written = plan_folder.keep(settings.data_dir, pack.id, found.texts, path.name)
    print(f"Đã ghi {written}. Khởi động lại chương trình để câu trả lời dẫn nguyên văn.")
    return 0


def _list(what: str, pack: plan.Plan, names: Iterable[str]) -> None:
    labels = ", ".join(pack.clauses[name].label for name in names)
    if labels:
        print(f"{what}: {labels}.")
