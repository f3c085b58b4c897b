"""Roles (vai trò): what each is called in storage, and at what kind of place it can be held."""

from __future__ import annotations

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
