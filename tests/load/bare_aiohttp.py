"""Baseline (a): an aiohttp server that reads a POST and answers 200, and does nothing else.

What it reaches is the most a Python HTTP server of the usual make could give a bot here.
"""

from __future__ import annotations

import sys

from aiohttp import web


async def accept(request: web.Request) -> web.Response:
    """Read the body whole, as every webhook must before it can check it, and say 200."""
    await request.read()
    return web.Response()


async def ready(request: web.Request) -> web.Response:
    """For whoever waits for the start."""
    return web.Response(text="ok")


def application() -> web.Application:
    """POST anywhere, and /readyz."""
    app = web.Application()
    app.router.add_get("/readyz", ready)
    app.router.add_post("/{path:.*}", accept)
    return app


if __name__ == "__main__":
    web.run_app(application(), host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
