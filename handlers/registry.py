"""The conversations (các cuộc trò chuyện), in one list, and what they take part in.

Each tells in FORMS, COMMANDS, WITH_CODE and MENU what it takes part in; a new one is one more line.
"""

from __future__ import annotations

from collections.abc import Callable

from handlers import (
    account,
    announce,
    answering,
    asked,
    awards,
    bulk,
    consent,
    correct,
    data,
    data_change,
    data_complain,
    data_erase,
    decided,
    evidence,
    evidence_out,
    facts,
    figure,
    grouping,
    household,
    inviting,
    loudspeaker,
    mine,
    new_or_answer,
    officials,
    overdue,
    passing_on,
    queue,
    rehearsal,
    releasing,
    reminders,
    report,
    representatives,
    revoke,
    roster,
    story,
    totals,
    verify,
    village,
    workbook,
)
from handlers.forms import Form
from handlers.menu import Entry
from handlers.turn import Turn, World
from storage.database import Tx
from storage.timers import Timer

MODULES = (
    report,
    queue,
    verify,
    bulk,
    decided,
    revoke,
    mine,
    correct,
    story,
    totals,
    consent,
    data,
    data_change,
    data_complain,
    data_erase,
    asked,
    new_or_answer,
    figure,
    officials,
    reminders,
    announce,
    releasing,
    loudspeaker,
    evidence,
    evidence_out,
    account,
    household,
    inviting,
    roster,
    representatives,
    village,
    passing_on,
    answering,
    grouping,
    facts,
    workbook,
    awards,
    rehearsal,
)
FORMS: dict[str, Form] = {form.name: form for module in MODULES for form in module.FORMS}
COMMANDS: dict[str, Callable[[Turn], None]] = {
    "about": lambda turn: turn.say("router.about", [turn.typed("report"), turn.typed("help")]),
    **{name: handle for module in MODULES for name, handle in module.COMMANDS.items()},
}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {
    name: handle for module in MODULES for name, handle in module.WITH_CODE.items()
}
WITHIN = {name for module in MODULES for name in getattr(module, "WITHIN", ())}
"""Commands in whose middle an open form is not left."""
TIMERS: dict[str, Callable[[World, Tx, Timer], None]] = {
    **overdue.TIMERS,
    **answering.TIMERS,
    **releasing.TIMERS,
}
"""What is done when a timer of a kind falls due."""
READS: dict[str, Callable[[str], bool]] = {
    name: reads for module in MODULES for name, reads in getattr(module, "READS", {}).items()
}
"""What may stand behind a beginning of WITH_CODE that takes something else than a receipt code."""
MENU = sorted(
    (
        Entry("resume", 0, lambda turn: bool(turn.state.get("forms"))),
        Entry("about", 1),
        *(entry for module in MODULES for entry in module.MENU),
    ),
    key=lambda entry: entry.order,
)
BY_KEY = {entry.key: entry for entry in MENU}
