"""Rotating tokens of a platform: sealed by the caller, stored before use, fenced by generation."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select, update

from storage.database import Tx
from storage.schema import tokens


@dataclass(frozen=True, slots=True)
class Pair:
    """An access and a refresh token as stored; `generation` counts pairs, `state` and `seed` are
    the channel's own."""

    access: str
    refresh: str
    refresh_at: datetime
    expires_at: datetime
    generation: int
    state: str
    seed: str


def load(tx: Tx, name: str) -> Pair | None:
    """The pair of this name, None when none was stored."""
    found = select(*(tokens.c[part] for part in Pair.__dataclass_fields__))
    row = tx.execute(found.where(tokens.c.name == name)).one_or_none()
    return None if row is None else Pair(*row)


def spend(tx: Tx, name: str, seed: str, *, state: str, to: str) -> bool:
    """Take a pair of this seed from one state to another, once; nothing of it is left but that."""
    spent = tx.execute(
        update(tokens)
        .where(tokens.c.name == name, tokens.c.seed == seed, tokens.c.state == state)
        .values(state=to, access="", refresh="")
    )
    return spent.rowcount == 1


def save(tx: Tx, name: str, pair: Pair, *, after: int) -> bool:
    """Store if the stored generation is still `after` (-1: nothing is stored); False if another
    pair has come since."""
    if after < 0:
        return tx.insert_once(tokens, {"name": name, **asdict(pair)})
    moved = tx.execute(
        update(tokens)
        .where(tokens.c.name == name, tokens.c.generation == after)
        .values(**asdict(pair))
    )
    return moved.rowcount == 1
