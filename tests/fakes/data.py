"""Migrations and backups in memory, which can be told how to end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from domain.backup import VolumePlace
from domain.datastore import Backup
from domain.deployment import Deployment
from domain.errors import BackupFailed
from domain.migration import MigrationEnd
from domain.progress import Progress


class MemoryMigrations:
    """Each job runs once and stays until it is removed; ``ends`` by commit, ``blocked`` holds all back."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, int]] = []
        self.jobs: dict[str, MigrationEnd] = {}
        self.ends: dict[str, MigrationEnd] = {}
        self.blocked: threading.Event | None = None

    def run(self, deployment: Deployment, run: str, progress: Progress) -> MigrationEnd:
        name = f"{deployment.name}-{deployment.number}-{run}"
        if name not in self.jobs:
            self.ran.append((deployment.name, deployment.number))
            self.jobs[name] = self.ends.get(deployment.commit, MigrationEnd(exit_code=0, output="migrated\n"))
        progress.say("the migration is running")
        while self.blocked and not self.blocked.is_set():
            progress.wait(0.05)
        return self.jobs[name]

    def remove(self, deployment: Deployment) -> str:
        mine = [name for name in self.jobs if name.startswith(f"{deployment.name}-{deployment.number}-")]
        return "".join(self.jobs.pop(name).output for name in mine)


class MemoryBackups:
    """Prints ``printed``; ``failing`` says why it fails after that, if it does."""

    def __init__(self) -> None:
        self.printed = b"the data"
        self.failing = ""
        self.made: list[str] = []
        self.volumes: dict[str, VolumePlace] = {}

    def volume_place(self, deployment: Deployment) -> VolumePlace:
        return self.volumes.get(deployment.name, VolumePlace.NOWHERE)

    @contextmanager
    def content(self, deployment: Deployment, backup: Backup, progress: Progress) -> Iterator[Iterator[bytes]]:
        self.made.append(deployment.name)
        yield self._pieces()

    def _pieces(self) -> Iterator[bytes]:
        yield self.printed
        if self.failing:
            raise BackupFailed(self.failing)
