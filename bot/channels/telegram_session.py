"""The connection to Telegram: aiogram's session with our own reading of answers, and downloads.

aiogram's own refuses an answer for a field it does not know and loses the status of a proxy's page.
The token stands in every address, so no fault of a library leaves this file, only those of
`telegram_answers`. Redirects are not followed: nothing is fetched or told anywhere but at the
server the operator named.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast
from urllib.parse import quote

import aiohttp
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.methods import TelegramMethod
from aiogram.methods.base import TelegramType
from aiohttp_socks import ProxyConnectionError, ProxyConnector, ProxyError, ProxyTimeoutError

from bot.channels.platform import NotFetched
from bot.channels.telegram_answers import CallFailed, NoAnswer, NotReached, result_of

T = TypeVar("T")
SOCKS = ("socks5://", "socks5h://")
TUNNEL = (ProxyError, ProxyConnectionError, ProxyTimeoutError, EOFError)
"""No way through the proxy: the call never left. The last is how one that hangs up is told."""
CONNECTIONS = 100
"""Calls at once; also what the server is asked to push at most. Both are Telegram's own limits."""


class Session(AiohttpSession):
    """aiogram's session with our own reading of answers; its faults are those of CallFailed."""

    def __init__(self, base: str, proxy: str | None, patience: float) -> None:
        super().__init__(api=TelegramAPIServer.from_base(base), limit=CONNECTIONS)
        self._through = proxy
        self._patience = patience

    async def create_session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            made = self._connector_init
            if self._through and self._through.startswith(SOCKS):
                # Names are resolved at the far end: here they may be blocked as well.
                address = self._through.replace("socks5h:", "socks5:", 1)
                tunnel = ProxyConnector.from_url(address, rdns=True, **made)
                self._session = aiohttp.ClientSession(connector=tunnel)
            else:
                connector = self._connector_type(**made)
                self._session = aiohttp.ClientSession(connector=connector, proxy=self._through)
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109 - aiogram's own signature
    ) -> TelegramType:
        url = self.api.api_url(token=bot.token, method=method.__api_method__)
        form = self.build_form_data(bot, method)

        async def call(session: aiohttp.ClientSession) -> tuple[int, bytes]:
            limits = self._limits(timeout)
            async with session.post(
                url, data=form, timeout=limits, allow_redirects=False
            ) as answer:
                return answer.status, await answer.read()

        status, raw = await self._guarded(call)
        return cast(TelegramType, result_of(status, raw))

    async def download(self, token: str, path: str, most: int) -> bytes:
        """A file's bytes. Raises NotFetched when there are more than `most`, and CallFailed."""
        url = self.api.file_url(token=token, path=quote(path))

        async def call(session: aiohttp.ClientSession) -> bytes | None:
            async with session.get(
                url, timeout=self._limits(None), allow_redirects=False
            ) as answer:
                if answer.status != 200:
                    return None
                found = bytearray()
                async for part in answer.content.iter_chunked(65_536):
                    found += part
                    if len(found) > most:
                        break
                return bytes(found)

        found = await self._guarded(call)
        if found is None:
            raise NotReached("no file there")
        if len(found) > most:
            raise NotFetched("too_large")
        return found

    def _limits(self, timeout: float | None) -> aiohttp.ClientTimeout:
        total = timeout or self._patience
        # Well before the total, so that a call that never left is known not to have.
        return aiohttp.ClientTimeout(total=total, connect=self._patience / 2)

    async def _guarded(self, call: Callable[[aiohttp.ClientSession], Awaitable[T]]) -> T:
        session = await self.create_session()
        try:
            return await call(session)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            fault: CallFailed = NotReached(type(error).__name__)
        except (aiohttp.ClientHttpProxyError, aiohttp.InvalidURL, *TUNNEL) as error:
            fault = NotReached(type(error).__name__)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            fault = NoAnswer(type(error).__name__)
        # Outside the handler: a fault that remembers the library's would remember the address.
        raise fault
