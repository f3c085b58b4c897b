"""What a stranger's address can make the program fetch: nothing but the platform's public files."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from bot.channels.platform import NotFetched
from bot.fetching import Fetcher, is_public
from tests.hostile_addresses import PRIVATE, WRONG

HOSTS = ["zdn.vn", "zadn.vn"]
PUBLIC = "93.184.215.14"


class Canary:
    """A listener on loopback that must never be connected to."""

    def __init__(self) -> None:
        self.connections = 0
        self.port = 0

    async def met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")
        writer.close()


@pytest.fixture
async def canary() -> AsyncIterator[Canary]:
    bird = Canary()
    server = await asyncio.start_server(bird.met, "127.0.0.1", 0)
    bird.port = server.sockets[0].getsockname()[1]
    async with server:
        yield bird


@asynccontextmanager
async def fetching(
    *addresses: str, transport: httpx.AsyncBaseTransport | None = None, own: str = ""
) -> AsyncIterator[Fetcher]:
    async def find(_host: str) -> Sequence[str]:
        return addresses

    fetcher = Fetcher(HOSTS, find=find, transport=transport, own=own)
    yield fetcher
    await fetcher.close()


async def why(fetcher: Fetcher, address: str, most: int = 1_000) -> str:
    with pytest.raises(NotFetched) as refused:
        await fetcher.fetch(address, most)
    return refused.value.why


# ---- Addresses that lead elsewhere -------------------------------------------------------------


@pytest.mark.parametrize("address", WRONG)
async def test_an_address_elsewhere_is_refused_without_a_connection(
    address: str, canary: Canary
) -> None:
    # Even a resolver that leads home does not matter: these are refused before it is asked.
    asked: list[str] = []

    async def find(host: str) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    fetcher = Fetcher(HOSTS, find=find, own="")
    assert await why(fetcher, address.replace("{port}", str(canary.port))) == "not_allowed"
    await fetcher.close()
    assert (canary.connections, asked) == (0, [])


def test_there_are_more_than_sixty() -> None:
    assert len(set(WRONG)) >= 60


@pytest.mark.parametrize("address", PRIVATE)
async def test_a_name_that_leads_home_is_refused_without_a_connection(
    address: str, canary: Canary
) -> None:
    assert not is_public(address)
    async with fetching(address) as fetcher:
        assert await why(fetcher, "https://photo.zdn.vn/a.jpg") == "not_allowed"
    async with fetching(PUBLIC, address) as fetcher:
        assert await why(fetcher, "https://photo.zdn.vn/a.jpg") == "not_allowed"
    assert canary.connections == 0


async def test_a_name_without_an_address_is_refused() -> None:
    async with fetching() as fetcher:
        assert await why(fetcher, "https://photo.zdn.vn/a.jpg") == "not_allowed"


# ---- What is fetched, and how ------------------------------------------------------------------


def answering(*answers: httpx.Response) -> tuple[httpx.MockTransport, list[httpx.Request]]:
    asked: list[httpx.Request] = []
    waiting = list(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return waiting.pop(0)

    return httpx.MockTransport(handle), asked


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://photo.zdn.vn/a.jpg?x=1", "photo.zdn.vn"),
        ("http://f6.Photo.talk.ZDN.vn/a.jpg?x=1", "f6.photo.talk.zdn.vn"),
        ("https://zadn.vn:443/a.jpg?x=1", "zadn.vn"),
        ("http://s120-ava-talk.zadn.vn:80/a.jpg?x=1", "s120-ava-talk.zadn.vn"),
    ],
)
@pytest.mark.parametrize("pinned", [PUBLIC, "2404:6800:4003::71"])
async def test_it_is_asked_over_tls_at_the_address_that_was_checked(
    address: str, host: str, pinned: str
) -> None:
    transport, asked = answering(httpx.Response(200, stream=httpx.ByteStream(b"bytes")))
    async with fetching(pinned, "1.1.1.1", transport=transport) as fetcher:
        assert await fetcher.fetch(address, 5) == b"bytes"
    [request] = asked
    written = f"[{pinned}]" if ":" in pinned else pinned
    assert str(request.url) == f"https://{written}/a.jpg?x=1"
    assert request.headers["host"] == host
    assert request.extensions["sni_hostname"] == host
    assert request.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx.Response(301, headers={"Location": "http://127.0.0.1/"}), "not_allowed"),
        (httpx.Response(302, headers={"Location": "https://photo.zdn.vn/b"}), "not_allowed"),
        (httpx.Response(307, headers={"Location": "file:///etc/passwd"}), "not_allowed"),
        (httpx.Response(404), "gone"),
        (httpx.Response(403), "gone"),
        (httpx.Response(410), "gone"),
        (httpx.Response(206, stream=httpx.ByteStream(b"a")), "gone"),
        (httpx.Response(429), "later"),
        (httpx.Response(408), "later"),
        (httpx.Response(500), "later"),
        (httpx.Response(503), "later"),
        (httpx.Response(200, stream=httpx.ByteStream(b"a" * 11)), "too_large"),
        (httpx.Response(200, headers={"Content-Length": "9" * 30}), "too_large"),
    ],
)
async def test_what_else_comes_is_a_reason(answer: httpx.Response, reason: str) -> None:
    transport, asked = answering(answer)
    async with fetching(PUBLIC, transport=transport) as fetcher:
        assert await why(fetcher, "https://photo.zdn.vn/a.jpg", most=10) == reason
    assert len(asked) == 1


async def test_a_body_longer_than_it_said_is_cut_off() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"a" * 1_000

    transport, _ = answering(httpx.Response(200, content=endless()))
    async with fetching(PUBLIC, transport=transport) as fetcher:
        assert await why(fetcher, "https://photo.zdn.vn/a.jpg", most=10_000) == "too_large"


async def test_a_lost_connection_and_a_silent_resolver_are_for_later() -> None:
    def lost(_request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("https://photo.zdn.vn/secret")

    async with fetching(PUBLIC, transport=httpx.MockTransport(lost)) as fetcher:
        with pytest.raises(NotFetched) as refused:
            await fetcher.fetch("https://photo.zdn.vn/secret", 10)
        assert refused.value.why == "later"
        assert "secret" not in repr(refused.value)
        assert refused.value.__suppress_context__

    async def silent(_host: str) -> Sequence[str]:
        raise OSError("no answer")

    fetcher = Fetcher(HOSTS, find=silent)
    assert await why(fetcher, "https://photo.zdn.vn/a") == "later"
    await fetcher.close()


async def test_the_operator_s_own_origin_is_fetched_as_it_is_and_no_other(canary: Canary) -> None:
    own = f"http://127.0.0.1:{canary.port}"
    async with fetching(own=own) as fetcher:
        assert await fetcher.fetch(f"{own}/media/1", 10) == b"secret"
        for other in (
            f"{own}9/",
            f"{own}@photo.zdn.vn/",
            f"http://127.0.0.1.zdn.vn:{canary.port}/",
        ):
            assert await why(fetcher, other) == "not_allowed"
    assert canary.connections == 1


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of photo.zdn.vn with its key, in one file."""
    key, made = tmp_path / "key.pem", tmp_path / "certificate.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    name = ["-subj", "/CN=photo.zdn.vn", "-addext", "subjectAltName=DNS:photo.zdn.vn"]
    files = ["-keyout", str(key), "-out", str(made)]
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-days", "2", *curve, *name, *files],
        check=True,
        capture_output=True,
    )
    made.write_bytes(made.read_bytes() + key.read_bytes())
    return made


async def test_a_certificate_for_another_name_is_not_taken(certificate: Path) -> None:
    """The address is pinned, but the certificate is held against the name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    bird = Canary()
    server = await asyncio.start_server(bird.met, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    trusting = ssl.create_default_context(cafile=str(certificate))

    class Home(httpx.AsyncHTTPTransport):
        """As if the public address were this machine's."""

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            request.url = request.url.copy_with(host="127.0.0.1", port=port)
            return await super().handle_async_request(request)

    async with server, fetching(PUBLIC, transport=Home(verify=trusting)) as fetcher:
        assert await fetcher.fetch("https://photo.zdn.vn/a", 10) == b"secret"
        assert await why(fetcher, "https://other.zdn.vn/a") == "later"
    assert bird.connections == 1
