"""The comparison of a platform's chats with storage: each kind of broken promise is seen."""

from __future__ import annotations

import pytest

from tests.fakes.zalo_push import LADDER, beyond
from tests.faults.far_sides import Shown
from tests.faults.platform_ledger import (
    StoredDecision,
    StoredRow,
    decisions,
    ends,
    reminders,
    walk,
)

CODE = "LC-234679A"


def _rows(texts: str, state: str = "sent", reason: str = "") -> list[StoredRow]:
    return [StoredRow("páo", text, state, reason, False) for text in texts]


def _kinds(wrong: list[str]) -> list[str]:
    return [promise.partition(":")[0] for promise in wrong]


@pytest.mark.parametrize(
    ("shown", "kinds", "repeats"),
    [
        ("abcde", [], 0),
        ("abcabcde", [], 3),
        ("aabbccddee", [], 5),
        ("abce", ["UNKNOWN", "UNSEEN"], 0),
        ("abcd", ["UNSEEN"], 0),
        ("abcdea", ["UNKNOWN"], 0),
        ("abxcde", ["UNKNOWN"], 0),
        ("bacde", ["UNKNOWN", "UNKNOWN", "UNKNOWN", "UNKNOWN", "UNSEEN"], 0),
    ],
)
def test_what_was_shown_are_the_rows_in_order(shown: str, kinds: list[str], repeats: int) -> None:
    wrong, counted = walk("páo", _rows("abcde"), [Shown(text) for text in shown])
    assert (_kinds(wrong), counted) == (kinds, repeats)


def test_a_repeat_with_other_buttons_is_named() -> None:
    wrong, _ = walk("páo", _rows("a"), [Shown("a", ("Gửi",)), Shown("a", ("Hủy",))])
    assert _kinds(wrong) == ["CHANGED"]


@pytest.mark.parametrize(
    ("state", "reason", "kinds"),
    [
        ("sent", "", []), ("failed", "blocked", []), ("failed", "", ["LEFT"]),
        ("queued", "", ["LEFT"]),
    ],
)  # fmt: skip
def test_a_row_that_did_not_end_is_named(state: str, reason: str, kinds: list[str]) -> None:
    assert _kinds(ends(_rows("a", state, reason))) == kinds


@pytest.mark.parametrize(
    ("planned", "noted", "queued", "heard", "wrong"),
    [(1, 1, 1, 1, 0), (1, 1, 1, 3, 0), (2, 1, 1, 1, 1), (1, 0, 1, 1, 1), (1, 1, 2, 1, 1),
     (1, 1, 1, 0, 1), (0, 0, 0, 0, 4)],
)  # fmt: skip
def test_a_reminder_missed_or_planned_twice_is_named(
    planned: int, noted: int, queued: int, heard: int, wrong: int
) -> None:
    rows = [StoredRow("páo", "a", "sent", "", True)] * queued
    found = reminders({"páo": planned}, {"páo": noted}, rows, {"páo": heard})
    assert _kinds(found) == ["REMINDER"] * wrong


@pytest.mark.parametrize(
    ("stored", "told", "heard", "photos", "kinds"),
    [
        (StoredDecision(CODE, "verified", 1, ("kept",)), [CODE], [CODE], 1, []),
        (StoredDecision(CODE, "submitted", 0, ()), [], [], 0, []),
        (StoredDecision(CODE, "submitted", 0, ()), [CODE], [], 0, ["DECISION"]),
        (StoredDecision(CODE, "verified", 1, ()), [], [CODE], 0, ["DECISION"]),
        (StoredDecision(CODE, "verified", 2, ()), [CODE], [CODE], 0, ["DECISION"]),
        (StoredDecision(CODE, "verified", 1, ()), [CODE], [], 0, ["NEWS"]),
        (StoredDecision(CODE, "submitted", 0, ("kept", "kept")), [], [], 1, ["PHOTO"]),
        (StoredDecision(CODE, "submitted", 0, ("refused",)), [], [], 1, ["PHOTO"]),
        (StoredDecision(CODE, "submitted", 0, ()), [], [], 1, ["PHOTO"]),
    ],
)
def test_a_decision_or_a_photo_that_differs_is_named(
    stored: StoredDecision, told: list[str], heard: list[str], photos: int, kinds: list[str]
) -> None:
    assert _kinds(decisions([stored], told, heard, {CODE: photos})) == kinds


def test_an_event_that_took_more_tries_than_zalo_makes_is_counted() -> None:
    last, one_more = [0] * len(LADDER), [-1, *[0] * len(LADDER)]
    log = [(b"a", status) for status in [*last, 200, 200, 200]]
    log += [(b"b", status) for status in [*one_more, 200]] + [(b"c", 200)]
    assert beyond(log) == 1
