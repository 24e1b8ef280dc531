"""The directory from which an environment's Prometheus reads the monitors of services: a file for each."""

from __future__ import annotations

import fcntl
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.monitor_set import InstalledMonitors
from domain.progress import Progress
from engines.confirmed_file import ConfirmedFile

SUFFIX = ".yml"
LOCK = ".lock"
POLL = 0.1

_HEADER = re.compile(r"# Monitors of \S+, release #(?P<number>\d+), version (?P<version>\w+)\.")


class RuleFiles:
    """A :class:`engines.confirmed_file.ConfirmedFile` for each service, which one process at a time writes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @contextmanager
    def locked(self, progress: Progress) -> Iterator[None]:
        """One at a time, whichever process it is; a cancel ends the waiting."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / LOCK).open("w") as lock:
            while not _taken(lock.fileno()):
                progress.say("somebody else installs monitors")
                progress.wait(POLL)
            yield

    def written(self, name: str) -> tuple[int, str] | None:
        """Release number and version of what is there."""
        match = _HEADER.match(self._file(name).text or "")
        return (int(match["number"]), match["version"]) if match else None

    def holds(self, monitors: InstalledMonitors) -> bool:
        """Whether exactly this is there."""
        return self._file(monitors.name).text == content(monitors)

    def put(self, monitors: InstalledMonitors, *, keep: bool) -> None:
        """Write; what is there is kept if it is known to be right."""
        self._file(monitors.name).put(content(monitors), keep=keep)

    def confirm(self, name: str) -> None:
        """What is there is right."""
        self._file(name).confirm()

    def restore(self, name: str) -> None:
        """What was there before the last :meth:`put`; nothing, if there was none."""
        self._file(name).restore()

    def _file(self, name: str) -> ConfirmedFile:
        return ConfirmedFile(self.directory / f"{name}{SUFFIX}")


def content(monitors: InstalledMonitors) -> str:
    """A rule file of Prometheus; its first line says whose it is."""
    header = f"# Monitors of {monitors.name}, release #{monitors.number}, version {monitors.version}."
    return f"{header} Written by its deploy: the next one writes over it.\n{monitors.text}"


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
