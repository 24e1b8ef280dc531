"""Reads what the object store keeps of releases, for people."""

from __future__ import annotations

from temporalio import activity

from activities.manifest_reader import ManifestReader
from activities.published_sets import PublishedSets
from domain import keys
from domain.artifact import digest_of
from domain.errors import InvalidInput, NotFound, Untrusted
from domain.lookups import (
    TEXT_LIMIT,
    ManifestDocument,
    ManifestRequest,
    PublishedSuites,
    StepOutput,
    StepOutputRequest,
    StepOutputs,
)
from domain.manifest import ManifestPointer, read_manifest
from domain.stages import PublishedRequest
from domain.storage import ObjectStore


class StoreReader:
    """Only reads."""

    def __init__(self, store: ObjectStore, manifests: ManifestReader) -> None:
        self._store = store
        self._sets = PublishedSets(store)
        self._manifests = manifests

    @activity.defn
    def step_outputs(self, request: StepOutputRequest) -> StepOutputs:
        """The kept output of a release's steps; ``NotFound`` when there is none."""
        prefix = keys.log_prefix(request.release)
        found = [(key, *keys.parse_log_key(request.release, key)) for key in self._store.keys(prefix)]
        wanted = [(key, run, step) for key, run, step in found if request.step in (None, step)]
        if not wanted:
            have = ", ".join(sorted({step for _, _, step in found})) or "nothing yet"
            raise NotFound(f"{request.release} has no output of {request.step or 'any step'}; it has: {have}")
        limit = TEXT_LIMIT // len(wanted)
        return StepOutputs(outputs=tuple(self._output(key, run, step, limit) for key, run, step in wanted))

    @activity.defn
    def manifest(self, request: ManifestRequest) -> ManifestDocument:
        """A manifest, and whether it may be trusted. A bad one is an answer, not an error."""
        if request.document is not None:
            return self._given(request.document)
        if request.uri is not None:
            digest = _digest_in(self._store.key(request.uri))
        elif request.digest is not None:
            digest = request.digest
        else:
            raise InvalidInput("neither a digest, a URI nor a document", expected="one of them")
        key = keys.manifest_key(digest)
        content, uri = self._store.get(key), self._store.uri(key)
        fault = "its bytes do not have the digest it is stored under" if digest_of(content) != digest else None
        return ManifestDocument(digest=digest, uri=uri, document=content.decode(), fault=fault or self._fault(digest))

    @activity.defn
    def published_suites(self, request: PublishedRequest) -> PublishedSuites:
        """The published services of an application that have a suite."""
        published, _ = self._sets.read(request.application)
        read = {role: self._manifests.read(version.manifest) for role, version in published.services.items()}
        return PublishedSuites(
            releases={role: manifest.release for role, manifest in read.items() if manifest.definition.tests}
        )

    def _given(self, document: str) -> ManifestDocument:
        content = document.strip().encode()
        digest = digest_of(content)
        try:
            read_manifest(content)
        except Untrusted as error:
            return ManifestDocument(digest=digest, uri=None, document=document, fault=str(error))
        return ManifestDocument(digest=digest, uri=None, document=document, fault=self._fault(digest))

    def _fault(self, digest: str) -> str | None:
        uri = self._store.uri(keys.manifest_key(digest))
        try:
            self._manifests.read(ManifestPointer(uri=uri, digest=digest))
        except NotFound:
            return "nobody signed it: there is no envelope for its digest"
        except Untrusted as error:
            return str(error)
        return None

    def _output(self, key: str, run: str, step: str, limit: int) -> StepOutput:
        content = self._store.get(key)
        text = content[-limit:].decode(errors="replace")
        return StepOutput(step=step, run=run, uri=self._store.uri(key), text=text, cut=len(content) > limit)


def _digest_in(key: str) -> str:
    try:
        return keys.manifest_digest(key)
    except ValueError as error:
        raise InvalidInput(str(error), expected="the URI that `onward show ID` prints") from None
