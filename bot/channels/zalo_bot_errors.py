"""What the Zalo Bot Platform's errors mean. They may come with HTTP 200 and `"ok": false`."""

from __future__ import annotations

from bot.channels.platform import LONGEST_WAIT, Failed, Later, Unsure

Trouble = Later | Unsure | Failed

QUOTA_SECONDS = 300.0
"""429 comes without a time to wait; it may be the minute's limit or the month's."""
IDLE = 408
"""A poll's ordinary end; for any other call, a time-out."""


def outcome_of(code: int, retry_after: str = "") -> Trouble:
    """What to do after `error_code`, or after an HTTP status."""
    reason = f"zalo_bot_{code}"
    if code == 429:
        asked = float(retry_after) if retry_after.isdecimal() else QUOTA_SECONDS
        return Later(min(max(asked, 1.0), LONGEST_WAIT), reason, whole=True)
    if code == 503:
        return Later(30.0, reason, whole=True)
    # 403 is documented as "Internal server error".
    if code in {403, IDLE} or code >= 500:
        return Unsure(reason)
    return Failed(reason, alarm=code == 401)
