"""A proxy of either kind in this process: SOCKS5 (RFC 1928, 1929) or HTTP with CONNECT.

Whatever it is asked for, it leads to `target`; after a CONNECT it speaks TLS itself, as the server
behind it would. `dies` is where it hangs up: "greeting", "auth", "request", or, after so many bytes
of an answer, "answer".
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlsplit


class _HangUp(Exception):
    """The proxy goes away."""


class Proxy:
    """Listens on loopback while entered; `asked` lists the hosts it was asked for."""

    def __init__(
        self,
        target: str,
        *,
        user: str = "",
        password: str = "",
        refuses: int = 0,
        dies: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname, parts.port)
        self._user, self._password = user, password
        self.refuses, self.dies, self._tls = refuses, dies, tls
        self.asked: list[str] = []
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _fault: object, _trace: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await self._server.wait_closed()

    def address(self, scheme: str, user: str = "", password: str = "") -> str:
        """What the setting is, with these or no words of entry."""
        entry = f"{quote(user)}:{quote(password, safe='')}@" if user else ""
        return f"{scheme}://{entry}127.0.0.1:{self._port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(_HangUp, OSError, EOFError):
            first = await reader.readexactly(1)
            self._at("greeting")
            if first == b"\x05":
                await self._socks(reader, writer)
            else:
                await self._connect(first, reader, writer)
            await self._relay(reader, writer)
        self._open.discard(writer)
        writer.transport.abort()

    def _at(self, stage: str) -> None:
        if self.dies == stage:
            raise _HangUp

    async def _socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        offered = await reader.readexactly((await reader.readexactly(1))[0])
        wanted = 2 if self._user else 0
        if wanted not in offered:
            writer.write(b"\x05\xff")
            await writer.drain()
            raise _HangUp
        writer.write(bytes((5, wanted)))
        if wanted:
            _version, length = await reader.readexactly(2)
            user = await reader.readexactly(length)
            password = await reader.readexactly((await reader.readexactly(1))[0])
            self._at("auth")
            known = (user.decode(), password.decode()) == (self._user, self._password)
            writer.write(bytes((1, 0 if known else 1)))
            await writer.drain()
            if not known:
                raise _HangUp
        _version, _command, _zero, kind = await reader.readexactly(4)
        length = {1: 4, 4: 16}.get(kind) or (await reader.readexactly(1))[0]
        host = await reader.readexactly(length)
        self.asked.append(host.decode() if kind == 3 else f"address of kind {kind}")
        await reader.readexactly(2)
        self._at("request")
        writer.write(bytes((5, self.refuses, 0, 1, 0, 0, 0, 0, 0, 0)))
        await writer.drain()
        if self.refuses:
            raise _HangUp

    async def _connect(
        self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head.split(" ", 2)[1])
        self._at("request")
        entry = base64.b64encode(f"{self._user}:{self._password}".encode()).decode()
        if self._user and f"Basic {entry}" not in head:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            raise _HangUp
        if self.refuses:
            writer.write(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % self.refuses)
            await writer.drain()
            raise _HangUp
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()
        assert self._tls is not None
        await writer.start_tls(self._tls)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        self._open.add(far_writer)
        there = asyncio.create_task(_pump(reader, far_writer))
        try:
            if self.dies == "answer":
                writer.write(await far_reader.read(20))
                await writer.drain()
                raise _HangUp
            await _pump(far_reader, writer)
        finally:
            there.cancel()
            self._open.discard(far_writer)
            far_writer.transport.abort()
            await asyncio.gather(there, return_exceptions=True)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while part := await source.read(65_536):
        sink.write(part)
        await sink.drain()
