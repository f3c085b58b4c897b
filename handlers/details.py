"""Everything an officer is shown of one report before he decides (chi tiết một báo cáo)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from handlers import evidence_shown, given
from handlers.kinds import kinds
from handlers.turn import Turn
from knowledge.zone import ZONE
from storage import contributions, doubts, media, people
from storage.contributions import Contribution


def of(turn: Turn, one: Contribution) -> dict[str, Any]:
    """The values of the templates that show a report to an officer."""
    holder = one.holder(turn.now)
    begun = datetime(turn.today.year, 1, 1, tzinfo=ZONE)
    return {
        **brief(turn, one),
        "dated": kinds()[one.kind].day,
        "place": turn.world.places.get(one.place).name,
        "kind": turn.world.words.label(f"contributor.{one.contributor_kind}"),
        "reporter": people.name_of(turn.tx, one.reporter_id),
        "state": turn.world.words.label(f"state.{one.state}"),
        "twins": _twins(turn, one),
        "sent": evidence_shown.told(turn, one.id),
        "earlier": doubts.earlier(turn.tx, one, begun),
        "holder": people.name_of(turn.tx, holder) if holder else "",
        "until": one.held_until,
        "pictures": evidence_shown.pictures(turn.tx, one.id),
    }


def _twins(turn: Turn, one: Contribution) -> list[str]:
    """Codes of reports this one may repeat: told alike, or with a picture that looks the same."""
    told = [twin.code for twin in doubts.duplicates(turn.tx, one)]
    return list(dict.fromkeys([*told, *media.hints(turn.tx, one.id)]))[: doubts.MOST]


def brief(turn: Turn, one: Contribution) -> dict[str, Any]:
    """What a read-back needs."""
    return {
        "one": one,
        "what": given.told(turn, one),
        "spelled": given.spelled(turn, one),
        "does": given.does(turn, one.kind),
    }


def again(turn: Turn, contribution_id: int) -> dict[str, Any]:
    """`of` a report as it stands now."""
    return of(turn, contributions.get(turn.tx, contribution_id))
