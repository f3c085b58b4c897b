"""People on the far side of a Zalo OA: what they do, as events, and what they have seen."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """One message as the person sees it; buttons are (title, payload)."""

    message_id: str
    kind: str
    at: datetime
    text: str = ""
    buttons: tuple[tuple[str, str], ...] = ()
    content: bytes = b""
    charged: bool = False


@dataclass(slots=True)
class Person:
    """One person of one OA; ids are longer than a float holds."""

    user_id: str
    last_interaction: datetime | None = None
    error: int = 0
    """What every message to him is refused with: -213, -227, -244 …"""
    seen: list[Seen] = field(default_factory=list)


class People:
    """Makes the events of people's doings; each also opens their window."""

    def __init__(self, app_id: str, oa_id: str, now: Callable[[], datetime]) -> None:
        self._app_id, self._oa_id, self._now = app_id, oa_id, now
        self._numbers = itertools.count(1)
        self.all: dict[str, Person] = {}

    def person(self, number: int) -> Person:
        """The person with this number, made when first asked for."""
        user_id = str(2468458835296190000 + number)
        return self.all.setdefault(user_id, Person(user_id))

    def message_id(self) -> str:
        """A new message id, hexadecimal as Zalo's are."""
        return f"{0x96D3CDF3AF150460000 + next(self._numbers):x}"

    def says(self, who: Person, text: str) -> Event:
        """He writes."""
        return self._sent(who, "text", {"text": text})

    def taps(self, who: Person, message: Seen, number: int) -> Event:
        """He presses a button, of however old a message: its payload comes as his text."""
        return self.says(who, message.buttons[number][1])

    def sends(self, who: Person, kind: str, payload: Event, text: str = "") -> Event:
        """He sends an image, audio, file, location …"""
        attachment = "link" if kind == "business_card" else kind
        message: Event = {"attachments": [{"type": attachment, "payload": payload}]}
        return self._sent(who, kind, message | ({"text": text} if text else {}))

    def follows(self, who: Person, name: str = "follow") -> Event:
        """He follows the OA, or no longer does."""
        if name == "follow":
            who.last_interaction = self._now()
        about = {"oa_id": self._oa_id, "follower": {"id": who.user_id}, "source": "oa_profile"}
        return self.event(name, about)

    def opens_chat(self, who: Person) -> Event:
        """He presses "Nhắn tin"."""
        who.last_interaction = self._now()
        about = {"oa_id": self._oa_id, "user_id": who.user_id}
        return self.event("user_click_chatnow", about)

    def shares(self, who: Person, info: Event) -> Event:
        """He answers the phone card."""
        return self.event("user_submit_info", {**self._ends(who), "info": info})

    def receipt(self, who: Person, name: str, message: Event) -> Event:
        """Something reached him or was read."""
        ends = {"sender": {"id": self._oa_id}, "recipient": {"id": who.user_id}}
        return self.event(name, {**ends, "message": message})

    def echo(self, who: Person, message: Seen, admin_id: str = "") -> Event:
        """What the OA said to him comes back to its app; `admin_id` where a human said it."""
        by = {"id": self._oa_id} | ({"admin_id": admin_id} if admin_id else {})
        said = {"text": message.text, "msg_id": message.message_id}
        about = {"sender": by, "recipient": {"id": who.user_id}, "message": said}
        return self.event(f"oa_send_{message.kind}", about)

    def event(self, name: str, about: Event) -> Event:
        """An event of this name, as all of them are written."""
        stamp = str(int(self._now().timestamp() * 1000))
        return {"app_id": self._app_id, "event_name": name, **about, "timestamp": stamp}

    def _sent(self, who: Person, kind: str, message: Event) -> Event:
        who.last_interaction = self._now()
        said = {**message, "msg_id": self.message_id()}
        return self.event(f"user_send_{kind}", {**self._ends(who), "message": said})

    def _ends(self, who: Person) -> Event:
        by_app = {"user_id_by_app": who.user_id[::-1]}
        return {"sender": {"id": who.user_id}, "recipient": {"id": self._oa_id}, **by_app}
