"""What officials told of a commune (số liệu của xã): its facts of a year, its villages that reached
the standard, its OCOP products.

A fact that nobody told has no row: not known is never no. Honours are `honours`'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Table, delete, select, update

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


def put(tx: Tx, fact: Fact, *, by: int) -> bool:
    """Keep a fact, old and new in the audit; False when it stood so already."""
    same = {"place": fact.place, "year": fact.year, "field": fact.field}
    this = [commune_facts.c[name] == value for name, value in same.items()]
    row = tx.execute(select(commune_facts.c.value).where(*this)).one_or_none()
    before = None if row is None else row.value
    if before == fact.value and type(before) is type(fact.value):
        return False
    told = {"value": fact.value, "by_person": by, "at": tx.now}
    if fact.value is None:
        tx.execute(delete(commune_facts).where(*this))
    elif row is not None or not tx.insert_once(commune_facts, {**same, **told}):
        tx.execute(update(commune_facts).where(*this).values(told))
    audit.record(
        tx, by, "fact.told", f"place:{fact.place}",
        **{fact.field: (before, fact.value), "year": (fact.year, fact.year)},
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
    same = {"place": village.place, "name_key": village.name_key}
    rest = {"name": village.name, "year": village.year, "decision": village.decision}
    return _keep(tx, reached_villages, same, rest, by, "village.reached", village.name)


def put_product(tx: Tx, product: Product, *, by: int) -> bool:
    """Keep a product's rank of a year; False when it stood so already."""
    same = {
        "place": product.place, "name_key": product.name_key,
        "owner_key": product.owner_key, "year": product.year,
    }  # fmt: skip
    rest = {
        "name": product.name, "owner": product.owner,
        "stars": product.stars, "decision": product.decision,
    }  # fmt: skip
    return _keep(tx, products, same, rest, by, "product.ranked", product.name)


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
    return sum(_take(tx, row, by) for row in rows)


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


def _keep(
    tx: Tx,
    table: Table,
    same: Mapping[str, object],
    rest: Mapping[str, object],
    by: int,
    action: str,
    named: str,
) -> bool:
    this = [table.c[name] == value for name, value in same.items()]
    row = tx.execute(select(*(table.c[name] for name in rest)).where(*this)).one_or_none()
    before = {} if row is None else dict(row._mapping)
    if before == rest:
        return False
    told = {**rest, "by_person": by, "at": tx.now}
    if row is not None or not tx.insert_once(table, {**same, **told}):
        tx.execute(update(table).where(*this).values(told))
    changes = {name: (before.get(name), value) for name, value in rest.items()}
    audit.record(
        tx, by, action, f"place:{same['place']}", **{**changes, "name": (before.get("name"), named)}
    )
    return True
