"""Stage *source*: the commit's files and what they say of themselves."""

from __future__ import annotations

import tempfile
from pathlib import Path

from temporalio import activity

from activities.heartbeat import Heartbeat
from activities.published_sets import PublishedSets
from domain import identity
from domain.artifact import Artifact, ArtifactKind
from domain.definition_file import parse_definition
from domain.errors import Conflict, InvalidDefinition, InvalidInput, Superseded
from domain.progress import Progress
from domain.release import ReleaseRequest
from domain.service import DEFINITION_FILE, ServiceDefinition
from domain.source import Directory, Repositories, SnapshotFormat, checked_directory, missing_build_files
from domain.stages import Source
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
            self._repositories.checkout(request.repository, request.commit, directory, files, progress)
            definition = self._definition(files, directory, request)
            self._claim(request, directory)
            self._refuse_going_back(request, progress)
            progress.say("storing the snapshot")
            archive = Path(scratch, "snapshot.tar")
            digest = self._snapshots.pack(files, archive)
            key = identity.source_key(digest)
            self._store.create_file(key, archive, digest)
        snapshot = Artifact(kind=ArtifactKind.SOURCE, uri=self._store.uri(key), digest=digest)
        return Source(definition=definition, snapshot=snapshot)

    def _definition(self, files: Path, directory: str, request: ReleaseRequest) -> ServiceDefinition:
        name = str(Path(directory, DEFINITION_FILE))
        try:
            text = (files / DEFINITION_FILE).read_text("utf-8")
        except FileNotFoundError:
            raise InvalidInput("no such file in the commit", where=name, expected="a service definition") from None
        except UnicodeDecodeError:
            raise InvalidDefinition(f"{name}:1: not text; expected UTF-8") from None
        definition = parse_definition(text, name)
        if definition.service != request.service:
            raise InvalidInput(
                f"the definition is of {definition.service}, the release is of {request.service}", where=name
            )
        missing = missing_build_files(definition, _paths(files))
        if missing:
            raise InvalidInput("; ".join(missing), where=name, expected="files and directories that the commit has")
        return definition

    def _refuse_going_back(self, request: ReleaseRequest, progress: Progress) -> None:
        """A CI job that comes late, or is run again, must not put an older commit over a newer one.

        :raises Superseded: a commit that has everything of this one is published already.
        """
        current, _ = self._sets.read(request.application)
        published = current.services.get(request.role)
        if published and self._repositories.is_ancestor(request.repository, request.commit, published.commit, progress):
            raise Superseded(
                f"{request.commit[:12]} is an ancestor of {published.commit[:12]}, "
                f"which is published as #{published.number}: Onward never goes back"
            )

    def _claim(self, request: ReleaseRequest, directory: str) -> None:
        claim = Directory(repository=request.repository, service_directory=directory, service=request.service)
        key = identity.directory_claim_key(claim.digest)
        found = self._store.read(key)
        if found is None:
            try:
                self._store.create(key, claim.model_dump_json().encode())
                return
            except Conflict:
                found = self._store.read(key)
        held = Directory.model_validate_json(found.content) if found else claim
        if held.service != request.service:
            raise InvalidInput(
                f"this directory holds {held.service}; its application and role cannot change to {request.service}",
                where=str(Path(directory, DEFINITION_FILE)),
                expected=f"application: {held.service.application}, role: {held.service.role}",
                next="put the new service into a directory of its own",
            )


def _paths(directory: Path) -> set[str]:
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if not path.is_dir()}
