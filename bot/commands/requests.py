"""`requests`: what people asked about their data and is not done, with the law's days."""

from __future__ import annotations

import argparse

from bot.clock import make_clock
from bot.commands import common

MOST = 10_000


def main(_options: argparse.Namespace) -> int:
    """Print the open ones, the most urgent first; 1 when the day of one has passed."""
    settings = common.settings()
    with common.storage_at_hand():
        from bot.app import open_store
        from handlers.words import Words
        from knowledge.zone import ZONE
        from storage import requests

        database = open_store(settings)
        now = make_clock(settings.clock)()
        with database.reading(now) as tx:
            found = requests.waiting(tx, MOST)
        database.dispose()
    today, words, late = now.astimezone(ZONE).date(), Words(), 0
    for one in found:
        # Only a complaint waits for an answer; everything else was answered in its own turn.
        last = one.answer_by if one.kind == requests.COMPLAIN else one.done_by
        overdue = today > last
        late += overdue
        print(
            f"{one.id}\t{words.label(f'request.{one.kind}')}\t{one.answer_by:%d/%m/%Y}\t"
            f"{one.done_by:%d/%m/%Y}\t{'QUÁ HẠN' if overdue else ''}"
        )
    if not found:
        print("Không có yêu cầu nào về dữ liệu đang chờ.")
    return 1 if late else 0
