"""A datastore's backup before its update: what is kept of it, and whether an earlier one will do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from domain.artifact import Digest
from domain.datastore import Backup
from domain.deployment import Deployment, ServiceState, UpdateState
from domain.message import Message
from domain.progress import Progress


class BackupRecord(BaseModel):
    """A whole backup: ``uri`` of its content, ``size`` in bytes; of the data that release ``of`` served."""

    model_config = ConfigDict(frozen=True)

    uri: str
    size: int
    digest: Digest
    of: int

    @property
    def line(self) -> str:
        """For a person."""
        return f"backup of #{self.of}: {size_text(self.size)}, {self.digest[:19]}"


class BackedUp(Message):
    """What came of it, in one line for a person; ``uri`` is empty when there was nothing to back up."""

    detail: str
    uri: str = ""


class VolumePlace(StrEnum):
    """Where the data of a datastore are, as far as one engine knows: of its own machine, and no other."""

    NOWHERE = ""
    HERE = "on this machine"
    ELSEWHERE = "on another machine of the swarm, if anywhere"


class Backups(Protocol):
    """Runs a datastore's backup command where its data are. ``Unreachable`` when the engine does not answer."""

    def content(
        self, deployment: Deployment, backup: Backup, progress: Progress
    ) -> AbstractContextManager[Iterator[bytes]]:
        """What the command prints, in the datastore that serves now, as it comes.

        The iterator raises ``BackupFailed`` when the command does not end with exit code 0 in its time: with the
        last lines of what it said on its standard error.
        """

    def volume_place(self, deployment: Deployment) -> VolumePlace:
        """Where the datastore's volume is, whatever serves it."""


def stands(state: ServiceState) -> bool:
    """Whether nothing can have changed the data since the last update: it was halted, and nothing runs.

    Its own backup is the one of these data, then; so that a datastore that does not start can be mended.
    """
    return state.update is UpdateState.PAUSED and not state.healthy


def size_text(size: int) -> str:
    """``512 bytes``, ``1.5 MB``."""
    for unit, step in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= step:
            return f"{size / step:.1f} {unit}"
    return f"{size} bytes"
