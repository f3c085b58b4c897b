"""Whether a call comes from Zalo: the vector of the documents, and what lies one byte beside."""

from __future__ import annotations

import json
import logging
import random

import pytest
import structlog

from bot.channels.zalo_oa_signature import Signature
from tests.fakes.zalo_push import sign

APP_ID = "3608465248940903967"
SECRET = "OA_SECRET_EXAMPLE"
STAMP = "1790000000000"
RAW = (
    '{"app_id":"3608465248940903967","sender":{"id":"2468458835296197922"},'
    '"user_id_by_app":"552177279717587730","recipient":{"id":"388613280878808645"},'
    '"event_name":"user_send_text","message":{"text":"Xin chào","msg_id":"96d3cdf3af150460909"},'
    '"timestamp":"1790000000000"}'
).encode()
MAC = b"mac=8f65122e18c7e8eda4dec862407d34661984ea97e51e3b522c3501fa56177137"
NAME = b"x-zevent-signature"


@pytest.fixture
def signature() -> Signature:
    return Signature(APP_ID, {"oa_secret_key": SECRET, "app_secret": "another"})


def test_the_vector_of_the_documents(signature: Signature) -> None:
    assert signature.genuine(RAW, [(b"host", b"x"), (NAME, MAC)])
    assert sign(APP_ID, RAW, STAMP, SECRET).encode() == MAC


def test_ten_thousand_changes_of_one_byte_are_forgeries(signature: Signature) -> None:
    chance = random.Random(20261123)
    for number in range(10_000):
        raw, mac = bytearray(RAW), bytearray(MAC)
        target = raw if number % 3 else mac
        place = chance.randrange(len(target))
        old = target[place]
        # Upper-case hexadecimal digits are the same mac.
        target[place] = chance.choice([b for b in range(256) if b not in {old, old ^ 0x20}])
        assert not signature.genuine(bytes(raw), [(NAME, bytes(mac))])


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"x-zevent-signatures", MAC)],
        [(NAME, MAC.removeprefix(b"mac="))],
        [(NAME, b"mac=")],
        [(NAME, b"")],
        [(NAME, MAC), (NAME, MAC)],
        [(NAME, b"mac=" + b"f" * 64), (NAME, MAC)],
        [(NAME, MAC + b"0")],
        [(NAME, MAC[:-1])],
        [(NAME, b" " + MAC)],
        [(NAME, "mac=é".encode() + MAC[5:])],
        [(NAME, b"mac=" + b"\xff" * 64)],
        [(NAME, b"mac=" + b"a" * 100_000)],
    ],
)
def test_any_other_header_is_a_forgery(
    signature: Signature, headers: list[tuple[bytes, bytes]]
) -> None:
    assert not signature.genuine(RAW, headers)


def test_the_same_json_written_otherwise_is_a_forgery(signature: Signature) -> None:
    value = json.loads(RAW)
    for again in (
        json.dumps(value).encode(),
        json.dumps(value, ensure_ascii=False).encode(),
        json.dumps(value, separators=(",", ":")).encode(),
        RAW + b"\n",
        b"\xef\xbb\xbf" + RAW,
    ):
        assert not signature.genuine(again, [(NAME, MAC)])


def test_the_app_is_the_settings_not_the_body_s(signature: Signature) -> None:
    theirs = RAW.replace(APP_ID.encode(), b"999")
    mac = sign("999", theirs, STAMP, SECRET).encode()
    assert not signature.genuine(theirs, [(NAME, mac)])


@pytest.mark.parametrize(
    "raw",
    [
        b'{"timestamp":1790000000000}',
        b'{ "timestamp" : "1790000000000" , "x":1}',
        b'{"message":{"text":"\\"timestamp\\":\\"1\\","},"timestamp":"1790000000000"}',
        b'{"message":{"info":{"timestamp":"5"}},"timestamp":"1790000000000"}',
        b'{"timestamp":"1790000000000","deep":' + b"[" * 50_000 + b"}",
    ],
)
def test_the_timestamp_is_found_without_reading_the_json(signature: Signature, raw: bytes) -> None:
    assert signature.genuine(raw, [(NAME, sign(APP_ID, raw, STAMP, SECRET).encode())])


def test_a_body_without_a_timestamp_cannot_be_genuine(signature: Signature) -> None:
    raw = b'{"event_name":"follow"}'
    assert not signature.genuine(raw, [(NAME, sign(APP_ID, raw, "", SECRET).encode())])


def test_which_secret_matched_is_logged_when_it_changes() -> None:
    with structlog.testing.capture_logs() as logged:
        signature = Signature(APP_ID, {"oa_secret_key": SECRET, "app_secret": "another"})
        other = sign(APP_ID, RAW, STAMP, "another").encode()
        for mac in (MAC, MAC, b"mac=00", other, other, MAC):
            signature.genuine(RAW, [(NAME, mac)])
    assert [line["secret"] for line in logged] == ["oa_secret_key", "app_secret", "oa_secret_key"]


def test_without_a_secret_nothing_opens(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ValueError, match="no secret"):
        Signature(APP_ID, {"oa_secret_key": "", "app_secret": ""})
