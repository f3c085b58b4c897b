"""Canaries: values that must not be seen outside the store, and the search for every guise."""

from __future__ import annotations

import base64
import json
import unicodedata
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from knowledge.text import fold

SHORTEST = 6
"""Characters; anything shorter would be met by chance."""


def forms(value: str) -> dict[str, bytes]:
    """How a value may stand in a log, by the guise's name."""
    raw = value.encode("utf-8", "surrogatepass")
    found = {
        "plain": raw,
        "nfd": unicodedata.normalize("NFD", value).encode("utf-8", "surrogatepass"),
        "url": quote(raw).encode(),
        "form": quote_plus(raw).encode(),
        "ascii": value.encode("ascii", "backslashreplace"),
        "json": json.dumps(value)[1:-1].encode(),
        "bytes": repr(raw)[2:-1].encode(),
        "hex": raw.hex().encode(),
    }
    for shift in range(3):
        # Whatever stands before it: the letters that are wholly its own.
        text = base64.b64encode(b"\0" * shift + raw)
        own = text[-(-shift * 8 // 6) : len(text) - 4]
        found[f"base64+{shift}"] = own
        found[f"urlsafe+{shift}"] = own.replace(b"+", b"-").replace(b"/", b"_")
    return found


def seen(canaries: Iterable[str], where: bytes) -> list[tuple[str, str]]:
    """The canaries found in what was written, each with its guise; "folded" is without accents and
    case."""
    folded = f" {fold(where.decode('utf-8', 'replace'))} "
    found = []
    for value in sorted({one for one in canaries if len(one) >= SHORTEST}):
        found += [(value, guise) for guise, form in forms(value).items() if form in where]
        if len(plain := fold(value)) >= SHORTEST and f" {plain} " in folded:
            found.append((value, "folded"))
    return found
