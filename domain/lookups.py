"""What a person may ask for, and the answers: read by the duty that holds the keys."""

from __future__ import annotations

from pydantic import Field

from domain.artifact import ArtifactKind, Digest
from domain.deployment import ServiceState
from domain.environment import Environment
from domain.identity import ServiceId
from domain.message import Message
from domain.regression import Origin
from domain.release import ReleaseRequest
from domain.required_suites import origins

#: Of one text that travels through Temporal (its own bound is 2 MiB).
TEXT_LIMIT = 512 * 1024


class DeployedRequest(Message):
    """What runs in one environment, of one application or of all."""

    environment: Environment
    application: str | None = None


class DeployedServices(Message):
    """What runs there, by name."""

    services: tuple[ServiceState, ...]


class StepOutputRequest(Message):
    """The kept output of a release's steps; of one step, or of all."""

    release: str
    step: str | None = None


class StepOutput(Message):
    """The end of one step's output, at most 512 KiB shared by all steps that were asked for."""

    step: str
    run: str
    uri: str
    text: str
    cut: bool = False


class StepOutputs(Message):
    """The outputs, oldest run first."""

    outputs: tuple[StepOutput, ...]


class ServiceLogsRequest(Message):
    """The last lines of each task of a deployed service."""

    environment: Environment
    service: ServiceId
    lines: int = Field(default=200, ge=1, le=5000)


class ServiceLogs(Message):
    """The lines, each with its task's name in front."""

    text: str


class EvidenceLookup(Message):
    """What was collected of a failed release: of one run, or of the one that failed last."""

    release: str
    run: str | None = None


class EvidenceDocuments(Message):
    """The evidence as a page and as a document, each with its URI; empty where it is over 512 KiB."""

    page_uri: str
    document_uri: str
    page: str
    document: str


class ManifestRequest(Message):
    """A manifest by its digest, its S3 URI, or as a document that the caller has."""

    digest: str | None = None
    uri: str | None = None
    document: str | None = None


class ManifestDocument(Message):
    """A manifest as it is; ``fault`` says why it must not be trusted, ``None`` that it may be."""

    digest: str
    uri: str | None
    document: str
    fault: str | None = None


class PlanRequest(Message):
    """What would a release of this commit do?"""

    release: ReleaseRequest


class PlannedArtifact(Message):
    """One artifact: found under its inputs, or to be built; ``image`` is its digest once it is there."""

    kind: ArtifactKind
    inputs: str
    reused: bool
    image: Digest | None = None
    bases: tuple[str, ...] = ()


class PlannedArtifacts(Message):
    """What the build stage would make and reuse; ``retires``: cases of the previous suite are retired."""

    artifacts: tuple[PlannedArtifact, ...]
    retires: bool = False


class PlannedDeploy(Message):
    """What a deploy would replace; ``running`` is the number there now."""

    environment: Environment
    running: int | None
    commit: str | None
    replicas: int


class PublishedSuite(Message):
    """The suite of a published version: whose it is, and its image."""

    release: str
    image: Digest


class PublishedSuites(Message):
    """Role → suite, of the published services of an application that have one."""

    suites: dict[str, PublishedSuite] = Field(default_factory=dict)


class PlannedSuite(Message):
    """A suite that a release would have to pass; ``release`` is whose suite it is."""

    role: str
    origin: Origin
    release: str


class Plan(Message):
    """What a release would build, reuse, test and deploy."""

    release: str
    artifacts: tuple[PlannedArtifact, ...]
    suites: tuple[PlannedSuite, ...] = ()
    deploys: tuple[PlannedDeploy, ...]


def planned_suites(
    release: ReleaseRequest, published: PublishedSuites, planned: PlannedArtifacts
) -> tuple[PlannedSuite, ...]:
    """What :func:`domain.required_suites.required_suites` will ask for, as far as it is known before the build.

    A suite that is still to be built goes by its inputs: it is another one than the published.
    """
    own = next((each.image or each.inputs for each in planned.artifacts if each.kind is ArtifactKind.SUITE), None)
    images = {role: suite.image for role, suite in published.suites.items()}
    previous = published.suites.get(release.role)
    retires = planned.retires and previous is not None and previous.release != release.id
    return tuple(
        PlannedSuite(
            role=role,
            origin=origin,
            release=release.id if origin is Origin.NEW else published.suites[role].release,
        )
        for role, origin in origins(release.role, own, images, retires=retires)
    )
