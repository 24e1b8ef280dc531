"""What an environment is asked to run, what it runs, and what follows from the two.

The decisions are here; an engine only carries them out and observes.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from pydantic import BaseModel, ConfigDict, computed_field

from domain.artifact import Artifact, Digest
from domain.environment import Environment
from domain.errors import DeployHalted, Superseded
from domain.identity import ServiceId, canonical_name
from domain.manifest import ManifestPointer
from domain.progress import Progress
from domain.service import Kind, ServiceDefinition

#: New tasks of one deploy that may end badly before a *first* deploy counts as halted.
FAILED_TASKS_LIMIT = 3


class Deployment(BaseModel):
    """One release in one environment: what to run, by digest, and why it is allowed."""

    model_config = ConfigDict(frozen=True)

    environment: Environment
    definition: ServiceDefinition
    artifact: Artifact
    number: int
    release: str
    commit: str
    manifest: ManifestPointer

    @property
    def service(self) -> ServiceId:
        """Whose deploy this is."""
        return self.definition.service

    @property
    def name(self) -> str:
        """The canonical name."""
        return canonical_name(self.environment, self.service)


class UpdateState(StrEnum):
    """How far an engine is with what it was last asked."""

    NONE = "none"
    UPDATING = "updating"
    COMPLETED = "completed"
    PAUSED = "paused"


class TaskState(BaseModel):
    """One replica, past or present. ``running`` means: up, and healthy if it says how to tell."""

    model_config = ConfigDict(frozen=True)

    id: str
    number: int
    commit: str
    digest: Digest
    running: bool
    wanted: bool
    state: str
    error: str = ""


class Served(BaseModel):
    """What answers requests: a release number, its commit, and the digest of its artifact."""

    model_config = ConfigDict(frozen=True)

    number: int
    commit: str
    digest: Digest


class ServiceState(BaseModel):
    """What an engine observes of one service; number, commit, digest are those of the last ask."""

    model_config = ConfigDict(frozen=True)

    environment: Environment
    service: ServiceId
    number: int
    release: str
    commit: str
    digest: Digest
    manifest: Digest
    replicas: int
    update: UpdateState
    message: str = ""
    since: datetime
    tasks: tuple[TaskState, ...] = ()
    kind: Kind = Kind.SERVICE
    #: What differs from what was asked for, a phrase each: changed by hand.
    drift: tuple[str, ...] = ()
    #: Of a datastore: the version of its data.
    version: str = ""

    @property
    def name(self) -> str:
        """The canonical name."""
        return canonical_name(self.environment, self.service)

    def serving(self, number: int) -> int:
        """How many replicas of a release are up and healthy."""
        return sum(1 for task in self.tasks if task.running and task.number == number)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def healthy(self) -> int:
        """How many replicas serve, of whichever release."""
        return sum(1 for task in self.tasks if task.running)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def state(self) -> str:
        """``running``, ``updating``, ``halted`` (an update stopped half way), ``failing``; of a job ``ready``; or
        ``drifted``: changed by hand, whatever else it is."""
        if self.drift:
            return "drifted"
        if self.update is UpdateState.PAUSED:
            return "halted"
        if self.serving(self.number) >= self.replicas:
            return "ready" if self.kind is Kind.BATCH else "running"
        return "updating" if self.update is UpdateState.UPDATING or not self.failures else "failing"

    @property
    def failures(self) -> list[TaskState]:
        """Tasks of the release asked for that ended badly."""
        return [task for task in self.tasks if task.number == self.number and task.state in ("failed", "rejected")]

    @property
    def served(self) -> Served:
        """The newest release that actually serves; the one asked for when nothing does."""
        up = [task for task in self.tasks if task.running]
        newest = max(up, key=lambda task: task.number, default=None)
        source = newest or self
        return Served(number=source.number, commit=source.commit, digest=source.digest)


class Action(StrEnum):
    """What to do with a deployment, given what is there."""

    CREATE = "create"
    UPDATE = "update"
    NOTHING = "nothing"


def decide(current_number: int | None, deployment: Deployment) -> Action:
    """Only ever forward: a greater number updates, an equal one is already asked for.

    :param current_number: the number that the environment was last asked to run.
    :raises Superseded: a newer release of the role is there.
    """
    if current_number is None:
        return Action.CREATE
    if current_number > deployment.number:
        raise _superseded(deployment, current_number)
    return Action.NOTHING if current_number == deployment.number else Action.UPDATE


def settled(state: ServiceState, deployment: Deployment) -> bool:
    """Whether a deploy has arrived: every replica runs the new digest and is healthy.

    :raises Superseded: a newer release took its place meanwhile.
    :raises DeployHalted: the update was paused, or a first deploy's tasks keep failing.
    """
    refuse_overtaken(state, deployment)
    if state.update is UpdateState.PAUSED:
        raise DeployHalted(f"{state.name}: the update was paused: {_cause(state)}")
    if state.update is UpdateState.NONE and len(state.failures) >= FAILED_TASKS_LIMIT:
        raise DeployHalted(f"{state.name}: {len(state.failures)} new tasks failed: {_cause(state)}")
    return state.update is not UpdateState.UPDATING and is_whole(state, deployment)


def refuse_overtaken(state: ServiceState | None, deployment: Deployment) -> None:
    """:raises Superseded: the environment was asked for a newer release of the role meanwhile."""
    if state is not None and state.number > deployment.number:
        raise _superseded(deployment, state.number)


def is_whole(state: ServiceState, deployment: Deployment) -> bool:
    """Whether all replicas, and only they, run this release's digest and are healthy."""
    up = [task for task in state.tasks if task.running]
    return len(up) >= state.replicas > 0 and all(
        task.number == deployment.number and task.digest == deployment.artifact.digest for task in up
    )


def is_growing(state: ServiceState, deployment: Deployment, whole_at: int) -> bool:
    """Whether all that is missing are replicas that somebody has asked for since the release was whole.

    :param whole_at: how many replicas it had then.
    """
    up = [task for task in state.tasks if task.running]
    ours = all(task.number == deployment.number and task.digest == deployment.artifact.digest for task in up)
    return state.replicas > whole_at > 0 and len(up) >= whole_at and ours and not state.failures


def _superseded(deployment: Deployment, newer: int) -> Superseded:
    return Superseded(f"{deployment.name} already runs release #{newer}, newer than #{deployment.number}")


def _cause(state: ServiceState) -> str:
    failure = state.failures[-1] if state.failures else None
    detail = f"{failure.state}: {failure.error}" if failure else state.message or "no reason given"
    return f"{detail} ({state.healthy} of {state.replicas} replicas serve)"


class EnvironmentEngine(Protocol):
    """Runs the services of one environment. ``Unreachable`` when it does not answer."""

    def deploy(self, deployment: Deployment, progress: Progress) -> Action:
        """Ask for a release; :func:`settled` tells when it has arrived. Only what must be uploaded takes time.

        A second call with the same number does nothing. Raises ``Superseded`` for a lower number
        than the one there, ``ForeignResource`` when the name is another stack's, ``Conflict`` when
        somebody else updated at the same moment.
        """

    def observe(self, environment: Environment, service: ServiceId) -> ServiceState | None:
        """What is there, or ``None`` when the service was never deployed."""

    def keep_serving(self, deployment: Deployment) -> None:
        """See to it that what serves goes on serving; who waits for an update calls this twice a second."""

    def running(self, environment: Environment) -> list[ServiceState]:
        """Everything that Onward deployed to the environment, by name."""

    def logs(self, environment: Environment, service: ServiceId, lines: int) -> str:
        """The last lines of each task, oldest first, each with the task's name in front."""

    def url(self, environment: Environment, definition: ServiceDefinition) -> str:
        """Where the service answers on its application's network (or, for a site, at the edge)."""

    def probe(self, deployment: Deployment, progress: Progress) -> str:
        """Ask the deployed thing itself whether it serves this release; one line, or ``VerifyFailed``."""
