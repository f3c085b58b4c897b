"""The words amounts are said in, read from `words.yaml`, and the tokens they become."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from knowledge.text import fold, key

WORDS = Path(__file__).parent / "words.yaml"
LAND = frozenset({"area", "sao", "sao_bac_bo", "mau", "thuoc", "hectare"})
_LONGEST_PHRASE = 7


@dataclass(frozen=True, slots=True)
class Token:
    """One word or sign: `kind` is a class of `words.yaml`, "num", "sign" or "unknown".

    `value` is that of a digit, a scale or a measure; `glued` means no space stood before it,
    `marked` that it carries marks, `bare` that it should but was typed without.
    """

    kind: str
    text: str
    value: int = 0
    glued: bool = False
    marked: bool = False
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A phrase of `words.yaml`: its class, its syllables as `text.key` has them, its value."""

    kind: str
    keys: tuple[str, ...]
    value: int


class Vocabulary:
    """The words of amounts, found with their marks or, typed without any, by letters alone."""

    def __init__(self, classes: dict[str, dict[str, str] | list[str]]) -> None:
        self._by_fold: dict[tuple[str, ...], list[Entry]] = {}
        self._folds: set[str] = set()
        self._keys: set[str] = set()
        for kind, phrases in classes.items():
            values = phrases if isinstance(phrases, dict) else dict.fromkeys(phrases, "0")
            for phrase, value in values.items():
                words = phrase.split()
                entry = Entry(kind, tuple(map(key_word, words)), int(value))
                self._by_fold.setdefault(tuple(map(fold_word, words)), []).append(entry)
                self._folds.update(map(fold_word, words))
                self._keys.update(entry.keys)

    def longest(self, words: list[str], at: int) -> tuple[Entry, int] | None:
        """The longest phrase that starts at a word, and how many words it takes."""
        folds = tuple(map(fold_word, words[at : at + _LONGEST_PHRASE]))
        for size in range(len(folds), 0, -1):
            typed = words[at : at + size]
            fits = [
                entry
                for entry in self._by_fold.get(folds[:size], ())
                if all(map(_agrees, typed, folds, entry.keys))
            ]
            if fits:
                exact = tuple(map(key_word, typed))
                return next((entry for entry in fits if entry.keys == exact), fits[0]), size
        return None

    def knows(self, word: str) -> bool:
        """Whether a word, marked rightly or not at all, is part of any phrase."""
        return word in self._folds or key_word(word) in self._keys

    def kind(self, word: str) -> str:
        """The class of a word standing alone; empty when it has none."""
        found = self.longest([word], 0)
        return found[0].kind if found else ""

    def means(self, word: str) -> bool:
        """Whether a word is known with exactly these marks."""
        return key_word(word) in self._keys


@lru_cache(maxsize=8192)
def fold_word(word: str) -> str:
    """A word's letters without marks."""
    # Signs such as × or ~ have no letters: they stand for themselves.
    return fold(word) or word


@lru_cache(maxsize=8192)
def key_word(word: str) -> str:
    """A word with its marks, evened out."""
    return key(word) or word


def _agrees(word: str, folded: str, wanted: str) -> bool:
    return word == folded or key_word(word) == wanted


@lru_cache(maxsize=8192)
def kind_of(word: str) -> str:
    """The class of a word standing alone among all words of amounts; empty when it has none."""
    return vocabulary().kind(word)


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The vocabulary of `words/amounts.yaml`, read once."""
    with WORDS.open(encoding="utf-8") as file:
        return Vocabulary(yaml.load(file, Loader=yaml.CBaseLoader))  # noqa: S506 - only strings
