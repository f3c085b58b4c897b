"""The few sentences in which a gift is told (câu kể đóng góp), as a small closed grammar.

Who gave, that it is done, a word of giving, one amount or thing, a known work, a time, politeness:
a sentence is read only where every word of it stands in one of these places. What the words are
stands in `phrases/telling.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from knowledge import quantities
from knowledge.text import fold, key

EDGES = " ,.;:!"
MOST_OF_AMOUNT = 10
"""Words of one amount: "hai triệu năm trăm năm mươi nghìn đồng"."""
_ONCE = frozenset({"amount", "purpose", "recipient"})
_DATE = re.compile(
    r"(?:hoi |vao |trong )?(?:(?:ngay \d{1,2}(?: thang)? \d{1,2}|thang \d{1,2})(?: nam)?(?: \d{4})?"
    r"|nam \d{4})"
)
_NUMBERED = re.compile(r"\d{1,2}")
STEPS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "start": (
        ("call", "start"), ("when", "start"), ("done", "who"), ("giver", "who"), ("want", "wish"),
        ("report", "said"), ("give", "given"), ("hand", "given"), ("pay", "given"),
    ),
    "who": (
        ("done", "who"), ("when", "who"), ("want", "wish"), ("report", "said"), ("give", "given"),
        ("hand", "given"), ("pay", "given"), ("go", "who"), ("purpose", "given"),
    ),
    "wish": (("want", "wish"), ("report", "said")),
    "said": (
        ("between", "said"), ("giver", "told"), ("done", "told"), ("give", "given"),
        ("hand", "given"), ("pay", "given"), ("amount", "given"), ("kind", "given"),
        ("purpose", "given"),
    ),
    "told": (
        ("done", "told"), ("when", "told"), ("give", "given"), ("hand", "given"), ("pay", "given"),
        ("amount", "given"), ("kind", "given"), ("purpose", "given"),
    ),
    "given": (
        ("give", "given"), ("amount", "given"), ("kind", "given"), ("recipient", "given"),
        ("purpose", "given"), ("when", "given"), ("over", "end"), ("tail", "end"),
    ),
    "end": (("over", "end"), ("tail", "end"), ("when", "end"), ("call", "end")),
}  # fmt: skip
"""In each place of a sentence: what may stand there, and where one is behind it."""
WHOLE = ("given", "end")
"""Where a sentence may stop."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word as typed, in KEY and FOLD form; compared with its marks when it has any."""

    raw: str
    key: str
    fold: str


@dataclass(frozen=True, slots=True)
class Part:
    """What stands from one word to another; `said` is its text, `kind` of what it tells."""

    sort: str
    start: int
    end: int
    said: str
    kind: str = ""


Found = Iterator[tuple[int, str, str]]
Phrase = tuple[tuple[tuple[str, str], ...], str]
Phrases = Mapping[str, list[Phrase]]


def row_of(text: str) -> list[Word]:
    """The words of a text."""
    return [Word(raw, key(raw), fold(raw)) for raw in text.split() if fold(raw)]


def joined(row: Iterable[Word]) -> str:
    """The words as typed, without the signs at both ends."""
    return " ".join(word.raw for word in row).strip(EDGES)


def compiled(phrases: Iterable[str]) -> Phrases:
    """By the first word's FOLD form, longest first; of each word its KEY and FOLD form, and the
    phrase as it is written."""
    found = [(tuple((key(word), fold(word)) for word in said.split()), said) for said in phrases]
    by_first: dict[str, list[Phrase]] = {}
    for one in sorted(found, key=lambda one: len(one[0]), reverse=True):
        by_first.setdefault(one[0][0][1], []).append(one)
    return by_first


def standing(row: Sequence[Word], at: int, phrases: Phrases) -> Iterator[Phrase]:
    """The phrases that stand there, the longest first."""
    if at < len(row):
        for phrase in phrases.get(row[at].fold, ()):
            if _fits(row, at, phrase):
                yield phrase


def _fits(row: Sequence[Word], at: int, phrase: Phrase) -> bool:
    """Whether the phrase stands there, with its marks or without any."""
    words = phrase[0]
    return at + len(words) <= len(row) and all(
        word.fold == folded if word.raw.isascii() else word.key == marked
        for word, (marked, folded) in zip(row[at:], words, strict=False)
    )


def _is_code(word: str) -> bool:
    """Whether figures and letters in one word are no amount: "194k5sj9" is no money."""
    is_mixed = any(map(str.isdigit, word)) and any(map(str.isalpha, word))
    return is_mixed and quantities.alone(word) is None


class Grammar:
    """Finds every way to read a row of words, and how far it can be read."""

    def __init__(self, said_for: Callable[[str], list[str]], kinds: Iterable[str]) -> None:
        """`said_for` gives the phrases of a sort (`tell.…`), and of a kind (`told.…`)."""
        self._kinds = {kind: compiled(said_for(f"told.{kind}")) for kind in kinds}
        sorts = {sort for steps in STEPS.values() for sort, _ in steps}
        others = {"unit", "doing", "object", "works", "toward", "place"}
        self._phrases = {sort: compiled(said_for(f"tell.{sort}")) for sort in sorts | others}
        self._read = {"amount": self._amounts, "purpose": self._purposes, "kind": self._kind_words}

    def readings(self, row: Sequence[Word], state: str) -> list[tuple[str, tuple[Part, ...]]]:
        """Every way to read the row from a place in STEPS on, the longest phrases first: where
        reading stops, and the parts; a way that does not reach the end is one, too."""
        found: list[tuple[str, tuple[Part, ...]]] = []
        seen: set[object] = set()
        self._read_on(row, 0, state, (), found, seen)
        return found

    def _read_on(
        self,
        row: Sequence[Word],
        at: int,
        state: str,
        so_far: tuple[Part, ...],
        found: list[tuple[str, tuple[Part, ...]]],
        seen: set[object],
    ) -> None:
        once = {part.sort for part in so_far} & _ONCE
        amount = next((part.said for part in so_far if part.sort == "amount"), "")
        # Politeness can be cut up in many ways; two that tell the same are one.
        same = (at, state, frozenset(once), amount)
        if same in seen:
            return
        seen.add(same)
        found.append((state, so_far))
        for sort, behind in STEPS[state]:
            if sort in once:
                continue
            for end, said, kind in self._found(row, at, sort):
                part = Part(sort, at, end, said, kind)
                self._read_on(row, end, behind, (*so_far, part), found, seen)

    def kinds(self, row: Sequence[Word]) -> frozenset[str]:
        """The kinds spoken of anywhere in a row."""
        named = {kind for at in range(len(row)) for _, _, kind in self._kind_words(row, at)}
        spoken = [word for word in row if not _is_code(word.fold)]
        return quantities.kinds_named(joined(spoken)) | named

    def kind_of(self, row: Sequence[Word]) -> str:
        """The kind a word of giving tells by itself ("hiến"), "" for none."""
        return next((kind for end, _, kind in self._kind_words(row, 0) if end <= len(row)), "")

    def _found(self, row: Sequence[Word], at: int, sort: str) -> Found:
        if sort in self._read:
            yield from self._read[sort](row, at)
            return
        for phrase in standing(row, at, self._phrases[sort]):
            end = at + len(phrase[0])
            yield end, joined(row[at:end]), ""
        if sort == "when":
            for size in range(min(7, len(row) - at), 0, -1):
                if _DATE.fullmatch(fold(joined(row[at : at + size]))):
                    yield at + size, joined(row[at : at + size]), ""
                    break

    def _kind_words(self, row: Sequence[Word], at: int) -> Found:
        for kind, phrases in self._kinds.items():
            for phrase in standing(row, at, phrases):
                yield at + len(phrase[0]), phrase[1], kind

    def _amounts(self, row: Sequence[Word], at: int) -> Found:
        """One amount with its unit, or so many of a thing."""
        for size in range(min(MOST_OF_AMOUNT, len(row) - at), 0, -1):
            said = joined(row[at : at + size])
            found = quantities.alone(said)
            if found is not None and found.kind is not None:
                yield at + size, said, found.kind
        if at < len(row) and row[at].raw.isdigit():
            units = [end for end, _, _ in self._found(row, at + 1, "unit")]
            for start in (*units, at + 1):
                for end, _, kind in self._kind_words(row, start):
                    if kind == "goods":
                        yield end, joined(row[at:end]), kind

    def _purposes(self, row: Sequence[Word], at: int) -> Found:
        """A known work, with words of where; "để" before it does not belong to it."""
        starts = [*(end for end, _, _ in self._found(row, at, "toward")), at]
        for start in starts:
            works = [(end, self._marked(row, start, end, "works"))
                     for end, _, _ in self._found(row, start, "works")]  # fmt: skip
            for middle, _, _ in self._found(row, start, "doing"):
                for end, _, _ in self._found(row, middle, "object"):
                    doing = self._marked(row, start, middle, "doing")
                    works.append((end, f"{doing} {self._marked(row, middle, end, 'object')}"))
            for end, said in sorted(works, reverse=True):
                for behind in (*self._places(row, end), end):
                    yield behind, f"{said} {self._where(row, end, behind)}".strip(), ""

    def _marked(self, row: Sequence[Word], start: int, end: int, sort: str) -> str:
        """The words as typed; without marks, as they are written."""
        said = joined(row[start:end])
        known = standing(row, start, self._phrases[sort])
        written = next((phrase[1] for phrase in known if len(phrase[0]) == end - start), said)
        return written if said.isascii() else said

    def _where(self, row: Sequence[Word], start: int, end: int) -> str:
        """Words of where as typed, or as they are written."""
        numbered = end > start and bool(_NUMBERED.fullmatch(row[end - 1].fold))
        middle = end - 1 if numbered else end
        return f"{self._marked(row, start, middle, 'place')} {joined(row[middle:end])}"

    def _places(self, row: Sequence[Word], at: int) -> list[int]:
        """Where words of where may end: "bản", "bản 5", "bản số 3", "thôn em"; longest first."""
        found: list[int] = []
        for end, _, _ in self._found(row, at, "place"):
            if end < len(row) and _NUMBERED.fullmatch(row[end].fold):
                found.append(end + 1)
            found.append(end)
        return sorted(found, reverse=True)
