"""What ``df`` prints, of coreutils and of busybox."""

from __future__ import annotations

import pytest

from domain.disk import DiskUse, disk_use

HEAD = "Filesystem     1024-blocks     Used Available Capacity Mounted on\n"


@pytest.mark.parametrize(
    "line",
    [
        "/dev/vda          263110616 27000000 80000000      26% /data\n",
        "a disk of 9 9 263110616 1 80000000 26% /my data",
    ],
)
def test_size_and_what_is_free_are_bytes(line: str) -> None:
    assert disk_use(HEAD + line) == DiskUse(size=263_110_616 * 1024, free=80_000_000 * 1024)


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEAD,
        "df: /data: can't find mount point",
        'exec: "df": executable file not found in $PATH',
        "tmpfs - - - - /x",
    ],
)
def test_anything_else_is_no_answer(text: str) -> None:
    assert disk_use(text) is None
