"""Random walks over the whole life of contributions, by chat: reporters, officers, the clock.

Whatever they do, every state is one the design allows, every change is in the audit, and whoever
told the report hears of every decision on it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection
from datetime import timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as walk
from sqlalchemy import func, select

from handlers.turn import World
from knowledge.text import fold
from storage import contributions, holds, people
from storage.contributions import Contribution
from storage.database import Database
from storage.schema import audit, contribution_versions, timers
from storage.schema import contributions as table
from tests.conftest import START, HandClock
from tests.stage import Stage
from tests.stock import report

HERE, DISTRICT = "old:3412", "old:106"
LEGAL = {
    ("submitted", "in_review"), ("in_review", "submitted"), ("in_review", "in_review"),
    ("submitted", "verified"), ("submitted", "rejected"), ("submitted", "needs_more"),
    ("in_review", "verified"), ("in_review", "rejected"), ("in_review", "needs_more"),
    ("submitted", "withdrawn"), ("in_review", "withdrawn"), ("needs_more", "withdrawn"),
    ("needs_more", "submitted"), ("verified", "revoked"), ("verified", "verified"),
    ("verified", "submitted"), ("verified", "in_review"), ("rejected", "in_review"),
    ("needs_more", "in_review"), ("submitted", "submitted"),
}  # fmt: skip
"""Design §4, with the hold, correcting, the undoing of a fresh decision and an objection."""
SILENT = {"submitted", "in_review"}
"""Taking in hand and putting back is no news for the reporter; everything else is."""
NOT_A_CHANGE = ("contribution.doubted", "contribution.raised")
OFFICERS, REPORTERS = ("Hà", "Lan", "Mai"), ("Páo", "Mỷ")
STEPS = 50


class Life(RuleBasedStateMachine):
    """Two reporters, two officers of the commune, one of the district."""

    world: World
    template: Path
    acted: int = 0
    corrected: int = 0
    reached: set[str]

    @initialize()
    def begin(self) -> None:
        """A fresh store, and people with their roles."""
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(self.template, self.folder / "life.db")
        self.database = Database(f"sqlite:///{self.folder / 'life.db'}")
        self.connection = self.database.connect_for_writing()
        self.connection.begin()
        self.stage = Stage(self.world, HandClock(START), self.connection)
        for who in OFFICERS[:2]:
            self.stage.officer(who, "commune_officer", HERE)
        self.stage.officer(OFFICERS[2], "district_officer", DISTRICT)
        for who in REPORTERS:
            tx = self.stage.tx()
            name = f"Giàng Thị {who}"
            people.rename(tx, self.stage.who(who).person, name, fold(name))
            self.stage.close(tx)
        self.codes: list[str] = []
        self._report("Páo", 3)

    def teardown(self) -> None:
        """Nothing stays."""
        if hasattr(self, "connection"):
            self.connection.close()
            self.database.dispose()
            shutil.rmtree(self.folder)

    def _report(self, who: str, millions: int) -> None:
        from handlers import overdue
        from handlers.messages import Message
        from handlers.turn import Turn

        tx, talk = self.stage.tx(), self.stage.who(who)
        key: dict[str, Any] = {"contributor_key": who.lower(), "told_vnd": millions * 1_000_000}
        one = report(tx, talk, **key, village_key="ban na don")
        message = Message("terminal", "test", who, "e", tx.now)
        overdue.arrive(Turn(self.world, tx, message, talk), one)
        self.stage.close(tx)
        self.codes.append(one.code)

    def _do(self, act: Callable[[], Any]) -> None:
        """Act, and hold what came of it to what was told."""
        before = {one.id: one for one in self._all()}
        heard = {account: len(bodies) for account, bodies in self.stage.heard.items()}
        act()
        type(self).acted += 1
        for now in self._all():
            was = before.get(now.id)
            if was is None or was.version == now.version:
                continue
            type(self).reached.add(now.state)
            if was.state != now.state and not {was.state, now.state} <= SILENT:
                news = self.stage.heard[now.account_id][heard.get(now.account_id, 0) :]
                assert any(now.code in body["text"] for body in news), (was, now)

    def _all(self) -> list[Contribution]:
        rows = self.stage.tx().execute(select(*contributions.COLUMNS).order_by(table.c.id))
        return [Contribution(*row) for row in rows]

    def _code(self, number: int) -> str:
        return self.codes[number % len(self.codes)]

    def _open_code(self, number: int, states: Collection[str] = SILENT) -> str:
        """One in these states, while there are any: pure chance would too seldom get on."""
        found = [one.code for one in self._all() if one.state in states]
        return found[number % len(found)] if found else self._code(number)

    def _press(self, who: str, *labels: str) -> None:
        """Press one after the other as far as the newest message offers them."""
        account = self.stage.who(who).account_id
        for label in labels:
            newest = self.stage.heard[account][-1]["choices"]
            if label not in [one["label"] for one in newest]:
                return
            self._do(partial(self.stage.press, who, label))

    @rule(who=st.sampled_from(REPORTERS), millions=st.integers(1, 3))
    def tell(self, who: str, millions: int) -> None:
        """Another report, often one that looks like an earlier one."""
        if len(self.codes) < 15:
            self._report(who, millions)

    @rule(who=st.sampled_from(OFFICERS), number=st.integers(0, 5), how=st.integers(0, 4))
    def decide(self, who: str, number: int, how: int) -> None:
        """Open and decide, one way or the other."""
        self._do(lambda: self.stage.say(who, f"mở {self._open_code(number)}"))
        if how == 0:
            self._press(who, "Xác nhận đúng", "Ghi nhận")
        elif how == 1:
            self._press(who, "Không duyệt", "Trùng với báo cáo khác", "Ghi nhận")
        elif how == 2:
            self._press(who, "Sửa số")
            self._do(lambda: self.stage.say(who, "1 triệu 2"))
            self._press(who, "Ghi nhận")
        elif how == 3:
            self._press(who, "Để sau")

    @rule(who=st.sampled_from(OFFICERS[:2]), number=st.integers(0, 5))
    def ask_more(self, who: str, number: int) -> None:
        """Open and ask the reporter for more."""
        self._do(lambda: self.stage.say(who, f"mở {self._open_code(number)}"))
        self._press(who, "Cần bổ sung", "Chưa rõ ai góp", "Ghi nhận")

    @rule(who=st.sampled_from(OFFICERS), number=st.integers(0, 5))
    def hand_over(self, who: str, number: int) -> None:
        """Open and hand to whoever is offered."""
        self._do(lambda: self.stage.say(who, f"chuyển {self._code(number)}"))
        self._do(lambda: self.stage.say(who, "1"))

    @rule(who=st.sampled_from(OFFICERS), number=st.integers(0, 5))
    def undo(self, who: str, number: int) -> None:
        """Undo, rightly or not."""
        self._do(lambda: self.stage.say(who, f"hoàn tác {self._code(number)}"))

    @rule(who=st.sampled_from([OFFICERS[0], *OFFICERS[2:] * 3]), number=st.integers(0, 5))
    def revoke(self, who: str, number: int) -> None:
        """Revoke, rightly or not."""
        self._do(
            lambda: self.stage.say(who, f"hủy xác nhận {self._open_code(number, ('verified',))}")
        )
        self._press(who, "Số đã xác nhận không đúng", "Ghi nhận")

    @rule(who=st.sampled_from(OFFICERS), which=st.sampled_from(["1", "1 2", "2", "tất cả"]))
    def decide_several(self, who: str, which: str) -> None:
        """Verify some of what is shown."""
        self._do(lambda: self.stage.say(who, "duyệt nhiều"))
        self._do(lambda: self.stage.say(who, which))
        self._press(who, "Ghi nhận")

    @rule(
        who=st.sampled_from(REPORTERS),
        number=st.integers(0, 5),
        what=st.sampled_from(["đồng ý", "không đồng ý", "xem", "hoàn tác", "mở"]),
    )
    def answer(self, who: str, number: int, what: str) -> None:
        """Say something with a code, one's own or another's."""
        self._do(lambda: self.stage.say(who, f"{what} {self._code(number)}"))

    @rule(who=st.sampled_from(REPORTERS))
    def tell_more(self, who: str) -> None:
        """What may answer what the commune asked."""
        self._do(lambda: self.stage.say(who, "Tôi góp bằng tiền bán ngô của nhà"))

    @rule(
        who=st.sampled_from(REPORTERS),
        number=st.integers(0, 5),
        answers=st.sampled_from([("1", "4 triệu"), ("1", "2 triệu"), ("4", "Bản Bo", "Nà Ui")]),
    )
    def correct(self, who: str, number: int, answers: tuple[str, ...]) -> None:
        """Correct what it is of or where, while nobody has decided or after more was asked."""
        code = self._open_code(number, ("needs_more", *SILENT) if number else ("needs_more",))
        for text in (f"sửa {code}", *answers, "gửi"):
            self._do(partial(self.stage.say, who, text))
        type(self).corrected += any("corrected" in row.changes for row in self._versions(code))

    @rule(who=st.sampled_from(OFFICERS), what=st.sampled_from(["giúp", "tiếp tục", "quay lại"]))
    def go_on(self, who: str, what: str) -> None:
        """Come back to what was open, whatever has become of it."""
        self._do(partial(self.stage.say, who, what))

    @rule(who=st.sampled_from(REPORTERS), number=st.integers(0, 5))
    def withdraw(self, who: str, number: int) -> None:
        """Take a report back."""
        self._do(lambda: self.stage.say(who, f"rút {self._open_code(number)}"))
        if number < 2:
            self._press(who, "Rút báo cáo này")

    @rule(minutes=st.sampled_from([0.5, 2, 20, 600, 12_000]))
    def wait(self, minutes: float) -> None:
        """Time passes, and what is due happens."""
        self.stage.clock.move(timedelta(minutes=minutes))
        self._do(self.stage.tick)

    @invariant()
    def every_state_is_legal(self) -> None:
        """Each version follows from the one before."""
        for one in self._all():
            rows = self.stage.tx().execute(
                select(contribution_versions.c.state)
                .where(contribution_versions.c.contribution_id == one.id)
                .order_by(contribution_versions.c.version)
            )
            states = list(rows.scalars())
            assert (states[0], states[-1], len(states)) == ("submitted", one.state, one.version)
            assert set(pairwise(states)) <= LEGAL
            assert (one.holder_id is not None) == (one.state == "in_review")

    def _versions(self, code: str) -> list[Any]:
        return list(
            self.stage.tx().execute(
                select(contribution_versions)
                .join(table, table.c.id == contribution_versions.c.contribution_id)
                .where(table.c.code == code)
            )
        )

    @invariant()
    def the_time_of_every_open_report_runs(self) -> None:
        """Each waits for its clock as it stands, or has been raised by it."""
        live = select(timers.c.key).where(timers.c.kind == "overdue", ~timers.c.done)
        newest: dict[str, int] = {}
        for key in self.stage.tx().execute(live).scalars():
            subject, version = key.removeprefix("overdue:").rsplit(":", 1)
            newest[subject] = max(int(version), newest.get(subject, 0))
        for one in self._all():
            if one.state in contributions.OPEN and one.raised_at is None:
                planned = newest[f"contribution:{one.id}"]
                assert holds.same_since(self.stage.tx(), one.id, planned)

    @invariant()
    def every_change_is_audited(self) -> None:
        """As many entries as versions; what is no version of its own has entries besides."""
        counted = dict(
            self.stage.tx()
            .execute(
                select(audit.c.subject, func.count())
                .where(audit.c.subject.like("contribution:%"), audit.c.action.notin_(NOT_A_CHANGE))
                .group_by(audit.c.subject)
            )
            .all()
        )
        assert {f"contribution:{one.id}": one.version for one in self._all()} == counted


@pytest.mark.parametrize("steps", [2_000, pytest.param(20_000, marks=pytest.mark.long)])
def test_the_whole_life_of_contributions(steps: int, world: World, sqlite_template: Path) -> None:
    reached: set[str] = set()
    machine = cast(
        "type[Life]",
        type(
            "LifeHere", (Life,), {"world": world, "template": sqlite_template, "reached": reached}
        ),
    )
    walk(
        machine,
        settings=settings(
            max_examples=steps // STEPS, stateful_step_count=STEPS, deadline=None, database=None,
            derandomize=steps < 20_000,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    assert reached == {
        "submitted", "in_review", "needs_more", "verified", "rejected", "withdrawn", "revoked",
    }  # fmt: skip
    assert machine.corrected
