"""The job that fetches what people sent: kept, refused with a word, tried again, tidied up."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import prometheus_client
import pytest
import pytest_asyncio

from bot import media as media_module
from bot import server
from bot.channels.platform import NotFetched, Why
from bot.engine import Engine
from bot.incoming import Incoming
from bot.media import MediaJob
from bot.pictures import DecoderAway
from handlers.messages import Attachment, Message
from handlers.turn import World
from storage import contributions, media, media_jobs, outbox
from storage.contributions import Contribution
from storage.database import Database, Tx
from storage.media import Evidence
from storage.people import Conversation
from tests.conftest import Fresh, HandClock
from tests.picture_double import OPUS, encoded, files, scene
from tests.stock import report, villager

PHOTO = encoded(scene(1))


class FakeChannel:
    """A channel that has what the test put there, and faults."""

    def __init__(self) -> None:
        self.has: dict[str, bytes | Why] = {}
        self.asked: list[str] = []

    async def fetch(self, reference: str, most: int) -> bytes:
        self.asked.append(reference)
        found = self.has.get(reference, "gone")
        if isinstance(found, str):
            raise NotFetched(found)
        if len(found) > most:
            raise NotFetched("too_large")
        return found


class Bench:
    """An engine, a channel and the job between them."""

    who: Conversation

    def __init__(self, url: str, world: World, clock: HandClock, folder: Path) -> None:
        self.engine = Engine(Database(url), world, clock)
        self.clock = clock
        self.channel = FakeChannel()
        self.folder = folder / "media"
        self.incoming = Incoming(folder / "incoming")
        self.job = MediaJob(
            self.engine, world, self.folder, self.incoming, {"terminal": self.channel}
        )

    async def send(
        self,
        data: bytes | Why,
        to: Contribution | None = None,
        who: Conversation | None = None,
        channel: str = "terminal",
    ) -> int:
        by = who or self.who
        reference = f"r{len(self.channel.has)}"
        self.channel.has[reference] = data

        def work(tx: Tx) -> int:
            made = media.take(
                tx, by.account_id, by.person.id, kind="photo", channel=channel, reference=reference
            )
            if to is not None:
                media.bind(tx, [made], to.id, by.account_id, by=by.person.id)
            return made

        return await self.engine.write(work)

    async def report(self, who: Conversation | None = None) -> Contribution:
        return await self.engine.write(lambda tx: report(tx, who or self.who))

    async def row(self, number: int) -> Evidence:
        found = await self.engine.write(lambda tx: media.get(tx, number))
        assert found is not None
        return found

    async def told(self) -> list[str]:
        rows = await self.engine.write(lambda tx: outbox.waiting(tx, self.who.account_id))
        return [row.body["text"] for row in rows]


@pytest_asyncio.fixture(params=["sqlite"])
async def bench(
    request: pytest.FixtureRequest, fresh_url: Fresh, world: World, clock: HandClock, tmp_path: Path
) -> AsyncIterator[Bench]:
    made = Bench(fresh_url(request.param), world, clock, tmp_path)
    made.engine.attach(asyncio.get_running_loop())
    made.who = await made.engine.write(villager)
    yield made
    made.engine.close()


@pytest.mark.parametrize("bench", ["sqlite", "postgresql"], indirect=True)
async def test_a_photo_is_kept_upright_and_small_under_its_digest(bench: Bench) -> None:
    one = await bench.report()
    number = await bench.send(PHOTO, one)
    assert await bench.job.once() == 1
    row = await bench.row(number)
    assert (row.state, row.kind, row.mime, row.reference) == ("kept", "photo", "image/jpeg", "")
    assert row.sha256 is not None
    assert {file.name for file in files(bench.folder)} == {row.sha256, row.thumb}
    assert await bench.job.once() == 0
    assert await bench.told() == []


async def test_a_file_is_told_by_its_content(bench: Bench) -> None:
    number = await bench.send(OPUS)
    await bench.job.once()
    assert ((await bench.row(number)).kind, (await bench.row(number)).mime) == (
        "voice",
        "audio/ogg",
    )


@pytest.mark.parametrize(
    ("sent", "reason", "says"),
    [
        (b"", "not_readable", "bị hỏng hoặc tải dở"),
        (PHOTO[:2_000], "not_readable", "bị hỏng hoặc tải dở"),
        (b"MZ" + bytes(500), "type_unknown", "loại em chưa nhận được"),
        (PHOTO + bytes(13 * 1024 * 1024), "too_large", "nặng quá"),
        ("too_large", "too_large", "nặng quá"),
        ("gone", "not_fetched", "chưa tải về được"),
        ("not_allowed", "not_fetched", "chưa tải về được"),
    ],
)
async def test_what_cannot_be_kept_is_told_to_who_sent_it_once(
    bench: Bench, sent: bytes | Why, reason: str, says: str
) -> None:
    one = await bench.report()
    number = await bench.send(sent, one)
    await bench.job.once()
    assert ((await bench.row(number)).state, (await bench.row(number)).reason) == (
        "refused",
        reason,
    )
    [told] = await bench.told()
    assert says in told
    assert one.code in told
    bench.clock.move(timedelta(days=1))
    assert await bench.job.once() == 0
    assert files(bench.folder) == []


async def test_what_is_away_is_tried_again_with_growing_pauses_and_given_up(bench: Bench) -> None:
    number = await bench.send("later")
    tries = []
    begun = bench.clock()
    while (await bench.row(number)).state == "pending":
        if await bench.job.once():
            tries.append((bench.clock() - begun).total_seconds())
        bench.clock.move(timedelta(seconds=30))
    pauses = [after - before for before, after in itertools.pairwise(tries)]
    assert pauses == sorted(pauses)
    assert media_jobs.MOST_TRIES < len(tries) < 2 * media_jobs.MOST_TRIES
    assert (await bench.row(number)).reason == "not_fetched"
    assert len(await bench.told()) == 1


async def test_a_channel_that_hangs_holds_up_no_other_and_its_own_a_slot_at_a_time(
    bench: Bench, world: World, tmp_path: Path
) -> None:
    class Hanging:
        """Whatever is fetched hangs, but what was sent last."""

        async def fetch(self, reference: str, most: int) -> bytes:
            if reference != f"r{hang}":
                await ends.wait()
            return PHOTO

    hang, ends = media_module.AT_ONCE - 1, asyncio.Event()
    ill = [await bench.send(PHOTO, channel="zalo_oa") for _ in range(3 * media_module.AT_ONCE)]
    well = await bench.send(PHOTO)
    fetchers: dict[str, media_module.Fetcher] = {
        "zalo_oa": Hanging(),
        "terminal": bench.channel,
    }
    job = MediaJob(bench.engine, world, bench.folder, bench.incoming, fetchers)
    running = asyncio.create_task(job.run())
    async with asyncio.timeout(20):
        while (await bench.row(well)).state != "kept":  # noqa: ASYNC110 - the job tells nobody of it
            await asyncio.sleep(0.01)
        # One slot is free again and taken by the next that is due.
        while (await bench.row(ill[media_module.AT_ONCE])).tries == 0:  # noqa: ASYNC110 - the job tells nobody of it
            await asyncio.sleep(0.01)
        assert (await bench.row(ill[-1])).tries == 0
        ends.set()
        while (await bench.row(ill[-1])).state != "kept":  # noqa: ASYNC110 - the job tells nobody of it
            await asyncio.sleep(0.01)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_what_no_channel_here_can_fetch_is_left_to_who_can(bench: Bench) -> None:
    number = await bench.send(PHOTO, channel="zalo_oa")
    assert await bench.job.once() == 0
    assert (await bench.row(number)).tries == 0


async def test_what_comes_back_in_time_is_kept(bench: Bench) -> None:
    number = await bench.send("later")
    await bench.job.once()
    bench.channel.has["r0"] = PHOTO
    assert await bench.job.once() == 0
    bench.clock.move(media_jobs.FIRST_PAUSE)
    assert await bench.job.once() == 1
    assert (await bench.row(number)).state == "kept"


@pytest.mark.parametrize("fault", [DecoderAway("gone"), OSError(5, "io"), TimeoutError()])
async def test_a_fault_of_ours_is_no_fault_of_the_file(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    async def broken(_data: bytes, _folder: Path) -> None:
        raise fault

    number = await bench.send(PHOTO)
    with monkeypatch.context() as patch:
        patch.setattr(media_module, "keep", broken)
        await bench.job.once()
    assert (await bench.row(number)).state == "pending"
    bench.clock.move(media_jobs.FIRST_PAUSE)
    await bench.job.once()
    assert (await bench.row(number)).state == "kept"


async def test_who_crashes_over_a_file_every_time_is_not_asked_for_ever(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(_data: bytes, _folder: Path) -> None:
        raise RuntimeError("as if the process had died here")

    number = await bench.send(PHOTO)
    monkeypatch.setattr(media_module, "keep", killed)
    rounds = 0
    while (await bench.row(number)).state == "pending":
        await bench.job.once()
        bench.clock.move(media_jobs.LEASE)
        rounds += 1
        assert rounds < 2 * media_jobs.PATIENCE / media_jobs.LEASE
    assert (await bench.row(number)).state == "refused"


async def test_a_crash_between_the_file_and_its_row_leaves_nothing_in_the_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await bench.send(PHOTO)
    with monkeypatch.context() as patch:
        patch.setattr(media_jobs, "keep", lambda *_args, **_named: 1 / 0)
        await bench.job.once()
    assert len(files(bench.folder)) == 2
    assert (await bench.row(number)).state == "pending"
    await bench.job.sweep(timedelta(0))
    assert files(bench.folder) == []
    bench.clock.move(media_jobs.LEASE)
    await bench.job.once()
    await bench.job.sweep(timedelta(0))
    assert (await bench.row(number)).state == "kept"
    assert len(files(bench.folder)) == 2


async def test_given_up_pictures_are_removed_unless_another_report_has_them(bench: Bench) -> None:
    other = await bench.engine.write(villager)
    mine, hers = (
        await bench.send(PHOTO, await bench.report()),
        await bench.send(PHOTO, await bench.report(other), other),
    )
    await bench.job.once()
    assert len(files(bench.folder)) == 2
    await bench.engine.write(lambda tx: media.drop(tx, [mine], by="operator"))
    await bench.job.tidy(timedelta(0))
    assert len(files(bench.folder)) == 2
    await bench.engine.write(lambda tx: media.drop(tx, [hers], by="operator"))
    await bench.job.tidy()
    assert len(files(bench.folder)) == 2, "a file put there just now may be about to be referred to"
    await bench.job.tidy(timedelta(0))
    assert files(bench.folder) == []
    assert await bench.engine.write(lambda tx: media.get(tx, mine)) is None


async def test_the_same_photo_and_one_much_like_it_are_hints_on_the_newer_report(
    bench: Bench,
) -> None:
    first, again, like, new = [await bench.report() for _ in range(4)]
    lighter = encoded(scene(1).point(lambda value: min(255, int(value * 1.1))), quality=70)
    for data, to in ((PHOTO, first), (PHOTO, again), (lighter, like), (encoded(scene(2)), new)):
        await bench.send(data, to)
        await bench.job.once()

    async def hints(one: Contribution) -> tuple[list[str], int]:
        return await bench.engine.write(
            lambda tx: (media.hints(tx, one.id), contributions.get(tx, one.id).doubts)
        )

    assert await hints(first) == ([], 0)
    assert await hints(again) == ([first.code], 1)
    assert await hints(like) == ([first.code], 1)
    assert await hints(new) == ([], 0)


async def test_a_fault_raises_an_alarm_and_the_job_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    tidied = 0

    async def broken() -> None:
        nonlocal tidied
        tidied += 1
        raise OSError(5, "io")

    def alarms() -> float:
        name, labels = "chung_suc_alarms_total", {"channel": "job"}
        return prometheus_client.REGISTRY.get_sample_value(name, labels) or 0.0

    monkeypatch.setattr(server, "JOB_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(bench.job, "tidy", broken)
    before = alarms()
    running = asyncio.create_task(server._guarded(bench.job.run))
    async with asyncio.timeout(20):
        while tidied == 0:  # noqa: ASYNC110 - the job tells nobody of it
            await asyncio.sleep(0.01)
        number = await bench.send(PHOTO)
        while (await bench.row(number)).state != "kept":
            bench.engine.arrived.set()
            await asyncio.sleep(0.01)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert alarms() - before == 1
    assert tidied == 1, "what failed is tried again in its time, not at once"


async def test_the_job_is_woken_by_a_message_that_brought_something(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_module, "POLL_SECONDS", 3_600)
    bench.channel.has["wanted"] = PHOTO
    running = asyncio.create_task(bench.job.run())
    person, settled = "Páo", asyncio.Event()
    settle = bench.job._settle

    async def heard(one: Evidence) -> None:
        await settle(one)
        settled.set()

    monkeypatch.setattr(bench.job, "_settle", heard)
    for number, (text, sent) in enumerate(
        [("báo góp tiền", ()), ("đồng ý", ()), ("", (Attachment("photo", "wanted"),))]
    ):
        message = Message(
            "terminal", "test", person, f"e{number}", bench.clock(), text, attachments=sent
        )
        await bench.engine.receive(message, b"")
    async with asyncio.timeout(20):
        await settled.wait()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert bench.channel.asked == ["wanted"]


# files on their way from the web


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_an_upload_is_fetched_once_and_then_gone(bench: Bench) -> None:
    reference, size = await bench.incoming.put("ab" * 32, chunks(PHOTO[:10], PHOTO[10:]))
    assert size == len(PHOTO)
    bench.channel.has[reference] = b"never asked"

    def work(tx: Tx) -> int:
        return media.take(
            tx, bench.who.account_id, bench.who.person.id,
            kind="photo", channel="web", reference=reference,
        )  # fmt: skip

    number = await bench.engine.write(work)
    await bench.job.tidy(timedelta(0))
    await bench.job.once()
    assert (await bench.row(number)).state == "kept"
    with pytest.raises(NotFetched):
        await bench.incoming.fetch(reference, 10)


async def test_an_upload_nobody_waits_for_goes(bench: Bench) -> None:
    await bench.incoming.put("ab" * 32, chunks(PHOTO))
    await bench.job.tidy()
    assert len(files(bench.folder.parent / "incoming")) == 1
    await bench.job.tidy(timedelta(0))
    assert files(bench.folder.parent / "incoming") == []


async def test_a_broken_upload_leaves_nothing(bench: Bench) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield PHOTO
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await bench.incoming.put("ab" * 32, broken())
    assert files(bench.folder.parent / "incoming") == []


@pytest.mark.parametrize(
    "reference", ["web:../media/x", "web:", "web:/etc/passwd", "web:" + "g" * 49, "r1", "web:\0"]
)
async def test_no_reference_leads_outside_the_folder(bench: Bench, reference: str) -> None:
    with pytest.raises(NotFetched, match="gone"):
        await bench.incoming.fetch(reference, 10)
    bench.incoming.remove(reference)
