"""Stage *source*: the commit's files and what they say of themselves."""

from __future__ import annotations

import tempfile
from pathlib import Path

from temporalio import activity

from activities.heartbeat import Heartbeat
from activities.published_sets import PublishedSets
from domain import keys
from domain.artifact import Artifact, ArtifactKind, Digest, verified
from domain.definition_file import invalid_keys, read_definition
from domain.errors import Conflict, InvalidDefinition, Superseded
from domain.identity import ServiceId
from domain.manifest import read_manifest
from domain.progress import Progress
from domain.release import ReleaseRequest
from domain.service import DEFINITION_FILE
from domain.service_files import ServiceFiles
from domain.source import Directory, Repositories, SnapshotFormat, changed_keys, checked_directory
from domain.stages import Compared, Comparison, Source
from domain.storage import ObjectStore


class SourceActivities:
    """Reads git, writes snapshots."""

    def __init__(self, repositories: Repositories, store: ObjectStore, snapshots: SnapshotFormat) -> None:
        self._repositories = repositories
        self._store = store
        self._sets = PublishedSets(store)
        self._snapshots = snapshots

    @activity.defn(no_thread_cancel_exception=True)
    def fetch_source(self, request: ReleaseRequest) -> Source:
        """Fetch the commit, validate ``service.yaml``, keep the files as a snapshot by digest.

        A second call writes the same snapshot under the same key. Nothing is accepted before
        everything was read and checked.
        """
        directory = checked_directory(request.service_directory)
        with Heartbeat() as progress, tempfile.TemporaryDirectory() as scratch:
            files = Path(scratch, "files")
            files.mkdir()
            progress.say(f"fetching {request.commit[:12]}")
            found = self._repositories.checkout(request.repository, request.commit, directory, files, progress)
            definition = read_definition(found)
            if definition.service != request.service:
                raise _changed(found, definition.service, request.service, f"this is a release of {request.service}")
            self._claim(request, directory, found)
            follows = self._refuse_going_back(request, progress)
            progress.say("storing the snapshot")
            archive = Path(scratch, "snapshot.tar")
            digest = self._snapshots.pack(files, archive)
            key = keys.source_key(digest)
            self._store.create_file(key, archive, digest)
        snapshot = Artifact(kind=ArtifactKind.SOURCE, uri=self._store.uri(key), digest=digest)
        return Source(definition=definition, snapshot=snapshot, follows=follows)

    @activity.defn(no_thread_cancel_exception=True)
    def compare(self, comparison: Comparison) -> Compared:
        """Whether a release is behind a version that came to the gate before it. Only reads.

        :raises Untrusted: the version's manifest is not what its digest says.
        """
        key = keys.manifest_key(comparison.version)
        with Heartbeat() as progress:
            document = verified(self._store.get(key), comparison.version, self._store.uri(key))
            other = read_manifest(document)
            progress.say(f"comparing with {other.commit[:12]}")
            if self._is_behind(comparison.release, other.commit, progress):
                return Compared(behind=_going_back(comparison.release, other.commit, f"is {other.release}"))
        return Compared()

    def _refuse_going_back(self, request: ReleaseRequest, progress: Progress) -> Digest | None:
        """A CI job that comes late, or is run again, must not put an older commit over a newer one.

        The manifest of what is published, if anything is.
        :raises Superseded: a commit that has everything of this one is published already.
        """
        current, _ = self._sets.read(request.application)
        published = current.services.get(request.role)
        if published is None:
            return None
        if self._is_behind(request, published.commit, progress):
            raise Superseded(_going_back(request, published.commit, f"is published as #{published.number}"))
        return published.manifest.digest

    def _is_behind(self, release: ReleaseRequest, commit: str, progress: Progress) -> bool:
        return self._repositories.is_ancestor(release.repository, release.commit, commit, progress)

    def _claim(self, request: ReleaseRequest, directory: str, files: ServiceFiles) -> None:
        claim = Directory(repository=request.repository, service_directory=directory, service=request.service)
        key = keys.directory_claim_key(claim.digest)
        found = self._store.read(key)
        if found is None:
            try:
                self._store.create(key, claim.model_dump_json().encode())
                return
            except Conflict:
                found = self._store.read(key)
        held = Directory.model_validate_json(found.content) if found else claim
        if held.service != request.service:
            why = f"this directory holds {held.service}, for good"
            raise _changed(files, request.service, held.service, why)


def _going_back(release: ReleaseRequest, newer: str, where: str) -> str:
    return f"{release.commit[:12]} is an ancestor of {newer[:12]}, which {where}: Onward never goes back"


def _changed(files: ServiceFiles, found: ServiceId, required: ServiceId, why: str) -> InvalidDefinition:
    faults = changed_keys(found, required, why)
    way_on = "put another service into a directory of its own"
    return invalid_keys(files.definition, files.named(DEFINITION_FILE), faults, next=way_on)
