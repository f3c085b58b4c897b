"""Files on the web chat: what is taken, what is refused, and who is shown what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from bot import incoming as incoming_module
from bot.channels import web_files
from bot.channels.platform import NotFetched
from bot.errors import StorageAway
from bot.incoming import Incoming
from bot.pictures import Kept, keep
from storage.media import Evidence
from tests.picture_double import OPUS, archive, encoded, files, scene
from tests.web_double import AT, COOKIE, SENDER, MemoryPort, client_of, sentence

PHOTO = encoded(scene(1))
NAMES = ["a.jpg", "../../etc/passwd", "a\0b", "<script>", "%00%2e%2e", "ảnh.jpg.exe", ""]


class Site:
    """The routes of files over a port in memory; `rows` are what may be seen, by (who, id)."""

    def __init__(self, folder: Path) -> None:
        self.port = MemoryPort()
        self.folder, self.spool = folder / "media", folder / "incoming"
        self.incoming = Incoming(self.spool)
        self.rows: dict[tuple[str, int], Evidence] = {}
        routes = web_files.routes(
            self.port, lambda: AT, self.shown, self.incoming, self.folder, secure=False
        )
        self.app = Starlette(routes=routes)

    async def shown(self, sender: str, number: int) -> Evidence | None:
        return self.rows.get((sender, number))

    async def post(
        self, body: bytes = PHOTO, *, cookie: bool = True, **query: str
    ) -> httpx.Response:
        async with client_of(self.app, **(COOKIE if cookie else {})) as client:
            return await client.post("/chat/files", content=body, params={"id": "e1", **query})

    async def get(self, path: str, cookie: bool = True) -> httpx.Response:
        async with client_of(self.app, **(COOKIE if cookie else {})) as client:
            return await client.get(path)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.mark.parametrize(
    ("body", "kind"),
    [(PHOTO, "photo"), (OPUS, "voice"), (b"%PDF-1.7 ...", "file")],
    ids=["photo", "voice", "pdf"],
)
async def test_a_file_is_one_message_with_what_its_content_is(
    site: Site, body: bytes, kind: str
) -> None:
    answer = await site.post(body, name="tên gì cũng được.exe", group="g1")
    assert answer.status_code == 200
    [(message, _)] = site.port.received
    [sent] = message.attachments
    assert (sent.kind, sent.name, sent.size) == (kind, "tên gì cũng được.exe", len(body))
    assert (message.sender, message.event_id, message.group) == (SENDER, "e1", "g1")
    assert await site.incoming.fetch(sent.reference, len(body)) == body


@pytest.mark.parametrize("name", NAMES)
async def test_a_name_names_no_file(site: Site, name: str) -> None:
    assert (await site.post(name=name)).status_code == 200
    [file] = files(site.spool)
    assert file.name.startswith(SENDER[:16])
    assert name not in file.name or not name


@pytest.mark.parametrize(
    ("body", "status", "key"),
    [
        (b"", 415, "file_not_readable"),
        (b"<svg onload=alert(1)>", 415, "file_type_unknown"),
        (b"MZ\x90" + bytes(100), 415, "file_type_unknown"),
        (archive({"word/document.xml": b"", "word/vbaProject.bin": b""}), 415, "file_type_unknown"),
        (b"%PDF-" + bytes(10 * 1024 * 1024), 413, "file_too_large"),
        (PHOTO + bytes(12 * 1024 * 1024), 413, "file_too_large"),
    ],
    ids=["empty", "svg", "exe", "macro", "large-pdf", "large-photo"],
)
async def test_what_is_not_taken_is_told_and_nothing_is_left(
    site: Site, body: bytes, status: int, key: str
) -> None:
    answer = await site.post(body, name="a.jpg")
    assert (answer.status_code, answer.json()) == (status, sentence(key))
    assert files(site.spool) == []
    assert site.port.received == []


@pytest.mark.parametrize("query", [{"id": ""}, {"id": "a/b"}, {"id": "x" * 65}, {"group": "é"}])
async def test_ids_are_as_for_messages(site: Site, query: dict[str, str]) -> None:
    answer = await site.post(PHOTO, cookie=True, **query)
    assert (answer.status_code, answer.json()) == (400, sentence("bad_id"))
    assert files(site.spool) == []


async def test_without_a_cookie_and_from_another_site_nothing_is_taken(site: Site) -> None:
    assert (await site.post(cookie=False)).status_code == 401
    async with client_of(site.app, **COOKIE) as client:
        answer = await client.post(
            "/chat/files?id=e1", content=PHOTO, headers={"Sec-Fetch-Site": "cross-site"}
        )
    assert answer.status_code == 403
    assert files(site.spool) == []


async def test_while_storage_is_away_the_file_is_sent_again_later(site: Site) -> None:
    site.port.away = StorageAway(7)
    answer = await site.post()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
    assert files(site.spool) == []


async def test_so_much_of_one_person_waits_and_no_more(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming_module, "MOST_FILES", 2)
    assert [(await site.post(id=f"e{n}")).status_code for n in range(3)] == [200, 200, 429]
    monkeypatch.setattr(incoming_module, "MOST_FILES", 9)
    monkeypatch.setattr(incoming_module, "MOST_BYTES", len(PHOTO))
    assert (await site.post(id="e4")).status_code == 429
    monkeypatch.setattr(incoming_module, "MOST_BYTES", 10**9)
    monkeypatch.setattr(incoming_module, "MOST_FILES_OF_ALL", 2)
    assert (await site.post(id="e5")).status_code == 429
    assert len(files(site.spool)) == 2


async def kept(site: Site, data: bytes) -> Kept:
    found = await keep(data, site.folder)
    assert isinstance(found, Kept)
    return found


def row(of: Kept, **changes: Any) -> Evidence:
    values: dict[str, Any] = {
        "id": 7, "account_id": 1, "contribution_id": 1, "kind": "photo", "channel": "web",
        "reference": "", "name": "", "state": "kept", "reason": "", "sha256": of.sha256,
        "thumb": of.thumb, "source": of.source, "phash": of.phash, "mime": of.mime,
        "bytes": of.bytes, "received_at": AT, "tries": 1,
    }  # fmt: skip
    return Evidence(**{**values, **changes})


async def test_who_may_see_a_picture_is_shown_it_and_its_thumbnail(site: Site) -> None:
    photo = await kept(site, PHOTO)
    site.rows[SENDER, 7] = row(photo)
    large, small = await site.get("/chat/media/7"), await site.get("/chat/media/7/thumb")
    assert (large.status_code, len(large.content)) == (200, photo.bytes)
    assert 0 < len(small.content) < len(large.content)
    for answer in (large, small):
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["content-disposition"] == 'inline; filename="minh-chung-7.jpg"'


async def test_a_document_is_a_download_under_a_name_of_ours(site: Site) -> None:
    site.rows[SENDER, 7] = row(await kept(site, b"%PDF-1.7 x"), kind="file", name="a\r\nb.html")
    answer = await site.get("/chat/media/7")
    assert answer.headers["content-disposition"] == 'attachment; filename="minh-chung-7.pdf"'
    assert answer.headers["content-type"] == "application/pdf"
    assert (await site.get("/chat/media/7/thumb")).status_code == 404


@pytest.mark.parametrize("number", ["8", "0", "-7", "07x", "9" * 5_000, "..%2f..", "٧"])
async def test_anything_else_is_not_there(site: Site, number: str) -> None:
    site.rows[SENDER, 7] = row(await kept(site, PHOTO))
    assert (await site.get(f"/chat/media/{number}")).status_code == 404
    assert (await site.get("/chat/media/7", cookie=False)).status_code == 404


async def test_a_file_gone_from_the_disk_is_not_there(site: Site) -> None:
    photo = await kept(site, PHOTO)
    site.rows[SENDER, 7] = row(photo)
    for file in files(site.folder):
        file.unlink()
    assert (await site.get("/chat/media/7")).status_code == 404
    with pytest.raises(NotFetched):
        await site.incoming.fetch("web:" + "0" * 16 + "-" + "0" * 32, 1)
