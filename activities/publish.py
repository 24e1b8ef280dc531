"""Stage *publish*: the candidate joins its application's published set and gets its number."""

from __future__ import annotations

from temporalio import activity

from activities.manifest_reader import ManifestReader
from domain import identity
from domain.errors import Conflict, Untrusted
from domain.publication import PublishedSet
from domain.stages import Published, PublishRequest
from domain.storage import ObjectStore

#: Lost races before the loss is handed to Temporal's slower retry.
ATTEMPTS = 10


class PublishActivities:
    """Writes published sets, by compare-and-swap only."""

    def __init__(self, store: ObjectStore, manifests: ManifestReader) -> None:
        self._store = store
        self._manifests = manifests

    @activity.defn
    def publish(self, request: PublishRequest) -> Published:
        """Add the candidate to the set.

        Idempotent by manifest: a second call finds the number that the first one got. Two
        releases that publish at once both end published, with different numbers.

        :raises Untrusted: the manifest is not signed, or not of this release.
        :raises Superseded: a release of the role that started later was faster.
        """
        manifest = self._manifests.read(request.manifest)
        if manifest.release != request.release:
            raise Untrusted(f"{request.manifest.uri} is of {manifest.release}, not of {request.release}")
        application = manifest.service.application
        key = identity.published_set_key(application)
        for _ in range(ATTEMPTS):
            found = self._store.read(key)
            empty = PublishedSet(application=application)
            current = PublishedSet.model_validate_json(found.content) if found else empty
            number = current.number_of(request.manifest)
            if number is not None:
                return Published(number=number)
            following = current.with_published(manifest, request.manifest)
            try:
                self._store.replace(key, following.model_dump_json().encode(), found.etag if found else None)
            except Conflict:
                continue
            return Published(number=following.version)
        raise Conflict(f"{key}: {ATTEMPTS} other writers were faster")
