"""What every page shares: the template environment, the security headers, the static files.

A page is `HTMLResponse(render("name.html", …), headers=page_headers(secure=…))`, and the
application mounts `static()` once. Sentences that leave as JSON stand in `templates/*.yaml`
(`sentences`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from functools import cache
from os import PathLike
from pathlib import Path

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

HERE = Path(__file__).parent
STATIC = HERE / "static"

CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
YEAR_SECONDS = 31_536_000
KEEP_A_YEAR = f"public, max-age={YEAR_SECONDS}, immutable"


def page_headers(*, secure: bool) -> dict[str, str]:
    """Headers of every page (ASVS 3.4.1, 3.4.3, 3.4.4, 14.3.2); `secure` when people come over
    https.
    """
    headers = {
        "Content-Security-Policy": CONTENT_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        # "no-referrer" would make browsers send "Origin: null" with our own forms, and SameOrigin
        # could not tell them from another site's where Sec-Fetch-Site is missing.
        "Referrer-Policy": "same-origin",
    }
    if secure:
        headers["Strict-Transport-Security"] = f"max-age={YEAR_SECONDS}"
    return headers


@cache
def asset(name: str) -> str:
    """The address of a static file, with its content's hash: it may be kept for a year, and never
    stale.
    """
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


_environment = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals["asset"] = asset


def render(template: str, **values: object) -> str:
    """A page as text, every value escaped; raises `jinja2.UndefinedError` for a value left out."""
    return _environment.get_template(template).render(**values)


@cache
def sentences(name: str) -> Mapping[str, str]:
    """Key → sentence from `templates/NAME.yaml`."""
    loaded = yaml.load(
        (HERE / "templates" / f"{name}.yaml").read_text("utf-8"),
        Loader=yaml.CSafeLoader,  # safe, and some ten times quicker than the one in Python
    )
    return {str(key): str(sentence) for key, sentence in loaded.items()}


class _KeptFiles(StaticFiles):
    """Static files with the cache rule `asset` stands for: a year for the right hash, else ask
    again.
    """

    def file_response(
        self,
        full_path: PathLike[str] | str,
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        address = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
        # Only the right hash: an older replica's answer for a newer file must not stay for a year.
        kept = address == asset(Path(full_path).relative_to(STATIC).as_posix())
        response.headers["Cache-Control"] = KEEP_A_YEAR if kept else "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def static() -> Mount:
    """The route of the static files, compressed: on a village's 2G the script is slowest."""
    app: ASGIApp = GZipMiddleware(_KeptFiles(directory=STATIC))
    return Mount("/static", app=app, name="static")
