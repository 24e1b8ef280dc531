"""How full the disk below a datastore's volume is."""

from __future__ import annotations

import re
from typing import NamedTuple

#: ``df -kP`` counts in blocks of so many bytes.
BLOCK = 1024

#: POSIX, of ``df -P``: file system, size, used, free, capacity, mount point.
_USE = re.compile(r"\s(\d+)\s+\d+\s+(\d+)\s+\d+%\s")


class DiskUse(NamedTuple):
    """Bytes: all that the file system has, and what of it may still be written."""

    size: int
    free: int


def disk_use(text: str) -> DiskUse | None:
    """What ``df -kP`` of one path prints; ``None`` when it printed something else."""
    found = _USE.search(text.strip().rpartition("\n")[2])
    return DiskUse(int(found[1]) * BLOCK, int(found[2]) * BLOCK) if found else None
