"""What one stage hands to the next: one model in, one model out for each activity."""

from __future__ import annotations

from pydantic import Field

from domain.artifact import Artifact, ArtifactKind, Digest
from domain.environment import Environment
from domain.gate_decisions import Snapshot
from domain.manifest import Dependency, ManifestPointer
from domain.message import Message
from domain.release import ReleaseRequest
from domain.service import Kind, ServiceDefinition


class Source(Message):
    """A service's source, fetched once: what it says of itself and where the snapshot is.

    ``follows``: the manifest of the version that was published then, which the commit is not behind.
    """

    definition: ServiceDefinition
    snapshot: Artifact
    follows: Digest | None = None


class Comparison(Message):
    """Is a release behind another version of its service, which is published or about to be?"""

    release: ReleaseRequest
    version: Digest


class Compared(Message):
    """``behind`` says why the release must not follow that version; empty when it may."""

    behind: str = ""


class BuildRequest(Message):
    """One artifact to build; ``run`` tells a second run of a release from the first."""

    release: str
    run: str
    kind: ArtifactKind
    source: Source


class Built(Message):
    """A built artifact; ``log`` is the URI of the output of the build that made it."""

    artifact: Artifact
    dependencies: tuple[Dependency, ...] = ()
    reused: bool
    log: str


class PublishRequest(Message):
    """A candidate that asks to be in the published set, with what it was tested on and how that ended."""

    application: str
    release: str
    manifest: Digest
    basis: Snapshot
    verdict: Digest


class Publication(Message):
    """The release number that a publication got; or, when the set is another one, what is published,
    of which releases."""

    number: int | None = None
    contested: Snapshot | None = None
    releases: dict[str, str] = Field(default_factory=dict)


class PublishedRequest(Message):
    """What is published of an application?"""

    application: str


class PublishedSnapshot(Message):
    """The combination that is published, and of which releases it is, by role."""

    snapshot: Snapshot
    releases: dict[str, str] = Field(default_factory=dict)


class Target(Message):
    """One release in one environment. The rest is read from the manifest, which is signed; so is the verdict."""

    environment: Environment
    release: str
    run: str
    number: int
    manifest: ManifestPointer
    verdict: Digest


class Deployed(Message):
    """A deploy that has arrived; ``url`` is where the edge serves it, if it does.

    ``abandons``: its service owns queues or buckets that it does not write any more.
    """

    detail: str
    url: str = ""
    abandons: bool = False


class Checked(Message):
    """One check of a deployed release that passed, in one line for a person."""

    detail: str


def artifacts_to_build(definition: ServiceDefinition) -> tuple[ArtifactKind, ...]:
    """What a service's build makes: its own artifact, its suite when it has one, its monitors."""
    own = ArtifactKind.BUNDLE if definition.kind is Kind.STATIC else ArtifactKind.IMAGE
    suite = (ArtifactKind.SUITE,) if definition.tests else ()
    return (own, *suite, ArtifactKind.MONITORS)
