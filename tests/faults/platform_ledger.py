"""What people of a platform saw against what storage holds: rows walked, reminders, decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.faults.far_sides import Shown

A_LEASE = 3
"""So many rows one crash may repeat (`storage.delivery.MOST_ROWS`)."""


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One outbox row."""

    sender: str
    text: str
    state: str
    reason: str
    is_reminder: bool


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """One report's code, its state, how often it was decided, and its photos by state."""

    code: str
    state: str
    decisions: int
    photos: tuple[str, ...]


def walk(who: str, rows: Sequence[StoredRow], shown: Sequence[Shown]) -> tuple[list[str], int]:
    """Broken promises of one chat, and how many repeats it saw.

    What was shown must be the rows in their order; a crash goes back by at most one lease, and
    says again what it had said, letter by letter.
    """
    wrong: list[str] = []
    said: dict[int, Shown] = {}
    at = repeats = 0
    for message in shown:
        near = [at, *range(at - 1, max(-1, at - 1 - A_LEASE), -1)]
        found = [n for n in near if n < len(rows) and is_of(message, rows[n])]
        if not found:
            wrong.append(f"UNKNOWN: {who} was shown {message.text[:60]!r} after row {at}")
            continue
        place = found[0]
        repeats += place in said
        if said.setdefault(place, message) != message:
            wrong.append(f"CHANGED: {who} was shown row {place} anew with other words")
        at = place + 1
    sent = [number for number, row in enumerate(rows) if row.state == "sent"]
    missing = [number for number in sent if number not in said]
    if missing:
        wrong.append(f"UNSEEN: {who} was not shown rows {missing[:5]} that count as sent")
    return wrong, repeats


def is_of(message: Shown, row: StoredRow) -> bool:
    """Whether a message says a row; a platform without buttons writes the choices below."""
    return message.text.startswith(row.text.strip())


def ends(rows: Iterable[StoredRow]) -> list[str]:
    """Rows that did not end sent, or failed with a reason."""
    left = Counter(
        (row.state, row.reason)
        for row in rows
        if row.state != "sent" and not (row.state == "failed" and row.reason)
    )
    return [f"LEFT: {count} rows are {state} ({why})" for (state, why), count in left.items()]


def reminders(
    planned: dict[str, int], noted: dict[str, int], rows: Iterable[StoredRow],
    heard: dict[str, int],
) -> list[str]:  # fmt: skip
    """Whoever was not planned, noted, queued exactly once, or did not hear, by sender."""
    queued = Counter(row.sender for row in rows if row.is_reminder)
    wrong = []
    for sender, times in heard.items():
        for name, counts in (("planned", planned), ("noted", noted), ("queued", queued)):
            if counts.get(sender, 0) != 1:
                wrong.append(f"REMINDER: {sender} was {name} {counts.get(sender, 0)} times")
        if times < 1:
            wrong.append(f"REMINDER: {sender} did not hear it")
    return wrong


def decisions(
    stored: Iterable[StoredDecision], decided: Sequence[str], heard: Sequence[str],
    photos: dict[str, int],
) -> list[str]:  # fmt: skip
    """What officers were told they decided, and villagers heard, against what stands."""
    told, known, wrong = Counter(decided), set(heard), []
    for one in stored:
        if one.decisions != told[one.code] or (one.state == "verified") != (told[one.code] == 1):
            wrong.append(
                f"DECISION: {one.code} is {one.state} by {one.decisions}, "
                f"told {told[one.code]} times"
            )
        if (one.code in known) != (one.state == "verified"):
            wrong.append(f"NEWS: {one.code} is {one.state}, its reporter told: {one.code in known}")
        if one.photos != ("kept",) * photos.get(one.code, 0):
            wrong.append(f"PHOTO: {one.code} has {one.photos}, sent {photos.get(one.code, 0)}")
    return wrong
