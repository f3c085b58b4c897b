"""Deadlines: every day of the plan against an oracle of its own, working days, roles, new packs."""

import json
from argparse import Namespace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands import deadlines as command
from bot.errors import BadUsage
from knowledge import deadlines, workdays
from knowledge.deadlines import Deadline, days_left
from knowledge.plan import DEFAULT

PLAN = deadlines.load(DEFAULT)

# Read off the text by hand: (role, clause) → the day before which, and the Januaries it falls in.
DATED = {
    ("commune_officer", "V.4.b"): [(5, range(2022, 2027))],
    ("district_officer", "V.4.b"): [(10, range(2022, 2027)), (15, range(2022, 2027))],
    ("department_officer", "V.4.b"): [(15, range(2022, 2027))],
    ("enterprise_officer", "V.4.b"): [(15, range(2022, 2027))],
    ("province_officer", "V.4.b"): [(20, range(2022, 2027))],
    ("district_officer", "V.3"): [(15, range(2021, 2026))],
    ("province_officer", "V.3"): [(31, range(2021, 2026))],
}

# Days off of the state sector between December and February, from its yearly announcements.
DAYS_OFF = {
    2020: [], 2021: [(1, 1), (2, 10), (2, 11), (2, 12), (2, 15), (2, 16)],
    2022: [(1, 3), (1, 31), (2, 1), (2, 2), (2, 3), (2, 4)],
    2023: [(1, 2), (1, 20), (1, 23), (1, 24), (1, 25), (1, 26)],
    2024: [(1, 1), (2, 8), (2, 9), (2, 12), (2, 13), (2, 14)],
    2025: [(1, 1), (1, 27), (1, 28), (1, 29), (1, 30), (1, 31)],
    2026: [(1, 1), (1, 2), (2, 16), (2, 17), (2, 18), (2, 19), (2, 20)],
    2027: [(1, 1), (2, 4), (2, 5), (2, 8), (2, 9), (2, 10)],
}  # fmt: skip
SATURDAYS_WORKED = {date(2026, 1, 10)}


def works(day: date) -> bool:
    if day in SATURDAYS_WORKED:
        return True
    return day.weekday() < 5 and (day.month, day.day) not in DAYS_OFF.get(day.year, [])


def expected(year: int) -> list[tuple[str, str, date, date, date]]:
    rows = []
    for (role, clause), entries in DATED.items():
        for day, years in entries:
            if year not in years:
                continue
            before = date(year, 1, day)
            last = working = before - timedelta(days=1)
            while not works(working):
                working -= timedelta(days=1)
            rows.append((role, clause, before, last, working))
    return sorted(rows)


@pytest.mark.parametrize("year", range(2019, 2030))
def test_every_day_of_every_year(year: int) -> None:
    found = sorted(
        (one.actor_role, one.clause, one.before, one.last_day, one.last_working_day)
        for one in PLAN.in_year(year)
        if one.before and one.last_day and one.last_working_day
    )
    assert found == expected(year)


@pytest.mark.parametrize(
    ("last", "working"),
    [
        ("2022-01-30", "2022-01-28"),  # a Sunday before Tết
        ("2023-01-04", "2023-01-04"),  # a Wednesday
        ("2025-01-04", "2025-01-03"),  # a Saturday
        ("2025-01-19", "2025-01-17"),  # a Sunday
        ("2025-01-30", "2025-01-24"),  # in Tết, back over a weekend
        ("2026-01-04", "2025-12-31"),  # a Sunday after New Year with a swapped Friday
        ("2026-01-10", "2026-01-10"),  # the Saturday worked instead
        ("2024-05-04", "2024-05-04"),  # a Saturday the package knows as worked
    ],
)
def test_last_working_day(last: str, working: str) -> None:
    assert PLAN.calendar.last_working(date.fromisoformat(last)).isoformat() == working


@settings(deadline=None)  # the first call loads the calendar
@given(st.dates(date(2021, 1, 1), date(2027, 12, 31)))
def test_the_last_working_day_is_never_later_and_is_worked(day: date) -> None:
    found = PLAN.calendar.last_working(day)
    assert found <= day
    assert PLAN.calendar.is_working(found)
    between = [found + timedelta(days=step) for step in range(1, (day - found).days + 1)]
    assert not any(PLAN.calendar.is_working(one) for one in between)


def test_the_fifteenth_is_two_deadlines_to_the_same_office() -> None:
    both = [one for one in PLAN.in_year(2024) if one.before == date(2024, 1, 15)]
    of_district = {one.clause: one for one in both if one.actor_role == "district_officer"}
    assert set(of_district) == {"V.3", "V.4.b"}
    assert "Nông nghiệp" in of_district["V.3"].recipient
    assert "Nông nghiệp" in of_district["V.4.b"].via


def test_the_twentieth_and_the_thirty_first_are_not_confused() -> None:
    by_id = {one.id: one for one in PLAN.in_year(2024)}
    files, summary = by_id["award_files_province"], by_id["registration_summary"]
    assert (files.recipient, files.via) == ("UBND tỉnh", "Sở Nội vụ")
    assert (summary.recipient, summary.via) == ("Sở Nội vụ", "")


def windows(year: int) -> dict[str, tuple[str, str]]:
    return {
        one.id: (f"{one.window.start:%m-%d}", f"{one.window.end:%m-%d}")
        for one in PLAN.in_year(year)
        if one.window
    }


def test_periods_without_a_day() -> None:
    whole = ("01-01", "12-31")
    yearly = {
        "yearly_inspection": whole,
        "report_half_year": ("01-01", "06-30"),
        "report_year": whole,
    }
    thirds = [f"movement_plan_{who}" for who in ("department", "district", "enterprise")]
    assert windows(2021) == windows(2024) == yearly
    assert windows(2022) == yearly | dict.fromkeys(thirds, ("07-01", "09-30"))
    who = ("department", "district", "enterprise", "council")
    interim = [*(f"interim_review_{one}" for one in who), "report_two_years"]
    final = [*(f"final_review_{one}" for one in who), "report_five_years"]
    assert windows(2023) == yearly | dict.fromkeys(interim, whole)
    assert windows(2025) == yearly | dict.fromkeys(final, whole)
    assert windows(2020) == windows(2026) == {}


def test_a_prolonged_plan_goes_on_and_says_so() -> None:
    until = date(2027, 6, 30)
    last = {one.id: one for one in PLAN.in_year(2028, until=until)}
    assert {one.clause for one in last.values()} == {"V.4.b"}
    assert "30/06/2027" in last["award_files_commune"].text
    assert {one.clause for one in PLAN.in_year(2026, until=until)} >= {"V.3", "V.4.b", "VI.2"}
    assert PLAN.in_year(2029, until=until) == ()
    assert PLAN.in_year(2025, until=until) == PLAN.in_year(2025)
    assert PLAN.in_year(2026, until=date(2023, 1, 1)) == PLAN.in_year(2026)


def test_texts_are_short_and_say_the_last_day_with_its_weekday() -> None:
    for year in range(2021, 2027):
        for one in PLAN.in_year(year):
            assert len(one.text) <= 300
            assert "{" not in one.text
            if one.before and one.last_day:
                assert f"trước ngày {one.before:%d/%m/%Y}" in one.text
                assert f"{one.last_day:%d/%m/%Y}" in one.text
                advice = "em tính thêm" in one.text
                assert advice == (one.last_working_day != one.last_day)
    [commune] = [one for one in PLAN.in_year(2025) if one.id == "award_files_commune"]
    assert "thứ Bảy 04/01/2025" in commune.text
    assert "thứ Sáu 03/01/2025" in commune.text


def test_the_world_that_moved_is_named_from_its_day_on() -> None:
    def text(year: int, name: str) -> str:
        return next(one.text for one in PLAN.in_year(year) if one.id == name)

    assert "không còn cấp huyện" not in text(2025, "award_files_commune")
    assert "không còn cấp huyện" in text(2026, "award_files_commune")
    assert "Môi trường" not in text(2025, "award_files_department")
    assert "Môi trường" in text(2026, "award_files_department")


@pytest.mark.parametrize(
    ("role", "today", "found"),
    [
        ("commune_officer", date(2024, 6, 1), "award_files_commune"),
        ("commune_officer", date(2025, 1, 4), "award_files_commune"),
        ("district_officer", date(2025, 1, 10), "registration_district"),
        ("district_officer", date(2025, 3, 1), "award_files_district_standing"),
        ("enterprise_officer", date(2022, 8, 1), "award_files_enterprise"),
        ("province_officer", date(2025, 1, 20), "registration_summary"),
    ],
)
def test_next_for_a_role(role: str, today: date, found: str) -> None:
    one = PLAN.next_for(role, today)
    assert one is not None
    assert one.id == found
    assert days_left(one, today) >= 0


def test_nothing_is_next_when_the_plan_is_over_or_names_nobody() -> None:
    assert PLAN.next_for("commune_officer", date(2026, 1, 5)) is None
    assert PLAN.next_for("cooperative_representative", date(2024, 1, 1)) is None
    assert PLAN.next_for("commune_officer", date(2026, 1, 5), until=date(2026, 12, 31))


def test_a_period_is_next_when_no_day_is_left() -> None:
    one = PLAN.next_for("province_officer", date(2026, 2, 1), until=date(2026, 12, 31))
    assert one is not None
    assert one.id == "award_files_province"
    ahead = PLAN.upcoming("province_officer", date(2025, 2, 1))
    assert [days_left(one, date(2025, 2, 1)) for one in ahead] == sorted(
        days_left(one, date(2025, 2, 1)) for one in ahead
    )


def test_days_left_counts_to_the_last_day() -> None:
    [commune] = [one for one in PLAN.in_year(2025) if one.id == "award_files_commune"]
    assert days_left(commune, date(2025, 1, 2)) == 2
    assert days_left(commune, date(2025, 1, 4)) == 0
    assert days_left(commune, date(2025, 1, 5)) == -1


@pytest.mark.parametrize(
    ("clause", "role"),
    [
        ("V.4.b", "cooperative_representative"),
        ("V.4.b", "villager"),
        ("V.3", "commune_officer"),
        ("V.3", "department_officer"),
        ("V.3", "enterprise_officer"),
        ("VI.1", "commune_officer"),
    ],
)
def test_what_the_text_does_not_name_is_said_with_an_office_to_ask(clause: str, role: str) -> None:
    said = PLAN.not_named(clause, role)
    assert "không nêu" in said
    assert "xin hỏi" in said
    assert all(one.actor_role != role for one in PLAN.in_year(2023) if one.clause == clause)


def test_who_is_named_is_not_said_to_be_left_out() -> None:
    for year in range(2021, 2027):
        for one in PLAN.in_year(year):
            assert PLAN.not_named(one.clause, one.actor_role) == ""


def test_every_clause_is_the_plans() -> None:
    assert {rule.clause for rule in PLAN.rules} == {"V.3", "V.4.b", "VI.1", "VI.2", "VII.1"}


def run(capsys: pytest.CaptureFixture[str], year: int, as_json: bool) -> str:
    assert command.main(Namespace(year=year, json=as_json)) == 0
    return capsys.readouterr().out


def test_the_command_writes_the_contracts_shape(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {one["id"]: one for one in json.loads(run(capsys, 2025, True))}
    commune = rows["award_files_commune"]
    assert set(commune) == {
        *("id", "actor", "actor_role", "action", "recipient", "via", "clause"),
        *("before", "last_day", "last_working_day", "text"),
    }
    assert (commune["before"], commune["last_day"]) == ("2025-01-05", "2025-01-04")
    assert commune["last_working_day"] == "2025-01-03"
    assert rows["report_half_year"]["window"] == {"from": "2025-01-01", "to": "2025-06-30"}
    assert "before" not in rows["report_half_year"]
    assert json.loads(run(capsys, 2020, True)) == json.loads(run(capsys, 2027, True)) == []
    assert run(capsys, 2025, False).count("\n") == len(rows)
    with pytest.raises(BadUsage):
        command.main(Namespace(year=0, json=True))


def pack(folder: Path, entry: str) -> Path:
    (folder / "plan.yaml").write_text("starts: 2030-01-01\nends: 2031-12-31\n")
    (folder / "holidays.yaml").write_text("country: VN\n")
    (folder / "deadlines.yaml").write_text(
        "words: {weekdays: 'a, b, c, d, e, f, g', day: '{actor} {action}{to} {before} {last}',"
        " to: ' → {recipient}', working: '{working}'}\n"
        f"deadlines:\n  trees: {{clause: '1', actor: A, role: x, action: plants, {entry}}}\n",
        encoding="utf-8",
    )
    return folder


def test_a_new_plan_needs_no_code(tmp_path: Path) -> None:
    found = deadlines.load(pack(tmp_path, "recipient: B, before: 03-12"))
    [one] = found.in_year(2030)
    assert isinstance(one, Deadline)
    assert one.last_day == date(2030, 3, 11)
    assert one.text == "A plants → B 12/03/2030 11/03/2030"
    assert found.in_year(2032) == ()


@pytest.mark.parametrize("entry", ["recipient: B", "before: 03-12, window: 01-01 02-02"])
def test_a_deadline_has_either_a_day_or_a_period(tmp_path: Path, entry: str) -> None:
    with pytest.raises(ValueError, match="trees"):
        deadlines.load(pack(tmp_path, entry))


def test_an_unknown_state_of_a_day_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holidays.yaml").write_text("country: VN\ndays: {2026-01-02: {state: maybe}}\n")
    with pytest.raises(ValueError, match="maybe"):
        workdays.load(tmp_path)
