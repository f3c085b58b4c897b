"""The plan as this operator has it: the pack, prolonged, with the official wording he imported.

The wording lies in `BOT_DATA_DIR/plan/<plan>/official.json`; only this file reads and writes it.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from bot.durable import sync_folder
from bot.errors import BadUsage
from knowledge.plan import Plan, load, prolonged, with_official

LARGEST = 8 * 1024 * 1024
"""Bytes. Clauses are at most what a document holds, and their letters take up to 3 bytes."""


def load_plan(data_dir: Path | None = None, until: date | None = None) -> Plan:
    """The plan answers come from. Raises BadUsage for kept wording that cannot be read."""
    plan = prolonged(load(), until)
    return plan if data_dir is None else with_official(plan, kept(data_dir, plan.id))


def official_file(data_dir: Path, plan: str) -> Path:
    """Where the official wording of a plan is kept."""
    return data_dir / "plan" / plan / "official.json"


def kept(data_dir: Path, plan: str) -> dict[str, str]:
    """The imported wording by clause id, {} when none was. Raises BadUsage."""
    path = official_file(data_dir, plan)
    try:
        with path.open("rb") as file:
            texts = json.loads(file.read(LARGEST))["clauses"]
        if any(not isinstance(text, str) for text in texts.values()):
            raise TypeError("a clause that is no text")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise BadUsage(f"không đọc được {path}; xóa tệp này hoặc chạy lại: plan import") from None
    return dict(texts)


def keep(data_dir: Path, plan: str, texts: Mapping[str, str], source: str) -> Path:
    """Keep official wording, whole or not at all, for this user's eyes only; returns the file.

    `source` says which document it is from. Raises OSError.
    """
    path = official_file(data_dir, plan)
    # The data folder too may be new, and what comes into it later is nobody else's business.
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    for folder in (path.parent.parent, path.parent):
        folder.mkdir(exist_ok=True, mode=0o700)
    written = json.dumps({"source": source, "clauses": dict(texts)}, ensure_ascii=False, indent=1)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".official-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(written + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    return path
