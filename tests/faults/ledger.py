"""What people were told against what storage holds: pure comparison, no network, no database.

The ledger is kept by the chats from what they saw on the wire alone, so it knows nothing the
program did not say.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

CODE = re.compile(r"LC-[234679ACDEFHJKMNPRTVWXY]{7}")


@dataclass(slots=True)
class ToldReport:
    """One report as its chat knows it. `vnd` identifies it: no two chats tell the same amount."""

    sender: str
    vnd: int
    pressed: bool = False
    """"Gửi" left for the server at least once."""
    acknowledged: bool = False
    """… and was answered 200."""
    codes: list[str] = field(default_factory=list)
    """The code in each receipt; a replay of the same message is one receipt."""


@dataclass(frozen=True, slots=True)
class StoredReport:
    """One contribution as storage holds it; `sender` is the account it came from."""

    code: str
    vnd: int
    sender: str


@dataclass(slots=True)
class ToldChat:
    """One chat's conversation: events the server acknowledged, messages (ids) it was shown."""

    sender: str
    acknowledged: int = 0
    shown: dict[int, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    """What was wrong on the wire itself: another text under a known id, an id out of order."""

    def show(self, row_id: int, text: str) -> bool:
        """Note a message; True when it is new, False for a repeat of a known one."""
        if row_id in self.shown:
            if self.shown[row_id] != text:
                self.faults.append(f"CHANGED: message {row_id} came again with another text")
            return False
        if self.shown and row_id < max(self.shown):
            self.faults.append(f"ORDER: message {row_id} came after {max(self.shown)}")
        self.shown[row_id] = text
        return True


def compare(told: Iterable[ToldReport], stored: Iterable[StoredReport]) -> list[str]:
    """Every broken promise, one sentence each: LOST, DOUBLED, GHOST, TWO CODES and their kin."""
    wrong: list[str] = []
    by_amount: dict[int, list[StoredReport]] = defaultdict(list)
    for row in stored:
        by_amount[row.vnd].append(row)
    for report in told:
        rows = by_amount.pop(report.vnd, [])
        wrong += _one(report, rows)
    for vnd, rows in by_amount.items():
        wrong.append(f"INVENTED: storage holds {vnd} VND ({rows[0].code}) that nobody told")
    return wrong


def _one(report: ToldReport, rows: list[StoredReport]) -> list[str]:
    wrong = []
    codes = {row.code for row in rows}
    if report.acknowledged and not rows:
        wrong.append(f"LOST: {report.vnd} VND was acknowledged and is not stored")
    if len(rows) > 1:
        wrong.append(f"DOUBLED: {report.vnd} VND is stored {len(rows)} times")
    if rows and not report.pressed:
        wrong.append(f"EARLY: {report.vnd} VND is stored though it was never sent off")
    for row in rows:
        if row.sender != report.sender:
            wrong.append(f"MISPLACED: {report.vnd} VND is stored for another account")
    for code in sorted(set(report.codes) - codes):
        wrong.append(f"GHOST: {code} was told for {report.vnd} VND and storage does not know it")
    if len(set(report.codes)) > 1:
        wrong.append(f"TWO CODES: {report.vnd} VND was told {', '.join(report.codes)}")
    elif len(report.codes) > 1:
        wrong.append(f"RECEIPTED TWICE: {report.codes[0]} was told in {len(report.codes)} messages")
    if report.acknowledged and not report.codes:
        wrong.append(f"UNRECEIPTED: {report.vnd} VND was acknowledged and got no code")
    return wrong


def compare_chats(chats: Iterable[ToldChat], answered: Mapping[str, int]) -> list[str]:
    """Every chat in which some event was not worked exactly once.

    Each event of these conversations is answered with exactly one message, so `answered`, the
    messages storage wrote per sender, must equal the events acknowledged and what was shown.
    """
    wrong: list[str] = []
    for chat in chats:
        wrong += chat.faults
        written = answered.get(chat.sender, 0)
        if written != chat.acknowledged:
            wrong.append(
                f"TURNS: {chat.sender[:8]} sent {chat.acknowledged} events, "
                f"storage answered {written} times"
            )
        if written != len(chat.shown):
            wrong.append(
                f"UNSEEN: {chat.sender[:8]} was shown {len(chat.shown)} of {written} messages"
            )
    return wrong


def codes_twice(stored: Iterable[StoredReport]) -> list[str]:
    """Codes that two contributions share."""
    counted = Counter(row.code for row in stored)
    return [f"SHARED: {code} stands for {n} reports" for code, n in counted.items() if n > 1]
