"""Ask, report, verify, hear back: on the real program, in two browsers, live."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from storage import contributions
from tests.browser.conftest import PHONE
from tests.browser.path import walk
from tests.browser.real_site import AT, real_site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_villager_and_officer_go_the_whole_path(browser: Browser, tmp_path: Path) -> None:
    async def no_shot(page: Page, _name: str) -> None:
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"]

    async with real_site(tmp_path) as site:
        people = [
            await browser.new_context(
                base_url=site.url,
                locale="vi-VN",
                viewport={"width": PHONE["width"], "height": PHONE["height"]},
            )
            for _ in range(2)
        ]
        villager, officer = [await one.new_page() for one in people]
        code = await walk(villager, officer, await site.invite(), no_shot)
        with site.app.database.reading(AT) as tx:
            stored = contributions.find(tx, code)
        assert stored is not None
        assert (stored.state, stored.told_vnd, stored.verified_vnd) == (
            "verified",
            2_500_000,
            2_500_000,
        )
        for one in people:
            await one.close()
