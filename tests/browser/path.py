"""The whole path on real pages: ask, report with a photo, verify with another figure, hear back,
agree, look after one's data, look for awards; for a test and for the pictures.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

from playwright.async_api import FilePayload, Page, expect

from tests.picture_double import encoded, scene

Shot = Callable[[Page, str], Awaitable[None]]
QUESTION = "hop tac xa gop 100 trieu thi duoc khen gi"


async def say(page: Page, text: str, then: str | re.Pattern[str]) -> None:
    """Type a message and wait for the bot to say `then`."""
    await page.get_by_label("Tin nhắn", exact=True).fill(text)
    await page.keyboard.press("Enter")
    await heard(page, then)


async def press(page: Page, label: str, then: str | re.Pattern[str]) -> None:
    """Press the newest choice with this label and wait for the bot to say `then`."""
    buttons = page.get_by_role("log").get_by_role("button")
    await buttons.filter(has_text=re.compile(rf"^\d\. {re.escape(label)}$")).last.click()
    await heard(page, then)


async def heard(page: Page, then: str | re.Pattern[str]) -> None:
    """Wait until the newest thing the bot said holds `then`."""
    await expect(page.get_by_role("log").get_by_text(then).last).to_be_visible(timeout=15_000)


def photo(number: int) -> FilePayload:
    """A photo as a phone would name it."""
    return {"name": f"IMG_{number}.jpg", "mimeType": "image/jpeg", "buffer": encoded(scene(number))}


async def choose(page: Page, *chosen: FilePayload) -> None:
    """Press the button, as one does with a finger or with Enter, and choose files."""
    async with page.expect_file_chooser() as asked:
        await page.get_by_role("button", name="Gửi ảnh, tệp").press("Enter")
    await (await asked.value).set_files(list(chosen))


async def photos_kept(page: Page) -> None:
    """Wait until the first two photos of all are cleaned and kept: fetching has its own time."""
    async with asyncio.timeout(20):
        for number in (1, 2):
            while not (await page.context.request.get(f"/chat/media/{number}/thumb")).ok:
                await page.wait_for_timeout(50)


async def begin_as_officer(page: Page, invitation: str) -> None:
    """Take the role an invitation's link brings."""
    await page.goto(f"/chat#moi={invitation}")
    await page.get_by_role("button", name="Gửi", exact=True).click()
    await heard(page, "Xin cho biết họ tên")
    await say(page, "Lý Văn Mẫu", "nhận vai trò cán bộ xã")
    await press(page, "Nhận", "Xong rồi")


async def tell(page: Page, shot: Shot) -> str:
    """Report a contribution with two photos; returns the receipt code."""
    await say(page, "báo góp tiền", "Bà con đồng ý không?")
    await press(page, "Đồng ý", "bao nhiêu tiền")
    await choose(page, photo(1), photo(2))
    await heard(page, "Đã nhận ảnh, em gửi kèm khoản này")
    await shot(page, "photos")
    await say(page, "2 triệu rưỡi", "Góp để làm việc gì?")
    await press(page, "Làm đường bản", "Góp ngày nào?")
    await press(page, "Hôm qua", "Góp ở xã nào?")
    await say(page, "binh lu", "Ở bản")
    await say(page, "Bản Thẳm", "do ai góp?")
    await press(page, "Hộ gia đình tôi", "Họ tên chủ hộ")
    await say(page, "Lò Văn Mẫu", "người báo, họ tên")
    await say(page, "Lò Thị Mẫu", "Kèm: 2 ảnh")
    await shot(page, "2-report")
    await press(page, "Gửi", "Đã nhận báo cáo")
    await shot(page, "3-receipt")
    told = await page.get_by_role("log").inner_text()
    code: str = re.findall(r"LC-\w{7}", told)[-1]
    return code


async def judge(page: Page, code: str, shot: Shot) -> None:
    """Find the report in the queue, look at its photos, and confirm another sum."""
    await heard(page, "Có báo cáo mới")
    await say(page, "việc cần duyệt", "đang chờ, cũ nhất ở trên")
    await shot(page, "4-queue")
    await press(page, "Lọc việc", "theo cách nào")
    await press(page, "Theo bản", "xem bản nào")
    await shot(page, "filters")
    await press(page, "Bản Thẳm", "Đang lọc: Bản Thẳm")
    await say(page, f"mở {code}", "Anh chị quyết định thế nào?")
    picture = page.get_by_role("link", name="Ảnh").last.get_by_role("img")
    await expect(picture).to_have_js_property("complete", True)
    assert await picture.evaluate("image => image.naturalWidth") > 0
    await shot(page, "5-desk")
    await press(page, "Sửa số", "Số tiền đúng là bao nhiêu?")
    await say(page, "2 triệu 4", "thay cho 2.500.000 đ")
    await press(page, "Ghi nhận", f"Đã xác nhận {code} với số sửa lại")
    await shot(page, "decided")


async def walk(villager: Page, officer: Page, invitation: str, shot: Shot) -> str:
    """Both people go the whole path; returns the receipt code."""
    await begin_as_officer(officer, invitation)
    await villager.goto("/chat")
    await shot(villager, "greeting")
    await say(villager, QUESTION, "V.2.c")
    await shot(villager, "1-ask")
    code = await tell(villager, shot)
    await photos_kept(villager)
    await judge(officer, code, shot)
    await heard(villager, "Số này đúng chưa?")
    await villager.get_by_role("button", name="Đồng ý", exact=True).last.click()
    await heard(villager, f"Khoản {code} được tính là 2.400.000 đ")
    await shot(villager, "6-verdict")
    await say(villager, "dữ liệu của tôi", "bà con muốn làm gì?")
    await press(villager, "Xem dữ liệu", "Em đang giữ về bà con")
    await shot(villager, "7-data")
    await say(officer, "xã tôi được khen gì?", "cho năm nào?")
    await press(officer, "2024", "Đối chiếu số liệu đã ghi")
    await shot(officer, "8-awards")
    return code
