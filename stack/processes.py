"""Processes by pid and by what marks them as ours; never by name."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

PROC = Path("/proc")
POLL = 0.05

#: Where ``stat`` has the number of threads, from the state on.
THREADS = 17


def is_alive(pid: int) -> bool:
    """Whether a process is there and not just waiting to be reaped.

    One whose first thread has ended looks as if it were, and has its files and ports until the last one has (proc(5)).
    """
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return fields[0] not in ("Z", "X") or int(fields[THREADS]) > 1


def marked(variable: str, value: str) -> list[int]:
    """The pids of this machine's processes that were started with a variable of this value."""
    wanted = f"{variable}={value}".encode()
    found = []
    for folder in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile, or is another user's
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def stop(pid: int, patience: float, root: Sequence[str] = ()) -> None:
    """SIGTERM, and SIGKILL when it has not ended in time (seconds).

    :param root: the words that make a command root's, for a process that is not this user's.
    """
    _end([pid], patience, root)


def stop_all(variable: str, value: str, patience: float) -> None:
    """Stop every process that :func:`marked` finds."""
    _end(marked(variable, value), patience)


def _end(pids: list[int], patience: float, root: Sequence[str] = ()) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in filter(is_alive, pids):
            _tell(pid, number, root)
        end = time.monotonic() + patience
        while any(map(is_alive, pids)) and time.monotonic() < end:
            time.sleep(POLL)


def _tell(pid: int, number: signal.Signals, root: Sequence[str]) -> None:
    if root:
        subprocess.run([*root, "kill", f"-{number.value}", str(pid)], capture_output=True, check=False)
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
