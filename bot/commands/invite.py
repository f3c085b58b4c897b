"""`invite`: a one-time code for a role at a place. The code is shown once and kept only hashed."""

from __future__ import annotations

import argparse

from bot.clock import make_clock
from bot.commands import common
from bot.errors import BadUsage
from handlers.roles import LEVELS
from knowledge.zone import ZONE


def main(options: argparse.Namespace) -> int:
    """Print the code, its link and until when it works."""
    if options.role not in LEVELS:
        raise BadUsage(f"--role: chọn một trong {', '.join(LEVELS)}")
    settings = common.settings()
    with common.storage_at_hand():
        from bot.app import open_store
        from handlers.words import moment
        from knowledge import places
        from storage import grants

        now = make_clock(settings.clock)()
        unit = common.find_place(places.load(), options.place, now.astimezone(ZONE).date())
        if unit.level not in LEVELS[options.role]:
            raise BadUsage(f"--place: {unit.name} không phải nơi có vai trò {options.role}")
        database = open_store(settings)
        with database.writing(now) as tx:
            code = grants.invite(tx, options.role, unit.key, by=None)
        database.dispose()
    print(f"{options.role}, {unit.name}, dùng một lần, đến {moment(grants.expiry(now))}")
    print(f"Mã: {code}")
    print(f"Gõ trong khung chat: mã mời {code}")
    print(f"Trang web: {settings.base_url}/chat#moi={code}")
    return 0
