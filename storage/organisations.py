"""Organisations (tổ chức): cooperatives, enterprises and collectives that contribute."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from storage.database import Tx
from storage.schema import organisations


@dataclass(frozen=True, slots=True)
class Organisation:
    """One organisation of a place, the commune it told its first contribution in."""

    id: int
    kind: str
    place: str
    name: str


_COLUMNS = [organisations.c[name] for name in Organisation.__dataclass_fields__]


def find_or_make(tx: Tx, kind: str, place: str, name: str, *, name_key: str) -> Organisation:
    """The organisation of this name (`name_key` is its FOLD form) and kind at a place."""
    same = {"kind": kind, "place": place, "name_key": name_key}
    tx.insert_once(organisations, {**same, "name": name})
    found = select(*_COLUMNS).where(*(organisations.c[part] == same[part] for part in same))
    return Organisation(*tx.execute(found).one())


def get(tx: Tx, organisation_id: int) -> Organisation:
    """The organisation with this id."""
    row = tx.execute(select(*_COLUMNS).where(organisations.c.id == organisation_id)).one()
    return Organisation(*row)
