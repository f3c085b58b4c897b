"""Who posts to the web chat: the cookie that is a person, and the pages that may post at all."""

from __future__ import annotations

import hashlib
import re

import pytest

from tests.web_double import (
    COOKIE,
    SENDER,
    TOKEN,
    Call,
    MemoryPort,
    chat_app,
    client_of,
    cookie_header,
    post,
    sentence,
)


@pytest.fixture
def port() -> MemoryPort:
    return MemoryPort()


# ---- Cookies -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("secure", "name"), [(False, "chung_suc"), (True, "__Host-chung_suc")])
async def test_the_page_gives_a_new_browser_a_cookie(
    port: MemoryPort, secure: bool, name: str
) -> None:
    answers = []
    for _ in range(2):
        async with client_of(chat_app(port, secure=secure)) as client:
            answers.append(await client.get("/chat"))
    tokens = set()
    for answer in answers:
        value, *attributes = answer.headers["set-cookie"].split("; ")
        expected = ["Max-Age=15552000", "Path=/", "HttpOnly", "SameSite=Lax"]
        assert attributes == expected + (["Secure"] if secure else [])
        found = re.fullmatch(rf"{name}=([A-Za-z0-9_-]{{43}})", value)
        assert found is not None
        tokens.add(found[1])
    assert ("strict-transport-security" in answers[0].headers) is secure
    assert len(tokens) == 2


async def test_a_known_browser_stays_the_same_person(port: MemoryPort) -> None:
    app = chat_app(port)
    async with client_of(app) as client:
        first = await client.get("/chat")
        again = await client.get("/chat")
        for number in range(2):
            await client.post("/chat/messages", json={"id": str(number), "text": "a"})
    assert first.headers["set-cookie"] == again.headers["set-cookie"]
    token = first.headers["set-cookie"].split(";")[0].partition("=")[2]
    senders = {message.sender for message, _ in port.received}
    assert senders == {hashlib.sha256(token.encode()).hexdigest()}


MALFORMED = ["", "A" * 42, "A" * 44, "A" * 42 + "+", "A" * 42 + "é", f'"{TOKEN}"', "A" * 5000]


@pytest.mark.parametrize("value", MALFORMED)
async def test_a_malformed_cookie_is_nobody_and_replaced(port: MemoryPort, value: str) -> None:
    headers = [(b"host", b"chat.test"), (b"cookie", f"chung_suc={value}".encode())]
    posted = Call(chat_app(port), "POST", "/chat/messages", headers)
    await posted.ended()
    assert posted.status == 401
    page = Call(chat_app(port), "GET", "/chat", headers)
    await page.ended()
    assert re.search(r"chung_suc=[A-Za-z0-9_-]{43}; Max-Age", page.header("set-cookie"))
    assert f"={TOKEN};" not in page.header("set-cookie")


@pytest.mark.parametrize(
    "cookie",
    [
        f"other=1; chung_suc={TOKEN}",
        f"chung_suc={TOKEN};other=chung_suc",
        f"  chung_suc={TOKEN} ; x=y",
        f"chung_suc=short; chung_suc={TOKEN}",
    ],
)
async def test_the_cookie_is_found_among_others(port: MemoryPort, cookie: str) -> None:
    async with client_of(chat_app(port), Cookie=cookie) as client:
        await client.post("/chat/messages", json={"id": "1", "text": "a"})
    assert port.received[0][0].sender == SENDER


@pytest.mark.parametrize("secure", [False, True])
async def test_the_other_mode_s_cookie_is_nobody(port: MemoryPort, secure: bool) -> None:
    wrong = "chung_suc" if secure else "__Host-chung_suc"
    app = chat_app(port, secure=secure)
    async with client_of(app, Cookie=f"{wrong}={TOKEN}; x{wrong}={TOKEN}") as client:
        answer = await client.post("/chat/messages", json={"id": "1", "text": "a"})
    assert (answer.status_code, answer.json()) == (401, sentence("no_cookie"))


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/chat/messages"), ("POST", "/chat/acks"), ("GET", "/chat/events")],
)
async def test_without_a_cookie_nothing_is_taken_or_told(
    port: MemoryPort, method: str, path: str
) -> None:
    async with client_of(chat_app(port)) as client:
        answer = await client.request(method, path)
    assert (answer.status_code, answer.json()) == (401, sentence("no_cookie"))
    assert port.looks == 0


# ---- Other sites -------------------------------------------------------------------------------

OWN = "http://chat.test"


@pytest.mark.parametrize(
    ("site", "origin", "status"),
    [
        (None, None, 200),
        (None, OWN, 200),
        (None, "HTTP://CHAT.TEST", 200),
        (None, "http://evil.test", 403),
        (None, "http://chat.test:81", 403),
        (None, "http://chat.test.evil.test", 403),
        (None, "http://evil@chat.test", 403),
        (None, "http://[", 403),
        (None, "null", 403),
        (None, "", 403),
        ("same-origin", OWN, 200),
        ("same-origin", "http://behind-a-proxy.test", 200),
        ("none", None, 200),
        ("same-site", OWN, 403),
        ("cross-site", OWN, 403),
        ("cross-site", None, 403),
        ("Cross-Site", None, 403),
        ("rubbish", OWN, 403),
        ("cross-site", "https://lai-chau.test", 200),
    ],
)
@pytest.mark.parametrize("path", ["/chat/messages", "/chat/acks"])
async def test_posts_from_other_sites_are_refused(
    port: MemoryPort, path: str, site: str | None, origin: str | None, status: int
) -> None:
    told = {"Sec-Fetch-Site": site, "Origin": origin}
    headers = {name: value for name, value in told.items() if value is not None}
    app = chat_app(port, trusted=["https://lai-chau.test/"])
    answer = await post(app, {"id": "1", "text": "a", "ids": [1]}, path, **headers)
    taken = len(port.received) + len(port.acknowledged)
    if status == 403:
        assert (answer.status_code, answer.json()) == (403, sentence("cross_site"))
        assert taken == 0
    else:
        assert answer.is_success
        assert taken == 1


async def test_a_second_hostile_header_does_not_hide_behind_a_good_one(port: MemoryPort) -> None:
    for name, good, bad in (
        (b"sec-fetch-site", b"same-origin", b"cross-site"),
        (b"origin", OWN.encode(), b"http://evil.test"),
    ):
        headers = [(b"host", b"chat.test"), (name, good), (name, bad), cookie_header()]
        call = Call(chat_app(port), "POST", "/chat/messages", headers)
        await call.ended()
        assert call.status == 403


async def test_a_link_from_another_site_may_open_the_page(port: MemoryPort) -> None:
    async with client_of(chat_app(port)) as client:
        answer = await client.get("/chat", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/chat/messages", "/chat/acks"])
async def test_a_get_changes_nothing(port: MemoryPort, path: str) -> None:
    async with client_of(chat_app(port), **COOKIE) as client:
        assert (await client.get(path)).status_code == 405
