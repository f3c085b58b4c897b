"""A picture at its short-lived address: served, gone, or for later; never a fault of ours."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx
from starlette.applications import Starlette

from bot.errors import StorageAway
from bot.kept_pictures import Addresses, KeptPictures
from bot.pictures import Kept, keep
from tests.picture_double import encoded, files, scene
from tests.web_double import client_of

AT = datetime(2026, 1, 2, tzinfo=UTC)


class Rows:
    """Attachments by id, unless storage is away."""

    def __init__(self, sha256: str | None) -> None:
        self.sha256 = sha256
        self.away = False

    async def find(self, media_id: object) -> object:
        if self.away:
            raise StorageAway(7)
        return SimpleNamespace(sha256=self.sha256) if media_id == "7" else None


async def test_a_picture_is_shown_until_it_is_gone_and_away_is_for_later(tmp_path: Path) -> None:
    kept = await keep(encoded(scene(1)), tmp_path)
    assert isinstance(kept, Kept)
    rows, addresses = Rows(kept.sha256), Addresses("https://chungsuc.vn", "s", lambda: AT)
    site = Starlette(routes=[addresses.route(cast(KeptPictures, rows), tmp_path)])

    async def show(media_id: str) -> httpx.Response:
        address = addresses.of(media_id)
        assert address is not None
        async with client_of(site) as client:
            return await client.get(address.removeprefix("https://chungsuc.vn"))

    shown = await show("7")
    assert (shown.status_code, len(shown.content)) == (200, kept.bytes)
    assert (await show("8")).status_code == 404
    rows.away = True
    away = await show("7")
    assert (away.status_code, away.headers["retry-after"]) == (503, "7")
    rows.away = False
    for file in files(tmp_path):
        file.unlink()
    assert (await show("7")).status_code == 404
    rows.sha256 = None
    assert (await show("7")).status_code == 404
