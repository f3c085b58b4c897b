"""An official whose role changes from case to case, and the last press of a form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, insert, select, update

from storage import people
from storage.schema import grants
from tests.policy.rules import BEFORE, COMMUNE, Cell
from tests.stage import Stage

HA, DUA = "Hà", "Dua"
"""Who tries, and a colleague of the same office."""
Attempt = Callable[["Trial", Cell], bool]
"""Tries what a case says and tells whether it had its effect."""


class Trial:
    """Hà and Dua, who hold what the case says."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        stage.clock.now = BEFORE
        self.grant = stage.officer(HA, "commune_officer", COMMUNE)
        self.colleague = stage.officer(DUA, "commune_officer", COMMUNE)
        self.ids: dict[tuple[str, str], int] = {}
        """(what, place) → the id of the one that lies there."""

    def did(self, cell: Cell, attempt: Attempt) -> bool:
        """Whether what the case tries has its effect; nothing of it stays."""
        with self.stage.tried():
            self.stage.clock.now = cell.at
            held: dict[str, Any] = {"role": cell.role, "place": cell.place, "village": cell.village}
            if cell.role == "nobody":
                held = {"role": "commune_officer", "revoked_at": BEFORE}
            self.change(grants, [self.grant.id, self.colleague.id], **held)
            return attempt(self, cell)

    def change(self, table: Any, which: int | list[int], **to: Any) -> None:
        """Set rows as a case needs them."""
        ids = which if isinstance(which, list) else [which]
        self.stage.tx().execute(update(table).where(table.c.id.in_(ids)).values(to))

    def add(self, table: Any, **row: Any) -> None:
        """Put a row where it is."""
        self.stage.tx().execute(insert(table), row)

    def say(self, text: str) -> list[str]:
        """Hà writes; what he is answered."""
        return self.stage.say(HA, text)

    def offered(self) -> list[str]:
        """What is offered to Hà now stands for."""
        offered: list[dict[str, Any]] = self.state().get("offered", [])
        return [str(one["value"]) for one in offered]

    def opened(self, form: str) -> dict[str, Any] | None:
        """The answers of a form that is open, None when it is not."""
        found = self.state().get("forms", {}).get(form)
        return None if found is None else dict(found["answers"])

    def count(self, table: Any) -> int:
        """How many rows a table has."""
        found = self.stage.tx().execute(select(func.count()).select_from(table))
        return int(found.scalar_one())

    def state(self) -> dict[str, Any]:
        """Hà's conversation as it stands."""
        return self.stage.who(HA).state

    def remember(self, **state: Any) -> None:
        """Hà's conversation is at a point."""
        people.save_state(self.stage.tx(), self.stage.who(HA).account_id, state)

    def last(
        self, form: str, answers: dict[str, Any], press: str, value: Any, **more: Any
    ) -> list[str]:
        """Come to the last step of a form and take it: rights are asked then, and not only at the
        start."""
        state = {
            "form": form,
            "forms": {form: {"answers": answers, "at": self.stage.clock().isoformat()}},
            "offered": [{"id": "x.1", "label": press, "value": value}],
        }
        self.remember(**(state | more))
        return self.say(press)
