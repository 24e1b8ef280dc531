"""``deploy.migrate``: a command of a service's new image, once per release and environment, before the first new task.

A success is for good. A failure is of one run of the release: when that is released once more, it is tried once more.
"""

from __future__ import annotations

from typing import Protocol

from pydantic import BaseModel, ConfigDict

from domain.deployment import Deployment
from domain.message import Message
from domain.progress import Progress

#: Characters of the last line of a migration that failed; its log has the rest.
LINE_LIMIT = 300


class MigrationEnd(BaseModel):
    """How a migration ended.

    ``exit_code`` is ``None`` when its time was up, or when it never ran to an end of its own, as ``error`` says.
    """

    model_config = ConfigDict(frozen=True)

    exit_code: int | None
    output: str = ""
    error: str = ""


class MigrationRecord(BaseModel):
    """What is kept of a migration: for which run of which release, and why it failed, if it did."""

    model_config = ConfigDict(frozen=True)

    release: str
    run: str
    number: int
    failure: str = ""

    def is_decided_for(self, run: str) -> bool:
        """Whether nothing is to be run any more: it was done, or failed in this very run of the release."""
        return not self.failure or self.run == run


class Migrated(Message):
    """What came of a migration, in one line for a person."""

    detail: str


class Migrations(Protocol):
    """Runs migrations beside the services of one environment. ``Unreachable`` when the engine does not answer."""

    def run(self, deployment: Deployment, run: str, progress: Progress) -> MigrationEnd:
        """Run a release's migration to its end, at most ``deploy.timeout``; it is there until :meth:`remove`.

        One that a killed attempt began is waited for, or read if it has ended: no second one begins. What an
        earlier release or an earlier run left unfinished is stopped first.

        :param run: of the release's workflow.
        """

    def remove(self, deployment: Deployment) -> str:
        """Stop it if it runs, and remove what is left of it; what it printed. Nothing there is fine."""


def failure_of(end: MigrationEnd) -> str:
    """Why a migration failed, in one line; empty when it did not."""
    if end.exit_code == 0:
        return ""
    how = f"ended with exit code {end.exit_code}" if end.exit_code is not None else end.error or "did not end in time"
    lines = end.output.strip().splitlines()
    why = lines[-1].strip() if lines else end.error if end.exit_code is not None else "it printed nothing"
    return f"the migration {how}: {why[:LINE_LIMIT]}"
