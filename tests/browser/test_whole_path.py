"""Ask, report with photos, correct, agree: on the real program, in two browsers, live."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from storage import contributions
from tests.browser.conftest import PHONE
from tests.browser.path import walk
from tests.browser.real_site import AT, real_site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def is_fit(page: Page, name: str) -> None:
    """A state of the page: nothing for axe to find, nothing too wide, every button big enough."""
    found = await Axe().run(page)
    assert [item["id"] for item in found.response["violations"]] == [], name
    for width in (320, PHONE["width"]):
        await page.set_viewport_size({"width": width, "height": PHONE["height"]})
        assert await page.evaluate("document.documentElement.scrollWidth") == width, name
    boxes = [await button.bounding_box() for button in await page.get_by_role("button").all()]
    assert min(min(box["width"], box["height"]) for box in boxes if box is not None) >= 44, name


async def test_villager_and_officer_go_the_whole_path(browser: Browser, tmp_path: Path) -> None:
    async with real_site(tmp_path, peopled=True) as site:
        people = [
            await browser.new_context(
                base_url=site.url,
                locale="vi-VN",
                viewport={"width": PHONE["width"], "height": PHONE["height"]},
            )
            for _ in range(2)
        ]
        villager, officer = [await one.new_page() for one in people]
        code = await walk(villager, officer, await site.invite(), is_fit)
        with site.app.database.reading(AT) as tx:
            stored = contributions.find(tx, code)
        assert stored is not None
        assert (stored.state, stored.answer) == ("verified", "agreed")
        assert (stored.told_vnd, stored.verified_vnd) == (2_500_000, 2_400_000)
        for one in people:
            await one.close()
