"""Fetches what people sent, by an address a stranger may have written.

Only https, only hosts of the platform, only public addresses, resolved once and connected to as
resolved, no redirects, bounded in size and time. A fetch never reaches a machine of ours.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import httpx

from bot.channels.platform import NotFetched
from bot.http_client import make_client

SECONDS = 30
CHUNK = 64 * 1024
MAX_ADDRESS = 4096

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""A host's addresses as text; raises OSError when there is no answer."""

_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]{1,253})(?::(?P<port>\d{1,5}))?(?P<path>/[!-\[\]-~]*)?",
    re.IGNORECASE,
)
"""No user, no bracket, no backslash, no blank, nothing beyond ASCII: two readers of an address that
passes cannot disagree about its host."""
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_UNICAST = ipaddress.IPv6Network("2000::/3")
_TUNNELS = tuple(ipaddress.IPv6Network(net) for net in ("2001::/23", "2002::/16", "3ffe::/16"))
"""Addresses that carry an IPv4 address inside, which the check below would not see."""
_DEFAULT_PORTS = {None, "80", "443"}


async def resolve(host: str) -> Sequence[str]:
    """Ask the system's resolver. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def is_public(text: str) -> bool:
    """Whether an address, as a resolver gives it, lies on the public Internet."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None or address not in _UNICAST:
            return False
        if any(address in tunnel for tunnel in _TUNNELS):
            return False
    return address.is_global and not address.is_multicast


@dataclass(frozen=True, slots=True)
class _Place:
    host: str
    path: str


class Fetcher:
    """Fetches from hosts that are, or end with, one of `hosts`.

    `own` is an origin the operator set himself (the platform's API, a fake in rehearsals), such as
    "http://127.0.0.1:9000"; what lies under it is fetched as it is. Call `close` at the end.
    """

    def __init__(
        self,
        hosts: Sequence[str],
        *,
        own: str = "",
        find: Resolve = resolve,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._hosts = tuple(host.lower().strip(".") for host in hosts)
        self._own = f"{own.rstrip('/')}/" if own else ""
        self._find = find
        # A kept connection belongs to an address, not to the name that was checked.
        self._client = make_client(keep=0, answer_seconds=10, transport=transport)

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    async def fetch(self, address: str, most: int) -> bytes:
        """The bytes at `address`, at most `most`. Raises NotFetched."""
        try:
            async with asyncio.timeout(SECONDS):
                request = await self._request(address)
                return await self._bytes(request, most)
        except httpx.InvalidURL:
            raise NotFetched("not_allowed") from None
        except (TimeoutError, httpx.TransportError, OSError):
            raise NotFetched("later") from None

    async def _request(self, address: str) -> httpx.Request:
        plain = {"Accept-Encoding": "identity"}  # what is unpacked on the way cannot be bounded
        if self._own and address.startswith(self._own) and address.isascii():
            return self._client.build_request("GET", address, headers=plain)
        place = self._place(address)
        pinned = await self._pinned(place.host)
        return self._client.build_request(
            "GET",
            f"https://{pinned}{place.path}",
            headers={**plain, "Host": place.host},
            extensions={"sni_hostname": place.host},
        )

    def _place(self, address: str) -> _Place:
        """The host and path of an allowed address. Raises NotFetched."""
        found = _ADDRESS.fullmatch(address) if len(address) <= MAX_ADDRESS else None
        if found is None or found["port"] not in _DEFAULT_PORTS:
            raise NotFetched("not_allowed")
        host = found["host"].lower()
        if not all(_LABEL.fullmatch(label) for label in host.split(".")):
            raise NotFetched("not_allowed")
        if not any(host == one or host.endswith(f".{one}") for one in self._hosts):
            raise NotFetched("not_allowed")
        return _Place(host, found["path"] or "/")

    async def _pinned(self, host: str) -> str:
        """The address to connect to, for an URL. Raises NotFetched, OSError."""
        addresses = await self._find(host)
        # One private address among public ones is an attack or a mistake; neither is worth a try.
        if not addresses or not all(is_public(one) for one in addresses):
            raise NotFetched("not_allowed")
        return f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]

    async def _bytes(self, request: httpx.Request, most: int) -> bytes:
        response = await self._client.send(request, stream=True)
        try:
            _check(response, most)
            body = bytearray()
            async for chunk in response.aiter_raw(CHUNK):
                body += chunk
                if len(body) > most:
                    raise NotFetched("too_large")
            if not body:
                raise NotFetched("later")  # nobody sends an empty file
            return bytes(body)
        finally:
            await response.aclose()


def _check(response: httpx.Response, most: int) -> None:
    status = response.status_code
    if status in {408, 425, 429} or status >= 500:
        raise NotFetched("later")
    if 300 <= status < 400:
        raise NotFetched("not_allowed")
    if status != 200:
        raise NotFetched("gone")
    length = response.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > most:
        raise NotFetched("too_large")
