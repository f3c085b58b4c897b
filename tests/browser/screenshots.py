"""Makes the README's pictures by walking the whole path: `make screenshots`."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import Page, async_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, PHONE
from tests.browser.path import walk
from tests.browser.real_site import real_site

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


async def main() -> None:
    """Walk and take the pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)

    async def shot(page: Page, name: str) -> None:
        await page.screenshot(path=PICTURES / f"{name}.png")
        print(f"docs/pictures/{name}.png")

    with tempfile.TemporaryDirectory() as folder:
        async with real_site(Path(folder)) as site, async_playwright() as driver:
            browser = await driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            pages = []
            for _ in range(2):
                context = await browser.new_context(
                    base_url=site.url,
                    locale="vi-VN",
                    viewport={"width": PHONE["width"], "height": PHONE["height"]},
                )
                pages.append(await context.new_page())
            await walk(pages[0], pages[1], await site.invite(), shot)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
