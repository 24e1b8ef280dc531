"""Sites of a stack on a real S3, for tests."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from domain.artifact import Artifact, ArtifactKind, digest_of
from domain.deployment import Deployment
from domain.environment import Environment
from domain.identity import bundle_key, edge_bucket
from domain.service import ServiceDefinition
from domain.storage import ObjectStore, SiteBucket
from engines.site import SiteEngine
from engines.site_routes import SiteRoutes
from tests.domain.builders import COMMIT, POINTER


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
