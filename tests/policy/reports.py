"""What is tried on a report: seeing, deciding, taking back, entering for somebody."""

from __future__ import annotations

from typing import Any

from handlers import evidence_shown
from handlers.verify import SEEN
from storage import contributions
from storage.contributions import Contribution
from storage.schema import attachments, decisions
from storage.schema import contributions as table
from tests.policy.rules import BEFORE, COMMUNE, COMMUNE_NOW, VILLAGE, Cell
from tests.policy.trial import DUA, HA, Attempt, Trial
from tests.stock import report, villager

NOWHERE = "Không tìm thấy"


def prepare(trial: Trial) -> None:
    """A report of each commune, with a picture."""
    stage = trial.stage
    tx = stage.tx()
    for place in (COMMUNE, COMMUNE_NOW):
        who = villager(tx)
        one = report(tx, who, place=place, village_key=VILLAGE)
        trial.ids["report", place] = one.id
        row = {
            "account_id": who.account_id, "contribution_id": one.id, "kind": "photo",
            "channel": "terminal", "reference": "", "state": "kept", "sha256": "0" * 64,
            "received_at": BEFORE,
        }  # fmt: skip
        trial.ids["picture", place] = tx.insert(attachments, row)
    stage.close(tx)


def _set(trial: Trial, cell: Cell) -> Contribution:
    number = trial.ids["report", cell.object]
    raised = BEFORE if cell.raised else None
    trial.change(table, number, state=cell.state, raised_at=raised)
    return contributions.get(trial.stage.tx(), number)


def _see(trial: Trial, cell: Cell) -> bool:
    one = _set(trial, cell)
    return not any(NOWHERE in text for text in trial.say(f"mở {one.code}"))


def _picture(trial: Trial, cell: Cell) -> bool:
    """Asked for by the page, outside any talk."""
    _set(trial, cell)
    stage, number = trial.stage, trial.ids["picture", cell.object]
    account_id = stage.who(HA).account_id
    return evidence_shown.visible(stage.tx(), stage.world, account_id, number) is not None


def _status(trial: Trial, cell: Cell) -> bool:
    one = _set(trial, cell)
    return any(one.code in text for text in trial.say("báo cáo của bản"))


def _older(trial: Trial, cell: Cell) -> bool:
    one = _set(trial, cell)
    trial.remember(village=one.id + 1)
    return any(one.code in text for text in trial.say("báo cáo trước nữa"))


def _queue(trial: Trial, cell: Cell) -> bool:
    one = _set(trial, cell)
    trial.say("việc cần duyệt")
    return any(one.code in value for value in trial.offered())


def _claim(trial: Trial, cell: Cell) -> bool:
    one = _set(trial, cell)
    trial.say(f"mở {one.code}")
    return contributions.get(trial.stage.tx(), one.id).holder_id == trial.grant.person_id


def _deciding(action: str, to: str, **answers: Any) -> Attempt:
    def attempt(trial: Trial, cell: Cell) -> bool:
        one = _set(trial, cell)
        about: dict[str, Any] = {
            "id": one.id, "version": one.version, "kind": one.kind, "action": action,
            SEEN: evidence_shown.as_it_is(trial.stage.tx(), one.id),
        }  # fmt: skip
        trial.last("decide", about | answers, "Ghi nhận", "record")
        return _moved(trial, one, to)

    return attempt


def _moved(trial: Trial, one: Contribution, to: str) -> bool:
    now = contributions.get(trial.stage.tx(), one.id)
    if now.version == one.version:
        assert now.state == one.state
        return False
    assert now.state == to
    return True


def _begin_to_hand(trial: Trial, cell: Cell) -> bool:
    trial.say(f"chuyển {_set(trial, cell).code}")
    return trial.opened("decide") is not None


def _hand(trial: Trial, cell: Cell) -> bool:
    one = _set(trial, cell)
    about = {"id": one.id, "version": one.version, "kind": one.kind, "action": "hand"}
    colleague = trial.colleague.person_id
    trial.last("decide", about, f"Cán bộ {DUA}", colleague)
    return contributions.get(trial.stage.tx(), one.id).holder_id == colleague


def _list_several(trial: Trial, cell: Cell) -> bool:
    one = _set(trial, cell)
    return any(one.code in text for text in trial.say("duyệt nhiều"))


def _several(trial: Trial, cell: Cell) -> bool:
    one = _set(trial, cell)
    page = {"page": [[one.id, one.version]], "pick": "all"}
    trial.last("bulk", page, "Ghi nhận", "record")
    return _moved(trial, one, "verified")


def _undo(trial: Trial, cell: Cell) -> bool:
    one = _set(trial, cell)
    if cell.state in ("verified", "rejected", "needs_more"):
        trial.add(
            decisions, contribution_id=one.id, version=one.version, state=cell.state, at=cell.at,
            officer_id=trial.grant.person_id, grant_id=trial.grant.id, reason="",
        )  # fmt: skip
    if cell.action == "undo the last":
        trial.remember(decided=one.code)
        trial.say("hoàn tác")
    else:
        trial.say(f"hoàn tác {one.code}")
    return _moved(trial, one, "in_review")


def _revoke(trial: Trial, cell: Cell) -> bool:
    one = _set(trial, cell)
    answers = {"id": one.id, "version": one.version, "reason": "Không có khoản này"}
    trial.last("revoke", answers, "Ghi nhận", "record")
    return _moved(trial, one, "revoked")


def _begin_to_revoke(trial: Trial, cell: Cell) -> bool:
    trial.say(f"hủy xác nhận {_set(trial, cell).code}")
    return trial.opened("revoke") is not None


def _begin_to_enter(trial: Trial, cell: Cell) -> bool:
    """For the place he serves; a head for his own village."""
    trial.say("báo hộ")
    if (trial.opened("report") or {}).get("entered") != cell.object:
        return False
    told = _told(cell)
    told.pop("village")
    trial.last("report", told, "Bản Nà Đon", "Bản Nà Đon", offered=[])
    return "village" in (trial.opened("report") or {})


def _told(cell: Cell) -> dict[str, Any]:
    """A report entered for somebody, up to its last step."""
    return {
        "entered": cell.object, "commune": cell.object, "their_consent": "spoken",
        "kind": "money", "amount": 1_000_000, "purpose": "làm đường", "day": "2025-06-01",
        "village": "Bản Nà Đon", "who": "other", "name": "Giàng A Páo",
    }  # fmt: skip


def _correct_entered(trial: Trial, cell: Cell) -> bool:
    one = _set(trial, cell)
    entered = {"reporter_id": trial.grant.person_id, "entered_by": trial.grant.person_id}
    trial.change(table, one.id, **entered)
    trial.last("correct", {**_told(cell), "seen": [one.id, one.version]}, "Gửi", "send")
    return contributions.get(trial.stage.tx(), one.id).version > one.version


def _enter(trial: Trial, cell: Cell) -> bool:
    told = _told(cell)
    before = trial.count(table)
    trial.last("report", told, "Gửi", "send")
    return trial.count(table) > before


ATTEMPTS: dict[str, Attempt] = {
    "see": _see,
    "look at a picture": _picture,
    "see how it stands": _status,
    "see how older ones stand": _older,
    "find in the queue": _queue,
    "claim": _claim,
    "verify": _deciding("verify", "verified"),
    "correct": _deciding("correct", "verified", amount=2_000_000),
    "reject": _deciding("reject", "rejected", reason="Không có khoản này"),
    "ask for more": _deciding("more", "needs_more", reason="Xin cho biết ngày góp"),
    "hand over": _hand,
    "list several": _list_several,
    "verify several": _several,
    "begin to hand over": _begin_to_hand,
    "undo": _undo,
    "undo the last": _undo,
    "begin to revoke": _begin_to_revoke,
    "revoke": _revoke,
    "begin to enter": _begin_to_enter,
    "enter": _enter,
    "correct what he entered": _correct_entered,
}
