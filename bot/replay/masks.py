"""Takes people out of a conversation that is kept: names, telephone numbers become invented ones.

The same name becomes the same invention everywhere, typed with marks or without, so that what the
bot made of two equal names holds again. Places and organisations' kinds stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import yaml

from knowledge.text import fold

_PHONE = re.compile(r"(?<![\d.])(?:\+84|0)(?:[ .\-]?\d){9}(?!\d)")
_SPELLINGS: tuple[Callable[[str], str], ...] = (
    str,
    str.lower,
    str.upper,
    fold,
    lambda name: fold(name).title(),
    lambda name: fold(name).upper(),
)


@cache
def invented() -> Mapping[str, list[str]]:
    """The invented people: "callers" and "names"."""
    read: Mapping[str, list[str]] = yaml.safe_load(
        Path(__file__).with_name("names.yaml").read_text("utf-8")
    )
    return read


def nth(kind: str, number: int) -> str:
    """The invention with this number; past the end they begin again with a numeral."""
    known = invented()[kind]
    again, at = divmod(number, len(known))
    return known[at] + (f" {'I' * again}" if again else "")


class Masks:
    """Inventions for one conversation. `fixed` are names that have one already."""

    def __init__(self, fixed: Mapping[str, str]) -> None:
        self._inventions = {fold(name): (name, made) for name, made in fixed.items()}
        self._phones: dict[str, str] = {}
        self._made = 0

    def learn(self, name: str) -> None:
        """Somebody is called so."""
        if fold(name) and fold(name) not in self._inventions:
            self._inventions[fold(name)] = (name, nth("names", self._made))
            self._made += 1

    def mask(self, text: str) -> str:
        """A text without the names learnt and without telephone numbers."""
        spelled = {
            spell(name): spell(made)
            for name, made in self._inventions.values()
            for spell in _SPELLINGS
        }
        if spelled:
            longest = sorted(map(re.escape, spelled), key=len, reverse=True)
            text = re.sub(
                rf"(?<!\w)(?:{'|'.join(longest)})(?!\w)", lambda found: spelled[found[0]], text
            )
        return _PHONE.sub(lambda found: self._phone(found[0]), text)

    def _phone(self, told: str) -> str:
        digits = re.sub(r"\D", "", told)[-9:]
        return self._phones.setdefault(digits, f"0900000{len(self._phones) + 1:03}")
