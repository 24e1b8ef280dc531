"""Stage *publish*: the candidate joins its application's published set and gets its number."""

from __future__ import annotations

from temporalio import activity

from activities.combination import Combinations
from activities.heartbeat import Heartbeat
from activities.manifest_reader import ManifestReader
from activities.published_sets import PublishedSets
from activities.verdict_reader import VerdictReader
from domain.errors import Conflict, Untrusted
from domain.regression import required_suites
from domain.regression_steps import RegressionRequest
from domain.stages import Publication, PublishedRequest, PublishedSnapshot, PublishRequest
from domain.storage import ObjectStore


class PublishActivities:
    """Writes published sets, by compare-and-swap only."""

    def __init__(
        self, store: ObjectStore, manifests: ManifestReader, combinations: Combinations, verdicts: VerdictReader
    ) -> None:
        self._sets = PublishedSets(store)
        self._manifests = manifests
        self._combinations = combinations
        self._verdicts = verdicts

    @activity.defn(no_thread_cancel_exception=True)
    def published(self, request: PublishedRequest) -> PublishedSnapshot:
        """What is published now."""
        with Heartbeat():
            return PublishedSnapshot(snapshot=self._sets.read(request.application)[0].snapshot)

    @activity.defn(no_thread_cancel_exception=True)
    def publish(self, request: PublishRequest) -> Publication:
        """Add the candidate to the set, if the set is the one that it was tested on.

        Idempotent by manifest: a second call finds the number that the first one got. When the set
        is another one, nothing is written and the answer says what is published.

        :raises Untrusted: the manifest or the verdict is not signed, or not about this.
        """
        with Heartbeat():
            return self._written(request)

    def _written(self, request: PublishRequest) -> Publication:
        current, etag = self._sets.read(request.application)
        pointer = self._manifests.pointer(request.manifest)
        number = current.number_of(pointer)
        if number is not None:
            return Publication(number=number)
        if current.snapshot != request.basis:
            return Publication(contested=current.snapshot)
        self._require_verdict(request)
        manifest = self._manifests.read(pointer)
        if manifest.release != request.release or manifest.service.application != request.application:
            raise Untrusted(f"{pointer.uri} is of {manifest.release}, not of {request.release}")
        following = current.with_published(manifest, pointer, request.verdict)
        try:
            self._sets.replace(following, etag)
        except Conflict:
            there, _ = self._sets.read(request.application)
            return Publication(number=there.number_of(pointer), contested=there.snapshot)
        return Publication(number=following.version)

    def _require_verdict(self, request: PublishRequest) -> None:
        """The verdict says that every suite that is required on this basis passed, here and now."""
        manifest = self._manifests.read_digest(request.manifest)
        about = RegressionRequest(
            release=request.release,
            run="",
            service=manifest.service,
            candidate=request.manifest,
            basis=request.basis,
            test=0,
        )
        combination = self._combinations.read(about)
        required = required_suites(combination.candidate, request.manifest, combination.basis)
        verdict = self._verdicts.read(request.manifest, request.verdict)
        fault = verdict.fault(request.manifest, request.basis, required)
        if fault:
            raise Untrusted(f"{request.release} may not be published: {fault}")
