"""A row in every table for one person, made from the schema itself: a new table has one too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Float,
    Integer,
    LargeBinary,
    String,
    Table,
    insert,
)

from storage.database import Tx
from storage.people import Conversation
from storage.schema import UtcTime, metadata
from tests.stock import HERE

THERE_ALREADY = ("people", "accounts", "conversations")
"""Made when somebody first writes."""
MADE_BY_ITSELF = ("audit", "audit_values", "audit_head")
STATES = {"contributions": "in_review", "outbox": "sent", "attachments": "kept",
          "representations": "asked"}  # fmt: skip


def pointing_at(target: Table) -> Iterator[Column[int]]:
    """Every column that points at the rows of a table."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            if any(key.column.table is target for key in column.foreign_keys):
                yield column


def fill(
    tx: Tx,
    who: Conversation,
    judge: Conversation,
    *,
    text: str = "chữ",
    figure: int = 2025,
    place: str = HERE,
) -> None:
    """Put a row of this person into every table, with this text and figure wherever they can stand.

    Nobody decides on his own report: that one row is the judge's.
    """
    made = {"people": who.person.id, "accounts": who.account_id}
    for table in metadata.sorted_tables:
        if table.name in (*THERE_ALREADY, *MADE_BY_ITSELF):
            continue
        row = {
            column.name: _value(tx, column, made, text, figure)
            for column in table.columns
            if column.name != "id" and not (column.nullable and isinstance(column.type, UtcTime))
        }
        if "place" in row:
            row["place"] = place
        if table.name == "decisions":
            row["officer_id"] = judge.person.id
        if "id" in table.columns:
            made[table.name] = tx.insert(table, row)
        else:
            tx.execute(insert(table), row)


def _value(tx: Tx, column: Column[Any], made: dict[str, int], text: str, figure: int) -> Any:
    for key in column.foreign_keys:
        return made[key.column.table.name]
    if column.name == "state":
        return STATES.get(column.table.name, "good")
    return tx.now if isinstance(column.type, UtcTime) else _of_type(column.type, text, figure)


def _of_type(kind: Any, text: str, figure: int) -> Any:
    if isinstance(kind, JSON):
        return {"text": text}
    if isinstance(kind, LargeBinary):
        return text.encode()[: kind.length]
    if isinstance(kind, String):
        return text[: kind.length]
    plain: tuple[tuple[type[Any], Any], ...] = (
        (Boolean, False), (Date, date(figure, 1, 1)), (Float, figure), (Integer, figure),
    )  # fmt: skip
    return next(value for type_, value in plain if isinstance(kind, type_))
