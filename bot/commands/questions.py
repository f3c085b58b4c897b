"""`questions`: what people asked and the plan does not say; answered ones as families of a pack."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator

from bot.clock import make_clock
from bot.commands import common
from storage.database import Tx
from storage.questions import Group

SLICE, ASKED = 200, 20
"""Groups read at a time; wordings of each that are told."""


def main(options: argparse.Namespace) -> int:
    """List the open groups, the oldest first, or print the answered ones as YAML."""
    settings = common.settings()
    with common.storage_at_hand():
        from bot.app import open_store
        from knowledge import places

        database = open_store(settings)
        known = places.load()
        with database.reading(make_clock(settings.clock)()) as tx:
            for group in _groups(tx, answered=options.answered):
                if options.answered:
                    print(_family(tx, group))
                else:
                    place = known.get(group.place).name if group.place else ""
                    print(f"{group.id}\t{group.count}\t{place}\t{' '.join(group.text.split())}")
        database.dispose()
    return 0


def _groups(tx: Tx, *, answered: bool) -> Iterator[Group]:
    from storage import questions

    after = 0
    while found := questions.every(tx, answered=answered, after=after, limit=SLICE):
        yield from found
        after = found[-1].id


def _family(tx: Tx, group: Group) -> str:
    """A family as `answers/*.yaml` holds them, for an operator to read, mend and take over."""
    from knowledge.text import fold
    from storage import questions

    asked: dict[str, str] = {}
    for one in [group.text, *(m.text for m in questions.members(tx, group.id, ASKED))]:
        asked.setdefault(fold(one), " ".join(one.split()))
    when = f"{group.answered_at:%Y-%m-%d}" if group.answered_at else ""
    lines = [
        f"# {group.count} lượt hỏi; cán bộ trả lời ngày {when}, nơi hỏi: {group.place or 'tỉnh'}.",
        f"asked_{group.id}:",
        "  kind: unknown",
        f"  text: {json.dumps(group.answer, ensure_ascii=False)}",
        "  ask: |",
        *(f"    {one}" for one in asked.values()),
    ]
    return "\n".join(lines)
