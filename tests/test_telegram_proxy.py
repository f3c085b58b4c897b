"""Telegram through a proxy, as from a network that blocks it: SOCKS5 and HTTP's CONNECT."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from bot import platforms
from bot.channels import telegram
from bot.channels.platform import Later, NotFetched, Outcome, Sent, Unsure
from bot.errors import BadUsage
from storage.schema import outbox
from tests.canaries import seen
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.proxy_double import Proxy
from tests.test_platforms import rows, running, settings, until

CHAT = 7_000_000_001
BODY = {"text": "Chào bà con", "choices": []}
HOST = "api.telegram.test"
PLAIN, SECURE = f"http://{HOST}", f"https://{HOST}"
USER, PASSWORD = "nguoi-dung-proxy", "c4n4ry/Mat khau@proxy:6613%"


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as made:
        made.people.start(CHAT)
        yield made


async def no_picture(_media: object) -> None:
    return None


@asynccontextmanager
async def through(
    address: str, base: str = PLAIN, trusted: ssl.SSLContext | None = None
) -> AsyncIterator[telegram.Telegram]:
    platform = telegram.Telegram(TOKEN, no_picture, api_base=base, proxy=address, patience=10)
    if trusted is not None:
        platform._session._connector_init["ssl"] = trusted
    yield platform
    await platform.close()


async def send(platform: telegram.Telegram) -> Outcome:
    return await platform.send(str(CHAT), BODY)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for HOST, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    names: list[x509.GeneralName] = [x509.DNSName(HOST)]
    names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cafile=str(file))


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
@pytest.mark.parametrize("entry", [("", ""), (USER, PASSWORD)], ids=["open", "password"])
async def test_calls_files_and_polling_go_through_socks(
    fake: FakeTelegram, scheme: str, entry: tuple[str, str]
) -> None:
    user, password = entry
    data = bytes(range(256)) * 2000
    async with (
        Proxy(fake.base, user=user, password=password) as proxy,
        through(proxy.address(scheme, user, password)) as platform,
    ):
        assert isinstance(await send(platform), Sent)
        assert await platform.fetch(fake.people.file(data), len(data)) == data
        assert len(await platform.updates(None, 100)) == 1
        # Names are resolved at the far end: here they may be blocked as well.
        assert set(proxy.asked) == {HOST}


@pytest.mark.parametrize("entry", [("", ""), (USER, PASSWORD)], ids=["open", "password"])
async def test_calls_files_and_polling_go_through_connect(
    fake: FakeTelegram,
    certificates: tuple[ssl.SSLContext, ssl.SSLContext],
    entry: tuple[str, str],
) -> None:
    user, password = entry
    server, client = certificates
    async with (
        Proxy(fake.base, user=user, password=password, tls=server) as proxy,
        through(proxy.address("http", user, password), SECURE, client) as platform,
    ):
        assert isinstance(await send(platform), Sent)
        assert await platform.fetch(fake.people.file(b"a file"), 10) == b"a file"
        assert len(await platform.updates(None, 100)) == 1
        assert set(proxy.asked) == {f"{HOST}:443"}


@pytest.mark.parametrize("dies", ["greeting", "auth", "request"])
@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_a_proxy_that_dies_before_the_way_is_open_lost_no_call(
    fake: FakeTelegram,
    certificates: tuple[ssl.SSLContext, ssl.SSLContext],
    scheme: str,
    dies: str,
) -> None:
    base = PLAIN if scheme == "socks5" else SECURE
    if scheme == "http" and dies == "auth":
        dies = "request"
    async with (
        Proxy(fake.base, user=USER, password=PASSWORD, dies=dies, tls=certificates[0]) as proxy,
        through(proxy.address(scheme, USER, PASSWORD), base, certificates[1]) as platform,
    ):
        came = await send(platform)
        assert isinstance(came, Later | Unsure)
        assert PASSWORD not in repr(came)
        with pytest.raises(NotFetched) as fault:
            await platform.fetch("x", 10)
        assert fault.value.why == "later"
        proxy.dies = ""
        assert isinstance(await send(platform), Sent)
    assert [call.method for call in fake.calls] == ["sendMessage"]


@pytest.mark.parametrize("refuses", range(1, 9))
async def test_a_socks_proxy_that_refuses_is_tried_again_later(
    fake: FakeTelegram, refuses: int
) -> None:
    async with (
        Proxy(fake.base, refuses=refuses) as proxy,
        through(proxy.address("socks5")) as platform,
    ):
        came = await send(platform)
        assert isinstance(came, Later)
        assert came.whole
        proxy.refuses = 0
        assert isinstance(await send(platform), Sent)
    assert fake.calls[0].method == "sendMessage"


@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_the_wrong_password_is_told_without_it(
    fake: FakeTelegram, certificates: tuple[ssl.SSLContext, ssl.SSLContext], scheme: str
) -> None:
    base = PLAIN if scheme == "socks5" else SECURE
    async with (
        Proxy(fake.base, user=USER, password="another", tls=certificates[0]) as proxy,
        through(proxy.address(scheme, USER, PASSWORD), base, certificates[1]) as platform,
    ):
        came = await send(platform)
        assert isinstance(came, Later)
        assert seen({USER, PASSWORD}, repr(came).encode()) == []
    assert fake.calls == []


async def test_a_proxy_that_dies_in_the_middle_of_an_answer_leaves_it_unsure(
    fake: FakeTelegram,
) -> None:
    async with (
        Proxy(fake.base, dies="answer") as proxy,
        through(proxy.address("socks5")) as platform,
    ):
        assert isinstance(await send(platform), Unsure)
        with pytest.raises(NotFetched):
            await platform.fetch(fake.people.file(b"a file"), 10)


@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_a_proxy_that_is_not_there_is_tried_again_later(
    scheme: str, listening: socket.socket
) -> None:
    # Bound, so that nobody else takes it, but nobody listens: connections are refused.
    async with through(f"{scheme}://127.0.0.1:{listening.getsockname()[1]}") as platform:
        came = await send(platform)
        assert isinstance(came, Later)
        assert came.whole


@pytest.mark.parametrize(
    "address",
    [
        "socks4://secret:secret@h:1", "socks5://user:secret@host", "socks5://secret", "secret:1080",
        "socks5://user:secret@host:port", "socks5://u:secret@host:70000", "http://", "ftp://secret",
        "socks5://u:secret@host:1/path", "socks5://u:se cret@host:1", "http://[secret",
        "socks5://u:secr%C3%A9t-secret@host:1", "http://u:secrét-secret@host:1",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_named_and_not_shown(address: str) -> None:
    with pytest.raises(BadUsage) as wrong:
        telegram.Telegram(TOKEN, no_picture, proxy=address)
    assert str(wrong.value).startswith("BOT_TELEGRAM_PROXY")
    assert "cret" not in str(wrong.value)


async def test_the_program_talks_through_socks_and_never_tells_the_password(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    listening: socket.socket,
) -> None:
    monkeypatch.setattr(platforms, "AGAIN_SECONDS", 0.1)
    async with FakeTelegram() as fake, Proxy(fake.base, user=USER, password=PASSWORD) as proxy:
        told = settings(
            tmp_path, listening, telegram_token=TOKEN, telegram_api_base=PLAIN,
            telegram_proxy=SecretStr(proxy.address("socks5", USER, PASSWORD)),
        )  # fmt: skip
        proxy.refuses = 5
        async with running(told, listening) as app:
            await until(lambda: len(proxy.asked) >= 2)
            proxy.refuses = 0
            fake.people.start(CHAT)
            await until(lambda: CHAT in fake.people.chats and bool(fake.people.chats[CHAT].seen))
            await until(lambda: set(rows(app, outbox.c.state)) == {"sent"})
    printed = capfd.readouterr()
    assert "platform_not_told" in printed.err
    assert seen({USER, PASSWORD}, (printed.out + printed.err + repr(told)).encode()) == []
