"""Roles (vai trò): what each is called in storage, and at what kind of place it can be held."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from knowledge.zone import ZONE

_COMMUNE = ("commune", "ward", "town")

LEVELS: dict[str, tuple[str, ...]] = {
    "province_officer": ("province",),
    "department_officer": ("province",),
    "enterprise_officer": ("province", "district", "city"),
    "district_officer": ("district", "city"),
    "commune_officer": _COMMUNE,
    "cooperative_representative": _COMMUNE,
    "village_head": _COMMUNE,
    "admin": ("province",),
}
"""From the widest to the narrowest, but for the one who runs the machine."""

REVIEWER = "commune_officer"
"""Who verifies contributions (design §4)."""

OF_A_VILLAGE, OF_AN_ORGANISATION = ("village_head",), ("cooperative_representative",)
"""Roles that are a part of a commune's: somebody's village, somebody's organisation."""

INVITES: dict[str, tuple[str, ...]] = {
    "province_officer": ("commune_officer", "district_officer", "enterprise_officer"),
    "district_officer": ("commune_officer",),
    "commune_officer": ("village_head", "cooperative_representative"),
}
"""Who may give which role; at which places, the policy's `invite_below` says."""


def end_of(last: date) -> datetime:
    """When a role whose last day this is ends: the end of that day, local. Raises OverflowError."""
    return datetime.combine(last + timedelta(days=1), time(), ZONE).astimezone(UTC)
