"""The media folder: names, rights, all or nothing, deletion, and what a crash leaves."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.pictures import Refused, delete, folder, keep, path, sweep
from tests.picture_double import encoded, files, scene

A, B = b"%PDF-1.7 a", b"%PDF-1.7 b"
NAME = hashlib.sha256(A).hexdigest()


@pytest.fixture
def open_hand() -> Iterator[None]:
    """A user whose files are everybody's unless said otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_hand")
def test_files_are_named_by_their_content_and_for_this_user_alone(tmp_path: Path) -> None:
    media = tmp_path / "data" / "media"
    assert folder.store(media, A) == [NAME]
    assert path(media, NAME) == media / NAME[:2] / NAME[2:4] / NAME
    assert path(media, NAME).read_bytes() == A
    assert path(media, NAME).stat().st_mode & 0o777 == 0o600
    for one in (media, media / NAME[:2], media / NAME[:2] / NAME[2:4]):
        assert one.stat().st_mode & 0o777 == 0o700


def test_the_same_content_is_there_once_and_healed(tmp_path: Path) -> None:
    folder.store(tmp_path, A)
    path(tmp_path, NAME).write_bytes(b"broken")
    assert folder.store(tmp_path, A, A) == [NAME, NAME]
    assert files(tmp_path) == [path(tmp_path, NAME)]
    assert path(tmp_path, NAME).read_bytes() == A


@pytest.mark.parametrize("name", ["", "..", "../" * 21 + "x", NAME.upper(), NAME + "\n", NAME[1:]])
def test_no_name_leads_elsewhere(name: str, tmp_path: Path) -> None:
    for use in (path, delete):
        with pytest.raises(ValueError, match="64 hexadecimal"):
            use(tmp_path, name)


def test_deleting_leaves_nothing_of_it(tmp_path: Path) -> None:
    other = folder.store(tmp_path, A, B)[1]
    assert delete(tmp_path, NAME)
    assert files(tmp_path) == [path(tmp_path, other)]
    assert not delete(tmp_path, NAME)
    assert not delete(tmp_path / "never made", NAME)


# a disk that is full, at any moment


def _failing(real: Callable[..., None], after: int, code: int) -> Callable[..., None]:
    """The real function, but it fails from its call number `after` on."""
    calls = iter(range(1000))

    def call(*arguments: object) -> None:
        if next(calls) >= after:
            raise OSError(code, os.strerror(code))
        real(*arguments)

    return call


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("after", [0, 1])
async def test_a_full_disk_keeps_nothing_by_halves(
    after: int, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encoded(scene(1))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _failing(os.fsync, after, code))
        assert await keep(data, tmp_path) == Refused("no_room")
    assert files(tmp_path) == []
    kept = await keep(data, tmp_path)
    assert not isinstance(kept, Refused)
    assert len(files(tmp_path)) == 2


def test_a_full_disk_leaves_what_others_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.store(tmp_path, A)
    monkeypatch.setattr(os, "fsync", _failing(os.fsync, 1, errno.ENOSPC))
    with pytest.raises(OSError, match="No space"):
        folder.store(tmp_path, A, B)
    assert files(tmp_path) == [path(tmp_path, NAME)]


async def test_another_fault_of_the_disk_is_no_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", _failing(os.fsync, 0, errno.EIO))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        await keep(A, tmp_path)
    assert files(tmp_path) == []


def test_files_and_folders_are_synced_before_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def look(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    folder.store(tmp_path, A)
    leaf = path(tmp_path, NAME).parent
    assert synced[0].startswith(f"{leaf}/.part-")
    assert synced[1:] == [str(leaf), str(leaf.parent), str(tmp_path)]


# what a crash leaves


def _aged(file: Path) -> None:
    os.utime(file, (0, 0))


def test_old_names_are_told_and_left_parts_removed(tmp_path: Path) -> None:
    other = folder.store(tmp_path, A, B)[1]
    part = path(tmp_path, NAME).with_name(".part-x")
    young = path(tmp_path, NAME).with_name(".part-y")
    for file in (part, young):
        file.write_bytes(A)
    for file in (part, path(tmp_path, NAME)):
        _aged(file)
    assert list(sweep(tmp_path)) == [NAME]
    assert not part.exists()
    assert young.exists()
    assert sorted(sweep(tmp_path, timedelta(0) - timedelta(days=1))) == sorted([NAME, other])


def test_a_file_kept_again_is_young_again(tmp_path: Path) -> None:
    folder.store(tmp_path, A)
    _aged(path(tmp_path, NAME))
    folder.store(tmp_path, A)
    assert list(sweep(tmp_path)) == []
