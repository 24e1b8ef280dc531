"""From what a workflow asks for to what may be deployed: nothing is believed, all is read again."""

from __future__ import annotations

from activities.manifest_reader import ManifestReader
from activities.own_environment import require_own
from activities.owners import Owners
from activities.published_sets import PublishedSets
from activities.verdict_reader import VerdictReader
from domain.artifact import Artifact, ArtifactKind
from domain.deployment import Deployment
from domain.environment import Environment
from domain.errors import Untrusted
from domain.manifest import Manifest, ManifestPointer
from domain.service import Kind, ServiceDefinition
from domain.stages import Target
from domain.storage import ImageRegistry, ObjectStore


class Targets:
    """Checks a target of one environment against signed manifests and the published set."""

    def __init__(
        self,
        environment: Environment,
        store: ObjectStore,
        registry: ImageRegistry,
        manifests: ManifestReader,
        verdicts: VerdictReader,
    ) -> None:
        self.environment = environment
        self._sets = PublishedSets(store)
        self._owners = Owners(store)
        self._registry = registry
        self._manifests = manifests
        self._verdicts = verdicts

    def manifest(self, target: Target) -> Manifest:
        """The signed manifest of a target.

        :raises Untrusted: not signed, of another release, not published under its number, or
            without a signed verdict that its regression passed.
        """
        require_own(self.environment, target.environment)
        manifest = self._manifests.read(target.manifest)
        if manifest.release != target.release:
            raise Untrusted(f"{target.manifest.uri} is of {manifest.release}, not of {target.release}")
        published, _ = self._sets.read(manifest.service.application)
        number = published.number_of(target.manifest)
        if number != target.number:
            raise Untrusted(f"{target.release} was published as {number or 'nothing'}, not as #{target.number}")
        self._verdicts.require_passed(target.manifest.digest, target.verdict)
        return manifest

    def published(self, pointer: ManifestPointer) -> ServiceDefinition:
        """The definition of a published version of any role."""
        return self._manifests.read(pointer).definition

    def deployment(self, target: Target) -> Deployment:
        """What to deploy: the artifact of the manifest, by digest, and it is there to be pulled."""
        manifest = self.manifest(target)
        kind = ArtifactKind.BUNDLE if manifest.definition.kind is Kind.STATIC else ArtifactKind.IMAGE
        artifact = self.artifact(manifest, kind)
        return Deployment(
            environment=self.environment,
            definition=manifest.definition,
            artifact=artifact,
            number=target.number,
            release=target.release,
            commit=manifest.commit,
            manifest=target.manifest,
        )

    def abandons(self, definition: ServiceDefinition) -> bool:
        """Whether the service owns queues or buckets that this version of it does not write."""
        return self._owners.read(definition.application).abandons(definition)

    def artifact(self, manifest: Manifest, kind: ArtifactKind) -> Artifact:
        """An artifact of a manifest that its store still holds."""
        artifact = manifest.artifact(kind)
        if artifact is None:
            raise Untrusted(f"the manifest of {manifest.release} has no {kind}")
        if kind in (ArtifactKind.IMAGE, ArtifactKind.SUITE) and not self._registry.holds(artifact.uri):
            raise Untrusted(f"the image registry does not hold {artifact.uri} any more")
        return artifact
