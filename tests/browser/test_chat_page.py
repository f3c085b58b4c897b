"""The web chat's page as a villager meets it, on a phone of 360 px."""

from __future__ import annotations

import asyncio
import re

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Dialog, Page, Route, expect

from handlers.messages import Choice, Reply

from .conftest import PHONE, Site
from .fake_port import FakeBot

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ASK = "Báo đóng góp"
LONG_WORD = "Nậmngà" * 60
PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    '"><svg onload=alert(3)>',
    "</div><iframe srcdoc='<script>parent.alert(4)</script>'></iframe>",
    "javascript:alert(5)",
    "{{7*7}} ${alert(6)} %s <b>đậm</b> &amp;",
)


async def say(page: Page, text: str) -> None:
    await page.get_by_label("Tin nhắn", exact=True).fill(text)
    await page.get_by_role("button", name="Gửi", exact=True).click()


async def hear(page: Page, text: str) -> None:
    await expect(page.locator("#log .said").get_by_text(text)).to_be_visible()


async def states(page: Page) -> list[str]:
    return await page.locator(".me .state").all_inner_texts()


async def violations(page: Page) -> list[str]:
    found = await Axe().run(page)
    return [item["id"] for item in found.response["violations"]]


async def focused(page: Page) -> str:
    return str(await page.evaluate("document.activeElement.id || document.activeElement.innerText"))


async def test_a_message_is_sent_and_answered(page: Page, bot: FakeBot) -> None:
    await say(page, "Bản Nậm Ngà làm đường\nđược 2 km")
    await hear(page, "Đã nghe: Bản Nậm Ngà làm đường")
    await expect(page.locator(".me .state")).to_have_text("đã gửi")
    (event,) = bot.arrived
    assert event.text == "Bản Nậm Ngà làm đường\nđược 2 km"
    shown = await page.locator(".me .said").inner_text()
    assert shown.endswith("Bản Nậm Ngà làm đường\nđược 2 km")
    await expect(page.locator("#greeting")).to_be_hidden()


async def test_times_are_those_of_the_server_s_clock_in_lai_chau(page: Page) -> None:
    await say(page, "chào")
    await hear(page, "Đã nghe: chào")
    times = await page.locator(".about").all_inner_texts()
    assert [time[:5] for time in times] == ["08:00", "08:00"]


async def test_a_choice_is_pressed_by_its_id_and_older_ones_look_spent(
    page: Page, bot: FakeBot
) -> None:
    await page.get_by_role("button", name=ASK).click()
    await page.get_by_role("button", name="1. Tiền").click()
    await hear(page, "Góp bao nhiêu tiền ạ?")
    assert [event.choice for event in bot.arrived] == [None, "kind:money"]
    await expect(page.locator(".spent").get_by_role("button")).to_have_count(2)
    await expect(page.locator(".line:not(.spent) .choice")).to_have_text(["1. Quay lại"])
    await page.get_by_role("button", name="2. Ngày công").click()
    await hear(page, "Đã nghe: kind:labour")


async def test_a_reload_shows_the_talk_again_and_nothing_twice(page: Page, bot: FakeBot) -> None:
    await say(page, "một")
    await hear(page, "Đã nghe: một")
    await expect_all_acknowledged(page, bot)
    bot.forget_acknowledgements()
    await page.reload()
    await expect(page.locator(".line")).to_have_count(2)
    bot.push(bot.sender, Reply("hai"))
    await hear(page, "hai")
    await expect(page.locator(".line")).to_have_count(3)
    assert len(await page.evaluate("JSON.parse(localStorage['chung-suc.lines'])")) == 3
    await expect_all_acknowledged(page, bot)


async def expect_all_acknowledged(page: Page, bot: FakeBot) -> None:
    while bot.waiting[bot.sender]:
        await page.wait_for_timeout(20)


async def test_storage_away_then_back_delivers_one_event_with_the_same_id(
    page: Page, bot: FakeBot
) -> None:
    bot.away = True
    await say(page, "góp 2 triệu")
    await expect(page.locator(".me .state")).to_contain_text("chưa gửi được, sẽ tự gửi lại")
    await page.reload()
    await expect(page.locator(".me .said")).to_contain_text("góp 2 triệu")
    bot.away = False
    await hear(page, "Đã nghe: góp 2 triệu")
    assert len(bot.events) == 1
    assert len({event.event_id for event in bot.arrived}) == 1 < len(bot.arrived)
    assert await states(page) == ["đã gửi"]


async def test_a_server_restart_loses_nothing_and_keeps_the_order(
    page: Page, bot: FakeBot, site: Site
) -> None:
    await say(page, "trước")
    await hear(page, "Đã nghe: trước")
    await site.stop()
    for text in ("thứ nhất", "thứ hai", "thứ ba"):
        await say(page, text)
    await expect(page.locator(".waiting")).to_have_count(3)
    await site.start()
    await hear(page, "Đã nghe: thứ ba")
    said = [event.text for event in bot.events.values()]
    assert said == ["trước", "thứ nhất", "thứ hai", "thứ ba"]
    await expect(page.locator("#notice")).to_be_empty()


async def test_an_answer_lost_on_the_way_back_makes_no_second_event(
    page: Page, bot: FakeBot
) -> None:
    async def lose_the_answer(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await page.route("**/chat/messages", lose_the_answer, times=1)
    await say(page, "hiến 50 m² đất")
    await expect(page.locator(".me .state")).to_have_text("đã gửi")
    await hear(page, "Đã nghe: hiến 50 m² đất")
    assert len(bot.arrived) == 2
    assert len(bot.events) == 1
    await expect(page.locator(".line")).to_have_count(2)


async def test_what_is_typed_while_one_is_on_its_way_waits_its_turn(
    page: Page, bot: FakeBot
) -> None:
    typed = asyncio.Event()

    async def slow(route: Route) -> None:
        await typed.wait()
        await route.continue_()

    await page.route("**/chat/messages", slow, times=1)
    for text in ("một", "hai", "ba"):
        await say(page, text)
    typed.set()
    await hear(page, "Đã nghe: ba")
    assert [event.text for event in bot.arrived] == ["một", "hai", "ba"]


async def test_a_hotspot_s_sign_in_page_does_not_pass_for_the_server(
    page: Page, bot: FakeBot
) -> None:
    async def hotspot(route: Route) -> None:
        await route.fulfill(status=200, content_type="text/html", body="<p>Wi-Fi miễn phí</p>")

    await page.route("**/chat/messages", hotspot, times=1)
    await say(page, "chào")
    await expect(page.locator(".me .state")).to_have_text("chưa gửi được, sẽ tự gửi lại")
    await hear(page, "Đã nghe: chào")
    assert len(bot.arrived) == 1


async def test_what_the_server_refuses_says_why_and_holds_nothing_up(
    page: Page, bot: FakeBot
) -> None:
    async def too_long(route: Route) -> None:
        await route.fulfill(status=413, json={"error": "Tin này dài quá."})

    await page.route("**/chat/messages", too_long, times=1)
    await say(page, "rất dài")
    await expect(page.locator(".me .state")).to_have_text("không gửi được. Tin này dài quá.")
    await say(page, "ngắn")
    await hear(page, "Đã nghe: ngắn")
    assert [event.text for event in bot.arrived] == ["ngắn"]


async def test_a_lost_cookie_is_renewed_and_the_message_still_arrives(
    page: Page, context: BrowserContext, bot: FakeBot
) -> None:
    await expect(page.get_by_role("button", name="Gửi", exact=True)).to_be_enabled()
    await context.clear_cookies()
    await say(page, "chào")
    await hear(page, "Đã nghe: chào")
    assert len(bot.arrived) == 1


async def test_a_draft_survives_a_reload(page: Page) -> None:
    box = page.get_by_label("Tin nhắn", exact=True)
    await box.fill("đang gõ dở")
    await page.reload()
    await expect(box).to_have_value("đang gõ dở")


async def test_two_tabs_show_one_talk(page: Page, context: BrowserContext, bot: FakeBot) -> None:
    other = await context.new_page()
    await other.goto("/chat")
    await say(page, "từ thẻ một")
    await hear(other, "Đã nghe: từ thẻ một")
    await say(other, "từ thẻ hai")
    await hear(page, "Đã nghe: từ thẻ hai")
    for tab in (page, other):
        await expect(tab.locator(".line")).to_have_count(4)
    assert len(bot.events) == 2


async def test_the_keyboard_alone_is_enough(page: Page, bot: FakeBot) -> None:
    await page.keyboard.press("Tab")
    assert await focused(page) == "Đến ô nhập tin nhắn"
    await page.keyboard.press("Enter")
    await page.keyboard.type(ASK)
    assert await focused(page) == "text"
    await page.keyboard.press("Shift+Enter")
    await expect(page.locator("#text")).to_have_value(f"{ASK}\n")
    await page.keyboard.press("Backspace")
    await page.keyboard.press("Enter")
    await hear(page, "Gia đình góp gì ạ?")
    await page.keyboard.press("Shift+Tab")
    assert await focused(page) == "2. Ngày công"
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Space")
    await hear(page, "Góp bao nhiêu tiền ạ?")
    assert [event.text or event.choice for event in bot.arrived] == [ASK, "kind:money"]


async def test_axe_finds_nothing_on_any_state_of_the_page(page: Page, bot: FakeBot) -> None:
    assert await violations(page) == []
    await page.get_by_role("button", name=ASK).click()
    await page.get_by_role("button", name="1. Tiền").click()
    await hear(page, "Góp bao nhiêu tiền ạ?")
    bot.away = True
    await say(page, "2 triệu")
    await expect(page.locator(".waiting")).to_have_count(1)
    assert await violations(page) == []


async def test_nothing_is_wider_than_the_phone_and_every_button_is_big_enough(
    page: Page, bot: FakeBot
) -> None:
    await page.get_by_role("button", name=ASK).click()
    await hear(page, "Gia đình góp gì ạ?")
    bot.push(bot.sender, Reply(LONG_WORD, (Choice("long", LONG_WORD),)))
    await hear(page, LONG_WORD)
    for width in (PHONE["width"], 320):
        await page.set_viewport_size({"width": width, "height": PHONE["height"]})
        assert await page.evaluate("document.documentElement.scrollWidth") == width
    boxes = [await button.bounding_box() for button in await page.get_by_role("button").all()]
    sizes = [(box["width"], box["height"]) for box in boxes if box is not None]
    assert len(sizes) >= 5
    assert min(min(size) for size in sizes) >= 44


async def test_texts_are_shown_literally_and_run_nothing(page: Page, bot: FakeBot) -> None:
    dialogs: list[str] = []

    async def noted(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        await dialog.dismiss()

    page.on("dialog", noted)
    for payload in PAYLOADS:
        await say(page, payload)
        await hear(page, f"Đã nghe: {payload}")
    bot.push(bot.sender, Reply("cuối", tuple(Choice(text, text) for text in PAYLOADS[:5])))
    await hear(page, "cuối")
    await page.reload()
    await expect(page.locator(".line")).to_have_count(2 * len(PAYLOADS) + 1)
    buttons = await page.locator("#log .choice").all_inner_texts()
    assert buttons == [f"{number}. {text}" for number, text in enumerate(PAYLOADS[:5], 1)]
    assert await page.locator("#log :is(script, img, svg, iframe, b, a)").count() == 0
    assert dialogs == []


async def test_only_addresses_of_this_site_become_links(
    page: Page, bot: FakeBot, site: Site
) -> None:
    await say(page, "chào")
    await hear(page, "Đã nghe: chào")
    bot.push(bot.sender, Reply(f"Mở {site.url}/chat#moi=AB-12. Không mở https://example.org/x ạ"))
    await hear(page, "Không mở https://example.org/x ạ")
    links = page.locator("#log a")
    await expect(links).to_have_text([f"{site.url}/chat#moi=AB-12"])
    await links.click()
    await expect(page.get_by_label("Tin nhắn", exact=True)).to_have_value("mã mời AB-12")


async def test_an_invitation_waits_for_the_person_to_press_send(
    context: BrowserContext, site: Site, bot: FakeBot
) -> None:
    page = await context.new_page()
    await page.goto("/chat#moi=K7MP-4QRT_x")
    await expect(page.get_by_label("Tin nhắn", exact=True)).to_have_value("mã mời K7MP-4QRT_x")
    assert page.url == f"{site.url}/chat"
    assert await focused(page) == "send"
    assert bot.arrived == []
    await page.keyboard.press("Enter")
    await hear(page, "Đã nghe: mã mời K7MP-4QRT_x")


async def test_a_broken_invitation_fills_in_nothing(context: BrowserContext, site: Site) -> None:
    page = await context.new_page()
    await page.goto("/chat#moi=%3Cb%3E%20xin")
    await expect(page.get_by_role("button", name="Gửi", exact=True)).to_be_enabled()
    await expect(page.get_by_label("Tin nhắn", exact=True)).to_have_value("")
    assert page.url == f"{site.url}/chat"


async def test_clearing_asks_first_and_keeps_what_is_not_sent(page: Page, bot: FakeBot) -> None:
    answers = [False, True]

    async def answer(dialog: Dialog) -> None:
        await (dialog.accept() if answers.pop(0) else dialog.dismiss())

    page.on("dialog", answer)
    await say(page, "bí mật")
    await hear(page, "Đã nghe: bí mật")
    clear = page.get_by_role("button", name="Xóa trên máy này")
    await clear.click()
    await expect(page.locator(".line")).to_have_count(2)
    bot.away = True
    await say(page, "chưa đi")
    await expect(page.locator(".waiting")).to_have_count(1)
    await clear.click()
    await expect(page.locator(".line")).to_have_count(1)
    kept = await page.evaluate("JSON.stringify(localStorage)")
    assert "bí mật" not in kept
    bot.away = False
    await hear(page, "Đã nghe: chưa đi")
    assert answers == []


async def test_what_was_cleared_does_not_come_back(page: Page, bot: FakeBot) -> None:
    page.on("dialog", lambda dialog: dialog.accept())
    await say(page, "bí mật")
    await hear(page, "Đã nghe: bí mật")
    await expect_all_acknowledged(page, bot)
    await page.get_by_role("button", name="Xóa trên máy này").click()
    await expect(page.locator(".line")).to_have_count(0)
    bot.forget_acknowledgements()
    await page.reload()
    bot.push(bot.sender, Reply("sau đó"))
    await hear(page, "sau đó")
    await expect(page.locator(".line")).to_have_count(1)
    await expect_all_acknowledged(page, bot)


async def test_the_transcript_keeps_the_last_hundred_lines(page: Page, bot: FakeBot) -> None:
    await say(page, "chào")
    await hear(page, "Đã nghe: chào")
    for number in range(120):
        bot.push(bot.sender, Reply(f"tin {number}."))
    await hear(page, "tin 119.")
    await expect(page.locator(".line")).to_have_count(100)
    await page.reload()
    await expect(page.locator(".line")).to_have_count(100)
    await expect(page.locator(".line .said").first).to_have_text(re.compile(r"tin 20\.$"))


async def test_what_is_not_sent_stays_however_much_comes_in(page: Page, bot: FakeBot) -> None:
    await say(page, "chào")
    await hear(page, "Đã nghe: chào")
    bot.away = True
    await say(page, "góp 2 triệu")
    await expect(page.locator(".waiting")).to_have_count(1)
    for number in range(120):
        bot.push(bot.sender, Reply(f"tin {number}."))
    await hear(page, "tin 119.")
    await expect(page.locator(".line")).to_have_count(100)
    bot.away = False
    await hear(page, "Đã nghe: góp 2 triệu")


async def test_a_person_reading_upwards_is_not_moved_but_told(page: Page, bot: FakeBot) -> None:
    await say(page, "chào")
    await hear(page, "Đã nghe: chào")
    for number in range(20):
        bot.push(bot.sender, Reply(f"tin {number}."))
    await hear(page, "tin 19.")
    await page.evaluate("window.scrollTo(0, 0)")
    bot.push(bot.sender, Reply("mới nhất"))
    newer = page.get_by_role("button", name="Có tin mới ở dưới")
    await expect(newer).to_be_visible()
    assert await page.evaluate("window.scrollY") == 0
    await newer.click()
    await expect(page.get_by_text("mới nhất")).to_be_in_viewport()
    await expect(newer).to_be_hidden()


async def test_without_script_the_page_says_what_to_do(browser: Browser, site: Site) -> None:
    context = await browser.new_context(base_url=site.url, java_script_enabled=False)
    page = await context.new_page()
    await page.goto("/chat")
    # The driver's own queries leave this element out; its box shows that a person sees it.
    shown = page.locator("noscript > p")
    assert "cần JavaScript" in (await shown.text_content() or "")
    box = await shown.bounding_box()
    assert box is not None
    assert box["height"] > 40
    await expect(page.get_by_role("button", name="Gửi", exact=True)).to_be_disabled()
    await context.close()
