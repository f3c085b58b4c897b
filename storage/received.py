"""Which events were already taken, and which could not be handled: what makes a resend harmless."""

from __future__ import annotations

import hashlib

from sqlalchemy import insert, update

from storage.database import Tx
from storage.schema import dead_letters, received

MAX_RAW = 64 * 1024
"""A dead letter keeps this much of the raw event: enough to understand any platform's."""


def key_of(*parts: str) -> bytes:
    """The dedupe key of an event: 16 bytes over (channel, account, sender on the web, event id)."""
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).digest()


def take(tx: Tx, key: bytes) -> bool:
    """Mark an event as taken in this transaction; False when it was taken before."""
    return tx.insert_once(received, {"key": key, "at": tx.now, "outcome": "done"})


def bury(tx: Tx, key: bytes, raw: bytes, error: str) -> bool:
    """Keep an event nobody could handle. False when it was taken before: then nothing is kept."""
    if not take(tx, key):
        return False
    tx.execute(update(received).where(received.c.key == key).values(outcome="dead"))
    # The text may quote what a person sent: lone surrogates and zero bytes no store can keep.
    kept = error[:4_000].encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
    letter = {"key": key, "raw": raw[:MAX_RAW], "error": kept, "at": tx.now}
    tx.execute(insert(dead_letters), letter)
    return True
