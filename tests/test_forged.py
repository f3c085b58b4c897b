"""Ten thousand forged ids: of choices, of reports, questions, announcements, roles and requests.

Offered to somebody else, changed by a letter, cut, invented, or right but not theirs to use.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

import handlers
from handlers import evidence_shown
from handlers.registry import WITH_CODE
from handlers.turn import World
from storage import contributions, grants, people
from storage.database import Database
from storage.schema import accounts, conversations
from tests.conftest import Fresh, HandClock
from tests.policy import reports, steering, telling
from tests.policy.rules import BEFORE, CITY, COMMUNE, DISTRICT, OTHER_VILLAGE, SIBLING
from tests.policy.trial import HA, Trial
from tests.stage import Stage, staged

FORGED, TYPED = 10_000, 2_000
STRANGERS = {
    "Mỷ": ("commune_officer", SIBLING, ""),
    "Sùng": ("district_officer", CITY, ""),
    "Ún": ("village_head", COMMUNE, OTHER_VILLAGE),
    "Tủa": ("enterprise_officer", DISTRICT, ""),
}
VILLAGERS = ("Lan", "Vàng")
STARTS: dict[str, list[str]] = {
    name: phrases
    for path in sorted((Path(handlers.__file__).parent / "phrases").glob("*.yaml"))
    for name, phrases in yaml.safe_load(path.read_text("utf-8")).get("starts", {}).items()
}
"""What a report, a question, a role … is asked for with, its id behind it."""
LETTERS = "abcdefghijkmnpqrstuvwxyz0123456789._-"


@pytest.fixture
def trial(fresh_url: Fresh, world: World) -> Iterator[Trial]:
    """Everything there is of one commune, its officer, and strangers."""
    database = Database(fresh_url("sqlite"))
    with staged(database, world, HandClock(BEFORE)) as stage:
        made = Trial(stage)
        for part in (reports, telling, steering):
            part.prepare(made)
        for name, (role, place, village) in STRANGERS.items():
            stage.officer(name, role, place, village=village)
        for name in VILLAGERS:
            stage.who(name)
        yield made
    database.dispose()


def _dump(stage: Stage) -> dict[str, list[Any]]:
    """Everything stored but where conversations stand and what was said."""
    tx = stage.tx()
    left_out = {conversations.name, "outbox", "received"}
    return {
        one.name: [tuple(row) for row in tx.execute(select(one).order_by(*one.primary_key))]
        for one in accounts.metadata.sorted_tables
        if one.name not in left_out
    }


def _changed(dice: random.Random, real: str) -> str:
    spot = dice.randrange(len(real))
    return dice.choice(
        (
            real[:spot] + dice.choice("abcXYZ019._-") + real[spot + 1 :],
            real[:spot],
            real + dice.choice("0123."),
            "".join(dice.choices(LETTERS, k=14)),
        )
    )


def _last_steps(trial: Trial) -> dict[str, list[str]]:
    """What an officer writes till only the last press is left, by what it would do."""
    ids, report = trial.ids, ("report", COMMUNE)
    code = contributions.get(trial.stage.tx(), ids[report]).code
    question = f"câu hỏi {ids['question', COMMUNE]}"
    return {
        "Ghi nhận": [f"mở {code}", "xác nhận đúng"],
        "Ghi nhận ": ["số liệu của xã", "2024", "bản đạt chuẩn", "Bản Nà Đon", "12/QĐ-UBND"],
        "Gửi trả lời": [question, "viết trả lời", "Xã làm trong quý ba năm nay."],
        "Tách ra": [f"khác câu này {ids['one of question', COMMUNE]}"],
        "Gộp lại": [f"gộp câu hỏi {ids['question', COMMUNE]} {ids['twin', COMMUNE]}"],
        "Gửi": ["gửi thông báo", steering.TEXT],
        "Xác nhận đại diện": [f"đại diện {ids['wish', COMMUNE]}"],
        "Tạo mã": ["mời cán bộ", "trưởng bản", "Xã Bình Lư", "Bản Nà Đon", "không thời hạn"],
        "Thu hồi ngay": [f"thu hồi {ids['village_head', COMMUNE]}"],
    }


def test_forged_choices_have_no_effect(trial: Trial) -> None:
    dice, stage = random.Random(20), trial.stage
    everybody = (HA, *STRANGERS, *VILLAGERS)
    steps = _last_steps(trial)
    for press, texts in steps.items():
        for text in texts:
            stage.say(HA, text)
        offered = [one["id"] for one in stage.heard[trial.grant.account_id][-1]["choices"]]
        labels = [one["label"] for one in stage.heard[trial.grant.account_id][-1]["choices"]]
        assert press.strip() in labels
        before = _dump(stage)
        for _ in range(FORGED // len(steps) + 1):
            real = dice.choice(offered)
            forged = _changed(dice, real)
            if forged not in offered:
                stage.say(dice.choice(everybody), choice=forged)
            stage.say(dice.choice((*STRANGERS, *VILLAGERS)), choice=real)
        assert _dump(stage) == before
        with stage.tried():
            # The same press, by whom it was offered to, is none of these.
            stage.press(HA, press.strip())
            assert _dump(stage) != before


def test_forged_numbers_and_codes_have_no_effect(trial: Trial) -> None:
    """Typed, or behind a button that types: somebody else's, near it, or of nothing at all."""
    dice, stage = random.Random(21), trial.stage
    numbers = [str(one) for one in (*range(max(trial.ids.values()) + 3), 10**17)]
    codes = [contributions.get(stage.tx(), trial.ids["report", COMMUNE]).code]
    codes += [steering.code_of(place) for place in steering.AREAS]
    token = grants.invite(stage.tx(), "commune_officer", COMMUNE, by=None)
    starts = [phrase for name in sorted(WITH_CODE) for phrase in STARTS[name]]
    before = _dump(stage)
    for _ in range(TYPED):
        real = dice.choice((*codes, *numbers, f"{dice.choice(numbers)} {dice.choice(numbers)}"))
        forged = dice.choice((real, real, _changed(dice, real), _changed(dice, token)))
        # A beginning alone may be a command of his own.
        forged, who = forged.strip(" ._-") or "0", dice.choice((*STRANGERS, *VILLAGERS))
        if forged == token:
            continue
        typed = f"{dice.choice(starts)} {forged}"
        # What was offered before is his own to press.
        people.save_state(stage.tx(), stage.who(who).account_id, {})
        stage.say(who, typed) if dice.random() < 0.5 else stage.typed(who, typed)
        # Nothing is opened either, which a press could then end.
        assert not stage.who(who).state.get("forms"), typed
    assert _dump(stage) == before


def test_forged_numbers_of_pictures_show_nothing(trial: Trial) -> None:
    stage, numbers = trial.stage, range(-2, max(trial.ids.values()) + 1_000)
    picture = trial.ids["picture", COMMUNE]
    tx, own = stage.tx(), trial.grant.account_id
    for name in (*STRANGERS, *VILLAGERS):
        account_id = stage.who(name).account_id
        seen = (evidence_shown.visible(tx, stage.world, account_id, one) for one in numbers)
        assert not any(seen)
    assert evidence_shown.visible(tx, stage.world, own, picture) is not None
