"""A smoke run of the bench: every contender starts, takes load and answers; no figure asserted."""

from __future__ import annotations

from typing import cast

import pytest
import uvloop

from handlers.kinds import kinds as kinds_of
from tests.load import kinds, sending
from tests.load.bench import bench, wrong
from tests.load.client import Sample, body_end, request
from tests.load.contenders import Contender
from tests.load.server import Server
from tests.load.traffic import questions, told


def test_every_contender_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    status = uvloop.run(bench(rounds=1, seconds=0.3, few=20, many=200, texts=40))
    said = capsys.readouterr()
    assert status == 0, said.err
    for words in (
        "(a) bare",
        "(b) aiogram",
        "question, page open",
        "form step",
        "slowest",
        "a form step, by kind",
        "resident memory",
    ):
        assert words in said.out


def test_every_kind_of_report_is_measured() -> None:
    measured = kinds.measure(rounds=1)
    assert set(measured) == set(kinds_of())
    assert all(taken > 0 for rounds in measured.values() for taken in rounds)


def test_questions_are_many_and_half_without_diacritics() -> None:
    asked = questions()
    assert len(asked) == len(set(asked)) >= 400
    assert 0.4 < sum(text.isascii() for text in asked) / len(asked) < 0.6


@pytest.mark.parametrize(
    ("per_second", "refused", "right"),
    [(29.1, 0, True), (29.0, 0, False), (29.4, 1, False)],
)
def test_a_sender_refused_or_too_slow_is_no_success(
    per_second: float, refused: int, right: bool
) -> None:
    assert sending.is_right(per_second, 30.0, refused) is right


@pytest.mark.parametrize(
    ("sample", "pages", "shown", "refused_acks", "words"),
    [
        (Sample(1.0, 1, [0.1]), ["c"], 1, 0, []),
        (Sample(1.0, 1, [0.1]), [], 0, 0, []),
        (Sample(1.0, 1, [0.1], {503: 2}), [], 0, 0, ["refused {503: 2}"]),
        (Sample(1.0, 1), [], 0, 0, ["nothing was answered in a round"]),
        (Sample(1.0, 1, [0.1]), ["c"], 0, 0, ["no open page heard anything"]),
        (Sample(1.0, 1, [0.1]), ["c"], 1, 3, ["3 acknowledgements refused"]),
    ],
)
def test_what_makes_figures_worthless_is_told(
    sample: Sample, pages: list[str], shown: int, refused_acks: int, words: list[str]
) -> None:
    one = Contender("a", cast(Server, None), [], pages)
    one.samples.append(sample)
    one.shown, one.unacknowledged = shown, refused_acks
    assert wrong([one], []) == [f"a: {each}" for each in words]


def test_no_two_reports_tell_one_amount() -> None:
    assert len({told(number).vnd for number in range(10_000)}) == 10_000


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nO", None),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nOK", (200, 40)),
        (b"HTTP/1.1 204 No Content\r\n\r\n", (204, 27)),
        (b"HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n", None),
        (b"HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n", (503, 58)),
    ],
)
def test_a_response_ends_where_its_headers_say(data: bytes, answer: tuple[int, int] | None) -> None:
    assert body_end(data) == answer


def test_a_request_is_whole() -> None:
    made = request("/chat/messages", b"{}", "Cookie: a=b")
    head, _, body = made.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /chat/messages HTTP/1.1\r\nHost: ")
    assert b"\r\nContent-Length: 2\r\nCookie: a=b" in head
    assert body == b"{}"


def test_figures_of_a_sample() -> None:
    sample = Sample(2.0, latencies=[0.001 * n for n in range(1, 101)])
    assert sample.per_second == 50
    assert sample.percentile(0.5) == pytest.approx(50.5, abs=0.5)
    assert sample.percentile(0.99) == pytest.approx(99.0, abs=0.5)
