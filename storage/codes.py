"""Receipt codes (mã biên nhận): "LC-" and seven characters, the last a check character.

23 letters and digits, none of which is mistaken for another when read aloud or copied from paper:
no 0 O 1 I L, no 5 S, no 8 B, no U beside V. 23 is prime, so weights 1…6 make the check character
catch every single wrong character and every swap of two.
"""

from __future__ import annotations

import re
import secrets

ALPHABET = "234679ACDEFHJKMNPRTVWXY"
PREFIX = "LC-"
_BODY = 6
_MEANT = re.compile(r"LC[\s.\-–]*(?:[0-9A-Z][\s.\-]*){3,9}", re.IGNORECASE)
_WITHIN = re.compile(rf"\bLC[\s.\-–]*(?:[{ALPHABET}][\s.\-]*){{{_BODY + 1}}}(?!\w)", re.IGNORECASE)
_CODE = re.compile(rf"(?:LC)?[\s.\-–]*([{ALPHABET}\s.\-]{{7,14}})", re.IGNORECASE)


def new_code() -> str:
    """A random code; the caller's unique key decides whether it is free."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(_BODY))
    return PREFIX + body + _check(body)


def parse(text: str) -> str | None:
    """The code a person typed, however he spaced it; None when it is not a whole, right code."""
    match = _CODE.fullmatch(text.strip())
    if match is None:
        return None
    letters = re.sub(r"[^0-9A-Z]", "", match.group(1).upper())
    if len(letters) != _BODY + 1 or _check(letters[:_BODY]) != letters[_BODY]:
        return None
    return PREFIX + letters


def find_in(text: str) -> str | None:
    """The first whole, right code somewhere in a sentence, None when there is none."""
    return next((code for found in _WITHIN.findall(text) if (code := parse(found))), None)


def looks_like_code(text: str) -> bool:
    """Whether somebody means a code, be it a wrong one: then he is told so, not answered."""
    return _MEANT.fullmatch(text.strip()) is not None


def _check(body: str) -> str:
    total = sum(weight * ALPHABET.index(letter) for weight, letter in enumerate(body, start=1))
    return ALPHABET[total % len(ALPHABET)]
