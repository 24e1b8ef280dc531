"""Snapshots: a tar file that is the same bytes for the same files."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

from domain.artifact import Digest
from domain.errors import Untrusted

FILES_LIMIT = 100_000
SIZE_LIMIT = 2 * 1024**3


class TarSnapshots:
    """A :class:`domain.source.SnapshotFormat`: sorted, without times and owners, links kept."""

    def pack(self, directory: Path, file: Path) -> Digest:
        """Write all files below a directory; modes become 644 or 755."""
        with tarfile.open(file, "w", format=tarfile.PAX_FORMAT) as archive:
            for path in sorted(directory.rglob("*")):
                if path.is_symlink() or not path.is_dir():
                    archive.add(path, path.relative_to(directory).as_posix(), recursive=False, filter=_plain)
        return _digest(file)

    def unpack(self, file: Path, directory: Path) -> None:
        """The reverse. :raises Untrusted: an entry leads out, is no file or link, or there is too much."""
        count, size = 0, 0
        try:
            with tarfile.open(file) as archive:
                for entry in archive:
                    count, size = count + 1, size + entry.size
                    if count > FILES_LIMIT or size > SIZE_LIMIT:
                        raise Untrusted(f"{file.name} holds over {FILES_LIMIT} files or {SIZE_LIMIT} bytes")
                    archive.extract(entry, directory, filter="data")
        except tarfile.TarError as error:
            raise Untrusted(f"{file.name}: {error}") from None


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mode = 0o755 if entry.mode & 0o100 else 0o644
    entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, "", ""
    return entry


def _digest(file: Path) -> Digest:
    with file.open("rb") as content:
        return f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"
