"""Manifests, verdicts and publications in memory, made as the activities make them."""

from __future__ import annotations

from temporalio.testing import ActivityEnvironment

from activities.combination import Combinations
from activities.manifest import ManifestActivities
from activities.publish import PublishActivities
from activities.suites import SuiteActivities
from domain.artifact import Digest
from domain.gate_decisions import Snapshot
from domain.manifest import Manifest, ManifestPointer
from domain.regression_steps import RegressionRequest, SuiteRecord, VerdictRequest
from domain.stages import Publication, PublishedRequest, PublishRequest
from tests.fakes.onward import MemoryOnward


class Publishing:
    """What the build and ci duties do until a release is published."""

    def __init__(self) -> None:
        self.onward = MemoryOnward()
        self.records: list[SuiteRecord] = []
        self.environment = ActivityEnvironment()

    def signed(self, manifest: Manifest) -> ManifestPointer:
        """A manifest in the store, with its images in the registry."""
        self.onward.registry.images |= {artifact.uri for artifact in manifest.artifacts}
        writer = ManifestActivities(self.onward.store, self.onward.signer)
        return ActivityEnvironment().run(writer.write_manifest, manifest)

    def attested(self, manifest: Manifest, basis: Snapshot, *, fault: str = "") -> Digest:
        """The verdict of a regression; its suites count as far as their records are in the store."""
        regression = RegressionRequest(
            release=manifest.release,
            run="run",
            service=manifest.service,
            candidate=manifest.digest,
            basis=basis,
            test=1,
        )
        suites = SuiteActivities(self.onward.runner, self.onward.store, self._combinations(), self.onward.attestor)
        request = VerdictRequest(regression=regression, fault=fault)
        return self.environment.run(suites.attest, request).verdict

    def publish(self, manifest: Manifest, basis: Snapshot, verdict: Digest, release: str = "") -> Publication:
        """Ask for the publication, as the gate does."""
        request = PublishRequest(
            application=manifest.service.application,
            release=release or manifest.release,
            manifest=manifest.digest,
            basis=basis,
            verdict=verdict,
        )
        return self.environment.run(self._publications().publish, request)

    def published(self, application: str) -> Snapshot:
        """What is published, as a new gate asks."""
        return self.environment.run(self._publications().published, PublishedRequest(application=application)).snapshot

    def _publications(self) -> PublishActivities:
        onward = self.onward
        return PublishActivities(onward.store, onward.manifests(), self._combinations(), onward.verdicts())

    def _combinations(self) -> Combinations:
        return Combinations(self.onward.manifests(), self.onward.registry)
