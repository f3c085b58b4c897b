"""Chat manners: at most 300 characters and 5 lines a message, however long the names in it are."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from handlers.turn import World
from knowledge import deadlines, quantities
from knowledge.plan import DEFAULT
from storage import links
from storage.contributions import Contribution
from storage.doubts import Earlier
from storage.households import Household
from storage.questions import Group
from storage.requests import Request
from storage.stories import Step
from storage.verification import Decision
from tests.conftest import START, STORES, Fresh, HandClock
from tests.talk import Talk, talking

MOST_CHARS, MOST_LINES = 300, 5
OFFICERS_CHARS, OFFICERS_LINES = 600, 8
"""An officer decides on what he reads, and reads it on a larger screen more often."""
FOR_OFFICERS = (
    "decide.", "verify.", "redeem.", "officials.", "queue.", "bulk.", "revoke.", "behalf.",
    "announce.", "loudspeaker.", "reminders.office", "reminders.digest", "data_answer.",
    "correct.told",
    "inviting.", "roster.", "village.", "answering.", "grouping.", "representatives.arrived",
    "representatives.decide", "facts.", "awards.", "workbook.",
)  # fmt: skip
LABEL_CHARS = 80

NAME = "Hợp tác xã nông nghiệp hữu cơ Sì Thâu Chải, huyện Tam Đường"
VILLAGE = "Bản Nậm Nhùn Dưới, khu tái định cư 2"
PURPOSE = "Làm đường bê tông từ nhà văn hóa bản ra khu sản xuất"
REASON = (
    "Xã chưa thấy khoản tiền này trong sổ thu của ban phát triển bản; đề nghị bà con ghi rõ người"
    " nhận tiền, ngày nộp và gửi kèm giấy biên nhận để cán bộ đối chiếu lại cho đúng sổ sách"
)
QUESTION = f"Cho tôi hỏi: {REASON}"
PLACE = "Phường Quyết Thắng"
VND = 777_777_777
"""Few amounts take more words to say."""
CONTACT = "Văn phòng UBND phường Quyết Thắng, 0213 3784 123"

ONE = Contribution(
    id=1, code="LC-TTTTTTT", kind="money", state="needs_more", version=1, reporter_id=1,
    account_id=1, contributor_kind="cooperative", contributor_name=NAME, contributor_id=None,
    place="old:3412", village=VILLAGE, purpose=PURPOSE, made_on=date(2025, 12, 31), told_vnd=VND,
    verified_vnd=VND - 1, note=f"{REASON}\n{REASON}", submitted_at=START, updated_at=START,
)  # fmt: skip

LIMIT = max(deadlines.load(DEFAULT).in_year(2025), key=lambda one: len(one.action + one.recipient))
LINE = (
    "Còn 30 ngày (đến hết 14/01/2025): đăng ký nội dung thi đua xây dựng nông thôn mới của năm,"
    " gửi Sở Nông nghiệp và Phát triển nông thôn; ngày làm việc cuối 13/01/2025 (V.4.b)."
)

SEATS = SimpleNamespace(seats=20, left=-3)
AWARD = "Bằng khen của Chủ tịch UBND tỉnh cho xã hoàn thành nhiều tiêu chí nhất huyện cả năm"
ONE_GAVE = SimpleNamespace(name=NAME)

SAID: dict[str, Any] = {
    "one": ONE,
    "place": PLACE,
    "office": PLACE,
    "kind": "hợp tác xã",
    "reporter": NAME,
    "name": NAME,
    "role": "người đại diện hợp tác xã",
    "words": quantities.say_money(VND),
    "answers": {
        "amount": VND, "purpose": PURPOSE, "village": VILLAGE, "reason": REASON,
        "guardian_name": NAME, "code": ONE.code, "action": "reject", "who": "group", "name": NAME,
        "head": NAME, "text": REASON, "year": 2025, "decision": "12345/QĐ-UBND", "stars": 5,
        "village_name": VILLAGE, "product_name": NAME, "owner": NAME,
    },
    "amount": VND,
    "busy": False,
    "came": True,
    "fetching": True,
    "actor": "cán bộ doanh nghiệp",
    "unheard": 5,
    "asks": REASON,
    "back": "cửa sổ dòng lệnh",
    "made_on": ONE.made_on,
    "code": ONE.code,
    "typed": "bổ sung LC-TTTTTTTTT",
    "added": REASON,
    "what": f"{NAME[:40]}, trị giá 777.777.777 đ",
    "told": f"sản phẩm OCOP {NAME[:40]}, 5 sao",
    "spelled": f"sản phẩm OCOP {NAME[:40]}, 5 sao, công nhận năm 2025, quyết định {NAME[:30]}",
    "corrected": f"{NAME}, trị giá 777.777.777 đ",
    "details": {"what": NAME, "year": 2025, "decision": NAME},
    "quantity": 1777.5,
    "does": "góp",
    "dated": True,
    "vnd": VND,
    "earliest": 2018,
    "latest": 2025,
    "state": "đã bị hủy xác nhận",
    "reason": REASON,
    "last": Decision("rejected", NAME, REASON, START),
    "contact": CONTACT,
    "officers": 3,
    "shown": 5,
    "count": 100,
    "most": 100,
    "offers": 5,
    "left": 9,
    "number": 20,
    "since": START - timedelta(days=2),
    "why": "x" * 250,
    "officer": NAME,
    "holder": NAME,
    "earlier": Earlier(100, 99, VND),
    "twins": [ONE.code] * 3,
    "newest": False,
    "parts": ["Hiện vật (xi măng, cây giống…)", VILLAGE, "Việc cần xem kỹ"],
    "page": 17,
    "pages": 34,
    "codes": [ONE.code] * 5,
    "skipped": [(ONE.code, "có người đang xem")] * 5,
    "old": PLACE,
    "now": PLACE,
    "month": "12/2025",
    "missed": {"window": 120, "blocked": 3, "deactivated": 1},
    "due": "31/12/2025",
    "limits": [LINE] * 2,
    "notes": [],
    "final": True,
    "others": 5,
    "wishes": ["cán bộ doanh nghiệp, phường Quyết Thắng"] * 9,
    "own": True,
    "people": 12_345,
    "ahead": False,
    "more": 4,
    "least": 10,
    "limit": LIMIT,
    "sent": "20 ảnh, 10 tệp, 10 ghi âm, 2 vị trí (gần 22.40,103.47; 22.41,103.48)",
    "evidence": "2 ảnh, 1 tệp, 1 ghi âm, 1 vị trí",
    "counts": [(5, "ảnh"), (5, "tệp"), (5, "ghi âm"), (5, "vị trí")],
    "nouns": ["ảnh", "tệp", "ghi âm", "vị trí"],
    "near": ["22.40,103.47"] * 5,
    "award": "Bằng khen của Chủ tịch UBND tỉnh cho cá nhân tiêu biểu của xã đạt chuẩn nâng cao",
    "note": REASON,
    "line": "Mức này nêu “cá nhân”, phần đầu mục có nêu cả hộ gia đình; nơi xét khen quyết định.",
    "clause": "V.2.c",
    "step": Step(3, "needs_more", START, 1, {}),
    "who": "household",
    "year": 2025,
    "verified": "tiền 777.777.777 đ; 12,5 ngày công; 300 m² đất; 3 sản phẩm OCOP, cao nhất 5 sao",
    "key": "needs_more",
    "said": REASON,
    "changed": True,
    "days": 2,
    "province": "Lai Châu",
    "whole": True,
    "request": Request(12345, 1, 1, "complain", START, START.date(), START.date(), START, REASON),
    "purpose": "nêu tên khi biểu dương",
    "given": "gửi báo cáo, nhắc hạn, nêu tên khi biểu dương",
    "photos": 120,
    "questions": 120,
    "roles": ["cán bộ xã", "người đại diện hợp tác xã"],
    "guardian": NAME,
    "channels": "Telegram, Zalo, trang web",
    "open": 12,
    "held": 12,
    "done_by": START.date(),
    "reports": True,
    "head": NAME,
    "household": Household(1, "old:3412", VILLAGE, NAME),
    "organisation": NAME,
    "part": NAME,
    "until": START + timedelta(days=400),
    "expires": START,
    "reviews": True,
    "first": True,
    "here": True,
    "where": "cửa sổ dòng lệnh",
    "chats": ["cửa sổ dòng lệnh, từ 02/01/2025 (đang dùng)"] * links.MOST_ACCOUNTS,
    "lines": [f"LC-TTTTTTT: {NAME[:30]}, {PURPOSE[:36]}, đã bị hủy xác nhận"] * 4,
    "village": VILLAGE,
    "group": Group(1, "old:3412", QUESTION, 100, START, START),
    "labels": [NAME[:40], NAME[:40]],
    "question": QUESTION,
    "text": QUESTION,
    "rest": QUESTION,
    "answer": REASON,
    "at": START,
}  # fmt: skip
"""A long but plausible value for whatever a template may name. `why` is the readers' own text."""

OF_COMMUNES: dict[str, Any] = {
    "file": "20250102-080000-001.txt",
    "year": 2025,
    "present": {
        "level": "đạt chuẩn nông thôn mới", "year_attained": 2024, "level_recognised": "chưa rõ",
        "criteria_total": 19, "criteria_completed_in_year": 19,
        "basic_construction_debt": "chưa rõ", "special_difficulty_commune": "chưa rõ",
    },
    "villages": 100, "products": 100, "honours": 100,
    "label": "chuyển giao khoa học kỹ thuật trị giá bao nhiêu tiền",
    "before": "đạt chuẩn nông thôn mới",
    "zero": True,
    "low": 0, "high": 100_000, "total": 100,
    "lines": [
        ("đã đạt chuẩn nông thôn mới hay nâng cao chưa", "đạt chuẩn nông thôn mới"),
        ("năm đạt chuẩn", 2024), ("đã có quyết định công nhận chưa", "chưa rõ"),
    ],
    "group": "honour",
    "award": AWARD,
    "recipient": NAME,
    "who": NAME,
    "verdict": "phải chờ nơi xét khen xem xét",
    "verdicts": [("Khen thưởng cấp Nhà nước", "chưa đủ số liệu để biết", SEATS)],
    "missing": True,
    "needed": ["đã nhận Bằng khen nào của phong trào chưa"],
    "conditions": [("Người xét quyết định", REASON[:150], "V.2.c")],
    "more": 12,
    "given": [{"kind": "labour", "quantity": 1777.5, "vnd": VND, "unvalued": 9}],
    "people": [
        (ONE_GAVE, "OCOP 5 sao", {"stars": None, "figure": VND, "lacking": 1})
    ],
    "seats": SEATS,
}  # fmt: skip
"""What the templates of a commune's facts and awards name otherwise than all others."""

OF_WORKBOOKS: dict[str, Any] = {
    "name": f"{NAME}, {PLACE}.xlsx", "names": [f"{NAME}.xlsx"] * 3, "on_page": True,
    "good": 5_000, "bad": 200, "most": 30, "state": "recorded", "year": 2025,
    # What comes behind the first lines comes in parts.
    "lines": ["Trang Bản, dòng 200, cột D (Năm đạt chuẩn): Năm 1990 nằm ngoài khoảng 2010–2025."],
    "label": "đã đạt chuẩn nông thôn mới hay nâng cao chưa",
    "before": "chưa rõ", "after": "đạt chuẩn nông thôn mới", "award": AWARD, "new": True,
    "row": SimpleNamespace(name=NAME, owner=NAME, stars=5, decision="12345/QĐ-UBND",
                           recipient_name=NAME, decision_number="12345/QĐ-UBND"),
    "moved": [("số sao", 3, 4), ("số quyết định", "", "12345/QĐ-UBND"), ("tên", NAME, NAME)],
    "places": [PLACE] * 11,
}  # fmt: skip
"""What is said of a workbook; what is counted is a sentence but where it is put together."""
COUNTED = "300 số liệu, 300 bản đạt chuẩn, 300 sản phẩm OCOP, 300 khen thưởng"


def _variants(key: str) -> list[dict[str, Any]]:
    """The values again, as the other branches of the templates see them."""
    of_communes = key.startswith(("facts.", "awards.", "rehearsal."))
    base = SAID | (OF_COMMUNES if of_communes else {})
    if key.startswith("workbook."):
        base |= OF_WORKBOOKS | ({} if key == "workbook.counts" else {"counts": COUNTED})
        states = ("recorded", "same", "wrong", "changed", "none", "dropped")
        return [base, base | {"new": False, "good": 0, "on_page": False},
                *(base | {"state": state} for state in states)]  # fmt: skip
    others: list[dict[str, Any]] = [
        {},
        {"contact": "", "officers": 0, "shown": 0, "count": 1, "left": 1, "number": 0},
        {"one": replace(ONE, state="verified", verified_vnd=VND), "said": "agreed"},
        {"one": replace(ONE, entered_by=1, answer="twice", doubts=1), "said": "twice"},
        {
            "sent": "",
            "twins": [],
            "earlier": Earlier(0, 0, 0),
            "holder": "",
            "pages": 1,
            "parts": [],
        },
        {"codes": [], "skipped": [], "newest": True},
        {"contact": "", "officers": 0, "shown": 0, "count": 1, "left": 1, "part": ""}
        | {"until": None, "holder": "", "reviews": False, "here": False, "name": ""},
        {"shown": 0, "first": False, "lines": []},
        {"one": replace(ONE, state="verified", verified_vnd=VND)},
        {"one": replace(ONE, state="rejected", note="")},
        {"told": SAID["what"], "vnd": 0, "details": {"what": NAME, "year": 2025}},
        {"changed": False, "whole": False, "held": 0, "open": 0, "reports": False},
        {"roles": [], "guardian": "", "who": "individual", "key": "corrected"},
        {"made_on": None, "dated": False, "does": "chuyển giao", "what": SAID["spelled"]},
    ]
    if of_communes:
        others += [
            {"group": "product", "people": [], "zero": False, "before": "", "more": 0},
            {"group": "village", "seats": None, "verdicts": [], "needed": [], "missing": False},
        ]
    else:
        others += [{"given": ""}]
    if key != "household.known":
        others += [{"household": None}]
    asked = [
        {"answers": {**SAID["answers"], "action": action, "who": who}}
        for action, who in (("correct", "self"), ("more", "household"), ("verify", "other"))
    ]
    return [{**base, **other} for other in [*others, *asked]]


def _too_long(text: str, *, officer: bool = False) -> str | None:
    lines = text.count("\n") + 1
    most = (OFFICERS_CHARS, OFFICERS_LINES) if officer else (MOST_CHARS, MOST_LINES)
    if len(text) <= most[0] and lines <= most[1]:
        return None
    return f"{len(text)} characters, {lines} lines: {text}"


def _keys() -> list[str]:
    from handlers.words import Words

    return Words().keys()


@pytest.mark.parametrize("key", _keys())
def test_every_sentence_fits_one_message(key: str, world: World) -> None:
    said = {world.words.text(key, **values) for values in _variants(key)}
    officer = key.startswith(FOR_OFFICERS)
    assert [long for one in said if (long := _too_long(one, officer=officer))] == []
    assert all(one for one in said) or key == "report.amount_unclear"
    assert [one for one in said if "\n\n" in one] == [], "an empty line"


def _everything(talk: Talk) -> list[tuple[str, SimpleNamespace]]:
    return [(who, SimpleNamespace(**body)) for who, bodies in talk.last.items() for body in bodies]


@pytest.mark.parametrize("store", STORES)
def test_a_whole_conversation_with_long_names_fits(
    store: str, fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    heard: list[tuple[str, SimpleNamespace]] = []
    with talking(fresh_url(store), replace(world, officer_contact=CONTACT), clock) as talk:

        def say(who: str, text: str) -> None:
            for one in talk.last:
                talk.last[one] = []
            talk.say(who, text)
            heard.extend(_everything(talk))

        talk.make_officer("Hà", "Xã Bình Lư")
        for text in (
            "xin chào", "giúp", "báo góp tiền", "đồng ý", "1 777 tỷ 777 triệu", "không rõ", "???",
            "777.777.777đ", PURPOSE[:120], "hôm qua", "Xã Bình Lư", VILLAGE,
            "nhóm", "hợp tác xã", NAME[:80], NAME[:80], "giúp", "gửi",
            "đóng góp của tôi", "1",
        ):  # fmt: skip
            say("Mỷ", text)
        say("Hà", "việc cần duyệt")
        for text in ("1", "cần bổ sung", REASON[:200], "ghi"):
            say("Hà", text)
        code = next(
            body.text.split("LC-")[1][:7]
            for who, body in heard
            if who == "Mỷ" and "LC-" in body.text
        )
        for text in (f"bổ sung LC-{code}", REASON[:200], f"xem LC-{code}"):
            say("Mỷ", text)
        for text in (f"mở LC-{code}", "không duyệt", REASON[:200], "ghi", f"mở LC-{code}"):
            say("Hà", text)
        say("Mỷ", f"xem LC-{code}")
    assert any("không duyệt" in body.text for who, body in heard if who == "Mỷ")
    long = [_too_long(body.text, officer=who == "Hà") for who, body in heard]
    assert [one for one in long if one] == []
    labels = [choice["label"] for _, body in heard for choice in body.choices]
    assert [label for label in labels if len(label) > LABEL_CHARS] == []
