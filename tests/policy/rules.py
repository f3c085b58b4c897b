"""Who may do what where (phân quyền), as the officials' guide tells it: a table of its own.

Nothing here is read from the program. A commune decides on its own, a district saw and steered its
communes till 30/06/2025, since then the province stands directly above them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

BEFORE, AFTER = datetime(2025, 6, 30, 9, tzinfo=UTC), datetime(2025, 7, 1, 9, tzinfo=UTC)
COMMUNE, MERGED, SIBLING, FAR = "old:3412", "old:3413", "old:3424", "old:3387"
"""Old Bình Lư; Sơn Bình, which became one with it; Bản Bo beside it; Tân Phong in the city."""
COMMUNE_NOW, SIBLING_NOW = "new:3390", "new:3424"
DISTRICT, CITY, PROVINCE, PROVINCE_NOW = "old:106", "old:105", "old:12", "new:12"

# Where an object lies, seen from the place a role is held at. own: it is that place's. above: the
# place stands directly above it. over: higher still. below: it is of a place above. gone: it was
# above, or took the place over, and the place's office ended. beside: of somebody else.
_BEFORE = """
place     old:3412  old:106   old:12
old:3412  own       below     below
old:3413  beside    below     below
old:3424  beside    below     below
old:3387  beside    beside    below
old:106   above     own       below
old:105   beside    beside    below
old:12    over      above     own
"""
_AFTER = """
place     old:3412  new:3390  old:106   new:12
old:3412  own       gone      below     below
old:3413  beside    gone      below     below
old:3424  beside    beside    below     below
old:3387  beside    beside    beside    below
new:3390  own       own       beside    below
new:3424  beside    beside    beside    below
old:106   gone      gone      own       below
old:105   beside    beside    beside    below
old:12    above     above     own       own
new:12    above     above     own       own
"""


def _table(text: str) -> dict[tuple[str, str], str]:
    """{(place, object): how it lies}."""
    [[_, *objects], *rows] = [line.split() for line in text.strip().splitlines()]
    return {
        (place, one): how for place, *all_ in rows for one, how in zip(objects, all_, strict=True)
    }


LIES = {BEFORE: _table(_BEFORE), AFTER: _table(_AFTER)}

_COMMUNES = (COMMUNE, MERGED, SIBLING, FAR, COMMUNE_NOW, SIBLING_NOW)
ROLES: dict[str, tuple[str, ...]] = {
    "commune_officer": _COMMUNES,
    "village_head": _COMMUNES,
    "cooperative_representative": (COMMUNE, COMMUNE_NOW),
    "district_officer": (DISTRICT, CITY),
    "enterprise_officer": (DISTRICT, PROVINCE, PROVINCE_NOW),
    "department_officer": (PROVINCE, PROVINCE_NOW),
    "province_officer": (PROVINCE, PROVINCE_NOW),
    "admin": (PROVINCE, PROVINCE_NOW),
    "nobody": (COMMUNE, PROVINCE),
}
"""Where each role is held; nobody is who held one till it was taken back."""
VILLAGE, OTHER_VILLAGE = "na don", "ban tham"
"""An object's village, and another one of its commune."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing to do: to objects at which places, in which states some allow it (`good`) and some
    do not; and who may, under which of the words above. `raised`: it also lies so (`raised`) for
    who stands directly above, once the commune has let its time pass. `village`: a head is tried
    with his own village and another. `today`: only at places that are there on the day."""

    objects: tuple[str, ...]
    who: dict[str, str]
    good: tuple[str, ...] = ("",)
    bad: tuple[str, ...] = ()
    raised: bool = False
    village: bool = False
    today: bool = False


def _who(
    commune: str = "", district: str = "", province: str = "", village: str = "", admin: str = ""
) -> dict[str, str]:
    names = ("commune_officer", "district_officer", "province_officer", "village_head", "admin")
    return dict(zip(names, (commune, district, province, village, admin), strict=True))


_AREA = (COMMUNE, COMMUNE_NOW, DISTRICT, PROVINCE, PROVINCE_NOW)
_IN_COMMUNE = (COMMUNE, COMMUNE_NOW)
_ASKED = (*_IN_COMMUNE, PROVINCE, PROVINCE_NOW)
_OPEN, _DECIDED = ("submitted", "in_review"), ("verified", "rejected", "needs_more")
_OVER = ("withdrawn", "revoked")
_WATCHES = _who("own", "above", "above over")
_DECIDES = _who("own", "raised", "raised")
_ANSWERS = _who("own", "above", "above over own")
_SPEAKS = _who("own", "own", "own")
_STEERS = _who("own", "above own", "above over own")


def _decides(good: tuple[str, ...] = _OPEN) -> Rule:
    bad = tuple(one for one in (*_OPEN, *_DECIDED, *_OVER) if one not in good)
    return Rule(_IN_COMMUNE, _DECIDES, good, bad, raised=True)


_ENTERS = _who(commune="own", village="own")
_HEADS = Rule(_IN_COMMUNE, _who(village="own"), (*_OPEN, *_DECIDED, *_OVER), village=True)
_REVOKES = Rule(
    _IN_COMMUNE, _who(district="above", province="above"),
    ("verified",), (*_OPEN, *_DECIDED[1:], *_OVER),
)  # fmt: skip
_GIVES = {
    "commune_officer": _who(district="above", province="above"),
    "district_officer": _who(province="above"),
    "enterprise_officer": _who(province="above"),
    "village_head": _who(commune="own"),
    "cooperative_representative": _who(commune="own"),
}
"""Who gives which role, each by the level above, and a commune what is a part of it."""
_FITS = {
    "commune_officer": _IN_COMMUNE,
    "village_head": _IN_COMMUNE,
    "cooperative_representative": _IN_COMMUNE,
    "district_officer": (DISTRICT,),
    "enterprise_officer": (DISTRICT, PROVINCE, PROVINCE_NOW),
    "department_officer": (PROVINCE, PROVINCE_NOW),
    "province_officer": (PROVINCE, PROVINCE_NOW),
    "admin": (PROVINCE, PROVINCE_NOW),
}

REPORTS: dict[str, Rule] = {
    "see": Rule(_IN_COMMUNE, _WATCHES, (*_OPEN, *_DECIDED, *_OVER)),
    "look at a picture": Rule(_IN_COMMUNE, _WATCHES, (*_OPEN, *_DECIDED, "revoked"), _OVER[:1]),
    "see how it stands": _HEADS,
    "see how older ones stand": _HEADS,
    "find in the queue": _decides(),
    "claim": _decides(),
    "verify": _decides(),
    "correct": _decides(),
    "reject": _decides(),
    "ask for more": _decides(),
    "hand over": _decides(),
    "list several": _decides(),
    "verify several": _decides(),
    "begin to hand over": _decides(),
    "undo": _decides(_DECIDED),
    "undo the last": _decides(_DECIDED),
    "begin to revoke": _REVOKES,
    "revoke": _REVOKES,
    "begin to enter": Rule(_IN_COMMUNE, _ENTERS, village=True, today=True),
    "enter": Rule(_IN_COMMUNE, _ENTERS, village=True),
    "correct what he entered": Rule(
        _IN_COMMUNE, _ENTERS, (*_OPEN, "needs_more"), (*_DECIDED[:2], *_OVER), village=True
    ),
}  # fmt: skip
_QUESTION = Rule(_ASKED, _ANSWERS, ("open",), ("answered",))
_RELEASE = Rule(_AREA, _STEERS, ("held",), ("his own", "waiting", "stopped"))
_CONFIRM = Rule(_IN_COMMUNE, _who("own"), ("asked",), ("his own", "granted", "refused"))
_REQUESTS, _LOOKS_AFTER = (PROVINCE, PROVINCE_NOW), _who(province="own", admin="own")
_REQUEST = Rule(_REQUESTS, _LOOKS_AFTER, ("complaint",), ("done", "erasure"))
TELLING: dict[str, Rule] = {
    "begin facts": Rule(_IN_COMMUNE, _WATCHES, today=True),
    "go on with facts": Rule(_IN_COMMUNE, _WATCHES),
    "tell facts": Rule(_IN_COMMUNE, _WATCHES, ("new", "told", "village", "product", "honour")),
    "record a workbook": Rule(_IN_COMMUNE, _WATCHES),
    "begin awards": Rule(_IN_COMMUNE, _WATCHES, today=True),
    "ask by the commune's name": Rule(_IN_COMMUNE, _WATCHES, today=True),
    "see awards": Rule(_IN_COMMUNE, _WATCHES, ("first", "again", "why", "list", "people", "name")),
    "add to awards": Rule(_IN_COMMUNE, _WATCHES),
    "find a question": _QUESTION,
    "open a question": _QUESTION,
    "look at each": Rule(_ASKED, _ANSWERS, ("open",)),
    "answer": _QUESTION,
    "begin to split": _QUESTION,
    "split": _QUESTION,
    "begin to merge": Rule(_ASKED, _ANSWERS, ("open",)),
    "merge": _QUESTION,
}
STEERING: dict[str, Rule] = {
    "announce": Rule(_AREA, _SPEAKS),
    "look before release": _RELEASE,
    "release": _RELEASE,
    "stop": Rule(_AREA, _STEERS, ("held", "his own", "waiting"), ("done", "stopped")),
    "ask the loudspeaker": Rule(_AREA, _STEERS, ("held", "done")),
    "page the loudspeaker": Rule(_AREA, _STEERS),
    "open a wish to represent": _CONFIRM,
    "confirm who represents": _CONFIRM,
    "find a request": Rule(_REQUESTS, _LOOKS_AFTER, ("complaint", "erasure"), ("done",)),
    "open a request": _REQUEST,
    "answer a request": _REQUEST,
    **{
        f"{verb} {role}": Rule(
            tuple(one for one in _AREA if one in fits or verb.endswith("invite")),
            _GIVES.get(role, {}), good, bad, today=verb == "begin to invite",
        )
        for role, fits in _FITS.items()
        for verb, good, bad in (
            ("begin to invite", ("",), ()),
            ("invite", ("",), ()),
            ("find", ("live",), ("revoked",)),
            ("begin to dismiss", ("live",), ("revoked", "ended")),
            ("dismiss", ("live",), ("revoked", "ended")),
        )
    },
}  # fmt: skip
RULES = {**REPORTS, **TELLING, **STEERING}


@dataclass(frozen=True, slots=True)
class Cell:
    """One case: who holds what where, when, and what he tries on what of which place."""

    role: str
    place: str
    village: str
    at: datetime
    action: str
    object: str
    state: str
    raised: bool


def cells(action: str) -> Iterator[Cell]:
    """Every case of an action: all roles at all their places, both eras, all states."""
    rule = RULES[action]
    for role, places in ROLES.items():
        two = rule.village and role == "village_head"
        for cell in itertools.product(
            places, (VILLAGE, OTHER_VILLAGE) if two else (VILLAGE,), (BEFORE, AFTER)
        ):
            for thing, (state, raised) in itertools.product(rule.objects, _states(rule)):
                gone = rule.today and cell[2] is AFTER and thing.startswith("old:")
                if (cell[0], thing) in LIES[cell[2]] and not gone:
                    yield Cell(role, *cell, action, thing, state, raised)


def _states(rule: Rule) -> list[tuple[str, bool]]:
    """Each state, raised or not; where it allows nothing the wider right is enough to try."""
    plain = [(state, False) for state in rule.good]
    rest = [(state, rule.raised) for state in rule.bad]
    return [*plain, *rest, *((state, True) for state in rule.good if rule.raised)]


def may(cell: Cell) -> bool:
    """Whether the rules allow a case."""
    rule = RULES[cell.action]
    lies = {LIES[cell.at][cell.place, cell.object]}
    if "above" in lies and cell.raised:
        lies.add("raised")
    if cell.role == "village_head" and cell.village != VILLAGE:
        return False
    _, _, given = cell.action.partition("invite ")
    if given and cell.object not in _FITS[given]:
        return False
    return cell.state in rule.good and bool(lies & set(rule.who.get(cell.role, "").split()))
