"""Transcripts: conversations in plain text that a non-programmer can read and write.

    # lúc: 2025-07-02 08:00            before anything else: when it begins, in Lai Châu
    # diễn tập                         the bot is rehearsing: its menu can keep the conversation
    # a comment
    Cán bộ Hà: Xã Bình Lư              Hà is an officer of that commune (by invitation)
    Cán bộ huyện Lan: Huyện Tam Đường  … of that district; so too "Cán bộ tỉnh"
    Páo: báo đóng góp                  Páo types
    Páo bấm: Đồng ý                    Páo presses (types its number where there are no buttons)
    Páo bấm lại                        Páo presses the same button once more
    Páo bấm nút cũ                     Páo presses a button of long ago
    Páo gửi ảnh                        … a photo; also tệp, ghi âm, vị trí, phim, danh bạ, nhãn dán
    Páo gửi 3 ảnh: đường bản           … several as one album, with words beside it
    Không đọc được: heic               what was sent turns out to be unreadable, and why
    | Bản | Tên bản | Năm đạt chuẩn |  a sheet of a workbook: its name and its headings …
    | | Bản Nà Đon | 2024 |            … its rows; more sheets may follow
    Páo gửi tệp so-lieu.xlsx           … the workbook made of the sheets above
    Đọc tệp                            the workbooks that were sent are read
    [tệp: so-lieu-2024.xlsx]           the bot sends a file with its last message
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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import translate
from typing import Any

from bot.replay.tables import workbook
from bot.replay.talk import START, Talk
from handlers.messages import AttachmentKind
from knowledge.zone import ZONE
from storage.codes import ALPHABET

SPANS = {
    "giây": timedelta(seconds=1),
    "phút": timedelta(minutes=1),
    "giờ": timedelta(hours=1),
    "ngày": timedelta(days=1),
}
SENT: dict[str, AttachmentKind] = {
    "ảnh": "photo",
    "tệp": "file",
    "ghi âm": "voice",
    "vị trí": "location",
    "phim": "video",
    "danh bạ": "contact",
    "nhãn dán": "sticker",
}
"""What can be sent beside words, as a transcript calls it."""
ROLES = {
    "Cán bộ ": "",
    "Cán bộ huyện ": "district_officer",
    "Cán bộ tỉnh ": "province_officer",
}
AGAIN, OLD_BUTTON = " bấm lại", " bấm nút cũ"
UNREADABLE = "Không đọc được: "
SILENCE = "Im lặng"
REHEARSAL = "# diễn tập"
WAYS: dict[str, dict[str, bool]] = {
    "plain": {},
    "afresh": {"afresh": True},
    "twice": {"twice": True},
    "no-buttons": {},
}
"""The ways a transcript must hold, and what a Talk is told for each."""
CODE = rf"LC-[{ALPHABET}]{{7}}"
KEY = r"[a-z2-9]{5} [a-z2-9]{5}|[a-z2-9]{26}"
_STARTS = re.compile(r"#\s*lúc:\s*(.+)")
_SENDS = re.compile(rf"([^:]+) gửi (?:(\d{{1,2}}) )?({'|'.join(SENT)})(?:: (.*))?")
HANDS = re.compile(r"([^:]+) gửi tệp (\S+\.\w+)")
READ, FILE = "Đọc tệp", "[tệp: "
_GIVEN = re.compile(rf"({'|'.join(sorted(ROLES, key=len, reverse=True))})([^:]+): (.+)")


class Mismatch(AssertionError):
    """The bot did not say what the transcript says; the text names the line."""


class Unreadable(ValueError):
    """A line that is no line of a transcript; the text names it."""


def starts_at(text: str) -> datetime:
    """When a transcript begins, aware: what "# lúc:" says, else START. Raises Unreadable."""
    for number, line in enumerate(text.splitlines(), start=1):
        told = _STARTS.fullmatch(line.strip())
        if told is not None:
            try:
                return datetime.fromisoformat(told[1]).replace(tzinfo=ZONE)
            except ValueError:
                raise Unreadable(f"line {number}: {line.strip()}") from None
    return START


def playable(text: str, way: str) -> bool:
    """Whether a transcript can be played this way: an old button is there only where any are."""
    return way != "no-buttons" or not (AGAIN in text or OLD_BUTTON in text)


def _unheard(_line: str) -> None:
    return


@dataclass(slots=True)
class Player:
    """Plays one transcript against a Talk; `hear` gets each line of the conversation as it was."""

    talk: Talk
    buttons: bool = True
    hear: Callable[[str], None] = _unheard
    _codes: dict[str, str] = field(default_factory=dict)
    _heard: dict[str, int] = field(default_factory=dict)
    _told: dict[str, int] = field(default_factory=dict)
    _writer: str = ""
    _pressed: dict[str, str] = field(default_factory=dict)
    _shown: list[str] = field(default_factory=list)
    _file: str = ""
    _sheets: list[list[str]] = field(default_factory=list)
    """Lines of the workbook that will be sent next."""

    def play(self, text: str) -> None:
        """Play every line. Raises Mismatch at the first that does not hold, Unreadable."""
        if _STARTS.search(text):
            self.talk.clock.now = starts_at(text)
        if REHEARSAL in text.splitlines():
            self.talk.rehearse()
        for number, line in enumerate(text.splitlines(), start=1):
            line = line.strip()
            if line and not line.startswith("#"):
                try:
                    self._line(line)
                except AssertionError as wrong:
                    raise Mismatch(f"line {number}: {line}\n{wrong}") from None
                except (ValueError, LookupError):
                    raise Unreadable(f"line {number}: {line}") from None

    def _line(self, line: str) -> None:
        if line.startswith("= "):
            amount, unit = line[2:].split()
            self.talk.clock.move(int(amount) * SPANS[unit])
            self._heard = {who: len(bodies) for who, bodies in self.talk.last.items()}
            self.talk.tick()
            self.hear(line)
        elif line.startswith("> "):
            self._expect(line[2:])
        elif line.startswith("|"):
            self._sheets.append([cell.strip() for cell in line.strip("|").split("|")])
        elif line == READ:
            self.talk.read()
            self._tell(line)
        elif line.startswith(FILE):
            _hold(line == f"{FILE}{self._file}]", f"file: {self._file}")
        elif line.startswith("["):
            wanted = [self._filled(one) for one in re.findall(r"\[([^\]]*)\]", line)]
            _hold(wanted == self._shown, f"shown: {self._shown}")
        elif line == SILENCE:
            _hold(not self.talk.last[self._writer], f"said: {self.talk.last[self._writer]}")
        elif given := _GIVEN.fullmatch(line):
            self.talk.make_officer(given[2], given[3], ROLES[given[1]])
            self._heard[given[2]] = self._told[given[2]] = len(self.talk.last[given[2]])
            self.hear(line)
        elif line.endswith(AGAIN) and ":" not in line:
            who = self._writes(line.removesuffix(AGAIN))
            self.talk.say(who, choice=self._pressed[who])
            self._tell(line)
        elif line.startswith(UNREADABLE):
            self.talk.refuse(line.removeprefix(UNREADABLE))
            self.hear(line)
        elif line.endswith(OLD_BUTTON) and ":" not in line:
            self.talk.say(self._writes(line.removesuffix(OLD_BUTTON)), choice="old")
            self._tell(line)
        elif handed := HANDS.fullmatch(line):
            self.talk.hand(self._writes(handed[1]), handed[2], workbook(self._sheets))
            self._sheets = []
            self._tell(line)
        elif sent := _SENDS.fullmatch(line):
            who = self._writes(sent[1])
            self.talk.send(who, SENT[sent[3]], int(sent[2] or 1), self._filled(sent[4] or ""))
            self._tell(line)
        else:
            self._write(line)

    def _write(self, line: str) -> None:
        who, colon, text = line.partition(":")
        if not colon:
            raise ValueError(line)
        who, text = who.strip(), self._filled(text.strip())
        pressed = who.endswith(" bấm")
        who = self._writes(who.removesuffix(" bấm"))
        if pressed:
            self._pressed[who] = self.talk.choice(who, text)
        if pressed and self.buttons:
            self.talk.press(who, text)
        elif pressed:
            self.talk.say(who, self.talk.number(who, text))
        else:
            self.talk.say(who, text)
        self._tell(self._filled(line))

    def _writes(self, who: str) -> str:
        self._writer = who
        self._heard[who] = self._told[who] = 0
        return who

    def _tell(self, line: str) -> None:
        """Let be heard what was written and what the bot said to anybody since."""
        self.hear(line)
        for who, bodies in self.talk.last.items():
            for body in bodies[self._told.get(who, 0) :]:
                self.hear(f"> @{who} {' '.join(body['text'].split())}")
                if name := file_of(body):
                    self.hear(f"{FILE}{name}]")
                if body["choices"]:
                    self.hear(" ".join(f"[{one['label']}]" for one in body["choices"]))
            self._told[who] = len(bodies)

    def _expect(self, pattern: str) -> None:
        who = self._writer
        if pattern.startswith("@"):
            who, _, pattern = pattern[1:].partition(" ")
        bodies = self.talk.last.get(who, [])
        heard = self._heard.get(who, 0)
        _hold(heard < len(bodies), f"the bot said nothing more to {who}")
        said = bodies[heard]["text"]
        self._heard[who] = heard + 1
        self._shown = [one["label"] for one in bodies[heard]["choices"]]
        self._file = file_of(bodies[heard])
        wanted = self._filled(pattern)
        regex = translate(wanted).replace(r"\{", "{").replace(r"\}", "}")
        for name in dict.fromkeys(re.findall(r"\{(\w+)\}", regex)):
            one = KEY if name.startswith("khóa") else CODE
            first, *others = regex.split(f"{{{name}}}")
            regex = f"{first}(?P<{name}>{one})" + f"(?P={name})".join(others)
        match = re.fullmatch(regex, " ".join(said.split()))
        if match is None:
            raise Mismatch(f"the bot said: {said}")
        self._codes.update(match.groupdict())

    def _filled(self, text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda m: self._codes.get(m.group(1), m.group(0)), text)


def file_of(body: Mapping[str, Any]) -> str:
    """The name of the file that goes with a message, "" for none."""
    return str(body.get("workbook", {}).get("name", ""))


def _hold(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Mismatch(otherwise)
