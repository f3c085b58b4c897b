"""`invite`: a one-time code for a role at a place. The code is shown once and kept only hashed."""

from __future__ import annotations

import argparse
from datetime import date, datetime

from bot.clock import make_clock
from bot.commands import common
from bot.errors import BadUsage
from handlers.roles import LEVELS, OF_A_VILLAGE, OF_AN_ORGANISATION, end_of
from knowledge.text import clean, fold
from knowledge.zone import ZONE

KIND = "cooperative"
MOST_VILLAGE, MOST_ORGANISATION = 40, 60


def main(options: argparse.Namespace) -> int:
    """Print the code, its link and until when it works."""
    if options.role not in LEVELS:
        raise BadUsage(f"--role: chọn một trong {', '.join(LEVELS)}")
    village = _part(options, "village", OF_A_VILLAGE, MOST_VILLAGE)
    organisation = _part(options, "organisation", OF_AN_ORGANISATION, MOST_ORGANISATION)
    settings = common.settings()
    with common.storage_at_hand():
        from bot.app import open_store
        from handlers.words import moment
        from knowledge import places
        from storage import grants, organisations

        now = make_clock(settings.clock)()
        today = now.astimezone(ZONE).date()
        until = _until(options.until, today)
        unit = common.find_place(places.load(), options.place, today)
        if unit.level not in LEVELS[options.role]:
            raise BadUsage(f"--place: {unit.name} không phải nơi có vai trò {options.role}")
        database = open_store(settings)
        with database.writing(now) as tx:
            organisation_id = 0
            if organisation:
                organisation_id = organisations.find_or_make(
                    tx, KIND, unit.key, organisation, name_key=fold(organisation)
                ).id
            code = grants.invite(
                tx, options.role, unit.key, by=None, organisation_id=organisation_id,
                village=village, until=until,
            )  # fmt: skip
        database.dispose()
    part = "".join(f", {one}" for one in (village, organisation) if one)
    print(f"{options.role}, {unit.name}{part}, dùng một lần, đến {moment(grants.expiry(now))}")
    print(f"Mã: {code}")
    print(f"Gõ trong khung chat: mã mời {code}")
    print(f"Trang web: {settings.base_url}/chat#moi={code}")
    return 0


def _part(options: argparse.Namespace, name: str, roles: tuple[str, ...], most: int) -> str:
    """The village or organisation, needed by just these roles. Raises BadUsage."""
    typed = clean(getattr(options, name) or "", most)
    if (options.role in roles) != bool(typed):
        needed = "cần có" if options.role in roles else "không dùng"
        raise BadUsage(f"--{name}: {needed} với vai trò {options.role}")
    return typed


def _until(typed: str | None, today: date) -> datetime | None:
    """The end of the role's last day. Raises BadUsage."""
    if typed is None:
        return None
    try:
        last = date.fromisoformat(typed)
        end = end_of(last)
    except (ValueError, OverflowError):
        raise BadUsage("--until: ghi ngày như 2025-12-31") from None
    if last < today:
        raise BadUsage(f"--until: ngày {typed} đã qua")
    return end
