"""The web chat's HTTP side, in process: what is posted, and the page with its files.

Cookies and origins: test_web_identity. The stream: test_web_stream. The page itself: tests/browser.
"""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.console import pages
from bot.errors import StorageAway
from handlers.messages import Message
from tests.web_double import (
    AT,
    SENDER,
    Call,
    MemoryPort,
    chat_app,
    client_of,
    cookie_header,
    post,
    sentence,
)

MIB = 1024 * 1024


@pytest.fixture
def port() -> MemoryPort:
    return MemoryPort()


# ---- Messages ----------------------------------------------------------------------------------


async def test_a_message_reaches_the_port_with_its_raw_body(port: MemoryPort) -> None:
    raw = '{"id":"e-1_Z","text":"góp 2 triệu\\n\\u0000","later":{"x":[1]}}'.encode()
    answer = await post(chat_app(port), raw)
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert answer.headers["cache-control"] == "no-store"
    message = Message("web", "web", SENDER, "e-1_Z", AT, text="góp 2 triệu\n\0")
    assert port.received == [(message, raw)]


async def test_a_choice_needs_no_text_and_null_is_absent(port: MemoryPort) -> None:
    await post(chat_app(port), {"id": "1", "choice": "kind:money", "text": None})
    (message, _) = port.received[0]
    assert (message.choice, message.text) == ("kind:money", "")


async def test_an_empty_text_is_the_conversation_s_business(port: MemoryPort) -> None:
    answer = await post(chat_app(port), {"id": "1", "text": ""})
    assert answer.status_code == 200
    assert port.received[0][0].text == ""


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (b"", "unreadable"),
        (b"{", "unreadable"),
        (b"[]", "unreadable"),
        (b"null", "unreadable"),
        (b'"text"', "unreadable"),
        (b'{"id":"1","text":"a"} x', "unreadable"),
        (b'\xef\xbb\xbf{"id":"1","text":"a"}', "unreadable"),
        (b'{"id":"1","text":"\xff"}', "unreadable"),
        ('{"id":"1","text":"a"}'.encode("utf-16"), "unreadable"),
        (b'{"id":"1","text":"a","x":NaN}', "unreadable"),
        (b'{"id":"1","text":"a","x":-Infinity}', "unreadable"),
        (b'{"id":"1","text":"a","x":' + b"9" * 5000 + b"}", "unreadable"),
        (b"[" * 100_000, "unreadable"),
        (b'{"a":' * 100_000, "unreadable"),
        (b'{"id":"1","text":"a","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "unreadable"),
        (b'{"text":"a"}', "bad_id"),
        (b'{"id":1,"text":"a"}', "bad_id"),
        (b'{"id":"","text":"a"}', "bad_id"),
        (b'{"id":"' + b"a" * 65 + b'","text":"a"}', "bad_id"),
        (b'{"id":"a\\n","text":"a"}', "bad_id"),
        ('{"id":"đ","text":"a"}'.encode(), "bad_id"),
        (b'{"id":"\xd9\xa1","text":"a"}', "bad_id"),
        (b'{"id":"1"}', "nothing_said"),
        (b'{"id":"1","text":null,"choice":null}', "nothing_said"),
        (b'{"id":"1","text":7}', "bad_text"),
        (b'{"id":"1","text":["a"]}', "bad_text"),
        (b'{"id":"1","text":"\\ud800"}', "bad_text"),
        (b'{"id":"1","text":"a","choice":true}', "bad_choice"),
        (b'{"id":"1","choice":""}', "bad_choice"),
        (b'{"id":"1","choice":"\\udfff"}', "bad_choice"),
        (b'{"id":"1","choice":"' + b"c" * 257 + b'"}', "bad_choice"),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else value,
)
async def test_what_cannot_be_read_is_told_in_a_sentence(
    port: MemoryPort, body: bytes, key: str
) -> None:
    answer = await post(chat_app(port), body)
    assert (answer.status_code, answer.json()) == (400, sentence(key))
    assert port.received == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
fields = st.fixed_dictionaries(
    {},
    optional={
        "id": json_values | st.from_regex(r"\A[A-Za-z0-9_-]{1,64}\Z"),
        "text": json_values | st.text(st.characters(codec=None)),
        "choice": json_values,
        "ids": json_values | st.lists(st.integers()),
    },
)
bodies = st.one_of(
    st.binary(max_size=300),
    json_values.map(lambda value: json.dumps(value).encode()),
    fields.map(lambda value: json.dumps(value).encode()),
)


@given(body=bodies, path=st.sampled_from(["/chat/messages", "/chat/acks"]))
async def test_any_body_is_taken_or_refused_and_never_breaks(body: bytes, path: str) -> None:
    port = MemoryPort()
    answer = await post(chat_app(port), body, path)
    assert answer.status_code in {200, 204, 400}
    if answer.status_code == 400:
        assert answer.json()["error"] in pages.sentences("chat").values()
        assert port.received == []
        assert port.acknowledged == []
    for message, raw in port.received:
        assert raw == body
        assert re.fullmatch("[A-Za-z0-9_-]{1,64}", message.event_id)
        (message.text + (message.choice or "")).encode("utf-8")
    for _, ids in port.acknowledged:
        assert all(0 < number < 2**63 for number in ids)


async def test_storage_away_is_503_with_retry_after(port: MemoryPort) -> None:
    port.away = StorageAway(7)
    for path, body in (
        ("/chat/messages", {"id": "1", "text": "a"}),
        ("/chat/acks", {"ids": [1]}),
    ):
        answer = await post(chat_app(port), body, path)
        assert (answer.status_code, answer.json()) == (503, sentence("away"))
        assert answer.headers["retry-after"] == "7"


# ---- Size --------------------------------------------------------------------------------------


def message_of(size: int) -> bytes:
    frame = b'{"id":"1","text":"%s"}'
    return frame % (b"a" * (size - len(frame) + 2))


async def test_one_mebibyte_is_taken_and_one_byte_more_is_not(port: MemoryPort) -> None:
    assert (await post(chat_app(port), message_of(MIB))).status_code == 200
    answer = await post(chat_app(port), message_of(MIB + 1))
    assert (answer.status_code, answer.json()) == (413, sentence("too_large"))
    assert len(port.received) == 1


@pytest.mark.parametrize(
    "headers", [[], [(b"content-length", b"10")], [(b"transfer-encoding", b"chunked")]]
)
async def test_a_body_is_counted_whatever_its_headers_say(
    port: MemoryPort, headers: list[tuple[bytes, bytes]]
) -> None:
    chunks = [message_of(MIB + 1)[start : start + 65_536] for start in range(0, MIB + 1, 65_536)]
    call = Call(chat_app(port), "POST", "/chat/messages", [*headers, cookie_header()])
    for chunk in chunks:
        call.feed({"type": "http.request", "body": chunk, "more_body": True})
    await call.ended()
    assert call.status == 413


async def test_a_declared_size_is_refused_before_a_byte_is_read(port: MemoryPort) -> None:
    declared = (b"content-length", str(MIB + 1).encode())
    call = Call(chat_app(port), "POST", "/chat/messages", [declared, cookie_header()])
    await call.ended()
    assert call.status == 413


async def test_a_body_in_many_pieces_is_one_message(port: MemoryPort) -> None:
    call = Call(chat_app(port), "POST", "/chat/messages", [cookie_header()])
    whole = b'{"id":"1","text":"abc"}'
    for number, byte in enumerate(whole, 1):
        more = number < len(whole)
        call.feed({"type": "http.request", "body": bytes([byte]), "more_body": more})
    await call.ended()
    assert call.status == 200
    assert port.received[0][1] == whole


async def test_a_sender_who_hangs_up_leaves_nothing(port: MemoryPort) -> None:
    call = Call(chat_app(port), "POST", "/chat/messages", [cookie_header()])
    call.feed({"type": "http.request", "body": b'{"id":', "more_body": True})
    call.feed({"type": "http.disconnect"})
    await call.ended()
    assert call.status is None
    assert port.received == []


# ---- Acknowledgements --------------------------------------------------------------------------


async def test_acknowledgements_reach_the_port(port: MemoryPort) -> None:
    answer = await post(chat_app(port), {"ids": [3, 1, 2]}, "/chat/acks")
    assert (answer.status_code, answer.content) == (204, b"")
    assert port.acknowledged == [(SENDER, [3, 1, 2])]


async def test_no_ids_are_nothing_to_do(port: MemoryPort) -> None:
    assert (await post(chat_app(port), {"ids": []}, "/chat/acks")).status_code == 204
    assert port.acknowledged == []


@pytest.mark.parametrize(
    "ids", [None, 1, "1", {"1": 1}, [True], ["1"], [1.0], [0], [-1], [2**63], [1] * 501, [[1]]]
)
async def test_bad_acknowledgements_are_refused(port: MemoryPort, ids: object) -> None:
    answer = await post(chat_app(port), {"ids": ids}, "/chat/acks")
    assert (answer.status_code, answer.json()) == (400, sentence("bad_ids"))
    assert port.acknowledged == []


# ---- Page and files ----------------------------------------------------------------------------


async def test_the_page_allows_nothing_inline_and_nothing_from_elsewhere(port: MemoryPort) -> None:
    async with client_of(chat_app(port)) as client:
        answer = await client.get("/chat")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert not re.search(r"<style|<script(?! src=)| style=| on[a-z]+=|https?:", answer.text)


async def test_the_banner_is_shown_escaped_and_only_while_set(port: MemoryPort) -> None:
    async with client_of(chat_app(port, banner="Đồng hồ diễn tập: <b>08:00</b>")) as client:
        rehearsal = (await client.get("/chat")).text
    async with client_of(chat_app(port)) as client:
        plain = (await client.get("/chat")).text
    assert "Đồng hồ diễn tập: &lt;b&gt;08:00&lt;/b&gt;" in rehearsal
    assert 'class="banner"' not in plain


async def test_the_page_s_files_may_be_kept_for_their_exact_content(port: MemoryPort) -> None:
    async with client_of(chat_app(port)) as client:
        page = (await client.get("/chat")).text
        addresses = re.findall(r'"(/static/[^"]+)"', page)
        assert len(addresses) >= 4
        for address in addresses:
            right = await client.get(address)
            assert right.status_code == 200
            assert "immutable" in right.headers["cache-control"]
            assert right.headers["x-content-type-options"] == "nosniff"
            wrong = await client.get(address.partition("?")[0] + "?v=000000000000")
            assert wrong.headers["cache-control"] == "no-cache"
            again = await client.get(address, headers={"If-None-Match": right.headers["etag"]})
            assert again.status_code == 304
        assert (await client.get("/static/../pages.py")).status_code == 404
        assert (await client.get("/static/%2e%2e/pages.py")).status_code == 404


def test_every_sentence_is_short_and_ends_like_one() -> None:
    for key, text in pages.sentences("chat").items():
        assert len(text) <= 120, key
        assert text.endswith("."), key
