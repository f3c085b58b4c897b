"""Writes a conversation down as a transcript that `player` plays again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.replay import player
from bot.replay.masks import Masks
from handlers.messages import Message
from handlers.turn import TYPED
from knowledge.places import Places
from knowledge.zone import ZONE

if TYPE_CHECKING:
    from bot.replay.memory import Event

CODE = player.CODE
ONE_TIME = rf"(?<=: )(?:{player.KEY})\b"
"""A key the bot gives out stands behind a colon."""
OFFICER = "Cán bộ {}"
"""What a transcript's officer is called, by whatever calls him."""
_SENDS = {kind: word for word, kind in player.SENT.items()}
_GIVES = {role or "commune_officer": begins for begins, role in player.ROLES.items()}
"""An officer of a place told without a role is one of a commune, where it is one."""
_MINUTE = timedelta(minutes=1)
_INVITES = re.compile(r"\s*mã mời|\s*nhận mã mời|\s*ma moi", re.IGNORECASE)


def whole(body: Mapping[str, Any]) -> str:
    """All that can be read in a message."""
    return "\n".join([body["text"], *(one["label"] for one in body["choices"])])


def transcript(
    events: Sequence[Event], callers: Mapping[int, str], masks: Masks, places: Places
) -> str:
    """The events as a transcript; `callers` names the writers, by account."""
    return _Writing(callers, masks, places).write(events)


class _Writing:
    def __init__(self, callers: Mapping[int, str], masks: Masks, places: Places) -> None:
        self._callers, self._masks, self._places = callers, masks, places
        self._lines: list[str] = []
        self._codes: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self._shown: dict[int, list[Mapping[str, Any]]] = {}
        self._pressed: dict[int, str] = {}
        self._now = datetime.min.replace(tzinfo=ZONE)

    def write(self, told: Sequence[Event]) -> str:
        events = _whole_albums(told)
        begun = events[0].at.astimezone(ZONE).replace(second=0, microsecond=0)
        self._now = begun
        self._lines = [f"# lúc: {begun:%Y-%m-%d %H:%M}", player.REHEARSAL]
        taken_up = _taken_up(events)
        for number, event in enumerate(events):
            if number in taken_up:
                for role, place in taken_up[number]:
                    self._give(event, role, place)
                self._shown[event.account_id] = []
            elif number not in taken_up.get(-1, ()):
                self._event(event)
        return "\n".join(self._lines) + "\n"

    def _give(self, event: Event, role: str, place: str) -> None:
        if role in _GIVES:
            unit = self._places.get(place)
            where = f"{unit.name}, {unit.district}" if unit.district else unit.name
            self._lines.append(f"{_GIVES[role]}{self._callers[event.account_id]}: {where}")

    def _event(self, event: Event) -> None:
        who = event.account_id
        line = self._written(event.message, who)
        if line is None:
            return
        self._pass_time(event.at, exactly=line.endswith(player.AGAIN))
        self._lines.append(line)
        self._shown[who] = []
        for to, body in event.said:
            if to in self._callers and to in self._shown:
                self._shown[to].append(body)
                self._said("" if to == who else f"@{self._callers[to]} ", body)
        if not event.said:
            self._lines.append(player.SILENCE)

    def _pass_time(self, at: datetime, *, exactly: bool) -> None:
        passed = at - (self._now if exactly else self._now.replace(second=0))
        size, unit = (timedelta(seconds=1), "giây") if exactly else (_MINUTE, "phút")
        if passed >= size:
            self._lines.append(f"= {passed // size} {unit}")
            self._now += passed // size * size

    def _written(self, message: Message, account_id: int) -> str | None:
        """What the person did, as a line; None for what a transcript has no words for."""
        who = self._callers[account_id]
        text = self._kept(self._masks.mask(" ".join(message.text.split())))
        if message.attachments:
            kinds = {one.kind for one in message.attachments}
            word = _SENDS.get(next(iter(kinds)))
            if len(kinds) > 1 or word is None:
                return None
            named = f"{who} gửi tệp {self._masks.mask(message.attachments[0].name)}"
            if not text and len(message.attachments) == 1 and player.HANDS.fullmatch(named):
                return named
            many = f"{len(message.attachments)} " if len(message.attachments) > 1 else ""
            return f"{who} gửi {many}{word}" + (f": {text}" if text else "")
        if message.choice is None:
            return f"{who}: {text}"
        return self._press(who, account_id, message.choice)

    def _press(self, who: str, account_id: int, choice: str) -> str:
        offered = [one for body in self._shown.get(account_id, []) for one in body["choices"]]
        label = next((one["label"] for one in offered if one["id"] == choice), None)
        newest = next((one["id"] for one in reversed(offered) if one["label"] == label), None)
        if choice.startswith(TYPED):
            return f"{who}: {self._kept(self._masks.mask(choice.removeprefix(TYPED)))}"
        if label is None or newest != choice:
            again = self._pressed.get(account_id) == choice
            return who + (player.AGAIN if again else player.OLD_BUTTON)
        self._pressed[account_id] = choice
        return f"{who} bấm: {self._kept(self._masks.mask(label))}"

    def _said(self, to: str, body: Mapping[str, Any]) -> None:
        text = self._masks.mask(" ".join(body["text"].split()))
        for code in re.findall(CODE, text):
            self._codes.setdefault(code, f"{{mã{len(self._codes) + 1}}}")
        for code in re.findall(ONE_TIME, text):
            self._keys.setdefault(code, f"{{khóa{len(self._keys) + 1}}}")
        text = re.sub(r"([*?\[])", r"[\1]", text)
        self._lines.append(f"> {to}{self._kept(text)}")
        if name := player.file_of(body):
            self._lines.append(f"{player.FILE}{name}]")
        labels = [self._kept(self._masks.mask(one["label"])) for one in body["choices"]]
        if labels and not any(re.search(rf"[\[\]]|{CODE}", label) for label in labels):
            self._lines.append(" ".join(f"[{label}]" for label in labels))

    def _kept(self, text: str) -> str:
        """Codes as the names a transcript knows them by: no key is kept that opens anything."""
        for key, name in self._keys.items():
            text = text.replace(key, name)
        return re.sub(
            rf"(?i)(?:{CODE})", lambda found: self._codes.get(found[0].upper(), found[0]), text
        )


def _whole_albums(events: Sequence[Event]) -> list[Event]:
    """The events, what was sent as one album being one: a transcript sends it in one line."""
    found: list[Event] = []
    for event in events:
        last = found[-1] if found else None
        if last is None or not event.message.group or not _is_of(event, last):
            found.append(event)
            continue
        album = replace(
            last.message, attachments=(*last.message.attachments, *event.message.attachments)
        )
        found[-1] = replace(event, at=last.at, message=album, said=(*last.said, *event.said))
    return found


def _is_of(part: Event, album: Event) -> bool:
    """Whether this was sent together with that, by the same person."""
    return (part.account_id, part.message.group) == (album.account_id, album.message.group)


def _taken_up(events: Sequence[Event]) -> dict[int, Any]:
    """Where roles were taken up: event → new roles; under -1 the events that line stands for."""
    held: dict[int, set[tuple[str, str]]] = {}
    found: dict[int, Any] = {-1: set()}
    invited: dict[int, int] = {}
    for number, event in enumerate(events):
        begun = event.account_id not in held
        before = held.setdefault(event.account_id, set())
        if _INVITES.match(event.message.text):
            invited[event.account_id] = number
        new = [one for one in event.roles if one not in before and one[0] in _GIVES]
        held[event.account_id] = set(event.roles)
        # A role that came with a link of accounts is told by the link.
        if new and (begun or event.account_id in invited):
            found[number] = new
            first = invited.get(event.account_id, number)
            found[-1].update(
                at for at in range(first, number) if events[at].account_id == event.account_id
            )
    return found
