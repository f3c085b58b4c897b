"""The ways to say a day, compiled from `dates.yaml`, and the little calendar they need.

Works on words without marks; how a text becomes such words, and what is answered, stands in
`knowledge.dates`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from knowledge import numbers
from knowledge.text import fold, key

_SEPARATOR = "[/.-]"


class Doubt(Exception):
    """No one certain day; the argument names the sentence that asks back."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a year, where no day was told."""

    year: int
    month: int


Reader = Callable[[re.Match[str], date], date | Month]


class Calendar:
    """The patterns of `dates.yaml`, compiled once."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.why: Mapping[str, str] = data["why"]
        self.echo: Mapping[str, str] = data["echo"]
        self.weekday_names: list[str] = data["weekday_names"]
        self.before = frozenset(data["before"])
        self.after = frozenset(data["after"])
        self.words: list[str] = [word for word in data["words"] if len(word) > 3]
        self.known = frozenset(data["words"]) | self.before | self.after
        self.senses: Mapping[str, str] = {
            key(word): meant for word, meant in data["senses"].items()
        }
        self.next: str = data["next"]
        self.periods = frozenset(data["periods"])
        self.unsure_digits = frozenset(data["unsure_digits"])
        self.before_digits = frozenset(data["before_digits"])
        self.tens = key(data["tens"])
        self.on = frozenset(data["on"])
        self.digits = frozenset(map(fold, data["digits"]))
        self.digit_keys = frozenset(map(key, data["digits"]))
        self.back = {phrase: int(days) for phrase, days in data["back"].items()}
        self.weekdays = {word: int(number) for word, number in data["weekdays"].items()}
        self.phrases = [
            (code, frozenset(data[name]))
            for name, code in (("ahead", "future"), ("week", "week"), ("year", "year"))
        ]
        self.vague = _any_of(data["vague"])
        self.lunar = _any_of(data["lunar"])
        self.going_over = _any_of(data["going_over"])
        self.counts = _counts()
        self.patterns = _patterns(self)

    def weekday(self, said: str) -> int | None:
        """Monday is 0; None for what is no weekday."""
        return 6 if said in ("chu nhat", "cn") else self.weekdays.get(said.removeprefix("thu "))

    def number(self, text: str) -> int:
        return int(text) if text.isdigit() else self.counts[text]


def _any_of(phrases: list[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(sorted(phrases, key=len, reverse=True))})\b")


def _counts() -> dict[str, int]:
    """Numbers to 31 in words without marks, with the short forms people say."""
    found = {fold(numbers.say(n)): n for n in range(1, 32)}
    found |= {"tu": 4, "muoi tu": 14, "hai tu": 24, "hai muoi tu": 24, "hai mot": 21, "hai lam": 25}
    found |= {"bay": 7, "mot": 1, "hai muoi lam": 25, "ba mot": 31, "hai muoi nam": 25}
    return found


def _patterns(calendar: Calendar) -> list[tuple[re.Pattern[str], Reader]]:
    """All ways to say a day, each with the function that finds it; `said` has no marks."""
    words = "|".join(sorted(calendar.counts, key=len, reverse=True))
    number = rf"(?:\d{{1,2}}|{words})"
    said_year = r" (?P<yw>nam nay|nay|nam ngoai|nam truoc)"
    year = rf"(?:(?: nam |/|-)(?P<y>\d{{4}}|\d{{2}})| (?P<y2>\d{{4}})|{said_year})?"
    on = "(?:ngay |hom |bua )?"
    part = "(?:(?:dau|giua|cuoi|trong|hoi) )?"
    relative = "(?P<rel>nay|truoc|roi|qua|vua roi|vua qua)"
    week = "tuan truoc|tuan roi|tuan qua|tuan nay|vua roi|vua qua|roi|truoc|qua"
    weekday = rf"(?:thu (?P<w>{'|'.join(calendar.weekdays)})|(?P<sunday>chu nhat|cn))"
    n = calendar.number

    def day_month(match: re.Match[str], today: date) -> date:
        return _day(n(match["d"]), n(match["m"]), _year(match, today), today)

    def month_only(match: re.Match[str], today: date) -> Month:
        return _month(n(match["m"]), _year(match, today), today)

    def back(match: re.Match[str], today: date) -> date:
        return today - timedelta(days=n(match["d"]))

    def of_this_month(match: re.Match[str], today: date) -> date:
        month = relative_month(match, today)
        return _day(n(match["d"]), month.month, month.year, today)

    def relative_month(match: re.Match[str], today: date) -> Month:
        return _this_month(today, 0 if match["rel"] == "nay" else -1)

    def in_week(match: re.Match[str], today: date) -> date:
        weekday = 6 if match["sunday"] else calendar.weekdays[match["w"]]
        return _weekday(weekday, match["week"] or "", today)

    figures = rf"(?P<d>\d{{1,2}}){_SEPARATOR}(?P<m>\d{{1,2}})"
    figures_year = rf"(?:{_SEPARATOR}(?P<y>\d{{4}}|\d{{2}})| nam (?P<y2>\d{{4}})|{said_year})?"
    iso = rf"(?P<y>\d{{4}}){_SEPARATOR}(?P<m>\d{{1,2}}){_SEPARATOR}(?P<d>\d{{1,2}})"
    table: list[tuple[str, Reader]] = [
        (rf"{on}{figures}{figures_year}", day_month),
        (iso, day_month),
        (rf"{on}(?P<d>{number}) thang (?P<m>{number}){year}", day_month),
        (rf"(?:ngay|hom|bua) (?P<d>{number}) thang {relative}", of_this_month),
        (rf"{on}(?P<d>\d{{1,2}}) t (?P<m>\d{{1,2}}){year}", day_month),
        (rf"{on}(?P<d>\d{{1,2}}) (?P<m>\d{{1,2}}) (?P<y>\d{{4}})", day_month),
        (rf"{part}thang (?P<m>{number}){year}", month_only),
        # "t5" may be thứ năm; from t8 on it can only be a month.
        (rf"{part}t (?P<m>8|9|1[0-2]){year}", month_only),
        (rf"(?P<m>\d{{1,2}}){_SEPARATOR}(?P<y>\d{{4}})", month_only),
        (rf"{part}thang {relative}", relative_month),
        (rf"(?:cach day )?(?P<d>{number}) (?:ngay|hom|bua) (?:truoc|roi)", back),
        (rf"cach day (?P<d>{number}) (?:ngay|hom|bua)", back),
        (rf"{on}{weekday}(?: (?P<week>{week}))?", in_week),
        (r"t (?P<w>[2-7]) (?P<week>tuan (?:truoc|roi|qua|nay))(?P<sunday>)", in_week),
    ]
    return [(re.compile(pattern), reader) for pattern, reader in table]


def _year(match: re.Match[str], today: date) -> int | None:
    groups = match.groupdict()
    written = groups.get("y") or groups.get("y2")
    if written:
        return int(written) if len(written) == 4 else 2000 + int(written)
    if said := groups.get("yw"):
        return today.year - (said not in ("nam nay", "nay"))
    return None


def _day(day: int, month: int, year: int | None, today: date) -> date:
    """A day of the calendar; without a year the latest that is not to come."""
    if year is not None:
        return _valid(day, month, year)
    # 29/2 comes every four years, at worst eight.
    for back in range(9):
        try:
            found = date(today.year - back, month, day)
        except ValueError:
            continue
        if found <= today:
            return found
    raise Doubt("invalid")


def _valid(day: int, month: int, year: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise Doubt("invalid") from error


def _month(month: int, year: int | None, today: date) -> Month:
    if not 1 <= month <= 12:
        raise Doubt("invalid")
    if year is None:
        year = today.year if month <= today.month else today.year - 1
    return Month(year, month)


def _this_month(today: date, ahead: int) -> Month:
    months = today.year * 12 + today.month - 1 + ahead
    return Month(months // 12, months % 12 + 1)


def _weekday(weekday: int, week: str, today: date) -> date:
    """A weekday of this week or the last, or simply the latest one; weeks begin on Monday."""
    monday = today - timedelta(days=today.weekday())
    if week in ("tuan truoc", "tuan roi", "tuan qua"):
        return monday + timedelta(days=weekday - 7)
    if week == "tuan nay":
        return monday + timedelta(days=weekday)
    if weekday == today.weekday():
        raise Doubt("today_too")
    return today - timedelta(days=(today.weekday() - weekday) % 7)
