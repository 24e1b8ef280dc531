"""The directory from which an environment's Prometheus reads the monitors of services: a file for each."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.monitor_set import InstalledMonitors
from domain.progress import Progress

SUFFIX = ".yml"
PREVIOUS = ".previous"
LOCK = ".lock"
POLL = 0.1

_HEADER = re.compile(r"# Monitors of \S+, release #(?P<number>\d+), version (?P<version>\w+)\.")


class RuleFiles:
    """Writes so that whoever reads sees the whole old file or the whole new one.

    What was there before stays beside a new file until :meth:`confirm`, so that it can come back
    even after a crash: Prometheus does not read it by that name.
    """

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
        match = _HEADER.match(self._text(name))
        return (int(match["number"]), match["version"]) if match else None

    def holds(self, monitors: InstalledMonitors) -> bool:
        """Whether exactly this is there."""
        return self._text(monitors.name) == content(monitors)

    def put(self, monitors: InstalledMonitors, *, keep: bool) -> None:
        """Write; what is there is kept as the previous file if it is known to be right."""
        file, previous = self._file(monitors.name), self._previous(monitors.name)
        if keep and file.exists():
            write_whole(previous, file.read_text())
        write_whole(file, content(monitors))

    def confirm(self, name: str) -> None:
        """What is there is right: nothing else will be needed again."""
        self._previous(name).unlink(missing_ok=True)

    def restore(self, name: str) -> None:
        """What was there before the last :meth:`put`; nothing, if there was none."""
        file, previous = self._file(name), self._previous(name)
        if previous.exists():
            previous.replace(file)
        else:
            file.unlink(missing_ok=True)

    def _text(self, name: str) -> str:
        try:
            return self._file(name).read_text()
        except FileNotFoundError:
            return ""

    def _file(self, name: str) -> Path:
        return self.directory / f"{name}{SUFFIX}"

    def _previous(self, name: str) -> Path:
        return self.directory / f"{name}{SUFFIX}{PREVIOUS}"


def content(monitors: InstalledMonitors) -> str:
    """A rule file of Prometheus; its first line says whose it is."""
    header = f"# Monitors of {monitors.name}, release #{monitors.number}, version {monitors.version}."
    return f"{header} Written by its deploy: the next one writes over it.\n{monitors.text}"


def write_whole(file: Path, text: str) -> None:
    """Whoever reads sees what was there or all of this, even when the machine stops meanwhile."""
    beside = file.with_name(f".{file.name}.new")
    with beside.open("w") as output:
        output.write(text)
        output.flush()
        os.fsync(output.fileno())
    beside.chmod(0o644)
    beside.replace(file)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
