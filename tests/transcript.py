"""Transcripts: conversations in plain text that a non-programmer can read and write.

    # a comment
    Cán bộ Hà: Xã Bình Lư              Hà is an officer of that commune, district or province
    Páo: báo đóng góp                  Páo types
    Páo bấm: Đồng ý                    Páo presses (types its number where there are no buttons)
    Páo bấm lại                        Páo presses the same button once more
    > Góp để làm việc gì?*             the bot's next message to whoever wrote; * is anything
    > @Hà Có báo cáo mới*{mã}*         … to somebody else; {mã} is a receipt code, kept for later
    [Gửi] [Sửa] [Hủy]                  the choices under it
    Páo: xem {mã}                      the code can be typed; {khóa…} is a one-time code
    = 2 ngày                           time passes
    Im lặng                            the bot says nothing to whoever wrote

Each is replayed plainly, with the engine built anew before every message, with every message
delivered twice, and on a channel without buttons.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import translate

from storage.codes import ALPHABET
from tests.talk import Talk

_SPANS = {"phút": timedelta(minutes=1), "giờ": timedelta(hours=1), "ngày": timedelta(days=1)}
_CODE = rf"LC-[{ALPHABET}]{{7}}"
_KEY = r"[a-z2-9]{5} [a-z2-9]{5}|[a-z2-9]{26}"
_ROLES = {
    "province": "province_officer",
    "district": "district_officer",
    "city": "district_officer",
}
"""What an officer of each level is called; elsewhere the commune's."""


class Mismatch(AssertionError):
    """The bot did not say what the transcript says; the text names the line."""


@dataclass(slots=True)
class Player:
    """Plays one transcript against a Talk."""

    talk: Talk
    buttons: bool = True
    _codes: dict[str, str] = field(default_factory=dict)
    _heard: dict[str, int] = field(default_factory=dict)
    _writer: str = ""
    _pressed: dict[str, str] = field(default_factory=dict)
    _shown: list[str] = field(default_factory=list)

    def play(self, text: str) -> None:
        """Play every line. Raises Mismatch at the first that does not hold."""
        for number, line in enumerate(text.splitlines(), start=1):
            line = line.strip()
            if line and not line.startswith("#"):
                try:
                    self._line(line)
                except AssertionError as wrong:
                    raise Mismatch(f"line {number}: {line}\n{wrong}") from None

    def _line(self, line: str) -> None:
        if line.startswith("= "):
            amount, unit = line[2:].split()
            self.talk.clock.move(int(amount) * _SPANS[unit])
        elif line.startswith("> "):
            self._expect(line[2:])
        elif line.startswith("["):
            wanted = re.findall(r"\[([^\]]*)\]", line)
            assert [self._filled(one) for one in wanted] == self._shown, f"shown: {self._shown}"
        elif line == "Im lặng":
            assert not self.talk.last[self._writer], self.talk.last[self._writer]
        elif line.startswith("Cán bộ "):
            who, place = line.removeprefix("Cán bộ ").split(": ", 1)
            found = self.talk.world.places.find(place, self.talk.clock().date()).units[0]
            self.talk.make_officer(who, place, _ROLES.get(found.level, "commune_officer"))
            self._heard[who] = len(self.talk.last[who])
        elif line.endswith(" bấm lại"):
            self._writer = who = line.removesuffix(" bấm lại")
            self._heard[who] = 0
            self.talk.say(who, choice=self._pressed[who])
        else:
            self._write(line)

    def _write(self, line: str) -> None:
        who, _, text = line.partition(":")
        who, text = who.strip(), self._filled(text.strip())
        pressed = who.endswith(" bấm")
        self._writer = who = who.removesuffix(" bấm")
        self._heard[who] = 0
        if pressed:
            self._pressed[who] = self.talk.choice(who, text)
        if pressed and self.buttons:
            self.talk.press(who, text)
        elif pressed:
            self.talk.say(who, self.talk.number(who, text))
        else:
            self.talk.say(who, text)

    def _expect(self, pattern: str) -> None:
        who = self._writer
        if pattern.startswith("@"):
            who, _, pattern = pattern[1:].partition(" ")
        bodies = self.talk.last.get(who, [])
        heard = self._heard.get(who, 0)
        assert heard < len(bodies), f"the bot said nothing more to {who}"
        said = bodies[heard]["text"]
        self._heard[who] = heard + 1
        self._shown = [one["label"] for one in bodies[heard]["choices"]]
        wanted = self._filled(pattern)
        regex = translate(wanted).replace(r"\{", "{").replace(r"\}", "}")
        names = dict.fromkeys(re.findall(r"\{(\w+)\}", regex))
        for name in names:
            one = _KEY if name.startswith("khóa") else _CODE
            regex = regex.replace(f"{{{name}}}", f"(?P<{name}>{one})", 1)
            regex = regex.replace(f"{{{name}}}", f"(?P={name})")
        match = re.fullmatch(regex, " ".join(said.split()))
        assert match is not None, f"the bot said: {said}"
        self._codes.update(match.groupdict())

    def _filled(self, text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda m: self._codes.get(m.group(1), m.group(0)), text)
