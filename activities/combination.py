"""The combination of versions that a regression is about, read from signed manifests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from activities.manifest_reader import ManifestReader
from domain.artifact import Artifact, ArtifactKind, Digest
from domain.data_names import datastore_address
from domain.datastore_rules import data_fault
from domain.deployment import Deployment
from domain.environment import Environment
from domain.errors import Untrusted
from domain.manifest import Manifest
from domain.regression import SuiteToRun
from domain.regression_steps import RegressionRequest
from domain.required_suites import in_force, required_suites, unfounded
from domain.service import Kind
from domain.storage import ImageRegistry

#: What a slice runs. Datastores are ci's own, which slices use: only a candidate that is one is tried in its slice,
#: without any data, by its own suite. A batch job does not run there, but its queues and buckets are made.
IN_SLICES = frozenset({Kind.SERVICE, Kind.STATIC, Kind.BATCH})

#: What a slice's services carry in place of a release number: nothing in a slice is published.
UNPUBLISHED = 0


@dataclass(frozen=True)
class Combination:
    """A candidate and its basis: role → digest and manifest, the candidate's own beside it."""

    request: RegressionRequest
    candidate: Manifest
    basis: Mapping[str, tuple[Digest, Manifest]]

    @property
    def suites(self) -> list[SuiteToRun]:
        """What the candidate must pass today."""
        return in_force(required_suites(self.candidate, self.request.candidate, self.basis), _today())

    @property
    def fault(self) -> str:
        """Why nothing needs to be run to say no; empty if there is no such reason."""
        found = self.basis.get(self.candidate.service.role)
        previous = found[1] if found else None
        return unfounded(self.candidate, previous, _today()) or data_fault(
            self.candidate.definition, previous.definition if previous else None, self.datastores
        )

    @property
    def datastores(self) -> dict[str, str]:
        """Where the published datastores are reached in ci, by role."""
        return {
            role: datastore_address(Environment.CI, manifest.service, manifest.definition.port)
            for role, (_, manifest) in self.basis.items()
            if manifest.definition.kind is Kind.DATASTORE
        }

    @property
    def versions(self) -> list[tuple[Digest, Manifest]]:
        """What the slice is made of: the basis, with the candidate in its role's place."""
        own = (self.request.candidate, self.candidate)
        all_of_them = {**self.basis, self.candidate.service.role: own}.values()
        return [each for each in all_of_them if self._runs(each[1], is_candidate=each == own)]

    def _runs(self, manifest: Manifest, *, is_candidate: bool) -> bool:
        kind = manifest.definition.kind
        return kind in IN_SLICES or (is_candidate and kind is Kind.DATASTORE)


class Combinations:
    """Reads combinations; believes no manifest that is not signed and no image that is not there."""

    def __init__(self, manifests: ManifestReader, registry: ImageRegistry) -> None:
        self._manifests = manifests
        self._registry = registry

    def read(self, request: RegressionRequest) -> Combination:
        """:raises Untrusted: a manifest is not signed, or not of the role that it is to be."""
        candidate = self._of_role(request, request.service.role, request.candidate)
        basis = {role: (digest, self._of_role(request, role, digest)) for role, digest in request.basis.items()}
        return Combination(request, candidate, basis)

    def deployments(self, combination: Combination) -> list[Deployment]:
        """What the slice is to run, each by digest."""
        return [self._deployment(digest, manifest) for digest, manifest in combination.versions]

    def _of_role(self, request: RegressionRequest, role: str, digest: Digest) -> Manifest:
        manifest = self._manifests.read_digest(digest)
        expected = request.service.model_copy(update={"role": role})
        if manifest.service != expected:
            raise Untrusted(f"the manifest {digest} is of {manifest.service}, not of {expected}")
        return manifest

    def _deployment(self, digest: Digest, manifest: Manifest) -> Deployment:
        return Deployment(
            environment=Environment.CI,
            definition=manifest.definition,
            artifact=self._artifact(manifest),
            number=UNPUBLISHED,
            release=manifest.release,
            commit=manifest.commit,
            manifest=self._manifests.pointer(digest),
        )

    def _artifact(self, manifest: Manifest) -> Artifact:
        kind = ArtifactKind.BUNDLE if manifest.definition.kind is Kind.STATIC else ArtifactKind.IMAGE
        artifact = manifest.artifact(kind)
        if artifact is None:
            raise Untrusted(f"the manifest of {manifest.release} has no {kind}")
        if kind is ArtifactKind.IMAGE and not self._registry.holds(artifact.uri):
            raise Untrusted(f"the image registry does not hold {artifact.uri} any more")
        return artifact


def _today() -> date:
    return datetime.now(UTC).date()
