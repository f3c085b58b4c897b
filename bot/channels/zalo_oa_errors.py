"""What each of Zalo OA's error codes means for us. They come with HTTP 200.

Codes of the template service (ZBS) stand here too: a template message by user id goes through the
same API and may answer with either family.
"""

from __future__ import annotations

from datetime import datetime, time

from bot.channels.platform import LONGEST_WAIT, Failed, Later, Unsure
from bot.clock import seconds_until

Trouble = Later | Unsure | Failed

TOKEN = frozenset({-216, -220, -124})
"""The access token is not taken: refresh it once, and call once more."""
EXPIRED_UPLOAD = -100
BUTTONS = frozenset({-201, -233})
"""What the platform would answer if it does not take buttons on a consultation message."""
WINDOW = frozenset({-230, -232})
"""The person has not been in touch for seven days; only a template message may reach him."""

_NIGHT = frozenset({-234, -133})
_MORNING = time(6, 0)
"""Template messages that advertise leave from 06:00 on."""
_LATER: dict[int, tuple[float, bool]] = {
    -32: (30, True),  # calls a minute, of the app or of the OA
    -200: (60, False),  # "send failed", no more is known
    -211: (3600, False),  # an allowance is used up; within 48 h people can still be answered
    -218: (3600, False),  # what this person may be sent
    -311: (3600, False),
    -144: (6 * 3600, False),  # a template's allowance for the day
    -147: (6 * 3600, False),
}
"""Seconds to wait, and whether everything of the bot waits."""
_UNREACHABLE = frozenset({-213, -217, -227, -230, -232, -244, -305, -403})
_PERMANENT = frozenset(
    {-100, -108, -112, -114, -119, -139, -140, -141, -201, -210, -214, -233, -240, -248, -249}
)
"""Also where only a template message is refused: a chat may still reach the person."""


def outcome_of(code: int, now: datetime) -> Trouble:
    """What to do after this error; codes nobody documented, and those about the OA, its package,
    permissions or money, call a person.
    """
    reason = f"zalo_{abs(code)}"
    if code in _NIGHT:
        return Later(seconds_until(_MORNING, now), reason)
    if code in _LATER:
        seconds, whole = _LATER[code]
        return Later(seconds, reason, whole)
    if code in _UNREACHABLE:
        return Failed(reason, unreachable=True)
    if code in _PERMANENT or -1129 <= code <= -1120:  # -112x: a parameter of a template
        return Failed(reason)
    return Failed(reason, alarm=True)


def outcome_of_status(status: int, retry_after: str) -> Trouble:
    """What to do after an HTTP status other than 200."""
    reason = f"http_{status}"
    if status in {429, 503}:
        # Both say that the call was not taken.
        asked = float(retry_after) if retry_after.isdecimal() else 0.0
        return Later(min(max(asked, 30.0), LONGEST_WAIT), reason, whole=True)
    if status >= 500 or status == 408:
        return Unsure(reason)
    if status in {400, 411, 413, 414, 415, 422}:
        return Failed(reason)
    return Failed(reason, alarm=True)
