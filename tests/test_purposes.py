"""Every column is mapped to a purpose, and the documents explain every purpose."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import JSON, LargeBinary, String

import storage
from handlers.consent import PURPOSES
from storage.schema import metadata

ROOT = Path(__file__).parent.parent
REGISTER: dict[str, dict[str, list[str]]] = yaml.safe_load(
    (Path(storage.__file__).parent / "purposes.yaml").read_text("utf-8")
)
DOCS = (ROOT / "docs/data.md").read_text("utf-8")
NAMELESS = {"id", "key", "kind", "state", "channel", "account", "token_hash", "code_hash", "code",
            "actor", "action", "subject", "previous", "digest", "reason", "mime", "outcome",
            "commitments", "salt", "holder", "seed", "access", "refresh", "name",
            "unreachable_why"}  # fmt: skip
"""Text that is the program's own: states, digests, platforms' words."""


@pytest.mark.parametrize("table", metadata.tables)
def test_every_column_has_one_purpose(table: str) -> None:
    counted = Counter(name for names in REGISTER[table].values() for name in names)
    assert set(counted) == set(metadata.tables[table].columns.keys())
    assert set(counted.values()) == {1}


def test_no_table_is_gone() -> None:
    assert set(REGISTER) == set(metadata.tables)


@pytest.mark.parametrize("table", metadata.tables)
def test_what_people_type_is_never_without_a_purpose(table: str) -> None:
    columns: Any = metadata.tables[table].columns
    typed = {
        name
        for name in REGISTER[table].get("none", [])
        if isinstance(columns[name].type, (String, JSON, LargeBinary))
    }
    assert typed <= NAMELESS


def test_every_purpose_is_explained_and_no_other() -> None:
    used = {purpose for table in REGISTER.values() for purpose in table} - {"none"}
    explained = set(re.findall(r"^\| `(\w+)` ", DOCS, re.MULTILINE))
    assert used <= explained
    assert explained - used <= set(PURPOSES)


def test_no_table_stands_twice_in_the_register() -> None:
    """YAML would silently take the last one."""
    text = (Path(storage.__file__).parent / "purposes.yaml").read_text("utf-8")
    tables = re.findall(r"^(\w+):", text, re.MULTILINE)
    assert sorted(set(tables)) == sorted(tables)
