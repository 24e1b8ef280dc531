"""Sites of a stack on a real S3, for tests."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path

import requests

from domain.artifact import Artifact, ArtifactKind, digest_of
from domain.deployment import Deployment
from domain.environment import Environment
from domain.errors import Unreachable
from domain.identity import edge_bucket
from domain.keys import bundle_key
from domain.service import ServiceDefinition
from domain.storage import ObjectStore, SiteBucket, StoredObject
from engines.site import SiteEngine
from engines.site_routes import SiteRoutes
from tests.domain.builders import COMMIT, POINTER


@dataclass
class CrashingBucket:
    """A real bucket whose machine dies before a write of a file; the writes are kept by key."""

    bucket: SiteBucket
    crash_at: Callable[[str], bool] = lambda _: False
    before_write: Callable[[str], None] = lambda _: None
    written: list[str] = field(default_factory=list)

    @property
    def served_url(self) -> str:
        return self.bucket.served_url

    def claim(self, stack: str) -> None:
        self.bucket.claim(stack)

    def read(self, key: str) -> StoredObject | None:
        return self.bucket.read(key)

    def write(self, key: str, content: bytes, etag: str | None, content_type: str, cache_control: str) -> None:
        self.before_write(key)
        if self.crash_at(key):
            raise Unreachable("S3", "test", f"killed before {key}")
        self.bucket.write(key, content, etag, content_type, cache_control)
        self.written.append(key)


@dataclass(frozen=True)
class Sites:
    """One engine of one stack, and an application that nobody else has."""

    bundles: ObjectStore
    buckets: Callable[[str], SiteBucket]
    stack: str
    application: str
    scratch: Path

    @property
    def engine(self) -> SiteEngine:
        return SiteEngine(self.bundles, self.buckets, stack=self.stack)

    @property
    def bucket(self) -> SiteBucket:
        """The bucket of the application's site in ci."""
        return self.buckets(f"ci-{self.application}-site")

    def through(self, bucket: SiteBucket) -> Sites:
        """The same sites, seen through another bucket."""
        site = f"ci-{self.application}-site"
        return replace(self, buckets=lambda name: bucket if name == site else self.buckets(name))

    def entry(self) -> str:
        """The text of the entry document that is served."""
        return requests.get(f"{self.bucket.served_url}/index.html", timeout=5).text

    def ensure_routes(self) -> str:
        """Make the document of ci's routes, as the local stack does before it starts the edge."""
        return SiteRoutes(self.buckets(edge_bucket(self.stack, Environment.CI)), self.stack).ensure()

    def deployment(self, number: int, files: Mapping[str, str], path: str = "/") -> Deployment:
        """A release of ``<application>-site`` in ci, whose bundle is kept in the store."""
        return self.deployment_of(number, zipped(files), path)

    def deployment_of(self, number: int, bundle: bytes, path: str = "/") -> Deployment:
        """The same with a bundle made elsewhere."""
        digest = digest_of(bundle)
        file = self.scratch / "bundle.zip"
        file.write_bytes(bundle)
        self.bundles.create_file(bundle_key(digest), file, digest)
        definition = {
            "application": self.application,
            "role": "site",
            "kind": "static",
            "build": {"output": "dist"},
            "ingress": {"path": path},
            "owner": "team",
        }
        return Deployment(
            environment=Environment.CI,
            definition=ServiceDefinition.model_validate(definition),
            artifact=Artifact(kind=ArtifactKind.BUNDLE, uri=self.bundles.uri(bundle_key(digest)), digest=digest),
            number=number,
            release=f"release:{self.application}-site:{COMMIT[:12]}",
            commit=COMMIT,
            manifest=POINTER,
        )


def zipped(files: Mapping[str, str]) -> bytes:
    """A zip file."""
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as bundle:
        for name, text in files.items():
            bundle.writestr(zipfile.ZipInfo(name), text)
    return content.getvalue()
