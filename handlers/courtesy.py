"""Words of politeness (lời thưa gửi) around what is meant: "cho em xem … với ạ", "hủy giúp em".

One way for everything that is matched whole: commands and offered choices. What is left when they
are taken off must still be such a phrase, so that a question that only begins politely stays one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from knowledge.text import fold, key

MOST_WORDS = 16
"""Whoever writes more says more than the name of a command."""
_SORTS = ("call", "person", "ask", "look", "particle", "end", "own")


class Courtesy:
    """The words of politeness, of the sorts named in `phrases/courtesy.yaml`."""

    def __init__(self, said_for: Callable[[str], list[str]]) -> None:
        """`said_for` gives the words of a sort."""
        said = {name: said_for(f"polite.{name}") for name in _SORTS}
        self._sorts = {name: frozenset(map(fold, words)) for name, words in said.items()}
        sorts = self._sorts
        self._polite = frozenset[str]().union(
            *(sorts[name] for name in ("call", "person", "ask", "look", "particle"))
        )
        self._behind = frozenset[str]().union(
            *(sorts[name] for name in ("particle", "end", "person", "call"))
        )
        self._marked = {key(word) for words in said.values() for word in words}
        self._keys = {key(word) for sort in ("call", "person") for word in said[sort]}
        self._closing = frozenset(map(key, said_for("polite.closing")))
        self._is, self._called = (key(said_for(f"polite.{name}")[0]) for name in ("is", "called"))
        self._may = frozenset(map(fold, said_for("polite.may")))
        may = {phrase.split()[-1] for phrase in self._may}
        self._first, self._last = self._polite, self._behind | may | sorts["own"]
        """What a text with politeness begins, or ends, with."""
        # One message is looked at again and again.
        self._cores_of = lru_cache(maxsize=64)(lambda text: tuple(self._cores(text)))

    def cores(self, text: str) -> Sequence[str]:
        """What may be meant when politeness before and behind is taken off, the longest first.

        Nothing for a text that has none, or is too long for a phrase.
        """
        return self._cores_of(text)

    def _cores(self, text: str) -> Iterator[str]:
        words = text.split()
        if not 1 < len(words) <= MOST_WORDS:
            return
        if fold(words[0]) not in self._first and fold(words[-1]) not in self._last:
            return
        folded = [self._folded(word) for word in words]
        begins, ends = self._begins(folded), self._ends(folded)
        if fold(" ".join(words[-2:])) in self._may:
            ends += [len(words) - 2, *self._ends(folded[:-2])]
        spans = [(start, end) for start in begins for end in ends if start < end]
        for start, end in sorted(spans, key=lambda span: span[0] - span[1]):
            taken = {*folded[:start], *folded[end:]} - self._sorts["call"] - self._sorts["particle"]
            if taken and self._is_person(folded[start:end]):
                # "giúp bác tôi", "nhờ anh tôi" name another person, not who speaks.
                continue
            if end - start < len(words):
                yield " ".join(words[start:end])
            if self._own(words[start:end]):
                yield f"{' '.join(words[start : end - 1])} tôi"

    def without_particles(self, folded: str) -> str:
        """A folded text without "ạ", "nhé" and the like at its end: "1 nhe" → "1"."""
        words = folded.split()
        while len(words) > 1 and words[-1] in self._sorts["particle"]:
            words.pop()
        return " ".join(words)

    def _is_person(self, folded: Sequence[str]) -> bool:
        """Whether nothing but who speaks or is spoken to is left."""
        sorts, left = self._sorts, {*folded}
        return bool(left & sorts["person"]) and left <= sorts["person"] | sorts["particle"]

    def name_in(self, text: str) -> str:
        """A name without what politeness puts around it: "dạ em tên là Páo ạ" → "Páo"."""
        words = text.split()
        while (
            len(words) > 1 and words[-1].islower() and key(words[-1].strip(".!,")) in self._closing
        ):
            words.pop()
        said = [key(word) for word in words]
        at = next((at for at, word in enumerate(said) if word == self._is), 0)
        known = self._keys | {self._called}
        if 0 < at < len(words) - 1 and all(word in known for word in said[:at]):
            words = words[at + 1 :]
        return " ".join(words)

    def _folded(self, word: str) -> str:
        """A word folded, unless its marks make it none of politeness: "cờ" is not "cô"."""
        return fold(word) if word.isascii() or key(word) in self._marked else key(word)

    def _begins(self, folded: Sequence[str]) -> list[int]:
        """Where what is meant may begin."""
        sorts = self._sorts
        found = [0]
        for at, word in enumerate(folded[:-1], start=1):
            if word not in self._polite:
                break
            passed = {*folded[:at]}
            # "anh Dũng", "cho gia đình tôi", "cho anh Dũng" name somebody and ask for nothing.
            named = word == "cho" and folded[at] not in sorts["look"]
            named = named or ("cho" in passed and len(folded) - at == 1)
            asked = bool(passed & (sorts["ask"] | sorts["call"])) and not named
            if asked or passed & sorts["look"]:
                found.append(at)
        return found

    def _ends(self, folded: Sequence[str]) -> list[int]:
        """Where what is meant may end."""
        sorts = self._sorts
        found = [len(folded)]
        for at in range(len(folded) - 1, 0, -1):
            if folded[at] not in self._behind:
                break
            # "gia đình anh" is another's; with "giúp anh", "anh ạ", "anh ơi" nobody's is meant.
            if {*folded[at:]} - sorts["person"]:
                found.append(at)
        return found

    def _own(self, words: Sequence[str]) -> bool:
        """Whether something is called one's own, in another word than "tôi"."""
        own = self._sorts["own"] - {"toi"}
        return len(words) > 2 and fold(words[-2]) == "cua" and self._folded(words[-1]) in own
