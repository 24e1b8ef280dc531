"""One service's commit on its way: what was asked, how far it is, how it ended."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from domain.artifact import Digest
from domain.environment import Environment
from domain.gate_decisions import Snapshot
from domain.identity import COMMIT_PATTERN, ServiceId
from domain.manifest import ManifestPointer
from domain.message import Message
from domain.regression import SuiteResult
from domain.workflow_ids import release_id


class Stage(StrEnum):
    """The stages in their order."""

    SOURCE = "source"
    BUILD = "build"
    MANIFEST = "manifest"
    REGRESSION = "regression"
    PUBLISH = "publish"
    DEPLOY_CI = "deploy ci"
    VERIFY_CI = "verify ci"
    DEPLOY_PROD = "deploy prod"
    VERIFY_PROD = "verify prod"

    @classmethod
    def deploy(cls, environment: Environment) -> Stage:
        """The deploy stage of an environment."""
        return cls(f"deploy {environment}")

    @classmethod
    def verify(cls, environment: Environment) -> Stage:
        """The verify stage of an environment."""
        return cls(f"verify {environment}")


#: From here on a release that does not end well may have changed prod.
IN_PROD = (Stage.DEPLOY_PROD, Stage.VERIFY_PROD)


class StageStatus(StrEnum):
    """How far one stage is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


class ReleaseStatus(StrEnum):
    """How far a release is; all but ``running`` are ends."""

    RUNNING = "running"
    VERIFIED = "verified"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    REFUSED = "refused"


class ReleaseRequest(Message):
    """What CI asks for; ``commit`` is a full SHA-1."""

    application: str
    role: str
    repository: str = Field(min_length=1)
    commit: str = Field(pattern=COMMIT_PATTERN)
    service_directory: str = "."
    requested_by: str = ""
    reason: str = ""
    #: the roll-forward that started it as a fix
    roll_forward: str = ""

    @property
    def service(self) -> ServiceId:
        """Whose release this is."""
        return ServiceId(application=self.application, role=self.role)

    @property
    def id(self) -> str:
        """The workflow ID: the same commit twice is the same release."""
        return release_id(self.service, self.commit)


class StageResult(Message):
    """One stage; ``detail`` is one line for a person."""

    name: Stage
    status: StageStatus
    started: datetime
    seconds: float | None = None
    detail: str = ""


class Failure(Message):
    """Why a release did not end well. ``kind`` is an error's type; ``evidence`` a URI."""

    stage: Stage
    kind: str
    message: str
    evidence: str | None = None


class ReleaseRegression(Message):
    """The last regression of a release: on which versions, as manifests and as releases, and each suite."""

    workflow: str
    basis: Snapshot
    versions: dict[str, str] = Field(default_factory=dict)
    suites: tuple[SuiteResult, ...] = ()
    verdict: Digest | None = None


class ReleaseResult(Message):
    """A release at any moment; the same model is its progress and its end."""

    release: str
    application: str
    role: str
    commit: str
    status: ReleaseStatus = ReleaseStatus.RUNNING
    number: int | None = None
    manifest: ManifestPointer | None = None
    regression: ReleaseRegression | None = None
    stages: tuple[StageResult, ...] = ()
    roll_forward: str | None = None
    failure: Failure | None = None

    @property
    def current(self) -> StageResult | None:
        """The stage that runs or ran last."""
        return self.stages[-1] if self.stages else None

    def ended_from_outside(self, kind: str, stage: Stage | None) -> ReleaseResult:
        """A release that could not say a last word: somebody or the server itself ended it.

        :param kind: ``Terminated``, ``Timeout``, ``Cancelled`` or ``Failed``.
        :param stage: the last one it was in, if that is known.
        """
        where = stage or (self.current.name if self.current else Stage.SOURCE)
        failure = Failure(stage=where, kind=kind, message=f"the workflow was ended from outside ({kind.lower()})")
        return self.model_copy(update={"status": ReleaseStatus.FAILED, "failure": self.failure or failure})
