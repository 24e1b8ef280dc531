"""Runs of batch jobs: who asks for one, what an environment knows of it, and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from domain.artifact import Digest
from domain.batch_rules import Overlap
from domain.duration import Duration
from domain.environment import Environment
from domain.identity import ServiceId, canonical_name
from domain.message import Message
from domain.progress import Progress

#: The type of a run's workflow.
BATCH_RUN = "BatchRun"


class RunKey(Message):
    """One run, by its workflow's ID and run ID: a workflow that is started anew is another run."""

    workflow: str
    run: str


class JobRules(Message):
    """What a job's record says of its runs; ``limit`` is how many may be going at once."""

    limit: int
    timeout: Duration
    overlap: Overlap


class BatchJob(Message):
    """What the next run of a job in one environment will use: the release that was deployed last."""

    environment: Environment
    service: ServiceId
    number: int
    release: str
    commit: str
    digest: Digest
    rules: JobRules


class BatchRunRequest(Message):
    """Who wants a run. ``patient``: waits for a place; the overlap policy is for scheduled runs."""

    environment: Environment
    application: str
    role: str
    requested_by: str = ""
    reason: str = ""
    patient: bool = True
    scheduled: bool = False

    @property
    def service(self) -> ServiceId:
        """Whose job it is."""
        return ServiceId(application=self.application, role=self.role)

    @property
    def name(self) -> str:
        """The job's canonical name."""
        return canonical_name(self.environment, self.service)

    @property
    def started_by(self) -> str:
        """For a person."""
        return "schedule" if self.scheduled else self.requested_by


class RunOrder(Message):
    """One run to begin. ``due``: when the schedule had it, if it did."""

    environment: Environment
    service: ServiceId
    key: RunKey
    due: datetime | None = None


class BegunRun(Message):
    """A run that has begun, with what it runs; ``name`` is that of the thing in the engine."""

    order: RunOrder
    name: str
    number: int
    release: str
    commit: str
    digest: Digest
    timeout: Duration
    begun: datetime

    @property
    def deadline(self) -> datetime:
        """When it must have ended."""
        return self.begun + self.timeout


class RunStatus(StrEnum):
    """How far a run is; all but ``waiting`` and ``running`` are ends.

    ``skipped``: a scheduled one for which there was no place; ``refused``: one on demand that would not wait.
    """

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    REFUSED = "refused"


class RunState(Message):
    """What an engine sees of a run; ``exit_code`` and ``cause`` are of one that has ended."""

    ended: bool
    exit_code: int | None = None
    cause: str = ""


class RunEnded(Message):
    """How a run ended; ``cause`` says why it failed, ``log`` is the URI of what it printed."""

    status: RunStatus
    exit_code: int | None = None
    cause: str = ""
    log: str = ""


class RunToEnd(Message):
    """A run of which nothing is to be left; ``status`` is recorded, of one that was begun.

    ``unseen``: its workflow is over and said nothing; what is still there of it has failed.
    """

    environment: Environment
    service: ServiceId
    key: RunKey
    status: RunStatus | None = None
    unseen: bool = False


class RunsRequest(Message):
    """Which runs of a job are there?"""

    environment: Environment
    service: ServiceId


class RunKeys(Message):
    """Some runs."""

    keys: tuple[RunKey, ...] = ()


class ScheduledJob(Message):
    """When a job is to run by itself from now on; without ``schedule`` and ``every`` never.

    ``number`` is the release's, ``limit`` how many runs of it may be going at once.
    """

    environment: Environment
    service: ServiceId
    number: int
    release: str
    limit: int = 1
    schedule: str | None = None
    every: Duration | None = None
    catch_up: Duration = timedelta(minutes=1)


class BatchRunResult(Message):
    """A run at any moment; the same model is its progress and its end."""

    run: str
    environment: Environment
    application: str
    role: str
    status: RunStatus = RunStatus.WAITING
    started_by: str = ""
    reason: str = ""
    number: int | None = None
    commit: str | None = None
    digest: Digest | None = None
    exit_code: int | None = None
    cause: str = ""
    started: datetime
    begun: datetime | None = None
    seconds: float | None = None
    log: str | None = None


class BatchRuns(Protocol):
    """Begins, watches and ends the runs of one environment. ``Unreachable`` when its engine does not answer."""

    def job(self, environment: Environment, service: ServiceId) -> BatchJob:
        """What the next run will use; ``NotFound`` when no batch job of that name is deployed."""

    def begin(self, order: RunOrder) -> BegunRun:
        """Start what the environment was last asked to run; a second call finds the first one's run.

        Raises ``InvalidInput`` when what is deployed cannot be started, ``NotFound`` as :meth:`job`.
        """

    def look(self, run: BegunRun) -> RunState:
        """How the run is; one that is not there any more has ended, and says so."""

    def output(self, run: BegunRun, write: Callable[[str], None]) -> AbstractContextManager[None]:
        """Hand over each line that the run prints, from its first one, while the block runs."""

    def stop(self, key: RunKey, progress: Progress) -> None:
        """End a run, and wait until nothing of it is up; it is :meth:`going` until it is forgotten. Gone is fine."""

    def forget(self, key: RunKey) -> None:
        """Let nothing be left of a run that was stopped; gone is fine."""

    def going(self, environment: Environment, service: ServiceId) -> list[RunKey]:
        """The runs of a job that are there, the oldest first, whether up or stopped and not forgotten."""


#: How runs end that monitors ask about, as fields of :class:`LastRuns`; one that was cancelled is somebody's wish.
REMEMBERED = {RunStatus.SUCCEEDED: "succeeded", RunStatus.FAILED: "failed"}


class LastRuns(Message):
    """When runs of a job last ended well and last failed: what its monitors must know, whoever watched them."""

    environment: Environment
    service: ServiceId
    succeeded: datetime | None = None
    failed: datetime | None = None

    def ended(self, status: RunStatus, at: datetime) -> LastRuns:
        """With one more run, which ended in a way that is :data:`REMEMBERED`."""
        return self.model_copy(update={REMEMBERED[status]: at})


class RunRecorder(Protocol):
    """Tells whoever watches jobs how their runs end."""

    def ended(self, environment: Environment, service: ServiceId, status: RunStatus, at: datetime) -> None:
        """A run of a job has ended like this."""
