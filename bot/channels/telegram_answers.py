"""What Telegram's answer to a call means. Pure, and without a word of the call: it holds the token.

5xx counts as no answer: a proxy's 502 and the server's own restart come after the message may have
gone on. An answer that is no JSON below 500 is a proxy's, and Telegram never saw the call.
"""

from __future__ import annotations

import json
import re
from typing import Any

from bot.channels.platform import LONGEST_WAIT, Failed, Later, Outcome, Sent, Unsure, Why

AGAIN_SECONDS = 5.0
"""Where nobody said how long to wait; delivery's own back-off grows from there."""
MAX_REASON = 200
_PLAIN = re.compile(r"[A-Za-z' _]+(?::(?: retry after \d+|[A-Za-z' _]+))?")
"""The server's own words of a description: what it quotes of a call comes in quotes or digits."""

_GONE = (
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "user_is_blocked",
    "input_user_deactivated",
    "upgraded to a supergroup",
    "not enough rights",
    "have no rights",
)
"""400s that hold for everything else said to this chat as well."""


class CallFailed(Exception):
    """A call did not do what it was for. The text never holds the token."""


class NotReached(CallFailed):
    """Telegram surely did not get the call."""


class NoAnswer(CallFailed):
    """The call went out and may have been obeyed; `raw` is what came back, if anything did."""

    def __init__(self, reason: str, raw: bytes = b"") -> None:
        super().__init__(reason)
        self.raw = raw


class Refused(CallFailed):
    """Telegram said no; `retry_after` in seconds when it said for how long."""

    def __init__(self, code: int, description: str, retry_after: float | None = None) -> None:
        own = _PLAIN.match(description)
        super().__init__(f"{code} {own[0] if own else ''}"[:MAX_REASON].strip())
        self.code = code
        self.description = description.lower()
        self.retry_after = retry_after


def result_of(status: int, raw: bytes) -> Any:
    """The result in an answer. Raises CallFailed."""
    try:
        # A lone surrogate or a raw control character in what a person wrote must not hold us up.
        answer = json.loads(raw.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
        if 300 <= status < 500:
            raise NotReached(f"HTTP {status} without an answer")
        raise NoAnswer(f"HTTP {status}, answer unreadable", raw)
    if answer["ok"]:
        return answer.get("result")
    code, description = answer.get("error_code"), answer.get("description")
    parameters = answer.get("parameters")
    raise Refused(
        code if type(code) is int else status,
        description if isinstance(description, str) else "",
        _seconds(parameters.get("retry_after")) if isinstance(parameters, dict) else None,
    )


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        return None
    return min(float(value), LONGEST_WAIT)


def outcome_of(fault: CallFailed) -> Outcome:
    """What a failed send came to."""
    reason = str(fault)
    if not isinstance(fault, Refused):
        if isinstance(fault, NotReached):
            return Later(AGAIN_SECONDS, reason, whole=True)
        return Unsure(reason)
    if fault.retry_after is not None or fault.code == 429:
        # It does not say whose limit it was. The person's: the bot's own we keep to ourselves.
        return Later(AGAIN_SECONDS if fault.retry_after is None else fault.retry_after, reason)
    if fault.code >= 500:
        return Unsure(reason)
    if fault.code < 400:
        return Later(AGAIN_SECONDS, reason)
    if "message is not modified" in fault.description:
        return Sent()
    if fault.code in (401, 404):
        return Failed(reason, alarm=True)
    gone = fault.code == 403 or any(phrase in fault.description for phrase in _GONE)
    return Failed(reason, unreachable=gone)


def why_not_fetched(fault: CallFailed) -> Why:
    """What a failed getFile means for the file."""
    if not isinstance(fault, Refused) or fault.code != 400:
        return "later"
    if "too big" in fault.description:
        return "too_large"
    return "later" if "temporarily" in fault.description else "gone"
