"""What an answer means: Telegram's own, a proxy's, and odd ones."""

from __future__ import annotations

import json

import pytest

from bot.channels.platform import Failed, Later, Outcome, Unsure
from bot.channels.telegram_answers import CallFailed, outcome_of, result_of


def outcome(status: int, raw: bytes) -> Outcome:
    with pytest.raises(CallFailed) as fault:
        result_of(status, raw)
    return outcome_of(fault.value)


@pytest.mark.parametrize("status", [301, 302, 403, 404, 407, 451])
def test_a_proxy_s_page_is_nothing_a_person_did(status: int) -> None:
    """A page that says 403 must not make somebody unreachable."""
    reason = f"HTTP {status} without an answer"
    assert outcome(status, b"<html>blocked</html>") == Later(5.0, reason, whole=True)


@pytest.mark.parametrize("raw", [b"", b"[]", b'"a"', b"\xff", b'{"ok":1}', b"[" * 100_000])
def test_a_good_status_with_an_odd_body_may_have_been_done(raw: bytes) -> None:
    assert outcome(200, raw) == Unsure("HTTP 200, answer unreadable")


@pytest.mark.parametrize("wait", [None, "35", -1, 1e12, True, [], float("nan")])
def test_an_odd_wait_is_none(wait: object) -> None:
    body = {"ok": False, "error_code": 429, "parameters": {"retry_after": wait}}
    assert outcome(429, json.dumps(body).encode()) == Later(5.0, "429")


def test_a_wait_counts_whatever_the_code() -> None:
    body = {"ok": False, "error_code": 500, "parameters": {"retry_after": 2}}
    assert outcome(500, json.dumps(body).encode()) == Later(2.0, "500")


@pytest.mark.parametrize(("wait", "kept"), [(3600, 3600.0), (3601, 3600.0), (999_999_999, 3600.0)])
def test_no_wait_is_longer_than_an_hour(wait: int, kept: float) -> None:
    body = {"ok": False, "error_code": 429, "parameters": {"retry_after": wait}}
    assert outcome(429, json.dumps(body).encode()) == Later(kept, "429")


def test_the_code_in_the_body_counts_and_a_long_description_is_cut() -> None:
    body = {"ok": False, "error_code": 400, "description": "x" * 1000}
    assert outcome(200, json.dumps(body).encode()) == Failed("400 " + "x" * 196)


def test_half_an_emoji_in_an_answer_spoils_nothing() -> None:
    assert result_of(200, b'{"ok":true,"result":["\\ud800","\x01","\xff"]}') == [
        "\ud800",
        "\x01",
        "\ufffd",
    ]
