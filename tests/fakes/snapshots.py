"""Snapshots of sources without the exactness of the real ones."""

from __future__ import annotations

import tarfile
from pathlib import Path

from domain.artifact import Digest, digest_of


class PlainSnapshots:
    """Snapshots as plain tar files."""

    def pack(self, directory: Path, file: Path) -> Digest:
        with tarfile.open(file, "w") as archive:
            archive.add(directory, ".", filter=_without_times)
        return digest_of(file.read_bytes())

    def unpack(self, file: Path, directory: Path) -> None:
        with tarfile.open(file) as archive:
            archive.extractall(directory, filter="data")


def _without_times(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mtime = 0
    return entry
