"""What is tried with announcements, roles, and requests about one's data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from storage import campaigns, grants, organisations, representations, requests
from storage.schema import campaigns as campaign_rows
from storage.schema import data_requests, invitations
from storage.schema import grants as grant_rows
from storage.schema import representations as wishes
from tests.policy.rules import (
    BEFORE,
    COMMUNE,
    COMMUNE_NOW,
    DISTRICT,
    PROVINCE,
    PROVINCE_NOW,
    ROLES,
    Cell,
)
from tests.policy.trial import Attempt, Trial
from tests.stage import Stage
from tests.stock import villager

COMMUNES, PROVINCES = (COMMUNE, COMMUNE_NOW), (PROVINCE, PROVINCE_NOW)
AREAS = (*COMMUNES, DISTRICT, *PROVINCES)
GIVEN = tuple(one for one in ROLES if one != "nobody")
TEXT = "Sáng thứ Bảy họp bản tại nhà văn hóa."


def prepare(trial: Trial) -> None:
    """Of each place a wish to represent, an announcement, every role; and a request about data."""
    stage = trial.stage
    tx = stage.tx()
    who = villager(tx, "Páo")
    for place in COMMUNES:
        htx = organisations.find_or_make(tx, "cooperative", place, "HTX", name_key="htx")
        asked = representations.ask(tx, who.person.id, who.account_id, htx)
        trial.ids["wish", place] = asked.id
    for place in AREAS:
        area = _area(stage, place)
        campaigns.plan(tx, code_of(place), "announce", tx.now, text=TEXT, places=area)
        trial.ids["campaign", place] = _campaign(trial, place).id
        for role in GIVEN:
            held = grants.give(tx, who.person.id, who.account_id, role, place, by=None)
            trial.ids[role, place] = held.id
    trial.ids["request", ""] = requests.ask(
        tx, who.person.id, who.account_id, "complain",
        answer_by=date(2025, 7, 2), done_by=date(2025, 7, 9), text="xã ghi sai",
    )  # fmt: skip
    stage.close(tx)


# announcements


def _area(stage: Stage, place: str) -> tuple[str, ...]:
    places = stage.world.places
    if place in PROVINCES:
        return ()
    below = places.under(places.get(place))
    return (place, *(one.key for one in below))


def code_of(place: str) -> str:
    """An announcement's code."""
    return f"LC-{AREAS.index(place) + 2}345678"


def _campaign(trial: Trial, place: str) -> campaigns.Campaign:
    found = campaigns.find(trial.stage.tx(), code_of(place))
    assert found is not None
    return found


def _announced(trial: Trial, cell: Cell) -> campaigns.Campaign:
    own = cell.state == "his own"
    author = trial.grant if own else trial.colleague
    trial.change(
        campaign_rows, trial.ids["campaign", cell.object], state="held" if own else cell.state,
        made_by=author.person_id, account_id=author.account_id,
    )  # fmt: skip
    return _campaign(trial, cell.object)


def _announce(trial: Trial, cell: Cell) -> bool:
    before = trial.count(campaign_rows)
    trial.last("announce", {"place": cell.object, "text": TEXT}, "Gửi", "send")
    return trial.count(campaign_rows) > before


def _look(trial: Trial, cell: Cell) -> bool:
    said = trial.say(f"phát {_announced(trial, cell).key}")
    return any(TEXT in text for text in said)


def _release(trial: Trial, cell: Cell) -> bool:
    before = _announced(trial, cell)
    trial.last("release", {"code": before.key}, "Cho phát", "announce_release")
    return _campaign(trial, cell.object).state != before.state


def _stop(trial: Trial, cell: Cell) -> bool:
    before = _announced(trial, cell)
    trial.say(f"dừng {before.key}")
    return _campaign(trial, cell.object).state != before.state


def _loud(trial: Trial, cell: Cell) -> bool:
    said = trial.say(f"loa {_announced(trial, cell).key}")
    listing = trial.stage.world.words.text("loudspeaker.listing", lines=[], first=True)
    return said == [listing]


def _page_loud(trial: Trial, cell: Cell) -> bool:
    """The list of an area shown before, from its second page on."""
    trial.remember(loud_next=[code_of(cell.object), list(_area(trial.stage, cell.object)), 5])
    listing = trial.stage.world.words.text("loudspeaker.listing", lines=[], first=False)
    return trial.say("bản tiếp theo") == [listing]


# roles


def _wish(trial: Trial, cell: Cell) -> int:
    number = trial.ids["wish", cell.object]
    if cell.state == "his own":
        trial.change(wishes, number, person_id=trial.grant.person_id)
    else:
        trial.change(wishes, number, state=cell.state)
    return number


def _open_wish(trial: Trial, cell: Cell) -> bool:
    trial.say(f"đại diện {_wish(trial, cell)}")
    return trial.opened("represent_decide") is not None


def _confirm(trial: Trial, cell: Cell) -> bool:
    number = _wish(trial, cell)
    before = representations.get(trial.stage.tx(), number)
    trial.last("represent_decide", {"id": number}, "Xác nhận đại diện", "represent_yes")
    return representations.get(trial.stage.tx(), number) != before


def _begin_to_invite(role: str) -> Attempt:
    def attempt(trial: Trial, cell: Cell) -> bool:
        trial.say("mời cán bộ")
        if role not in trial.offered():
            return False
        trial.say(trial.stage.world.words.label(f"role.{role}"))
        trial.say(trial.stage.world.places.get(cell.object).name)
        return (trial.opened("inviting") or {}).get("place") == cell.object

    return attempt


def _invite(role: str) -> Attempt:
    def attempt(trial: Trial, cell: Cell) -> bool:
        answers = {
            "role": role, "place": cell.object, "village": "Bản Nà Đon", "kind": "cooperative",
            "organisation": "HTX", "until": "always",
        }  # fmt: skip
        before = trial.count(invitations)
        trial.last("inviting", answers, "Tạo mã", "make_code")
        return trial.count(invitations) > before

    return attempt


def _holder(trial: Trial, cell: Cell, role: str) -> int:
    number = trial.ids[role, cell.object]
    ended = {"revoked": {"revoked_at": BEFORE}, "ended": {"until": BEFORE - timedelta(days=1)}}
    if cell.state != "live":
        trial.change(grant_rows, number, **ended[cell.state])
    return number


def _find_role(role: str) -> Attempt:
    def attempt(trial: Trial, cell: Cell) -> bool:
        number = _holder(trial, cell, role)
        trial.say("vai trò đã giao")
        found = trial.offered()
        while "Vai trò trước nữa" in trial.offered():
            trial.say("vai trò trước nữa")
            found += trial.offered()
        return f"thu hồi {number}" in found

    return attempt


def _begin_to_dismiss(role: str) -> Attempt:
    def attempt(trial: Trial, cell: Cell) -> bool:
        trial.say(f"thu hồi {_holder(trial, cell, role)}")
        return trial.opened("revoke_role") is not None

    return attempt


def _dismiss(role: str) -> Attempt:
    def attempt(trial: Trial, cell: Cell) -> bool:
        number = _holder(trial, cell, role)
        before = grants.get(trial.stage.tx(), number)
        trial.last("revoke_role", {"id": number}, "Thu hồi ngay", "revoke_yes")
        return grants.get(trial.stage.tx(), number) != before

    return attempt


# requests


def _requested(trial: Trial, cell: Cell) -> int:
    number = trial.ids["request", ""]
    if cell.state == "done":
        trial.change(data_requests, number, done_at=BEFORE)
    elif cell.state == "erasure":
        trial.change(data_requests, number, kind="erase")
    return number


def _find_request(trial: Trial, cell: Cell) -> bool:
    number = _requested(trial, cell)
    trial.say("yêu cầu dữ liệu")
    return f"mở yêu cầu {number}" in trial.offered()


def _open_request(trial: Trial, cell: Cell) -> bool:
    trial.say(f"mở yêu cầu {_requested(trial, cell)}")
    return trial.opened("data_answer") is not None


def _answer_request(trial: Trial, cell: Cell) -> bool:
    number = _requested(trial, cell)
    before = requests.find(trial.stage.tx(), number)
    if before is not None and before.kind == "complain":
        trial.last("data_answer", {"id": number}, "Đã sửa lại tên", "")
    return requests.find(trial.stage.tx(), number) != before


_OF_A_ROLE: dict[str, Callable[[str], Attempt]] = {
    "begin to invite": _begin_to_invite,
    "invite": _invite,
    "find": _find_role,
    "begin to dismiss": _begin_to_dismiss,
    "dismiss": _dismiss,
}
ATTEMPTS: dict[str, Attempt] = {
    "announce": _announce,
    "look before release": _look,
    "release": _release,
    "stop": _stop,
    "ask the loudspeaker": _loud,
    "page the loudspeaker": _page_loud,
    "open a wish to represent": _open_wish,
    "confirm who represents": _confirm,
    "find a request": _find_request,
    "open a request": _open_request,
    "answer a request": _answer_request,
    **{f"{verb} {role}": make(role) for verb, make in _OF_A_ROLE.items() for role in GIVEN},
}
