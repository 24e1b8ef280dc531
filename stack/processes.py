"""Processes by pid and by what marks them as ours; never by name."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

PROC = Path("/proc")
POLL = 0.05


def is_alive(pid: int) -> bool:
    """Whether a process is there and not just waiting to be reaped."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def marked(variable: str, value: str) -> list[int]:
    """The pids of this machine's processes that were started with a variable of this value."""
    wanted = f"{variable}={value}".encode()
    found = []
    for folder in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile, or is another user's
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def stop(pid: int, patience: float) -> None:
    """SIGTERM, and SIGKILL when it has not ended in time (seconds)."""
    _end([pid], patience)


def stop_all(variable: str, value: str, patience: float) -> None:
    """Stop every process that :func:`marked` finds."""
    _end(marked(variable, value), patience)


def _end(pids: list[int], patience: float) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in filter(is_alive, pids):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        end = time.monotonic() + patience
        while any(map(is_alive, pids)) and time.monotonic() < end:
            time.sleep(POLL)
