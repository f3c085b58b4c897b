"""The day a contribution was made, as people type it → a date, a month, or a question back.

Day before month, as Vietnamese write; a year left out means the latest such day that is past. Words
and sentences stand in `dates.yaml`. Lunar days are never converted: the calendar is asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from rapidfuzz.distance import DamerauLevenshtein

from knowledge.date_patterns import Calendar, Doubt, Month
from knowledge.slips import telex
from knowledge.text import clean, fold, key

PHRASES = Path(__file__).parent / "dates.yaml"
MOST_CHARACTERS = 120
# Contributions are told within the plan's five years; an older year is most likely a slip.
MOST_YEARS_BACK = 6
_PIECE = re.compile(r"\d+|[^\W\d_]+|[/.,-]")
_HOUR = re.compile(
    r"(?:\b(?:lúc|luc)\s+)?\b\d{1,2}\s?(?:h|g|giờ|gio|:)\s?"
    r"(?:\d{1,2}\b)?(?:\s?ph[uú]t)?(?!\w)"
)
_WEEKDAY_BESIDE = re.compile(
    r"(?:(?:hom )?(?P<before>thu \w+|chu nhat|cn) (?:ngay )?(?P<day>.+)"
    r"|(?P<day2>.*\d) (?P<after>thu \w+|chu nhat|cn))"
)


@dataclass(frozen=True, slots=True)
class DateRead:
    """A day read, or why not. "date" has `value`; "month" has `month` ("2025-03") and no day.

    `echo` reads it back; for "ask" and "reject" `why` says in one sentence what is needed.
    """

    result: Literal["date", "month", "ask", "reject"]
    value: date | None
    month: str | None
    echo: str
    why: str


@lru_cache(maxsize=1)
def _calendar() -> Calendar:
    with PHRASES.open(encoding="utf-8") as file:
        return Calendar(yaml.load(file, Loader=yaml.CBaseLoader))  # noqa: S506 - only strings


def read(text: str, today: date) -> DateRead:
    """Read the day somebody made a contribution; `today` is the day in Vietnam.

    A month alone is read as a month; days to come are rejected; weeks, years, lunar days and more
    than one day are asked back. Never raises, whatever the text.
    """
    calendar = _calendar()
    try:
        found = _find(_plain(text, calendar), calendar, today)
        return _answer(found, calendar, today)
    except Doubt as doubt:
        code = str(doubt)
        return DateRead("reject" if code == "future" else "ask", None, None, "", calendar.why[code])


def _answer(found: date | Month, calendar: Calendar, today: date) -> DateRead:
    first = date(found.year, found.month, 1) if isinstance(found, Month) else found
    if first > today:
        raise Doubt("future" if first.year <= today.year + 1 else "year_far")
    if first.year < today.year - MOST_YEARS_BACK:
        raise Doubt("year_far")
    if isinstance(found, Month):
        echo = calendar.echo["month"].format(month=f"{found.month}/{found.year}")
        return DateRead("month", None, f"{found.year}-{found.month:02d}", echo, "")
    weekday = calendar.weekday_names[found.weekday()]
    echo = calendar.echo["date"].format(
        weekday=weekday, day=f"{found.day}/{found.month}/{found.year}"
    )
    return DateRead("date", found, None, echo, "")


def _plain(text: str, calendar: Calendar) -> list[str]:
    """The words and signs of a text without marks, slips in the few words of a date put right."""
    if len(text) > MOST_CHARACTERS:
        return []
    pieces = _PIECE.findall(_HOUR.sub(" ", clean(text).casefold()))
    found: list[str] = []
    for at, piece in enumerate(pieces):
        before = pieces[at - 1] if at else ""
        after = pieces[at + 1] if at + 1 < len(pieces) else ""
        found.append(_sense(piece, before, after, calendar) or _word(piece, calendar))
    return found


def _sense(piece: str, before: str, after: str, calendar: Calendar) -> str | None:
    """What a word means that without its marks is another: tới or tôi, từ or tư, sau or sáu."""
    if meant := calendar.senses.get(key(piece)):
        return meant
    plain = _word(before, calendar) if before else ""
    if piece == "toi" and (not after or plain in calendar.periods):
        return calendar.next
    if piece in calendar.unsure_digits and plain not in calendar.before_digits:
        # "tam ngay truoc" are eight days: "tầm ngày trước" is not said.
        return None if (piece, after) == ("tam", "ngay") else "?"
    if key(piece) == calendar.tens and plain not in calendar.digits:
        return "?"
    if piece == "sau" and plain in calendar.periods and fold(after) != "thang":
        return "sau?" if before == "thang" else calendar.next
    # "bả" is no ba, but may be bảy.
    wrong = fold(piece) in calendar.digits and piece != fold(piece)
    return "?" if wrong and key(piece) not in calendar.digit_keys else None


def _word(piece: str, calendar: Calendar) -> str:
    word = fold(piece) or piece
    if word in calendar.known or not word.isalpha():
        return word
    meant = telex(piece)
    if meant and fold(meant) in calendar.known:
        return fold(meant)
    near = [
        known
        for known in calendar.words
        if len(word) > 3 and DamerauLevenshtein.distance(word, known, score_cutoff=1) <= 1
    ]
    return near[0] if len(near) == 1 else word


def _find(words: list[str], calendar: Calendar, today: date) -> date | Month:
    while words and words[-1] in (".", ","):
        words = words[:-1]
    whole = _joined(words)
    if calendar.going_over.search(whole):
        raise Doubt("unknown")
    on_day = False
    while words:
        found = _match(_joined(words), calendar, today)
        if found is not None:
            return found
        if words[-2:] == ["vua", "qua"]:
            words = words[:-2]
        elif words[-1] in calendar.after:
            words = words[:-1]
        elif words[0] in calendar.before and not on_day:
            # Behind "ngày" nothing but the day may stand: "ngày chí tháng tám" has a slip in it.
            on_day = words[0] in calendar.on
            words = words[1:]
        else:
            break
    raise Doubt(_why_not(whole, calendar))


def _joined(words: list[str]) -> str:
    return re.sub(r" ?([/.-]) ?", r"\1", " ".join(word for word in words if word != ","))


def _match(said: str, calendar: Calendar, today: date) -> date | Month | None:
    if said in calendar.back:
        return today - timedelta(days=calendar.back[said])
    for code, phrases in calendar.phrases:
        if said in phrases:
            raise Doubt(code)
    for pattern, reader in calendar.patterns:
        if match := pattern.fullmatch(said):
            return reader(match, today)
    if match := _WEEKDAY_BESIDE.fullmatch(said):
        return _with_weekday(match, calendar, today)
    return None


def _with_weekday(match: re.Match[str], calendar: Calendar, today: date) -> date | None:
    """ "thứ ba, ngày 10/6": the day, when it is that weekday."""
    found = _match(match["day"] or match["day2"], calendar, today)
    if not isinstance(found, date):
        return None
    if calendar.weekday(match["before"] or match["after"]) != found.weekday():
        raise Doubt("weekday")
    return found


def _why_not(said: str, calendar: Calendar) -> str:
    if re.search(r"\bthang sau\?", said):
        return "six"
    if calendar.lunar.search(said):
        return "lunar"
    if calendar.vague.search(said):
        return "vague"
    if re.fullmatch(r"(?:ngay |hom )?\d{1,2}", said):
        return "no_month"
    if re.fullmatch(r"(?:nam )?\d{4}", said):
        return "year"
    if len(re.findall(r"\d+[/.-]\d+", said)) > 1 or re.search(r"\d+-\d+/\d+", said):
        return "range"
    return "unknown"
