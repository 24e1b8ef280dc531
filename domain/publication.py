"""The published set of an application: role → the version that others may rely on."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from domain.errors import Superseded
from domain.manifest import Manifest, ManifestPointer

#: How many past numbers a set remembers, so that a late second attempt finds its own.
REMEMBERED = 1000


class PublishedVersion(BaseModel):
    """What is published of one role."""

    model_config = ConfigDict(frozen=True)

    number: int
    release: str
    commit: str
    started: datetime
    manifest: ManifestPointer


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

    def with_published(self, manifest: Manifest, pointer: ManifestPointer) -> PublishedSet:
        """The next set. Numbers grow by one per publication and are never reused.

        :raises Superseded: a release of the role that started later is published already.
        """
        newest = self.services.get(manifest.service.role)
        if newest is not None and newest.started > manifest.started:
            raise Superseded(
                f"{manifest.service} is published as #{newest.number} ({newest.commit[:12]}), "
                f"by a release that started after this one"
            )
        number = self.version + 1
        kept = dict(list(self.numbers.items())[-(REMEMBERED - 1) :])
        published = PublishedVersion(
            number=number, release=manifest.release, commit=manifest.commit, started=manifest.started, manifest=pointer
        )
        return PublishedSet(
            application=self.application,
            version=number,
            services={**self.services, manifest.service.role: published},
            numbers={**kept, pointer.digest: number},
        )
