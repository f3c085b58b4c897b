"""What may go wrong between us and Zalo, switched on for so many calls of a kind."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable

from aiohttp import web

FAULTS = (
    "429",
    "400",
    "403",
    "500",
    "502_html",
    "503",
    "bad_json",
    "wrong_json",
    "empty",
    "hang",
    "slow",
    "reset_before",
    "reset_after",
    "lost",
)
"""`lost` is done, and then the connection is lost; `slow` drips an answer that never ends. Besides
these, "error:-216" answers HTTP 200 with that error, and "ok" lets a call before the fault pass."""
DONE = {"lost"}
"""With these the call has been done all the same."""
Act = Callable[[web.Request], Awaitable[web.Response]]


class Faults:
    """Faults waiting for their calls."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[str]] = defaultdict(deque)
        self.met: list[tuple[str, str]] = []
        """(call, fault) as they happened."""
        self._stop = asyncio.Event()

    def switch(self, call: str, fault: str, times: int = 1) -> None:
        """The next `times` calls of this kind meet the fault."""
        self._waiting[call].extend([fault] * times)

    def stop(self) -> None:
        """End what hangs."""
        self._stop.set()

    def wrap(self, call: str, act: Act, refusal: Callable[[int], web.Response]) -> Act:
        """`act` with this call's faults; `refusal` makes the platform's answer for a code."""

        async def handle(request: web.Request) -> web.StreamResponse:
            waiting = self._waiting[call]
            if not waiting:
                return await act(request)
            fault = waiting.popleft()
            self.met.append((call, fault))
            if fault == "ok":
                return await act(request)
            if fault == "reset_before":
                return _reset(request)
            await request.read()
            if fault == "lost":
                await act(request)
            if fault in {"lost", "reset_after"}:
                return _reset(request)
            if fault == "hang":
                await self._stop.wait()
                return _reset(request)
            if fault == "slow":
                return await self._drip(request)
            if fault.startswith("error:"):
                return refusal(int(fault.removeprefix("error:")))
            return _ANSWERS[fault]()

        return handle  # type: ignore[return-value]  # aiohttp takes any StreamResponse

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"error":')
        await self._stop.wait()
        return response


def _reset(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def _html(status: int) -> web.Response:
    return web.Response(status=status, text="<html>Bad Gateway</html>", content_type="text/html")


_ANSWERS: dict[str, Callable[[], web.Response]] = {
    "429": lambda: web.Response(status=429, headers={"Retry-After": "35"}),
    "400": lambda: web.Response(status=400),
    "403": lambda: _html(403),
    "500": lambda: web.Response(status=500),
    "502_html": lambda: _html(502),
    "503": lambda: web.Response(status=503, headers={"Retry-After": "7"}),
    "bad_json": lambda: web.Response(text='{"error":0,"data"', content_type="application/json"),
    "wrong_json": lambda: web.Response(text="[1,2]", content_type="application/json"),
    "empty": lambda: web.Response(body=b""),
}
