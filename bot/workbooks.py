"""The workbook of facts an officer fills in, put together when his channel sends or fetches it.

What is in it is what he may see at that moment; whoever keeps no facts any more gets none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.channels.web import CHANNEL as WEB
from bot.channels.web_identity import Identity
from bot.engine import Engine
from bot.errors import StorageAway
from bot.fact_rows import as_sheet
from bot.sheets import facts_template, units_of
from bot.signed import Signed
from handlers import policy
from handlers.commune_year import ACTION
from handlers.policy import Where
from handlers.turn import World
from knowledge.places import Unit
from knowledge.zone import ZONE
from storage import facts, grants, people
from storage.database import Tx
from storage.facts import Row
from storage.grants import Grant

PATH = "/workbooks/"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_ONE_DAY = timedelta(days=1)
Named = Mapping[str, Any]
"""As it stands in an outbox row: {"account", "year", "name"}."""


class Workbooks:
    """Workbooks for officers, by their account and a year."""

    def __init__(self, engine: Engine, world: World) -> None:
        self._engine, self._world = engine, world

    async def content(self, named: Named) -> bytes | None:
        """The workbook an outbox row names, None for who keeps no facts. Raises StorageAway."""
        return await self.of(int(named["account"]), int(named["year"]))

    async def of(self, account_id: int, year: int) -> bytes | None:
        """A year's workbook with what is on record, for the person of an account."""
        world, awards = self._world, self._world.plan.awards
        on = self._engine.clock().astimezone(ZONE).date()

        def look(tx: Tx) -> tuple[list[Grant], list[Row]]:
            held = grants.of_person(tx, people.of_account(tx, account_id))
            known = {*world.places.communes(on), *world.places.communes(_before(world))}
            own = [unit.key for unit in known if _keeps(world, held, unit, on)]
            return held, facts.everything(tx, sorted(own))

        held, stored = await self._engine.read(look)
        units = [one for one in units_of(world.places, year, on) if _keeps(world, held, one, on)]
        if awards is None or not units:
            return None
        return await asyncio.to_thread(
            facts_template, world.places, world.plan, awards,
            on=on, year=year, units=units, rows=list(as_sheet(stored)),
        )  # fmt: skip

    async def of_sender(self, sender: str, year: int) -> bytes | None:
        """The same for a person of the web."""
        found = await self._engine.read(lambda tx: people.find_account(tx, WEB, WEB, sender))
        return None if found is None else await self.of(found, year)


class Addresses:
    """Signed addresses of workbooks, for a platform that takes no such file."""

    def __init__(self, base: str, secret: str, now: Callable[[], datetime]) -> None:
        """`base` is the public address of this site."""
        self._signed = Signed(base, secret, now, PATH, ".xlsx")

    def of(self, named: Named) -> str | None:
        """An address good for a while; None while the site has no public one."""
        return self._signed.of(f"{named['account']}.{named['year']}")

    def route(self, workbooks: Workbooks) -> Route:
        """Serves what `of` gave out, to whoever its officer still is."""

        async def show(request: Request) -> Response:
            meant = self._signed.meant(request.path_params["name"])
            if meant is None:
                return Response(status_code=404)
            account, _, year = meant.partition(".")
            return await _file(workbooks.of(int(account), int(year)), year)

        return Route(f"{PATH}{{name}}.xlsx", show)


def routes(workbooks: Workbooks, *, secure: bool) -> list[BaseRoute]:
    """`/chat/facts.xlsx?year=2024`, for the cookie's person alone."""
    identity = Identity(secure=secure)

    async def show(request: Request) -> Response:
        sender, year = identity.sender(request.scope), request.query_params.get("year", "")
        if sender is None or not (year.isascii() and year.isdecimal() and len(year) == 4):
            return Response(status_code=404, headers=_HEADERS)
        return await _file(workbooks.of_sender(sender, int(year)), year)

    return [Route("/chat/facts.xlsx", show)]


async def _file(made: Awaitable[bytes | None], year: str) -> Response:
    try:
        content = await made
    except StorageAway as away:
        return Response(status_code=503, headers={"Retry-After": str(away.retry_after)})
    if content is None:
        return Response(status_code=404, headers=_HEADERS)
    told = {"Content-Disposition": f'attachment; filename="so-lieu-{year}.xlsx"'}
    return Response(content, media_type=_XLSX, headers={**_HEADERS, **told})


def _keeps(world: World, held: list[Grant], unit: Unit, on: date) -> bool:
    return policy.among(held, world.places, ACTION, Where(unit.key), on) is not None


def _before(world: World) -> date:
    """The last day of the units there were before."""
    return world.places.changed_on - _ONE_DAY
