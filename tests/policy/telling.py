"""What is tried with a commune's facts, its awards, and questions the plan does not answer."""

from __future__ import annotations

from typing import Any

from storage import fact_sheets, facts, questions
from storage.schema import question_groups
from tests.policy.rules import BEFORE, COMMUNE, COMMUNE_NOW, PROVINCE, PROVINCE_NOW, Cell
from tests.policy.trial import Attempt, Trial
from tests.stock import villager

YEAR = 2024


def prepare(trial: Trial) -> None:
    """A question twice over of each commune, and of no place at all, which are the province's."""
    stage = trial.stage
    tx = stage.tx()
    who = villager(tx, "Páo")
    for place in (COMMUNE, COMMUNE_NOW, PROVINCE, PROVINCE_NOW):
        asked_of = place if place in (COMMUNE, COMMUNE_NOW) else ""
        for name in ("question", "twin"):
            one, group = questions.keep(
                tx, who.account_id, who.person.id, f"bao giờ làm {name}", asked_of, None
            )
            questions.keep(tx, who.account_id, who.person.id, "khi nào làm", asked_of, group.id)
            trial.ids[name, place] = group.id
            trial.ids[f"one of {name}", place] = one.id
    stage.close(tx)


# facts and awards


def _named(trial: Trial, cell: Cell, form: str) -> bool:
    """The commune, named where it is asked for, which is asked of whoever has not just one."""
    told = trial.opened(form)
    if told is not None and "commune" not in told:
        trial.say(trial.stage.world.places.get(cell.object).name)
        told = trial.opened(form)
    return told is not None and told.get("commune") == cell.object


def _begin_facts(trial: Trial, cell: Cell) -> bool:
    trial.say("số liệu của xã")
    return _named(trial, cell, "facts")


def _go_on(trial: Trial, cell: Cell) -> bool:
    trial.remember(facts=[cell.object, YEAR])
    trial.say("nhập tiếp số liệu")
    return (trial.opened("facts") or {}).get("commune") == cell.object


def _tell_facts(trial: Trial, cell: Cell) -> bool:
    tx, place = trial.stage.tx(), cell.object
    told: dict[str, Any] = {
        "new": {"group": "criteria", "criteria_total": 15, "criteria_completed_in_year": 2},
        "told": {"group": "criteria", "criteria_total": 15, "criteria_completed_in_year": 2},
        "village": {"group": "village", "village_name": "Nà Đon", "decision": ""},
        "product": {"group": "more", "rare_group": "product", "product_name": "Miến", "owner":
                    "HTX", "stars": 3, "decision": ""},
        "honour": {"group": "more", "rare_group": "honour", "recipient_kind": "village", "award":
                   "merit_village", "recipient": "Nà Đon", "decision": ""},
    }  # fmt: skip
    if cell.state == "told":
        facts.put(tx, facts.Fact(place, YEAR, "criteria_total", 9), by=trial.colleague.person_id)
    before = facts.everything(tx, [place])
    trial.last("facts", {"commune": place, "year": YEAR, **told[cell.state]}, "Ghi nhận", "record")
    return facts.everything(tx, [place]) != before


def _record_sheet(trial: Trial, cell: Cell) -> bool:
    tx, place = trial.stage.tx(), cell.object
    rows = [facts.Fact(place, YEAR, "criteria_total", 15)]
    sheet = fact_sheets.keep(
        tx, trial.grant.account_id, "so-lieu.xlsx", good=1, changes=facts.changes(tx, rows)
    )
    before = facts.everything(tx, [place])
    trial.say(f"ghi excel {sheet.id}")
    return facts.everything(tx, [place]) != before


def _begin_awards(trial: Trial, cell: Cell) -> bool:
    trial.say("xét khen")
    return _named(trial, cell, "standing")


def _by_name(trial: Trial, cell: Cell) -> bool:
    trial.say(f"{trial.stage.world.places.get(cell.object).name} được khen gì")
    return (trial.opened("standing") or {}).get("commune") == cell.object


def _see_awards(trial: Trial, cell: Cell) -> bool:
    if cell.state == "first":
        asked = {"kind": "commune", "name": "", "commune": cell.object}
        said = trial.last("standing", asked, str(YEAR), YEAR)
        return any("Đối chiếu số liệu" in text for text in said)
    trial.remember(awards=_looked_at(cell.object))
    typed, shown = {
        "again": ("xem lại xét khen", "Đối chiếu số liệu"),
        "why": ("giải thích xét khen", "(mục V.2.b)"),
        "list": ("danh sách xét khen", "ai đã góp gì"),
        "people": ("xem cá nhân", "Cá nhân, xã Bình Lư"),
        "name": ("bản Nà Đon được khen gì", "Bản Nà Đon, năm"),
    }[cell.state]
    said = trial.say(typed)
    return any(shown in text for text in said)


def _looked_at(place: str) -> dict[str, Any]:
    return {"place": place, "year": YEAR, "whom": ["commune", ""], "said": {}, "skip": []}


def _add_to_awards(trial: Trial, cell: Cell) -> bool:
    tx, place = trial.stage.tx(), cell.object
    answers = {"fact": "basic_construction_debt", "for": "", "more": 0}
    before = facts.everything(tx, [place])
    trial.last("standing_fact", answers, "Không", False, awards=_looked_at(place))
    return facts.everything(tx, [place]) != before


# questions


def _asked(trial: Trial, cell: Cell) -> int:
    number = trial.ids["question", cell.object]
    if cell.state == "answered":
        trial.change(
            question_groups, number, answer="Quý ba.", answered_at=BEFORE,
            answered_by=trial.colleague.person_id,
        )  # fmt: skip
    return number


def _find_question(trial: Trial, cell: Cell) -> bool:
    number = _asked(trial, cell)
    found: list[str] = []
    trial.say("câu hỏi chưa trả lời")
    found += trial.offered()
    while "Câu hỏi tiếp theo" in trial.offered():
        trial.say("câu hỏi tiếp theo")
        found += trial.offered()
    return f"câu hỏi {number}" in found


def _open_question(trial: Trial, cell: Cell) -> bool:
    trial.say(f"câu hỏi {_asked(trial, cell)}")
    return trial.opened("answering") is not None


def _each(trial: Trial, cell: Cell) -> bool:
    number = _asked(trial, cell)
    trial.last("answering", {"id": number}, "Xem từng câu", "each")
    return any(one.startswith("khác câu này") for one in trial.offered())


def _answer(trial: Trial, cell: Cell) -> bool:
    number = _asked(trial, cell)
    before = questions.get(trial.stage.tx(), number)
    answers = {"id": number, "action": "write", "text": "Xã làm trong quý ba năm nay."}
    trial.last("answering", answers, "Gửi trả lời", "send_answer")
    return questions.get(trial.stage.tx(), number) != before


def _begin_to_split(trial: Trial, cell: Cell) -> bool:
    _asked(trial, cell)
    trial.say(f"khác câu này {trial.ids['one of question', cell.object]}")
    return trial.opened("split_questions") is not None


def _split(trial: Trial, cell: Cell) -> bool:
    number = _asked(trial, cell)
    answers = {"id": trial.ids["one of question", cell.object], "group": number}
    trial.last("split_questions", answers, "Tách ra", "split_yes")
    left = questions.get(trial.stage.tx(), number)
    return left is None or left.count == 1


def _begin_to_merge(trial: Trial, cell: Cell) -> bool:
    trial.say(f"gộp câu hỏi {_asked(trial, cell)} {trial.ids['twin', cell.object]}")
    return trial.opened("merge_questions") is not None


def _merge(trial: Trial, cell: Cell) -> bool:
    number = _asked(trial, cell)
    answers = {"id": number, "into": trial.ids["twin", cell.object]}
    trial.last("merge_questions", answers, "Gộp lại", "merge_yes")
    return questions.get(trial.stage.tx(), number) is None


ATTEMPTS: dict[str, Attempt] = {
    "begin facts": _begin_facts,
    "go on with facts": _go_on,
    "tell facts": _tell_facts,
    "record a workbook": _record_sheet,
    "begin awards": _begin_awards,
    "ask by the commune's name": _by_name,
    "see awards": _see_awards,
    "add to awards": _add_to_awards,
    "find a question": _find_question,
    "open a question": _open_question,
    "look at each": _each,
    "answer": _answer,
    "begin to split": _begin_to_split,
    "split": _split,
    "begin to merge": _begin_to_merge,
    "merge": _merge,
}
