"""The key of a village (bản, thôn, tổ dân phố): one village however its name is typed."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import yaml

from knowledge.text import fold


def village_key(text: str) -> str:
    """The FOLD form without the words before the name; `village_key(village_key(x))` is the same.

    A name that is nothing but such words keeps the last of them.
    """
    return _before().sub("", fold(text))


@cache
def _before() -> re.Pattern[str]:
    told = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
    words = "|".join(sorted(told["before"], key=len, reverse=True))
    return re.compile(rf"^(?:(?:{words}) )+(?:{told['number']} (?=\d))?")
