"""Makes the README's pictures by walking the whole path: `make screenshots`."""

from __future__ import annotations

import asyncio
import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.async_api import Page, async_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, PHONE
from tests.browser.path import walk
from tests.browser.real_site import real_site

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
COLOURS = 64


async def main() -> None:
    """Walk and take the pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)

    async def shot(page: Page, name: str) -> None:
        if name[0].isdigit():
            await page.mouse.move(0, 0)
            taken = Image.open(io.BytesIO(await page.screenshot()))
            # Few colours are enough for a page, and a repository keeps every picture for ever.
            taken.quantize(COLOURS).save(PICTURES / f"{name}.png", optimize=True)
            print(f"docs/pictures/{name}.png")

    with tempfile.TemporaryDirectory() as folder:
        async with real_site(Path(folder), peopled=True) as site, async_playwright() as driver:
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
