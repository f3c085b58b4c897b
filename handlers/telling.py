"""What a sentence tells of a gift (lời kể đóng góp): "em góp 2 triệu làm đường bản".

Read by words alone: whether it tells rather than asks, of what kind, how much, and what for. Words
stand in `phrases/telling.yaml` and, for each kind, in its own file. Nothing is guessed: two kinds
stay two, and how much is read later by the kind's own reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from knowledge import quantities
from knowledge.text import fold, key

MOST_WORDS = 40
"""Who writes more tells a story."""
MOST_PURPOSE = 60
_DIGITS = frozenset("0123456789")


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told. `reports` where it says that it is to be reported, `sure` where it can be meant
    as nothing else; `amount` are the words in which it says how much, `purpose` what it was for."""

    reports: bool
    sure: bool
    kinds: frozenset[str]
    amount: str
    purpose: str


NOTHING = Telling(reports=True, sure=True, kinds=frozenset(), amount="", purpose="")
"""A report is wanted, and nothing of it told."""


@dataclass(frozen=True, slots=True)
class _Word:
    """A word as typed, in KEY and FOLD form; compared with its marks when it has any."""

    raw: str
    key: str
    fold: str

    @property
    def number(self) -> bool:
        return bool(_DIGITS & {*self.fold[:1]})


Phrase = tuple[tuple[str, str], ...]
_SORTS = (
    "report", "between", "give", "hand", "giver", "others", "elder", "done", "planned", "around",
    "purpose", "toward", "no_purpose", "purpose_ends", "recipient", "unread", "got", "tail",
    "worth", "vague", "never", "never_marked",
)  # fmt: skip


class Teller:
    """Reads sentences that tell of gifts."""

    def __init__(self, said_for: Callable[[str], list[str]], kinds: Iterable[str]) -> None:
        """`said_for` gives the phrases of a sort (`tell.…`), and of a kind (`told.…`)."""
        self._phrases = {name: _compiled(said_for(f"tell.{name}")) for name in _SORTS}
        self._kinds = {kind: _compiled(said_for(f"told.{kind}")) for kind in kinds}

    def read(self, text: str, *, meant: bool = False) -> Telling | None:
        """What a sentence tells, None where it tells of no gift or asks; `meant` where it was said
        outright that it is one."""
        row = _row(text)
        while row and self._size(row, len(row) - 1, "tail"):
            row.pop()
        if not row or len(row) > MOST_WORDS:
            return None
        never = self._never(row)
        if never is not None and not meant:
            return None
        row = row[: never or len(row)]
        start = self._past(row, 0, "around", "giver", "elder", "done", "planned")
        told = self._size(row, start, "report")
        reports = bool(told)
        said = self._past(row, start + told, "between") if told else 0
        if told:
            start = self._past(row, said, "between", "around", "giver", "done")
        verb = self._first(row, start, "give")
        giving = verb is not None
        if verb is None:
            # "nhà em nộp 500 nghìn": such a word gives only right behind who gave.
            at = self._past(row, start, "giver", "elder", "done", "around")
            got = not reports and self._any(row[:at], "got")
            verb = at if self._size(row, at, "hand") and not got else None
        after = start if verb is None else verb
        begun, end, purpose = self._purpose(row, after)
        rest = self._amount(row[said:begun], row[end:])
        kinds = self._named(row[after:begun] + row[end:]) or self._named(row[start:])
        found = Telling(reports, meant or reports, kinds, _joined(rest), purpose)
        if reports or meant:
            return found if giving or (kinds and (meant or _counted(found))) else None
        if verb is None or not (kinds or purpose) or not (giving or _handed(found)):
            return None
        return replace(found, sure=self._plain(row, after, found))

    def asks(self, text: str) -> bool:
        """Whether a text asks, denies or speaks of rules, by a word that no telling has."""
        return self._never(_row(text)) is not None

    def _plain(self, row: Sequence[_Word], verb: int, found: Telling) -> bool:
        """Whether somebody tells what he gave, and cannot be meant to ask what it is worth: "tôi
        góp 60 triệu" alone may be either."""
        done = self._any(row, "done")
        told = done or found.purpose or self._first(row, verb, "recipient") is not None
        weighed = "money" in found.kinds and found.kinds <= {"money", "labour"}
        if self._any(row, "planned") or (weighed and not told):
            return False
        return done or self._own(row, verb)

    def _never(self, row: Sequence[_Word]) -> int | None:
        """Where something stands that no telling has, None when nothing does."""
        at = 0
        while at < len(row):
            vague = self._size(row, at, "vague")
            if vague:
                at += vague
                continue
            # "3 sao", "500 k" count; "sao", "k" by themselves ask.
            counted = at > 0 and row[at - 1].number
            marked = not row[at].raw.isascii() and self._size(row, at, "never_marked")
            if not counted and (marked or self._size(row, at, "never")):
                return at
            at += 1
        return None

    def _own(self, row: Sequence[_Word], verb: int) -> bool:
        """Whether who speaks is who gave."""
        at = 0
        while at < verb:
            called = at + 1 < len(row) and row[at + 1].fold == "oi"
            others = self._size(row, at, "others")
            if self._size(row, at, "giver") and not called and not others:
                return True
            at += others or 1
        begun = self._past(row, 0, "around", "elder", "done")
        return begun == verb and any(self._size(row, at, "elder") for at in range(verb))

    def _purpose(self, row: Sequence[_Word], verb: int) -> tuple[int, int, str]:
        """Where what it was for begins and ends, and its words; an empty place at the end if not
        told."""
        for at in range(verb, len(row)):
            toward = self._size(row, at, "toward")
            size = self._size(row, at + toward, "purpose")
            if not (toward or size):
                continue
            end = at + toward + size
            if end >= len(row) or self._size(row, end, "no_purpose"):
                continue
            while end < len(row) and not row[end].number:
                if self._size(row, end, "purpose_ends"):
                    break
                end += 1
                if row[end - 1].raw[-1] in ",.;:!":
                    break
            words = [word.raw for word in row[at + toward : end]]
            purpose = " ".join(words).rstrip(" ,.;:!")
            if len(words) > 1 and len(purpose) <= MOST_PURPOSE:
                return at, end, purpose
        return len(row), len(row), ""

    def _amount(self, before: Sequence[_Word], behind: Sequence[_Word]) -> list[_Word]:
        """The words that may say how much, around what it was for; who gave belongs to them ("vợ
        chồng em làm 2 ngày"). Nothing where it is only planned."""
        row = [*before, *behind]
        if self._any(row, "planned"):
            return []
        row = row[: self._first(row, 0, "worth")]
        found: list[_Word] = []
        at = self._introduced(row)
        while at < len(row):
            size = self._size(row, at, "unread")
            if size == 0:
                found.append(row[at])
            at += size or 1
        return found

    def _introduced(self, row: Sequence[_Word]) -> int:
        """Where "em là Páo, em góp …" goes on behind the name."""
        comma = next((at for at, word in enumerate(row) if word.raw.endswith(",")), 0)
        named = any(word.fold in ("la", "ten") for word in row[:comma])
        return comma + 1 if named and not any(word.number for word in row[:comma]) else 0

    def _named(self, row: Sequence[_Word]) -> frozenset[str]:
        """The kinds spoken of."""
        worth = self._first(row, 0, "worth")
        row = row[:worth]
        named = {
            kind
            for kind, phrases in self._kinds.items()
            if any(_fits(row, at, phrase) for at in range(len(row)) for phrase in phrases)
        }
        return quantities.kinds_named(_joined(row)) | named

    def _past(self, row: Sequence[_Word], at: int, *sorts: str) -> int:
        """The first place from `at` on where none of these stands."""
        while at < len(row):
            size = max(self._size(row, at, sort) for sort in sorts)
            if size == 0:
                break
            at += size
        return at

    def _any(self, row: Sequence[_Word], sort: str) -> bool:
        return self._first(row, 0, sort) is not None

    def _first(self, row: Sequence[_Word], start: int, sort: str) -> int | None:
        return next((at for at in range(start, len(row)) if self._size(row, at, sort)), None)

    def _size(self, row: Sequence[_Word], at: int, sort: str) -> int:
        """How many words the longest phrase of this sort has that stands here, 0 for none."""
        phrases = self._phrases[sort]
        return next((len(phrase) for phrase in phrases if _fits(row, at, phrase)), 0)


def _row(text: str) -> list[_Word]:
    return [_Word(raw, key(raw), fold(raw)) for raw in text.split() if fold(raw)]


def _handed(found: Telling) -> bool:
    """Whether what is told to have been handed over can be a gift: one thing, and how much."""
    read = quantities.read(found.amount)
    things = found.kinds in ({"land"}, {"goods"}) or (found.kinds == {"labour"} and found.purpose)
    return read.result == "value" or bool(things and any(map(str.isdigit, found.amount)))


def _counted(found: Telling) -> bool:
    """Whether it is said how much, in figures or in words."""
    figures = any(map(str.isdigit, found.amount))
    return figures or quantities.read(found.amount).result == "value"


def _joined(row: Iterable[_Word]) -> str:
    return " ".join(word.raw for word in row)


def _compiled(phrases: Iterable[str]) -> list[Phrase]:
    """Longest first; of each word its KEY and FOLD form."""
    found = [tuple((key(word), fold(word)) for word in phrase.split()) for phrase in phrases]
    return sorted(found, key=len, reverse=True)


def _fits(row: Sequence[_Word], at: int, phrase: Phrase) -> bool:
    if at + len(phrase) > len(row):
        return False
    return all(
        word.fold == folded if word.raw.isascii() else word.key == marked
        for word, (marked, folded) in zip(row[at:], phrase, strict=False)
    )
