"""The comparison itself: each kind of broken promise is seen, and a whole run raises none."""

from __future__ import annotations

import pytest

from tests.faults.ledger import (
    StoredReport,
    ToldChat,
    ToldReport,
    codes_twice,
    compare,
    compare_chats,
)

CODE, OTHER = "LC-234679A", "LC-CDEFHJK"


def _told(*codes: str, pressed: bool = True, acknowledged: bool = True) -> ToldReport:
    return ToldReport("páo", 500_000, pressed, acknowledged, list(codes))


def _stored(code: str = CODE, vnd: int = 500_000, sender: str = "páo") -> StoredReport:
    return StoredReport(code, vnd, sender)


def test_a_report_stored_once_and_told_once_is_well() -> None:
    assert compare([_told(CODE)], [_stored()]) == []


def test_a_report_never_sent_off_need_not_be_stored() -> None:
    assert compare([_told(pressed=False, acknowledged=False)], []) == []


@pytest.mark.parametrize(
    ("told", "stored", "kinds"),
    [
        ([_told()], [], ["LOST", "UNRECEIPTED"]),
        ([_told(CODE)], [], ["LOST", "GHOST"]),
        ([_told(CODE)], [_stored(), _stored(OTHER)], ["DOUBLED"]),
        ([_told(CODE, OTHER)], [_stored()], ["GHOST", "TWO CODES"]),
        ([_told(CODE, CODE)], [_stored()], ["RECEIPTED TWICE"]),
        ([_told()], [_stored()], ["UNRECEIPTED"]),
        ([_told(pressed=False, acknowledged=False)], [_stored()], ["EARLY"]),
        ([_told(CODE)], [_stored(sender="hặc")], ["MISPLACED"]),
        ([], [_stored()], ["INVENTED"]),
    ],
)
def test_a_broken_promise_is_named(
    told: list[ToldReport], stored: list[StoredReport], kinds: list[str]
) -> None:
    assert [wrong.partition(":")[0] for wrong in compare(told, stored)] == kinds


def test_a_code_of_two_reports_is_named() -> None:
    assert codes_twice([_stored(), _stored(vnd=7)]) == [f"SHARED: {CODE} stands for 2 reports"]


def test_a_repeat_of_a_message_is_no_new_message() -> None:
    chat = ToldChat("páo", acknowledged=2)
    assert [chat.show(1, "a"), chat.show(1, "a"), chat.show(2, "b")] == [True, False, True]
    assert compare_chats([chat], {"páo": 2}) == []


def test_a_changed_and_a_late_message_are_named() -> None:
    chat = ToldChat("páo", acknowledged=2)
    for row_id, text in ((5, "a"), (5, "b"), (4, "c")):
        chat.show(row_id, text)
    assert [fault.partition(":")[0] for fault in compare_chats([chat], {"páo": 2})] == [
        "CHANGED",
        "ORDER",
    ]


@pytest.mark.parametrize(("written", "kinds"), [(0, ["TURNS", "UNSEEN"]), (2, ["TURNS", "UNSEEN"])])
def test_an_event_worked_never_or_twice_is_named(written: int, kinds: list[str]) -> None:
    chat = ToldChat("páo", acknowledged=1)
    chat.show(1, "a")
    assert [fault.partition(":")[0] for fault in compare_chats([chat], {"páo": written})] == kinds
