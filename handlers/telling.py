"""What a sentence tells of a gift (lời kể đóng góp): "em góp 2 triệu làm đường bản".

Only a sentence of which every word is understood (`gift_grammar.py`) tells: of what kind, how much,
and what for. Of any other it is only known that it speaks of giving, or asks for a report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from handlers.gift_grammar import WHOLE, Grammar, Part, Word, compiled, joined, row_of, standing
from knowledge import quantities

MOST_WORDS = 40
"""Who writes more tells a story."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told. `reports` where it says that it is to be reported, `sure` where a report begins
    by itself; `amount` are the words in which it says how much, `purpose` what it was for: both
    empty unless it is `whole`, every word of it understood."""

    reports: bool
    sure: bool
    whole: bool
    kinds: frozenset[str]
    amount: str = ""
    purpose: str = ""


NOTHING = Telling(reports=True, sure=True, whole=False, kinds=frozenset())
"""A report is wanted, and nothing of it told."""
_SORTS = (
    "give",
    "hand",
    "pay",
    "worth",
    "vague",
    "never",
    "never_marked",
    "corrects",
    "spoken",
    "over",
)


class Teller:
    """Reads sentences that tell of gifts."""

    def __init__(self, said_for: Callable[[str], list[str]], kinds: Iterable[str]) -> None:
        """`said_for` gives the phrases of a sort (`tell.…`), and of a kind (`told.…`)."""
        self._grammar = Grammar(said_for, kinds)
        self._phrases = {name: compiled(said_for(f"tell.{name}")) for name in _SORTS}

    def read(self, text: str, *, meant: bool = False) -> Telling | None:
        """What a sentence tells, None where it tells of no gift, denies or complains; `meant` where
        it was said outright that it is one."""
        row = row_of(text)
        if not row or len(row) > MOST_WORDS:
            return None
        ways = [way for start in (("start", "said") if meant else ("start",))
                for way in self._grammar.readings(row, start)]  # fmt: skip
        whole = [parts for state, parts in ways
                 if state in WHOLE and parts and parts[-1].end == len(row)]  # fmt: skip
        told = self._whole(row, whole, meant=meant)
        if told is not None:
            return told
        if self.denies(text) or self.corrects(text):
            return None
        said = max((_report_end(parts) for _, parts in ways), default=0)
        if self._first(row[said:], "over") is not None:
            said = 0
        kinds = self._grammar.kinds(row[said : self._first(row, "worth")])
        giving = self._first(row[said:], "give") is not None
        if (said or meant) and (giving or (kinds and any(map(str.isdigit, text)))):
            return Telling(reports=True, sure=True, whole=False, kinds=kinds)
        # "xã cho em 5 triệu" gives nothing of his: such a word gives only right behind who gave.
        tried = any(part.sort in ("give", "hand", "pay") for _, parts in ways for part in parts)
        if giving or (tried and kinds):
            return Telling(reports=False, sure=False, whole=False, kinds=frozenset())
        return None

    def denies(self, text: str) -> bool:
        """Whether a text denies, complains or asks, by a word that no telling has."""
        row, at = row_of(text), 0
        while at < len(row):
            vague = self._size(row, at, "vague")
            # "3 sao", "500 k" count; "sao", "k" by themselves ask.
            counted = at > 0 and row[at - 1].fold[:1].isdigit()
            marked = not row[at].raw.isascii() and self._size(row, at, "never_marked")
            if not vague and not counted and (marked or self._size(row, at, "never")):
                return True
            at += vague or 1
        return False

    def corrects(self, text: str) -> bool:
        """Whether a text takes back or puts right what was reported before."""
        row = row_of(text)
        spoken = any(self._first(row, sort) is not None for sort in ("give", "spoken"))
        return spoken and self._first(row, "corrects") is not None

    def _whole(
        self, row: Sequence[Word], whole: Sequence[Sequence[Part]], *, meant: bool
    ) -> Telling | None:
        """What the sentence tells when wholly understood; None where two amounts can be meant."""
        amounts = {_worth(_said(parts, "amount")) for parts in whole}
        if len(amounts) != 1:
            return None
        parts = whole[0]
        sorts = {part.sort for part in parts}
        reports = meant or "report" in sorts
        before = "over" in sorts or not _report_end(parts)
        if reports and not meant and (before or _asked_of_him(row, parts)):
            return Telling(reports=False, sure=False, whole=False, kinds=frozenset())
        kinds, amount = self._kinds(row, parts), _said(parts, "amount")
        gives = bool(sorts & {"give", "hand", "pay"})
        if not reports and not gives and kinds != {"labour"}:
            return None
        giver = _said(parts, "giver")
        if kinds == {"labour"} and amount and " " in giver:
            # "vợ chồng em … 2 ngày": who gave tells how many they were.
            amount = f"{giver} {amount}"
        sure = reports or _surely(row, parts, sorts, kinds)
        return Telling(reports, sure, True, kinds, amount, _said(parts, "purpose"))

    def _kinds(self, row: Sequence[Word], parts: Sequence[Part]) -> frozenset[str]:
        """The kinds told of; a word of giving counts where nothing else tells."""
        named = {part.kind for part in parts if part.sort in ("amount", "kind")}
        if not named:
            verbs = (row[part.start : part.end] for part in parts if part.sort == "give")
            named = {self._grammar.kind_of(verb) for verb in verbs}
        return frozenset(named - {""})

    def _first(self, row: Sequence[Word], sort: str) -> int | None:
        return next((at for at in range(len(row)) if self._size(row, at, sort)), None)

    def _size(self, row: Sequence[Word], at: int, sort: str) -> int:
        """How many words the longest phrase of this sort has that stands here, 0 for none."""
        return next((len(one[0]) for one in standing(row, at, self._phrases[sort])), 0)


def _surely(
    row: Sequence[Word], parts: Sequence[Part], sorts: set[str], kinds: frozenset[str]
) -> bool:
    """Whether somebody tells what he gave, and cannot be meant to ask what it is worth ("tôi góp
    60 triệu" alone may be either) nor to tell of what he paid or worked for himself."""
    purpose = "purpose" in sorts
    if "giver" not in sorts or not (kinds or purpose) or len(kinds) > 1:
        return False
    if "give" not in sorts:
        # Without marks "cho ban" may be a friend.
        given = "hand" in sorts or kinds == {"labour"}
        handed = any(
            part.sort == "recipient" and not joined(row[part.start : part.end]).isascii()
            for part in parts
        )
        if not (purpose and sorts & {"hand", "pay"}) and not (given and handed):
            return False
    weighed = kinds <= {"money", "labour"}
    return not weighed or bool(sorts & {"done", "when", "over", "purpose", "recipient"})


def _report_end(parts: Sequence[Part]) -> int:
    """Behind the word that says it is to be reported; 0 without one, and where that was done before
    ("tôi đã báo góp 2 triệu")."""
    at = next((at for at, part in enumerate(parts) if part.sort == "report"), None)
    if at is None or any(part.sort in ("done", "when") for part in parts[:at]):
        return 0
    return parts[at].end


def _asked_of_him(row: Sequence[Word], parts: Sequence[Part]) -> bool:
    """ "bao em gop 2 trieu" without marks may be "bảo em góp": somebody told him to."""
    at = next(place for place, part in enumerate(parts) if part.sort == "report")
    said, before = parts[at], {part.sort for part in parts[:at]}
    behind = parts[at + 1].sort if at + 1 < len(parts) else ""
    typed = joined(row[said.start : said.end])
    return typed.isascii() and behind == "giver" and not before & {"giver", "want"}


def _worth(amount: str) -> tuple[str, float] | str:
    """What an amount comes to, by which two ways to read a sentence are compared."""
    found = quantities.alone(amount)
    return amount if found is None else (found.unit or "", found.value or 0)


def _said(parts: Sequence[Part], sort: str) -> str:
    """The words of the last part of this sort, "" for none."""
    return next((part.said for part in reversed(parts) if part.sort == sort), "")
