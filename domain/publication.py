"""The published set of an application: role → the version that others may rely on."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from domain.artifact import Digest
from domain.gate_decisions import Snapshot
from domain.manifest import Manifest, ManifestPointer

#: How many past numbers a set remembers, so that a late second attempt finds its own.
REMEMBERED = 1000


class PublishedVersion(BaseModel):
    """What is published of one role, and the digest of the verdict that allowed it."""

    model_config = ConfigDict(frozen=True)

    number: int
    release: str
    commit: str
    manifest: ManifestPointer
    verdict: Digest


class PublishedSet(BaseModel):
    """The set; ``version`` grows by one with each publication and is the last release number.

    ``numbers`` remembers which number a release got: publication is idempotent by release,
    also after a newer release of the same role has been published.
    """

    model_config = ConfigDict(frozen=True)

    application: str
    version: int = 0
    services: dict[str, PublishedVersion] = Field(default_factory=dict)
    numbers: dict[str, int] = Field(default_factory=dict)

    def number_of(self, manifest: ManifestPointer) -> int | None:
        """The number that a manifest was published under, if it was."""
        return self.numbers.get(manifest.digest)

    @property
    def snapshot(self) -> Snapshot:
        """The combination that is published: role → manifest."""
        return {role: version.manifest.digest for role, version in self.services.items()}

    @property
    def releases(self) -> dict[str, str]:
        """Role → the release that is published."""
        return {role: version.release for role, version in self.services.items()}

    def with_published(self, manifest: Manifest, pointer: ManifestPointer, verdict: Digest) -> PublishedSet:
        """The next set. Numbers grow by one per publication and are never reused."""
        number = self.version + 1
        kept = dict(list(self.numbers.items())[-(REMEMBERED - 1) :])
        published = PublishedVersion(
            number=number, release=manifest.release, commit=manifest.commit, manifest=pointer, verdict=verdict
        )
        return PublishedSet(
            application=self.application,
            version=number,
            services={**self.services, manifest.service.role: published},
            numbers={**kept, pointer.digest: number},
        )
