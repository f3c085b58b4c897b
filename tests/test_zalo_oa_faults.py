"""What each of Zalo OA's error codes and each fault of the network comes to."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bot.channels import zalo_oa_calls
from bot.channels.platform import Failed, Later, Outcome, Sent, Unsure
from bot.channels.zalo_oa_errors import outcome_of
from bot.http_client import make_client
from tests.conftest import HandClock
from tests.fakes.zalo_faults import FAULTS
from tests.fakes.zalo_oa import APP_SECRET, FIRST_REFRESH, OA_SECRET
from tests.zalo_double import KINDS, Rig, followed, pao, rig, say


@pytest.fixture
async def oa(clock: HandClock) -> AsyncIterator[Rig]:
    async with followed(clock) as made:
        yield made


# ---- Every error code --------------------------------------------------------------------------

LATER = {-32: True, -200: False, -211: False, -218: False, -311: False, -144: False, -147: False}
UNREACHABLE = {-213, -217, -227, -230, -232, -244, -305, -403}
PERMANENT = {
    -100,
    -108,
    -1123,
    -114,
    -119,
    -139,
    -140,
    -141,
    -201,
    -210,
    -214,
    -233,
    -240,
    -248,
    -249,
}
ALARM = {-202, -204, -205, -209, -212, -219, -221, -223, -224, -235, -237, -238, -241, -242}
ALARM |= {-320, -321, -115, -127, -131, -136, -137, -146, -9999, 7}


@pytest.mark.parametrize("code", sorted({*LATER, *UNREACHABLE, *PERMANENT, *ALARM}))
async def test_every_code_of_the_documents(oa: Rig, code: int) -> None:
    oa.fake.faults.switch("send", f"error:{code}", times=2)
    came, reason = await say(oa, "Chào"), f"zalo_{abs(code)}"
    if code in LATER:
        assert isinstance(came, Later)
        assert (came.reason, came.whole) == (reason, LATER[code])
        assert came.seconds >= 30
    elif code in UNREACHABLE:
        assert came == Failed(reason, unreachable=True)
    else:
        assert came == Failed(reason, alarm=code in ALARM)
    assert oa.fake.calls.count("refresh") == 1


@pytest.mark.parametrize("code", [-216, -220, -124])
async def test_a_token_that_is_not_taken_is_refreshed_once(oa: Rig, code: int) -> None:
    await oa.keeper.access()
    oa.clock.move(timedelta(minutes=1))
    oa.fake.faults.switch("send", f"error:{code}")
    assert isinstance(await say(oa, "Chào"), Sent)
    oa.clock.move(timedelta(minutes=1))
    oa.fake.faults.switch("send", f"error:{code}", times=2)
    assert await say(oa, "Chào") == Failed(f"zalo_{-code}", alarm=True)
    assert oa.fake.calls.count("refresh") == 3


@pytest.mark.parametrize("code", [-234, -133])
@pytest.mark.parametrize(
    ("hour", "seconds"), [(22, 8 * 3600), (0, 6 * 3600), (5, 3600), (23, 7 * 3600)]
)
def test_at_night_it_waits_for_the_morning(code: int, hour: int, seconds: float) -> None:
    now = datetime(2025, 1, 2, hour, 0, tzinfo=UTC) - timedelta(hours=7)
    assert outcome_of(code, now) == Later(seconds, f"zalo_{-code}")


# ---- Faults of the network ---------------------------------------------------------------------

EXPECTED: dict[str, type[Outcome] | Outcome] = {
    "429": Later(35, "http_429", whole=True),
    "400": Failed("http_400"),
    "403": Failed("http_403", alarm=True),
    "500": Unsure("http_500"),
    "502_html": Unsure("http_502"),
    "503": Later(30, "http_503", whole=True),
    "bad_json": Unsure("bad_answer"),
    "wrong_json": Unsure("bad_answer"),
    "empty": Unsure("bad_answer"),
    "hang": Unsure("TimeoutError"),
    "slow": Unsure("TimeoutError"),
    "reset_before": Unsure,
    "reset_after": Unsure,
    "lost": Unsure,
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", ["send", "template"])
async def test_what_each_fault_comes_to(
    oa: Rig, fault: str, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await oa.keeper.access()
    if fault in {"hang", "slow"}:
        monkeypatch.setattr(zalo_oa_calls, "SECONDS", 0.2)
    oa.fake.faults.switch(call, fault)

    async def send() -> Outcome:
        if call == "send":
            return await say(oa, "Chào")
        return await oa.oa.send_template(pao(oa).user_id, "7895417a7d3f9461cd2e", {})

    came, expected = await send(), EXPECTED[fault]
    assert isinstance(came, expected) if isinstance(expected, type) else came == expected
    assert len(pao(oa).seen) == (fault == "lost")
    assert isinstance(await send(), Sent)


@pytest.mark.parametrize("fault", [one for one in FAULTS if one != "lost"])
@pytest.mark.parametrize(
    ("call", "field"), [("upload_image", "pictures"), ("upload_file", "files")]
)
async def test_an_upload_that_may_have_been_made_is_simply_made_again(
    oa: Rig, fault: str, call: str, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    oa.shelf.pictures["p"], oa.shelf.files["p"] = b"a picture", ("a.pdf", b"%PDF")
    await oa.keeper.access()
    if fault in {"hang", "slow"}:
        monkeypatch.setattr(zalo_oa_calls, "SECONDS", 0.2)
    oa.fake.faults.switch(call, fault)
    more: dict[str, Any] = {field: ["p"]}
    came = await say(oa, "Chào", **more)
    assert isinstance(came, Later | Failed)
    assert pao(oa).seen == []
    assert isinstance(await say(oa, "Chào", **more), Sent)
    assert len(pao(oa).seen) == 2


async def test_without_a_connection_it_is_surely_for_later(oa: Rig) -> None:
    def refused(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    await oa.keeper.access()
    oa.oa._calls._client = make_client(transport=httpx.MockTransport(refused))
    assert await say(oa, "Chào") == Later(5, "no_connection")


# ---- Secrets -----------------------------------------------------------------------------------


async def test_no_secret_and_no_word_enters_any_log(
    clock: HandClock,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(zalo_oa_calls, "SECONDS", 0.2)
    async with rig(clock) as oa:
        oa.fake.people.follows(pao(oa))
        canaries = {APP_SECRET, OA_SECRET, FIRST_REFRESH, "chim hoàng yến", pao(oa).user_id}
        for call in ("send", "refresh", "template"):
            for fault in (*FAULTS, "error:-216", "error:-32", "error:-999"):
                if call == "refresh":
                    clock.move(timedelta(days=3))
                    oa.fake.consent(oa.store.tokens.refresh if oa.store.tokens else FIRST_REFRESH)
                    oa.fake.people.says(pao(oa), "chim hoàng yến")
                    if fault in {"hang", "slow"}:
                        continue
                oa.fake.faults.switch(call, fault)
                await say(oa, "chim hoàng yến", KINDS)
                await oa.oa.send_template(pao(oa).user_id, "x", {"ten": "chim hoàng yến"})
                canaries |= {oa.fake.grant.access, oa.fake.grant.refresh}
                canaries |= {pair.access for pair in oa.store.pairs}
    canaries.discard("")
    printed = capsys.readouterr()
    written = caplog.text + printed.out + printed.err
    assert not [one for one in canaries if one in written]
