"""Every day of the plan, 2021 to 2026, worked out by hand from the text and the almanac.

Days off that matter: Tết 2022 (31/01-04/02), 2023 (20-26/01), 2025 (25/01-02/02), New Year 2026
(01/01, and 02/01 swapped); 31/01/2022 was a Monday of Tết, 30/01/2022 a Sunday.
"""

from datetime import date

import pytest

from knowledge import deadlines
from knowledge.plan import DEFAULT

# id: (month-day of "trước ngày", {year: last working day, where it is not the last day itself})
BY_HAND: dict[str, tuple[str, dict[int, str]]] = {
    "award_files_commune": ("01-05", {2025: "2025-01-03", 2026: "2025-12-31"}),
    "award_files_district_standing": ("01-10", {2022: "2022-01-07"}),
    "award_files_district": ("01-15", {2023: "2023-01-13", 2024: "2024-01-12"}),
    "award_files_department": ("01-15", {2023: "2023-01-13", 2024: "2024-01-12"}),
    "award_files_enterprise": ("01-15", {2023: "2023-01-13", 2024: "2024-01-12"}),
    "award_files_province": ("01-20", {2025: "2025-01-17"}),
    "registration_district": ("01-15", {2023: "2023-01-13", 2024: "2024-01-12"}),
    "registration_summary": (
        "01-31",
        {2021: "2021-01-29", 2022: "2022-01-28", 2025: "2025-01-24"},
    ),
}
REGISTRATION, FILES = range(2021, 2026), range(2022, 2027)


@pytest.mark.parametrize("year", range(2019, 2029))
def test_days(year: int) -> None:
    right = {}
    for name, (before, working) in BY_HAND.items():
        if year in (REGISTRATION if name.startswith("registration") else FILES):
            limit = date.fromisoformat(f"{year}-{before}")
            last = limit.replace(day=limit.day - 1)
            worked = date.fromisoformat(working[year]) if year in working else last
            right[name] = (limit, last, worked)
    found = deadlines.load(DEFAULT).in_year(year)
    dated = {
        one.id: (one.before, one.last_day, one.last_working_day) for one in found if one.before
    }
    assert dated == right
