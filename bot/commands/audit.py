"""`audit verify`: walk the audit chain from its first entry to its head."""

from __future__ import annotations

import argparse

from bot.clock import make_clock
from bot.commands import common


def main(_options: argparse.Namespace) -> int:
    """Print every break; 0 when the chain is whole, 1 when it is not."""
    settings = common.settings()
    with common.storage_at_hand():
        from bot.app import open_store
        from storage import audit

        database = open_store(settings)
        with database.reading(make_clock(settings.clock)()) as tx:
            breaks = list(audit.verify(tx))
            seq, digest = audit.head(tx)
        database.dispose()
    for one in breaks:
        print(one)
    if not breaks:
        print(f"Chuỗi nhật ký còn nguyên: {seq} mục, mục cuối {digest}")
    return 1 if breaks else 0
