"""What officials told of a commune (số liệu của xã): its facts of a year, its villages that reached
the standard, its OCOP products.

A fact that nobody told has no row: not known is never no. Honours are `honours`'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, delete, select, update

from storage import audit, honours
from storage.database import Tx
from storage.honours import Honour
from storage.schema import accounts, commune_facts, people, products, reached_villages

ANY_YEAR = 0
"""The year under which a fact stands that is no single year's."""
MOST = 200
"""No commune has as many villages, nor as many products in a year."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of a place and year. `value` is a JSON value; None takes it back to not known."""

    place: str
    year: int
    field: str
    value: object


@dataclass(frozen=True, slots=True)
class Village:
    """A village (thôn, bản) that reached the standard; `name_key` is its village key."""

    place: str
    name: str
    name_key: str
    year: int
    decision: str = ""


@dataclass(frozen=True, slots=True)
class Product:
    """An OCOP product as ranked in a year; the keys are FOLD forms of the names."""

    place: str
    name: str
    name_key: str
    owner: str
    owner_key: str
    year: int
    stars: int
    decision: str = ""


Row = Fact | Village | Product | Honour
Standing = Mapping[str, object]
"""What stands where a row would be kept, by column; empty where nothing does."""


@dataclass(frozen=True, slots=True)
class Change:
    """A row that is news, and what stands in its place."""

    row: Row
    before: Standing


def put(tx: Tx, fact: Fact, *, by: int) -> bool:
    """Keep a fact, old and new in the audit; False when it stood so already."""
    standing = stands(tx, fact)
    if not _is_news(fact, standing):
        return False
    same, told = _same(fact), {"value": fact.value, "by_person": by, "at": tx.now}
    this = _this(commune_facts, same)
    if fact.value is None:
        tx.execute(delete(commune_facts).where(*this))
    elif standing or not tx.insert_once(commune_facts, {**same, **told}):
        tx.execute(update(commune_facts).where(*this).values(told))
    audit.record(
        tx, by, "fact.told", f"place:{fact.place}",
        **{fact.field: (standing.get("value"), fact.value), "year": (fact.year, fact.year)},
    )  # fmt: skip
    return True


def told(tx: Tx, place: str, year: int) -> dict[str, object]:
    """What is told of a place for a year, and what is told for no single year, by field."""
    found = select(commune_facts.c.field, commune_facts.c.value).where(
        commune_facts.c.place == place, commune_facts.c.year.in_([year, ANY_YEAR])
    )
    return {row.field: row.value for row in tx.execute(found)}


def put_village(tx: Tx, village: Village, *, by: int) -> bool:
    """Keep a village that reached the standard; False when it stood so already."""
    return _keep(tx, village, by, "village.reached")


def put_product(tx: Tx, product: Product, *, by: int) -> bool:
    """Keep a product's rank of a year; False when it stood so already."""
    return _keep(tx, product, by, "product.ranked")


def villages(tx: Tx, place: str) -> list[Village]:
    """The villages of a place that reached the standard, by name."""
    found = (
        select(*(reached_villages.c[name] for name in Village.__dataclass_fields__))
        .where(reached_villages.c.place == place)
        .order_by(reached_villages.c.name_key)
        .limit(MOST)
    )
    return [Village(*row) for row in tx.execute(found)]


def village(tx: Tx, place: str, name_key: str) -> Village | None:
    """The village of this FOLD name, None when it is not told that it reached the standard."""
    found = select(*(reached_villages.c[name] for name in Village.__dataclass_fields__)).where(
        reached_villages.c.place == place, reached_villages.c.name_key == name_key
    )
    row = tx.execute(found).one_or_none()
    return None if row is None else Village(*row)


def ranked(tx: Tx, place: str, year: int) -> list[Product]:
    """The products of a place ranked in a year, by name."""
    found = (
        select(*(products.c[name] for name in Product.__dataclass_fields__))
        .where(products.c.place == place, products.c.year == year)
        .order_by(products.c.name_key)
        .limit(MOST)
    )
    return [Product(*row) for row in tx.execute(found)]


def take_in(tx: Tx, rows: Iterable[Row], *, by: int) -> int:
    """Keep all rows in this transaction, which an error undoes wholly; how many were news."""
    kept = list(rows)
    hold(tx, (row.place for row in kept))
    return sum(_take(tx, row, by) for row in kept)


def hold(tx: Tx, places: Iterable[str]) -> None:
    """Let nobody else take in anything about these places until this transaction ends: what is
    looked at now still stands when it is written. Locks are taken in one order."""
    for place in sorted(set(places)):
        tx.lock(f"facts:{place}")


def changes(tx: Tx, rows: Iterable[Row]) -> list[Change]:
    """Those of these rows that `take_in` would keep as news, each with what stands now."""
    looked = (Change(row, stands(tx, row)) for row in rows)
    return [one for one in looked if _is_news(one.row, one.before)]


def stands(tx: Tx, row: Row) -> Standing:
    """What stands where this row would be kept."""
    if isinstance(row, Honour):
        return honours.stands(tx, row)
    table, names = _TABLES[type(row)]
    found = select(*(table.c[name] for name in names)).where(*_this(table, _same(row)))
    kept = tx.execute(found).one_or_none()
    return {} if kept is None else dict(kept._mapping)


def everything(tx: Tx, places: Iterable[str]) -> list[Row]:
    """All that is told of places, of all years, as `take_in` takes it."""
    rows: list[Row] = []
    for place in places:
        facts = select(*(commune_facts.c[name] for name in Fact.__dataclass_fields__)).where(
            commune_facts.c.place == place
        )
        ranks = select(*(products.c[name] for name in Product.__dataclass_fields__)).where(
            products.c.place == place
        )
        rows += [
            Fact(*row)
            for row in tx.execute(facts.order_by(commune_facts.c.year, commune_facts.c.field))
        ]
        rows += villages(tx, place)
        rows += [Product(*row) for row in tx.execute(ranks.order_by(products.c.id))]
        rows += honours.at_place(tx, place)
    return rows


def operator(tx: Tx, name: str) -> int:
    """Who works at the command line under this name: a person without any account."""
    found: int | None = tx.execute(
        select(people.c.id)
        .where(people.c.name == name)
        .where(~select(accounts.c.id).where(accounts.c.person_id == people.c.id).exists())
        .order_by(people.c.id)
        .limit(1)
    ).scalar()
    return tx.insert(people, {"name": name, "created_at": tx.now}) if found is None else found


def _take(tx: Tx, row: Row, by: int) -> bool:
    match row:
        case Fact():
            return put(tx, row, by=by)
        case Village():
            return put_village(tx, row, by=by)
        case Product():
            return put_product(tx, row, by=by)
        case Honour():
            return honours.record(tx, row, by=by)


def _is_news(row: Row, standing: Standing) -> bool:
    match row:
        case Honour():
            return honours.is_news(row, standing)
        case Fact():
            # 1 is not True, although they are equal.
            before = standing.get("value")
            return before != row.value or type(before) is not type(row.value)
    return standing != _rest(row)


_TABLES: dict[type, tuple[Table, tuple[str, ...]]] = {
    Fact: (commune_facts, ("value",)),
    Village: (reached_villages, ("name", "year", "decision")),
    Product: (products, ("name", "owner", "stars", "decision")),
}
"""Where a row is kept, and which of its fields may change there; the others tell which it is."""


def _rest(row: Fact | Village | Product) -> dict[str, object]:
    return {name: getattr(row, name) for name in _TABLES[type(row)][1]}


def _same(row: Fact | Village | Product) -> dict[str, object]:
    rest = _TABLES[type(row)][1]
    return {name: getattr(row, name) for name in row.__dataclass_fields__ if name not in rest}


def _this(table: Table, same: Mapping[str, object]) -> list[ColumnElement[bool]]:
    return [table.c[name] == value for name, value in same.items()]


def _keep(tx: Tx, row: Village | Product, by: int, action: str) -> bool:
    before = stands(tx, row)
    if not _is_news(row, before):
        return False
    table, same, rest = _TABLES[type(row)][0], _same(row), _rest(row)
    told = {**rest, "by_person": by, "at": tx.now}
    if before or not tx.insert_once(table, {**same, **told}):
        tx.execute(update(table).where(*_this(table, same)).values(told))
    changed = {name: (before.get(name), value) for name, value in rest.items()}
    audit.record(tx, by, action, f"place:{row.place}", **changed)
    return True
