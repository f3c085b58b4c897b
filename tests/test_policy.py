"""Who may do what, tried in the real conversation for every cell and held to rules written anew.

The rules here are the issue's sentences, not the table the program reads.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from handlers.turn import World
from storage import contributions, people
from storage.contributions import Contribution
from storage.database import Database
from storage.schema import accounts, conversations, decisions, grants
from storage.schema import contributions as table
from tests.conftest import Fresh, HandClock
from tests.stage import Stage, staged
from tests.stock import report, villager

BINH_LU, BAN_BO, NOW_BINH_LU, NOW_BAN_BO = "old:3412", "old:3424", "new:3390", "new:3424"
TAM_DUONG, CITY, PROVINCE, NOW_PROVINCE = "old:106", "old:105", "old:12", "new:12"
BEFORE, AFTER = datetime(2025, 6, 30, 9, tzinfo=UTC), datetime(2025, 7, 1, 9, tzinfo=UTC)
VILLAGE = "na don"
STATES = (
    "submitted", "in_review", "needs_more", "verified", "rejected", "withdrawn", "revoked",
)  # fmt: skip
OPEN, DECIDED = {"submitted", "in_review"}, {"verified", "rejected", "needs_more"}
ACTIONS = ("see", "status", "claim", "decide", "undo", "revoke")
HELD = {
    "commune_officer": (BINH_LU, BAN_BO, NOW_BINH_LU, NOW_BAN_BO),
    "village_head": (BINH_LU, BAN_BO, NOW_BINH_LU, NOW_BAN_BO),
    "cooperative_representative": (BINH_LU, NOW_BINH_LU),
    "district_officer": (TAM_DUONG, CITY),
    "enterprise_officer": (TAM_DUONG, NOW_PROVINCE),
    "department_officer": (PROVINCE, NOW_PROVINCE),
    "province_officer": (PROVINCE, NOW_PROVINCE),
    "admin": (PROVINCE, NOW_PROVINCE),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One case: who holds what where, when, and what he tries on a report of old Bình Lư."""

    role: str
    place: str
    village: str
    at: datetime
    action: str
    state: str
    raised: bool


def _cells() -> Iterator[Cell]:
    for role, places in HELD.items():
        villages = (VILLAGE, "ban tham") if role == "village_head" else ("",)
        for place, village, at, action, state, raised in itertools.product(
            places, villages, (BEFORE, AFTER), ACTIONS, STATES, (False, True)
        ):
            if at is AFTER or place.startswith("old:"):
                yield Cell(role, place, village, at, action, state, raised)


def _may(cell: Cell) -> bool:
    """The issue's rules, in words: a commune decides on its own; the level above sees all below,
    revokes, and decides on what was raised to it: the district till 30/06/2025, then the province.
    """
    own = cell.place == BINH_LU or (cell.place == NOW_BINH_LU and cell.at is AFTER)
    level_above = (
        cell.role == "district_officer" and cell.place == TAM_DUONG and cell.at is BEFORE
    ) or (cell.role == "province_officer" and cell.at is AFTER)
    if cell.action == "see":
        return (
            (cell.role == "commune_officer" and own)
            or level_above
            or cell.role == "province_officer"
        )
    if cell.action == "status":
        return cell.role == "village_head" and own and cell.village == VILLAGE
    if cell.action == "revoke":
        return cell.state == "verified" and level_above
    deciding = (cell.role == "commune_officer" and own) or (level_above and cell.raised)
    return deciding and cell.state in (DECIDED if cell.action == "undo" else OPEN)


class Trial:
    """One report of Bình Lư and one official whose grant changes from cell to cell."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        stage.clock.now = BEFORE
        tx = stage.tx()
        self.one = report(tx, villager(tx, "Páo"), place=BINH_LU, village_key=VILLAGE)
        stage.close(tx)
        self.grant = stage.officer("Hà", "commune_officer", BINH_LU)

    def did(self, cell: Cell) -> bool:
        """Whether what the cell tries has its effect."""
        with self.stage.tried():
            self._set(cell)
            before = self._now()
            said = self._try(cell.action)
            now = self._now()
            if cell.action == "see":
                return not any("Không tìm thấy" in text for text in said)
            if cell.action == "status":
                return any(self.one.code in text for text in said)
            if cell.action == "claim":
                return now.holder_id == self.grant.person_id
            wanted = {"decide": "verified", "undo": "in_review", "revoke": "revoked"}
            if now.version == before.version:
                return False
            assert now.state == wanted[cell.action], cell
            return True

    def _now(self) -> Contribution:
        return contributions.get(self.stage.tx(), self.one.id)

    def _set(self, cell: Cell) -> None:
        self.stage.clock.now = cell.at
        tx = self.stage.tx()
        tx.execute(update(grants).values(role=cell.role, place=cell.place, village=cell.village))
        tx.execute(
            update(table).values(state=cell.state, raised_at=BEFORE if cell.raised else None)
        )
        if cell.action == "undo" and cell.state in DECIDED:
            row = {
                "contribution_id": self.one.id, "version": 1, "officer_id": self.grant.person_id,
                "grant_id": self.grant.id, "state": cell.state, "reason": "", "at": cell.at,
            }  # fmt: skip
            tx.execute(insert(decisions), row)

    def _try(self, action: str) -> list[str]:
        if action in ("see", "claim"):
            return self.stage.say("Hà", f"mở {self.one.code}")
        if action == "status":
            return self.stage.say("Hà", "báo cáo của bản")
        if action == "undo":
            return self.stage.say("Hà", f"hoàn tác {self.one.code}")
        about = {"id": self.one.id, "version": self.one.version, "kind": "money"}
        answers = {
            "decide": {**about, "action": "verify"},
            "revoke": {**about, "reason": "Không có khoản này"},
        }[action]
        self._in_form(action, answers)
        return self.stage.say("Hà", "ghi nhận")

    def _in_form(self, form: str, answers: dict[str, Any]) -> None:
        """Before the last press: whether the right is asked for then, and not only at the start."""
        at = self.stage.clock().isoformat()
        state = {
            "form": form,
            "forms": {form: {"answers": answers, "at": at}},
            "offered": [{"id": "x.1", "label": "Ghi nhận", "value": "record"}],
        }
        people.save_state(self.stage.tx(), self.stage.who("Hà").account_id, state)


def test_every_cell_of_the_policy(fresh_url: Fresh, world: World) -> None:
    database = Database(fresh_url("sqlite"))
    cells = list(_cells())
    assert len(cells) > 2_500
    with staged(database, world) as stage:
        trial = Trial(stage)
        wrong = [cell for cell in cells if trial.did(cell) != _may(cell)]
    database.dispose()
    assert wrong == []
    assert 150 < sum(_may(cell) for cell in cells) < 1_000


@pytest.mark.parametrize("role", sorted(HELD))
def test_who_may_enter_for_somebody(role: str, database: Database, world: World) -> None:
    """Commune officers and village heads, for the place they serve."""
    with staged(database, world) as stage:
        stage.clock.now = BEFORE
        stage.officer("Hà", role, HELD[role][0], village=VILLAGE if role == "village_head" else "")
        [said] = stage.say("Hà", "báo hộ")
        assert ("có đồng ý không" in said) == (role in ("commune_officer", "village_head"))


def test_revoked_counts_from_the_next_press(database: Database, world: World) -> None:
    from storage.grants import revoke

    with staged(database, world) as stage:
        trial = Trial(stage)
        stage.say("Hà", f"mở {trial.one.code}")
        stage.press("Hà", "Xác nhận đúng")
        revoke(stage.tx(), trial.grant.id, by="operator")
        [said] = stage.press("Hà", "Ghi nhận")
        assert "Không tìm thấy" in said
        assert stage.tx().execute(select(func.count()).select_from(decisions)).scalar() == 0


# forged choices

FORGED = 10_000


def _dump(stage: Stage) -> dict[str, list[Any]]:
    """Everything stored but where conversations stand and what was said."""
    tx = stage.tx()
    left_out = {conversations.name, "outbox", "received"}
    return {
        one.name: [tuple(row) for row in tx.execute(select(one).order_by(*one.primary_key))]
        for one in accounts.metadata.sorted_tables
        if one.name not in left_out
    }


def test_forged_choices_have_no_effect(fresh_url: Fresh, world: World) -> None:
    """Ids that were offered to somebody else, changed by a letter, cut, or invented."""
    import random

    dice = random.Random(20)
    database = Database(fresh_url("sqlite"))
    with staged(database, world, HandClock(BEFORE)) as stage:
        trial = Trial(stage)
        for name in ("Lan", "Mỷ", "Páo"):
            stage.who(name)
        stage.say("Hà", f"mở {trial.one.code}")
        stage.press("Hà", "Xác nhận đúng")
        offered = [
            choice["id"]
            for bodies in stage.heard.values()
            for body in bodies
            for choice in body["choices"]
        ]
        before = _dump(stage)
        for _ in range(FORGED):
            real = dice.choice(offered)
            spot = dice.randrange(len(real))
            forged = dice.choice(
                (
                    real[:spot] + dice.choice("abcXYZ019._-") + real[spot + 1 :],
                    real[:spot],
                    real + dice.choice("0123."),
                    "".join(dice.choices("abcdefghijkmnpqrstuvwxyz0123456789._-", k=14)),
                )
            )
            if forged not in offered:
                stage.say(dice.choice(("Hà", "Mỷ", "Páo")), choice=forged)
            stage.say(dice.choice(("Mỷ", "Páo")), choice=real)
        assert _dump(stage) == before
    database.dispose()
