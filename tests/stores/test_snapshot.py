"""TarSnapshots: the same files, the same bytes; nothing gets out."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from domain.artifact import digest_of
from domain.errors import Untrusted
from stores.snapshot import SIZE_LIMIT, TarSnapshots


def _files(directory: Path, names: list[str]) -> Path:
    for name in names:
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    (directory / "run").chmod(0o711)
    (directory / "link").symlink_to("run")
    return directory


def test_the_same_files_are_the_same_bytes(tmp_path: Path) -> None:
    names = ["run", "b/2", "b/10", "a.txt", "größe"]
    one, other = _files(tmp_path / "one", names), _files(tmp_path / "other", names[::-1])
    (one / "a.txt").chmod(0o600)
    os.utime(one / "a.txt", (1, 1))
    digest = TarSnapshots().pack(one, tmp_path / "one.tar")

    assert digest == TarSnapshots().pack(other, tmp_path / "other.tar")
    assert digest == digest_of((tmp_path / "one.tar").read_bytes())


def test_what_was_packed_is_unpacked(tmp_path: Path) -> None:
    source = _files(tmp_path / "source", ["run", "b/2"])
    TarSnapshots().pack(source, tmp_path / "tar")
    target = tmp_path / "target"
    target.mkdir()
    TarSnapshots().unpack(tmp_path / "tar", target)

    assert (target / "b/2").read_text() == "b/2"
    assert (target / "run").stat().st_mode & 0o777 == 0o755
    assert (target / "b/2").stat().st_mode & 0o777 == 0o644
    assert str((target / "link").readlink()) == "run"
    assert TarSnapshots().pack(target, tmp_path / "again") == digest_of((tmp_path / "tar").read_bytes())


def test_any_change_is_another_digest(tmp_path: Path) -> None:
    source = _files(tmp_path / "source", ["run", "a"])
    digests = {TarSnapshots().pack(source, tmp_path / "tar")}
    (source / "a").write_text("other")
    digests.add(TarSnapshots().pack(source, tmp_path / "tar"))
    (source / "a").chmod(0o755)
    digests.add(TarSnapshots().pack(source, tmp_path / "tar"))
    (source / "a").unlink()
    (source / "a").symlink_to("run")
    digests.add(TarSnapshots().pack(source, tmp_path / "tar"))

    assert len(digests) == 4


def _entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


@pytest.mark.parametrize(
    "entry",
    [
        _entry("../escaped"),
        _entry("link", tarfile.SYMTYPE, "../.."),
        _entry("link", tarfile.SYMTYPE, "/etc/hostname"),
        _entry("hard", tarfile.LNKTYPE, "../escaped"),
        _entry("device", tarfile.CHRTYPE),
        _entry("pipe", tarfile.FIFOTYPE),
    ],
    ids=lambda entry: entry.name,
)
def test_an_entry_that_is_no_file_of_the_directory_is_refused(tmp_path: Path, entry: tarfile.TarInfo) -> None:
    with tarfile.open(tmp_path / "tar", "w") as archive:
        archive.addfile(entry, io.BytesIO())
    (tmp_path / "target").mkdir()
    with pytest.raises(Untrusted):
        TarSnapshots().unpack(tmp_path / "tar", tmp_path / "target")
    assert not (tmp_path / "escaped").exists()


def test_more_than_the_limit_is_refused_before_it_is_written(tmp_path: Path) -> None:
    bomb = _entry("bomb")
    bomb.size = SIZE_LIMIT + 1
    (tmp_path / "tar").write_bytes(bomb.tobuf())
    with pytest.raises(Untrusted, match=f"{SIZE_LIMIT} bytes"):
        TarSnapshots().unpack(tmp_path / "tar", tmp_path)
    assert not (tmp_path / "bomb").exists()


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tar").write_bytes(b"not an archive" * 100)
    with pytest.raises(Untrusted, match="tar"):
        TarSnapshots().unpack(tmp_path / "tar", tmp_path)
