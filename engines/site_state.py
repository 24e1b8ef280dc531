"""What Onward remembers of a site: what was asked for, what is served, what lies in the bucket."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from domain.artifact import Digest
from domain.deployment import Deployment


class SiteRelease(BaseModel):
    """One release of a site; ``entry`` is the digest of its entry document."""

    model_config = ConfigDict(frozen=True)

    number: int
    release: str
    commit: str
    digest: Digest
    manifest: Digest
    entry: Digest
    since: datetime

    @classmethod
    def of(cls, deployment: Deployment, entry: Digest, since: datetime) -> SiteRelease:
        """The release that a deployment asks for."""
        return cls(
            number=deployment.number,
            release=deployment.release,
            commit=deployment.commit,
            digest=deployment.artifact.digest,
            manifest=deployment.manifest.digest,
            entry=entry,
            since=since,
        )


class SiteState(BaseModel):
    """Written by compare-and-swap only: before the first file of a release, and after the last.

    ``served`` is the last release whose entry document was seen in place. ``files`` is what lies in
    the bucket for certain: a file that a release is about to change is taken out of it first, so
    that the list is true wherever a deploy is killed.
    """

    model_config = ConfigDict(frozen=True)

    stack: str
    asked: SiteRelease
    served: SiteRelease | None = None
    files: dict[str, Digest] = {}

    @property
    def arrived(self) -> bool:
        """Whether what was asked for is what is served."""
        return self.served is not None and self.served.number == self.asked.number


def entry_of(state: SiteState, entry: Digest | None) -> SiteRelease | None:
    """Whose entry document is in place: it is the last file of a release, so it speaks for the rest.

    :param entry: the digest of the document that is there now.
    """
    before = state.served
    if before is not None and before.entry == state.asked.entry:
        return before
    return state.asked if entry == state.asked.entry else before


def asked(before: SiteState, served: SiteRelease | None, release: SiteRelease, files: dict[str, Digest]) -> SiteState:
    """The state in which the release's files may be written."""
    certain = {path: digest for path, digest in before.files.items() if files.get(path, digest) == digest}
    return SiteState(stack=before.stack, asked=release, served=served, files=certain)


def arrived(state: SiteState, files: dict[str, Digest]) -> SiteState:
    """The state after the last file; files of earlier releases stay, because pages that are open use them."""
    return SiteState(stack=state.stack, asked=state.asked, served=state.asked, files=state.files | files)
