"""The whole path on real pages: ask, report, verify, hear back; for a test and for the pictures."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from playwright.async_api import Page, expect

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


async def walk(villager: Page, officer: Page, invitation: str, shot: Shot) -> str:
    """Both people go the whole path; returns the receipt code."""
    await officer.goto(f"/chat#moi={invitation}")
    await officer.get_by_role("button", name="Gửi", exact=True).click()
    await heard(officer, "Xin cho biết họ tên")
    await say(officer, "Lý Văn Mẫu", "nhận vai trò cán bộ xã")
    await press(officer, "Nhận", "Xong rồi")

    await villager.goto("/chat")
    await say(villager, QUESTION, "V.2.c")
    await shot(villager, "1-ask")
    await say(villager, "báo góp tiền", "Bà con đồng ý không?")
    await press(villager, "Đồng ý", "bao nhiêu tiền")
    await say(villager, "2 triệu rưỡi", "Góp để làm việc gì?")
    await press(villager, "Làm đường bản", "Góp ngày nào?")
    await press(villager, "Hôm qua", "Góp ở xã nào?")
    await say(villager, "binh lu", "Ở bản")
    await say(villager, "Bản Thẳm", "do ai góp?")
    await press(villager, "Hộ gia đình tôi", "Họ tên chủ hộ")
    await say(villager, "Lò Văn Mẫu", "người báo, họ tên")
    await say(villager, "Lò Thị Mẫu", "Xin đọc lại")
    await shot(villager, "2-report")
    await press(villager, "Gửi", "Đã nhận báo cáo")
    await shot(villager, "3-receipt")

    await heard(officer, "Có báo cáo mới")
    await say(officer, "việc cần duyệt", "đang chờ, cũ nhất ở trên")
    await officer.get_by_role("button", name=re.compile("LC-")).last.click()
    await heard(officer, "Anh chị quyết định thế nào?")
    await shot(officer, "4-queue")
    await press(officer, "Xác nhận đúng", "Xác nhận LC-")
    await press(officer, "Ghi nhận", "Đã xác nhận LC-")
    await heard(villager, "Tin vui")
    await shot(villager, "5-verdict")
    told = await villager.get_by_role("log").inner_text()
    found = re.search(r"LC-\w{7}", told)
    assert found is not None
    return found.group(0)
