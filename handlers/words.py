"""Words: sentences from `templates/`, labels and what people type from `phrases/`.

A message key is `file.block`: `report.amount` is the block `amount` of `templates/report.j2`.
"""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from rapidfuzz.distance import OSA

from handlers.courtesy import Courtesy
from handlers.telling import NOTHING, Teller, Telling
from knowledge import numbers
from knowledge.quantities import format_money, say_money
from knowledge.text import fold, key
from knowledge.zone import ZONE

HERE = Path(__file__).parent
MOST_DIGITS = 18
OPENERS = frozenset({"about", "greeting"})
"""Commands that only open a talk: near to too many other words for a slip to be forgiven."""
TOLD = "told."
"""Before a kind of contribution: the words by which a sentence speaks of it."""
FORGIVEN_FROM = 10
"""From this length on one slip in a command is forgiven: shorter ones meet too often."""


def day(value: date | datetime) -> str:
    """dd/mm/yyyy, in local time."""
    if isinstance(value, datetime):
        value = value.astimezone(ZONE)
    return f"{value:%d/%m/%Y}"


def inside(name: str) -> str:
    """A unit's name inside a sentence: "xã Bình Lư", where by itself it is "Xã Bình Lư"."""
    return name[:1].lower() + name[1:]


def moment(value: datetime) -> str:
    """ "14:05 ngày 02/01/2025" as "14:05 02/01/2025", in local time."""
    return f"{value.astimezone(ZONE):%H:%M %d/%m/%Y}"


class Words:
    """Every sentence, label and command word of the bot."""

    def __init__(self) -> None:
        """Read the templates and `phrases/` once. Raises ValueError for a key defined twice."""
        # Chat is plain text: each channel escapes for its own wire, so escaping here would show.
        environment = Environment(  # noqa: S701
            loader=FileSystemLoader(HERE / "templates"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.filters.update(
            money=format_money,
            spell=say_money,
            figure=lambda value: numbers.figure(Fraction(value)),
            spell_number=lambda value: numbers.say_number(Fraction(value)),
            day=day,
            moment=moment,
            inside=inside,
        )
        self._templates = {
            name.removesuffix(".j2"): environment.get_template(name)
            for name in environment.list_templates(["j2"])
        }
        data = _phrases(sorted((HERE / "phrases").glob("*.yaml")))
        self._labels: dict[str, str] = data["labels"]
        self._also: dict[str, list[str]] = data["also"]
        self._said: dict[str, dict[str, list[str]]] = {}
        """By choice and FOLD form, what people type when they mean it."""
        for name, label in self._labels.items():
            for phrase in (label, *self.said_for(name)):
                self._said.setdefault(name, {}).setdefault(fold(phrase), []).append(phrase)
        self._commands: dict[str, list[tuple[str, str]]] = {}
        for name, phrases in data["commands"].items():
            for phrase in phrases:
                self._commands.setdefault(fold(phrase), []).append((phrase, name))
        for asked in product(self.said_for("mine.thing"), self.said_for("mine.asked")):
            phrase = " ".join(asked)
            self._commands.setdefault(fold(phrase), []).append((phrase, "mine"))
        self._forgiven: dict[int, list[tuple[str, str]]] = {}
        """By length, the commands that are known by one slip."""
        for phrase, known in self._commands.items():
            if len(phrase) >= FORGIVEN_FROM and known[0][1] not in OPENERS:
                self._forgiven.setdefault(len(phrase), []).append((phrase, known[0][1]))
        self._starts: dict[str, list[tuple[str, str]]] = {}
        for name, phrases in data["starts"].items():
            for phrase in phrases:
                self._starts.setdefault(fold(phrase), []).append((phrase, name))
        self._longest_start = max(len(folded.split()) for folded in self._starts)
        self.courtesy = Courtesy(self.said_for)
        told = [name.removeprefix(TOLD) for name in self._also if name.startswith(TOLD)]
        self.teller = Teller(self.said_for, told)
        self.numbers: dict[str, int] = {
            fold(word): number for number, words in data["numbers"].items() for word in words
        }

    def keys(self) -> list[str]:
        """Every message key."""
        return [
            f"{name}.{block}" for name, file in self._templates.items() for block in file.blocks
        ]

    def has(self, name: str) -> bool:
        """Whether there is a message of this key."""
        file, _, block = name.partition(".")
        return file in self._templates and block in self._templates[file].blocks

    def text(self, name: str, /, **values: Any) -> str:
        """One sentence or more, ready to send. Raises KeyError for an unknown key."""
        file, _, block = name.partition(".")
        template = self._templates[file]
        return "".join(template.blocks[block](template.new_context(values))).strip()

    def label(self, name: str) -> str:
        """What stands on a choice."""
        return self._labels[name]

    def said_for(self, name: str) -> list[str]:
        """What else people type when they mean this choice."""
        return self._also.get(name, [])

    def is_said(self, text: str, name: str) -> bool:
        """Whether a typed text means this choice."""
        return any(means(text, phrase) for phrase in self._said[name].get(fold(text), ()))

    def starts_with(self, text: str) -> tuple[str, str] | None:
        """(command, the rest as typed) when the text begins with a command that takes something."""
        said = [self._starts_with(core) for core in (text, *self.courtesy.cores(text))]
        begun = [found for found in said if found is not None]
        # "rút báo cáo ạ" takes nothing: what is left behind it is politeness.
        return next((found for found in begun if not found[1]), begun[0] if begun else None)

    def _starts_with(self, text: str) -> tuple[str, str] | None:
        words = text.split(maxsplit=self._longest_start)
        folded = [fold(word) for word in words[: self._longest_start]]
        for size in range(len(folded), 0, -1):
            begun = " ".join(words[:size])
            for phrase, name in self._starts.get(" ".join(folded[:size]), ()):
                if means(begun, phrase):
                    return name, " ".join(words[size:])
        return None

    def tells_of(self, text: str) -> Telling | None:
        """What a sentence tells of a gift; behind "báo đóng góp:" whatever is said is one."""
        head, colon, rest = text.partition(":")
        if colon and rest.strip() and self.command(head) == "report":
            return self.teller.read(rest, meant=True) or NOTHING
        return self.teller.read(text)

    def command(self, text: str) -> str | None:
        """The command a whole message is, politely wrapped or not; None when it is none."""
        said = (self._command(core) for core in (text, *self.courtesy.cores(text)))
        return next((name for name in said if name is not None), None)

    def opens(self, text: str) -> bool:
        """Whether a text is a mere opening exactly as one is said, with nothing around it."""
        return self._command(text) in OPENERS

    def _command(self, text: str) -> str | None:
        folded = fold(text)
        if folded in self._commands:
            said = (name for phrase, name in self._commands[folded] if means(text, phrase))
            return next(said, None)
        if len(folded) < FORGIVEN_FROM:
            return None
        size = len(folded)
        near = {
            name
            for length in (size - 1, size, size + 1)
            for phrase, name in self._forgiven.get(length, ())
            if OSA.distance(folded, phrase, score_cutoff=1) <= 1
        }
        return near.pop() if len(near) == 1 else None


def _phrases(files: list[Path]) -> dict[str, dict[Any, Any]]:
    """Every file's sections put together: a conversation brings its own words in its own file."""
    sections = ("numbers", "commands", "starts", "labels", "also")
    merged: dict[str, dict[Any, Any]] = {name: {} for name in sections}
    for path in files:
        for section, entries in yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader).items():
            twice = merged[section].keys() & entries.keys()
            if twice:
                raise ValueError(f"{path.name}: {section}: {min(twice)} is defined twice")
            merged[section].update(entries)
    return merged


def is_number(text: str) -> bool:
    """Whether a text is the plain number of a row, no longer than one can be."""
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS


def means(text: str, phrase: str) -> bool:
    """Whether a typed text is this phrase, with all its diacritics or with none.

    One syllable typed with other marks is another word: "dừng" (stop) is not "đúng" (right), though
    both fold to the same letters. In longer texts a half-marked phrase is still that phrase.
    """
    if fold(text) != fold(phrase):
        return False
    return text.isascii() or " " in fold(text) or key(text) == key(phrase)
