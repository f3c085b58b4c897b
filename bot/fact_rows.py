"""Rows of a workbook of facts as storage keeps them, and back: what both ways in share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.sheets import CommuneFacts, Honour, Product, Row, Village
from knowledge.text import fold
from knowledge.villages import village_key
from storage import facts, honours


def as_stored(rows: Iterable[Row]) -> Iterator[facts.Row]:
    """Rows of a workbook as storage keeps them; what a row does not tell stays as it is."""
    for row in rows:
        match row:
            case CommuneFacts():
                for field, value in row.told().items():
                    yield facts.Fact(row.place, row.year, field, value)
            case Village():
                key = village_key(row.name)
                yield facts.Village(row.place, row.name, key, row.year, row.decision or "")
            case Product():
                yield facts.Product(
                    row.place, row.name, fold(row.name), row.owner, fold(row.owner),
                    row.year, row.stars, row.decision,
                )  # fmt: skip
            case Honour():
                yield honours.Honour(
                    row.award, row.place, row.recipient_kind, row.recipient, row.year, row.decision
                )


def as_sheet(rows: Iterable[facts.Row]) -> Iterator[Row]:
    """What is stored as rows of a workbook."""
    told: dict[tuple[str, int], dict[str, object]] = {}
    for row in rows:
        match row:
            case facts.Fact(place, year, field, value):
                if field in CommuneFacts.__dataclass_fields__:
                    told.setdefault((place, year), {})[field] = value
            case facts.Village():
                yield Village(row.place, row.year, row.name, row.decision or None)
            case facts.Product():
                yield Product(row.place, row.year, row.name, row.owner, row.stars, row.decision)
            case honours.Honour():
                yield Honour(
                    row.place, row.year, row.award,
                    row.recipient_kind, row.recipient_name, row.decision_number,
                )  # fmt: skip
    for (place, year), values in told.items():
        yield CommuneFacts(place, year, **values)  # type: ignore[arg-type]  # as they were told
