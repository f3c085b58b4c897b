"""Accounts (tài khoản): joining two chats of one person by a one-time code, and letting one go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from handlers import forms
from handlers.forms import Answers, Form, Question
from handlers.menu import Entry
from handlers.turn import Offer, Turn
from handlers.words import is_number
from storage import links, outbox, people
from storage.people import Account

MOST_UNHEARD = 5
"""The newest of what a chat let go was not told; the rest stands in "đóng góp của tôi"."""
MOST_MISSES = 5
"""Wrong codes in the life of one, after which a chat has to wait."""


def offer(turn: Turn) -> None:
    """Show a code to be typed in the other chat."""
    before = turn.state.get("link", 0)
    turn.state["link"], code = links.offer(turn.tx, turn.conversation.account_id, before=before)
    turn.say("account.code", code=code, expires=turn.now + links.LIFE)


def take(turn: Turn, code: str) -> None:
    """A code typed in the other chat: read back whose it is."""
    if _missed(turn) >= MOST_MISSES:
        turn.say("account.too_many")
        return
    link = links.find(turn.tx, code)
    if link is None:
        turn.state["link_misses"] = [_missed(turn) + 1, turn.now.isoformat()]
        turn.say("account.bad_code")
    elif link.account_id == turn.conversation.account_id:
        turn.say("account.same_chat", code=code)
    elif link.person.id == turn.person.id:
        turn.say("account.already", [turn.typed("accounts")])
    else:
        forms.restart(turn, LINK, {"id": link.id})


def _missed(turn: Turn) -> int:
    count, at = turn.state.get("link_misses") or (0, turn.now.isoformat())
    return int(count) if turn.now - datetime.fromisoformat(at) < links.LIFE else 0


def _whose(turn: Turn, answers: Answers) -> dict[str, Any]:
    link = links.get(turn.tx, answers["id"])
    return {"name": link.person.name if link else ""}


def _link(turn: Turn, answers: Answers) -> None:
    link = links.get(turn.tx, answers["id"])
    account_id = turn.conversation.account_id
    person = links.redeem(turn.tx, link, account_id) if link else None
    if link is None or person is None:
        turn.say("account.bad_code")
        return
    turn.say("account.linked", [turn.typed("accounts")], name=person.name)
    turn.push(
        link.account_id, "account.joined", [_pair(turn, "accounts")],
        where=_channel(turn, turn.message.channel),
    )  # fmt: skip


def listing(turn: Turn) -> None:
    """The chats that are this person's, and which to let go."""
    own = people.accounts_of(turn.tx, turn.person.id, links.MOST_ACCOUNTS)
    here = turn.conversation.account_id
    own.sort(key=lambda one: one.id != here)
    others = [one for one in own if one.id != here]
    offers = [Offer(_named(turn, "account.let_go", one), _let_go(turn, one)) for one in others]
    if len(own) < links.MOST_ACCOUNTS:
        offers.append(turn.typed("link"))
    lines = [_named(turn, "account.line", one, here=one.id == here) for one in own]
    turn.say("account.listing", offers, chats=lines)


def let_go(turn: Turn, typed: str) -> None:
    """Read back which chat is let go."""
    found = _own(turn, int(typed))
    if found is None:
        turn.say("account.no_such", [turn.typed("accounts")])
    else:
        forms.restart(turn, UNLINK, {"id": found.id})


def _which(turn: Turn, answers: Answers) -> dict[str, Any]:
    found = _own(turn, answers["id"])
    return {"what": _named(turn, "account.line", found, here=False) if found else ""}


def _unlink(turn: Turn, answers: Answers) -> None:
    found = _own(turn, answers["id"])
    if answers["confirm"] != "unlink_yes":
        turn.say("account.kept")
    elif found is None or not people.let_go(turn.tx, found, by=turn.conversation):
        turn.say("account.no_such", [turn.typed("accounts")])
    else:
        _say_here_instead(turn, found)
        turn.push(found.id, "account.let_go_told")


def _say_here_instead(turn: Turn, gone: Account) -> None:
    """What the chat let go has not been told is his: it is told here, and there no more."""
    unheard = outbox.give_up(turn.tx, gone.id, "let_go")[-MOST_UNHEARD:]
    what = _named(turn, "account.line", gone, here=False)
    turn.say("account.gone", what=what, unheard=len(unheard))
    turn.replies.extend(unheard)


def _own(turn: Turn, account_id: int) -> Account | None:
    """Another account of this person, None when it is none of his or the one he writes from."""
    own = people.accounts_of(turn.tx, turn.person.id, links.MOST_ACCOUNTS)
    here = turn.conversation.account_id
    return next((one for one in own if one.id == account_id and one.id != here), None)


def _named(turn: Turn, key: str, one: Account, **values: Any) -> str:
    where = _channel(turn, one.channel)
    return turn.world.words.text(key, where=where, since=one.created_at, **values)


def _channel(turn: Turn, channel: str) -> str:
    return turn.world.words.label(f"channel.{channel}")


def _let_go(turn: Turn, one: Account) -> str:
    return turn.typing("unlink", str(one.id))


def _pair(turn: Turn, key: str) -> tuple[str, str]:
    label = turn.world.words.label(key)
    return label, label


LINK = Form(
    "link",
    (
        Question(
            "confirm",
            offers=lambda turn, _: [turn.label("link_yes"), turn.label("cancel")],
            values=_whose,
            says="account.confirm",
        ),
    ),
    _link,
)
UNLINK = Form(
    "unlink",
    (
        Question(
            "confirm",
            offers=lambda turn, _: [turn.label("unlink_yes"), turn.label("unlink_no")],
            values=_which,
            says="account.confirm_let_go",
        ),
    ),
    _unlink,
)
FORMS = (LINK, UNLINK)
COMMANDS: dict[str, Callable[[Turn], None]] = {"link": offer, "accounts": listing}
WITH_CODE: dict[str, Callable[[Turn, str], None]] = {"link": take, "unlink": let_go}
READS: dict[str, Callable[[str], bool]] = {"link": links.looks_like_code, "unlink": is_number}
MENU: tuple[Entry, ...] = (Entry("accounts", 8),)
