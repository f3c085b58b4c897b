"""Whatever people send: a clear sentence comes back, and nothing changes that should not."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from handlers.messages import Attachment, Message
from handlers.turn import World
from storage import contributions as store
from storage import grants, people
from storage.codes import new_code
from storage.database import Tx
from storage.grants import INVITATION_LIFE
from storage.schema import audit, consents, contributions, dead_letters, decisions
from tests.conftest import STORES, Fresh, HandClock
from tests.talk import Talk, talking

MOST_CHARS, MOST_LINES = 300, 5

STEPS: dict[str, str] = {
    "consent": "Đồng ý",
    "amount": "2 triệu đồng",
    "purpose": "Làm đường bản",
    "day": "hôm qua",
    "commune": "Xã Bình Lư",
    "village": "Bản Nà Đon",
    "who": "Cá nhân tôi",
    "name": "Giàng A Páo",
    "confirm": "Gửi",
}
"""The report form's questions in order, and a right answer to each."""

FREE = {"purpose", "village", "name"}
"""Questions to which any few words may be the answer."""

BAD: dict[str, str] = {
    "empty": "",
    "blank": " \n\t  ",
    "invisible": "\u200b\u200e\ufeff",
    "control": "\x00\x01\x1b[31m",
    "lone surrogates": "\ud800\udfff",
    "emoji": "🎉🎉🎉",
    "10,000 letters": "a" * 10_000,
    "10,000 emoji": "🎉" * 10_000,
    "10,000 words": "góp tiền " * 1_250,
    "a question mark": "?",
    "punctuation": "... !!! ---",
    "a high number": "99",
    "a huge number": "9" * 400,
    "a negative number": "-5",
    "money too large": "9" * 30 + " triệu",
    "infinity": "1e999",
    "nothing": "0 đồng",
    "sql": "'); DROP TABLE contributions; --",
    "template": "{{ 7 * 7 }} {% raw %} %s {0}",
    "html": "<b onmouseover=alert(1)>x</b>",
}
WORDS: dict[str, str] = {
    "right to left": "مرحبا بالعالم",
    "override": "\u202eab\u202c",
    "words for numbers": "nhiều lắm chú ạ",
    "a choice never offered": "Cho tất cả mọi người trong huyện",
    "decomposed": unicodedata.normalize("NFD", "Ủy ban nhân dân xã"),
    "with a zero byte": "Bản\x00 Mới",
    "with a surrogate": "Bản \ud800Mới",
}
"""Answers to a free question, and to no other."""


@pytest.fixture(params=STORES)
def talk(
    request: pytest.FixtureRequest, fresh_url: Fresh, world: World, clock: HandClock
) -> Iterator[Talk]:
    """Conversations on either store."""
    with talking(fresh_url(request.param), world, clock) as one:
        yield one


def _count(talk: Talk, table: Any) -> int:
    statement = select(func.count()).select_from(table)
    return talk.write(lambda tx: int(tx.execute(statement).scalar() or 0))


def _state(talk: Talk, who: str) -> dict[str, Any]:
    return talk.write(lambda tx: people.open_conversation(tx, "terminal", "test", who).state)


def _answers(talk: Talk, who: str) -> dict[str, Any]:
    form = _state(talk, who).get("forms", {}).get("report", {})
    answers = dict(form.get("answers", {}))
    # Consent once given stands in a row of its own, whatever becomes of the form.
    answers.pop("consent", None)
    return answers


def _clear(said: list[str]) -> bool:
    """Something is said, and none of it is more than a villager reads in a chat."""
    fits = all(len(one) <= MOST_CHARS and one.count("\n") < MOST_LINES for one in said)
    return bool(said) and all(one.strip() for one in said) and fits


def _walk(talk: Talk, who: str, to: str) -> None:
    """Answer every question before `to`."""
    talk.say(who, "báo góp tiền")
    for name, answer in STEPS.items():
        if name == to:
            return
        talk.say(who, answer)


def _send(talk: Talk, who: str, start: str) -> None:
    """Answer from `start` on, to the end."""
    for name in list(STEPS)[list(STEPS).index(start) :]:
        talk.say(who, STEPS[name])


@pytest.mark.parametrize("step", STEPS)
def test_at_every_question_bad_input_changes_nothing(talk: Talk, step: str) -> None:
    _walk(talk, "Páo", step)
    before = _answers(talk, "Páo")
    assert list(before) == ["kind", *list(STEPS)[1 : list(STEPS).index(step)]]
    for name, text in (BAD | ({} if step in FREE else WORDS)).items():
        said = talk.say("Páo", text)
        if _answers(talk, "Páo") != before and step in FREE and any(map(str.isalpha, text)):
            # A few letters may be a purpose or a name; what is not may be taken back.
            talk.say("Páo", "quay lại")
        assert _clear(said), (name, said)
        assert _answers(talk, "Páo") == before, name
        assert _count(talk, dead_letters) == 0, name
    assert _count(talk, contributions) == 0
    assert _count(talk, consents) == (0 if step == "consent" else 1)
    _send(talk, "Páo", step)
    assert _count(talk, contributions) == 1


@pytest.mark.parametrize("step", sorted(FREE))
def test_a_free_answer_is_stored_clean(talk: Talk, step: str) -> None:
    for number, text in enumerate(WORDS.values()):
        who = f"người {number}"
        _walk(talk, who, step)
        assert _clear(talk.say(who, text))
        kept = _answers(talk, who).get(step)
        if kept is not None:
            assert kept == unicodedata.normalize("NFC", kept)
            assert not any(unicodedata.category(char) in ("Cc", "Cs", "Cf") for char in kept)
            _send(talk, who, list(STEPS)[list(STEPS).index(step) + 1])
    assert _count(talk, contributions) >= 5
    assert _count(talk, dead_letters) == 0


@pytest.mark.parametrize("text", ["\ud800", "\x00", "!" * 300], ids=["surrogate", "nul", "long"])
@pytest.mark.parametrize("typed", [True, False], ids=["typed", "pressed"])
def test_consent_is_taken_however_it_is_spelt(talk: Talk, text: str, typed: bool) -> None:
    """Its proof holds what was typed or pressed, which any store must be able to keep."""
    talk.say("Páo", "báo góp tiền")
    said = talk.say("Páo", f"đồng ý{text}") if typed else talk.say(
        "Páo", choice=f"=đồng ý{text}"
    )  # fmt: skip
    assert _clear(said)
    assert _count(talk, dead_letters) == 0
    assert _count(talk, consents) == 1


def test_whatever_is_attached_is_answered_in_words(talk: Talk) -> None:
    kinds = ("photo", "file", "voice", "video", "location", "contact", "sticker")
    for step in ("consent", "amount", "village", "confirm"):
        who = f"người {step}"
        _walk(talk, who, step)
        before = _answers(talk, who)
        for kind in kinds:
            one = Attachment(kind, "ref", "\ud800.jpg", 2**70)  # type: ignore[arg-type]  # each kind
            assert _clear(talk.say(who, attachments=(one,)))
            after = _answers(talk, who)
            kept = after.pop("evidence", [])
            assert len(kept) == 1 + min(kinds.index(kind), 2)  # a photo, a file, a voice note
            assert after == before
    assert _clear(talk.say("Lạ", attachments=(Attachment("photo", "ref"),) * 50))
    assert _count(talk, dead_letters) == 0


# choices


def test_forged_and_stale_choices_change_nothing(talk: Talk) -> None:
    _walk(talk, "Páo", "purpose")
    old = talk.choice("Páo", "Làm đường bản")
    _walk(talk, "Mỷ", "purpose")
    hers = talk.choice("Mỷ", "Nhà văn hóa bản")
    talk.say("Páo", "Nước sạch, vệ sinh")
    before = _answers(talk, "Páo")
    stem, _, _ = old.partition(".")
    forged = [
        hers, old, f"{stem}.2", f"{stem}.99", f"{stem}.", "", ".", "1", "send", "x" * 5_000,
        "\x00", "\ud800", "'); --", "đồng ý", "=", "= ", "=\x00", "=\ud800", "=" + "a" * 10_000,
    ]  # fmt: skip
    for choice in forged:
        said = talk.say("Páo", choice=choice)
        assert _clear(said), (choice[:20], said)
        assert _answers(talk, "Páo") == before, choice[:20]
    assert _count(talk, dead_letters) == 0
    _send(talk, "Páo", "day")
    assert _count(talk, contributions) == 1


def test_a_send_button_sends_once_and_only_for_its_own(talk: Talk) -> None:
    _walk(talk, "Páo", "confirm")
    send = talk.choice("Páo", "Gửi")
    _walk(talk, "Mỷ", "confirm")
    talk.say("Mỷ", choice=send)
    assert _count(talk, contributions) == 0
    talk.say("Páo", choice=send)
    assert talk.say("Páo", choice=send) == []
    talk.clock.move(timedelta(minutes=5))
    assert _clear(talk.say("Páo", choice=send))
    assert _count(talk, contributions) == 1


def test_a_villager_cannot_press_what_is_an_officers(talk: Talk) -> None:
    talk.make_officer("Hà", "Xã Bình Lư")
    _walk(talk, "Páo", "confirm")
    talk.say("Páo", "Gửi")
    [code] = talk.write(lambda tx: tx.execute(select(contributions.c.code)).scalars().all())
    for who in ("Mỷ", "Páo"):
        for choice in ("=việc cần duyệt", f"=mở {code}", f"=xem {code}", f"=bổ sung {code}"):
            assert _clear(talk.say(who, choice=choice))
            for word in ("Xác nhận đúng", "1", "đúng", "Ghi nhận"):
                talk.say(who, word)
    talk.press("Hà", "Mở xem")
    verify = talk.choice("Hà", "Xác nhận đúng")
    assert _clear(talk.say("Mỷ", choice=verify))
    assert _count(talk, decisions) == 0
    assert _count(talk, contributions) == 1


@pytest.mark.parametrize("typed", ["xem {}", "mở {}", "{}", "bổ sung {}", "=mở {}"])
def test_another_communes_report_is_as_unknown_as_none(talk: Talk, typed: str) -> None:
    talk.make_officer("Lan", "Xã Bản Bo")
    _walk(talk, "Páo", "confirm")
    talk.say("Páo", "Gửi")
    [code] = talk.write(lambda tx: tx.execute(select(contributions.c.code)).scalars().all())
    nobodys = new_code()

    def say(what: str) -> list[str]:
        text = typed.format(what)
        return talk.say("Lan", choice=text) if text.startswith("=") else talk.say("Lan", text)

    other, none = say(code), say(nobodys)
    assert _clear(other)
    assert [one.replace(code, "?") for one in other] == [one.replace(nobodys, "?") for one in none]
    for word in ("Xác nhận đúng", "1", "đúng"):
        talk.say("Lan", word)
    assert _count(talk, decisions) == 0


@pytest.mark.parametrize("pressed", [["Xác nhận đúng"], ["Xác nhận đúng", "Ghi nhận"]])
def test_a_revoked_officer_decides_nothing_though_the_report_is_open(
    talk: Talk, pressed: list[str]
) -> None:
    talk.make_officer("Hà", "Xã Bình Lư")
    _walk(talk, "Páo", "confirm")
    talk.say("Páo", "Gửi")
    talk.press("Hà", "Mở xem")

    def revoke(tx: Tx) -> None:
        person = people.open_conversation(tx, "terminal", "test", "Hà").person
        for grant in grants.of_person(tx, person.id):
            grants.revoke(tx, grant.id, by="operator")

    for label in pressed[:-1]:
        talk.press("Hà", label)
    talk.write(revoke)
    assert _clear(talk.press("Hà", pressed[-1]))
    assert _count(talk, decisions) == 0


def test_an_invitation_used_twice_gives_one_role(talk: Talk, world: World) -> None:
    place = world.places.find("Xã Bình Lư", talk.clock().date()).units[0].key
    code = talk.write(lambda tx: grants.invite(tx, "commune_officer", place, by=None))
    for who in ("Hà", "Lan"):
        talk.say(who, f"mã mời {code.upper()}")
        talk.say(who, f"Cán bộ {who}")
    talk.press("Hà", "Nhận")
    assert _clear(talk.press("Lan", "Nhận"))
    for who in ("Hà", "Lan", "Mỷ"):
        assert _clear(talk.say(who, f"mã mời {code}"))
        talk.say(who, "Nhận")
    assert len(talk.write(lambda tx: grants.at_place(tx, place, "commune_officer"))) == 1


def test_an_invitation_kept_too_long_gives_none(talk: Talk, world: World) -> None:
    place = world.places.find("Xã Bình Lư", talk.clock().date()).units[0].key
    code = talk.write(lambda tx: grants.invite(tx, "commune_officer", place, by=None))
    talk.say("Hà", f"mã mời {code}")
    talk.say("Hà", "Lò Thị Hà")
    talk.clock.move(INVITATION_LIFE)
    talk.say("Hà", "tiếp tục")
    assert _clear(talk.say("Hà", "Nhận"))
    assert _clear(talk.say("Hà", f"mã mời {code}"))
    assert talk.write(lambda tx: grants.at_place(tx, place, "commune_officer")) == []


@pytest.mark.parametrize("name", ["....", "😀😀😀😀", "1234", "ab", "x" * 90, "\x00" * 6])
def test_an_officers_name_is_a_name(talk: Talk, world: World, name: str) -> None:
    """It stands beside every decision he takes."""
    place = world.places.find("Xã Bình Lư", talk.clock().date()).units[0].key
    code = talk.write(lambda tx: grants.invite(tx, "commune_officer", place, by=None))
    talk.say("Hà", f"mã mời {code}")
    assert _clear(talk.say("Hà", name))
    talk.say("Hà", "Nhận")
    assert talk.write(lambda tx: grants.at_place(tx, place, "commune_officer")) == []


def test_bad_input_at_the_officers_questions(talk: Talk) -> None:
    talk.make_officer("Hà", "Xã Bình Lư")
    _walk(talk, "Páo", "confirm")
    talk.say("Páo", "Gửi")
    talk.press("Hà", "Mở xem")
    for name, text in (BAD | WORDS).items():
        assert _clear(talk.say("Hà", text)), name
    talk.say("Hà", "Sửa số tiền")
    for name, text in (BAD | WORDS).items():
        assert _clear(talk.say("Hà", text)), name
    talk.say("Hà", "quay lại")
    talk.say("Hà", "Không duyệt")
    for name in ("empty", "emoji", "a high number", "control", "lone surrogates", "10,000 letters"):
        assert _clear(talk.say("Hà", BAD[name])), name
    assert _count(talk, decisions) == 0
    assert _count(talk, dead_letters) == 0
    talk.say("Hà", "Trùng với báo cáo khác")
    talk.press("Hà", "Ghi nhận")
    assert _count(talk, decisions) == 1


def test_an_officers_question_is_what_he_wants_to_know(talk: Talk) -> None:
    """Asked what is missing, he asks; it is not the plan that he asks."""
    talk.make_officer("Hà", "Xã Bình Lư")
    _walk(talk, "Páo", "confirm")
    talk.say("Páo", "Gửi")
    talk.press("Hà", "Mở xem")
    talk.say("Hà", "Cần bổ sung")
    talk.say("Hà", "Bà con nộp tiền cho ai, vào ngày nào?")
    talk.press("Hà", "Ghi nhận")
    assert any("nộp tiền cho ai" in body["text"] for body in talk.last["Páo"])


@pytest.mark.parametrize("text", ["-1", "1/1", "1,0", "0.1", "11", "01/01", "1 1"])
def test_what_only_resembles_a_number_decides_nothing(talk: Talk, text: str) -> None:
    """The first choice is to verify."""
    talk.make_officer("Hà", "Xã Bình Lư")
    _walk(talk, "Páo", "confirm")
    talk.say("Páo", "Gửi")
    talk.press("Hà", "Mở xem")
    assert _clear(talk.say("Hà", text))
    assert _count(talk, decisions) == 0
    talk.say("Hà", "1.")
    talk.press("Hà", "Ghi nhận")
    assert _count(talk, decisions) == 1


def test_a_long_message_is_told_so_whatever_its_form(talk: Talk) -> None:
    """Cut before it is read, its head would be taken for all of it."""
    _walk(talk, "Páo", "village")
    padded = ["Bản Nà Đon" + " " * 3_000 + "xã khác", "Bản" + "\u200b" * 5_000 + "Nà Đon"]
    for text in padded:
        assert _clear(talk.say("Páo", text))
        assert "village" not in _answers(talk, "Páo")
    decomposed = unicodedata.normalize("NFD", "Bản Nà Đon ở dưới dốc")
    talk.say("Páo", decomposed)
    assert _answers(talk, "Páo")["village"] == "Bản Nà Đon ở dưới dốc"


# anything at all

texts = st.one_of(
    st.text(max_size=40),
    st.text(st.characters(categories=["Cs", "Cc", "Mn", "So", "Nd"]), max_size=8),
    st.sampled_from([*STEPS.values(), *BAD.values(), *WORDS.values()]),
    st.sampled_from([
        "báo đóng góp", "đóng góp của tôi", "việc cần duyệt", "menu", "giúp", "hủy", "quay lại",
        "0", "tiếp tục", "xem thêm", "hỏi về kế hoạch", "sửa", "mã mời", "mã mời abc", "xem",
        "xem LC-2222222", "mở lc 222", "bổ sung LC-2222222", "hạn nộp hồ sơ khen khi nào?",
        "góp 100 triệu được khen gì", "xin chào", "xã Bình Lư", "Số tiền", "Ai góp",
    ]),
    st.integers(0, 7).map(str),
)  # fmt: skip
steps = st.one_of(
    st.tuples(st.just("type"), texts),
    st.tuples(st.just("type"), texts),
    st.tuples(st.just("press"), st.integers(0, 6)),
    st.tuples(st.just("press old"), st.integers(0, 20)),
    st.tuples(st.just("forge"), texts),
    st.tuples(st.just("wait"), st.integers(1, 60)),
    st.tuples(st.just("walk"), st.sampled_from(list(STEPS))),
)


class _Chaos:
    """One person doing anything; what the bot offered him is known, newest last."""

    def __init__(self, talk: Talk, who: str) -> None:
        self.talk, self.who = talk, who
        self.seen: list[str] = []
        self.offered: list[dict[str, Any]] = []

    def do(self, step: tuple[str, Any]) -> None:
        kind, what = step
        if kind == "wait":
            self.talk.clock.move(timedelta(hours=what))
        elif kind == "walk":
            self._send("báo góp tiền", None)
            for name, answer in STEPS.items():
                if name == what:
                    break
                self._send(answer, None)
        elif kind == "press":
            if what < len(self.offered):
                self._send("", str(self.offered[what]["id"]))
        elif kind == "press old":
            if what < len(self.seen):
                self._send("", self.seen[-1 - what])
        else:
            self._send(*(("", what) if kind == "forge" else (what, None)))

    def _send(self, text: str, choice: str | None) -> None:
        before = self._stored()
        offered = {one["label"] for one in _state(self.talk, self.who).get("offered", [])}
        event = f"{self.who} {len(self.seen)} {next(self.talk._ids)}"
        taken = self.talk.deliver(
            Message("terminal", "test", self.who, event, self.talk.clock(), text, choice)
        )
        assert taken.outcome == "done"
        self.talk.last[self.who] = []
        self.talk.collect()
        for body in self.talk.last[self.who]:
            assert _clear([body["text"]]), body["text"]
            assert len(body["choices"]) <= 5
            if body["choices"]:
                self.offered = body["choices"]
            self.seen += [str(one["id"]) for one in body["choices"]]
        made = self._stored() - before
        assert made in (0, 1)
        assert not made or "Gửi" in offered, (text, choice, offered)

    def _stored(self) -> int:
        def look(tx: Tx) -> int:
            person = people.open_conversation(tx, "terminal", "test", self.who).person
            return len(store.of_reporter(tx, person.id, 100))

        return self.talk.write(look)


@pytest.mark.parametrize("store_kind", STORES)
def test_nothing_anyone_does_raises_or_stores_what_was_not_confirmed(
    store_kind: str, fresh_url: Fresh, world: World, clock: HandClock
) -> None:
    with talking(fresh_url(store_kind), world, clock) as talk:
        talk.make_officer("Hà", "Xã Bình Lư")
        numbers = iter(range(10**6))

        @settings(
            max_examples=60 if store_kind == "sqlite" else 25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.lists(steps, max_size=12), st.booleans())
        def anything(done: list[tuple[str, Any]], officer: bool) -> None:
            one = _Chaos(talk, "Hà" if officer else f"người {next(numbers)}")
            for step in done:
                one.do(step)

        anything()
        assert _count(talk, dead_letters) == 0
        assert _count(talk, audit) > 0
