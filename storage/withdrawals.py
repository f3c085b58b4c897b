"""Taking back every report nobody has decided on: what withdrawing the consent comes to."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from storage.contributions import Contribution
from storage.database import Tx
from storage.schema import contributions
from storage.verification import MOVES, withdraw

UNDECIDED = tuple(state for state, moves in MOVES.items() if "withdrawn" in moves)
MOST = 1_000
_UNDECIDED = (
    select(*(contributions.c[name] for name in Contribution.__dataclass_fields__))
    .where(
        contributions.c.reporter_id == bindparam("of_person"),
        contributions.c.state.in_(UNDECIDED),
    )
    .order_by(contributions.c.id)
    .limit(MOST)
)


def undecided(tx: Tx, person_id: int) -> list[Contribution]:
    """A person's reports on which nobody has decided yet."""
    return [Contribution(*row) for row in tx.execute(_UNDECIDED, {"of_person": person_id})]


def withdraw_undecided(tx: Tx, person_id: int) -> int:
    """Take them all back, each with its version and audit row; how many."""
    found = undecided(tx, person_id)
    for one in found:
        withdraw(tx, one, person_id)
    return len(found)
