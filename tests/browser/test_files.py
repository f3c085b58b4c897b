"""A villager sends photos from the page, an officer sees them, on the real program, live."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, Route, expect

from tests.browser.conftest import PHONE
from tests.browser.path import begin_as_officer, choose, heard, photo, photos_kept, press, say
from tests.browser.real_site import real_site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_photos_go_with_a_report_and_the_officer_opens_them(
    browser: Browser, tmp_path: Path
) -> None:
    async with real_site(tmp_path) as site:
        people = [
            await browser.new_context(
                base_url=site.url,
                locale="vi-VN",
                viewport={"width": PHONE["width"], "height": PHONE["height"]},
            )
            for _ in range(3)
        ]
        villager, officer, stranger = [await one.new_page() for one in people]
        await begin_as_officer(officer, await site.invite())

        await villager.goto("/chat")
        await say(villager, "báo góp tiền", "Bà con đồng ý không?")
        await press(villager, "Đồng ý", "bao nhiêu tiền")
        await choose(villager, photo(1), photo(2))
        await heard(villager, "Đã nhận ảnh, em gửi kèm khoản này")
        await expect(villager.locator(".me .state").last).to_have_text("đã gửi")
        await choose(villager, {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": b"MZ no"})
        await expect(villager.locator(".me .state").last).to_contain_text("Loại tệp này chưa nhận")
        assert await villager.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        await say(villager, "2 triệu rưỡi", "Góp để làm việc gì?")
        await press(villager, "Làm đường bản", "Góp ngày nào?")
        await press(villager, "Hôm qua", "Góp ở xã nào?")
        await say(villager, "binh lu", "Ở bản")
        await say(villager, "Bản Thẳm", "do ai góp?")
        await press(villager, "Cá nhân tôi", "Họ tên")
        await say(villager, "Lò Văn Mẫu", "Kèm: 2 ảnh")
        await press(villager, "Gửi", "Đã nhận báo cáo")

        await photos_kept(villager)
        await heard(officer, "Có báo cáo mới")
        await officer.get_by_role("button", name="Mở xem").last.click()
        await heard(officer, "Anh chị quyết định thế nào?")
        shown = officer.get_by_role("link", name="Ảnh")
        await expect(shown).to_have_count(2)
        first = shown.first.get_by_role("img")
        await expect(first).to_have_js_property("complete", True)
        assert await first.evaluate("image => image.naturalWidth") > 0
        async with officer.context.expect_page() as opened:
            await shown.first.click()
        large = await opened.value
        assert await large.locator("img").evaluate("image => image.naturalWidth") == 640
        address = await shown.first.get_attribute("href")
        assert address is not None
        await stranger.goto("/chat")
        statuses = [(await one.request.get(f"{site.url}{address}")).status for one in people]
        assert statuses == [200, 200, 404]
        for one in people:
            await one.close()


async def test_what_is_unsent_when_the_page_goes_is_said_to_be_lost(page: Page) -> None:
    await page.route("**/chat/files*", lambda route: route.abort())
    await choose(page, photo(3))
    await expect(page.locator(".me .state")).to_have_text("chưa gửi được, sẽ tự gửi lại")
    found = await Axe().run(page)
    assert [item["id"] for item in found.response["violations"]] == []
    page.on("dialog", lambda dialog: dialog.accept())
    await page.reload()
    await expect(page.locator(".me .state")).to_contain_text("Anh chị chọn lại ảnh, tệp này")


async def test_a_file_that_was_too_slow_is_sent_again(page: Page) -> None:
    answers = iter([(408, None), (200, {"ok": True})])

    async def answer(route: Route) -> None:
        status, told = next(answers)
        await route.fulfill(status=status, json=told)

    await page.route("**/chat/files*", answer)
    await choose(page, photo(3))
    await expect(page.locator(".me .state")).to_have_text("đã gửi")
    assert list(answers) == []
