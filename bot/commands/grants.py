"""`grants`: who holds which role, and taking one back at once."""

from __future__ import annotations

import argparse

from bot.clock import make_clock
from bot.commands import common


def main(options: argparse.Namespace) -> int:
    """List the live grants, or revoke one by its number; 1 when there is no such grant."""
    settings = common.settings()
    with common.storage_at_hand():
        from bot.app import open_store
        from handlers.words import moment
        from knowledge import places
        from storage import grants, organisations

        database = open_store(settings)
        now = make_clock(settings.clock)()
        known = places.load()
        if options.revoke is None:
            with database.reading(now) as tx:
                for held, name in grants.everyone(tx):
                    part = held.village
                    if held.organisation_id:
                        part = organisations.get(tx, held.organisation_id).name
                    until = moment(held.until) if held.until else ""
                    place = known.get(held.place).name
                    print(f"{held.id}\t{held.role}\t{place}\t{name}\t{part}\t{until}".rstrip())
            done = True
        else:
            with database.writing(now) as tx:
                done = grants.revoke(tx, options.revoke, by="operator")
        database.dispose()
    if not done:
        print(f"Không có vai trò nào đang dùng mang số {options.revoke}.")
    return 0 if done else 1
