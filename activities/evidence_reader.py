"""Reads the evidence of failed releases, for people."""

from __future__ import annotations

from temporalio import activity

from domain import keys
from domain.errors import NotFound
from domain.evidence import EvidenceDocument
from domain.lookups import TEXT_LIMIT, EvidenceDocuments, EvidenceLookup
from domain.storage import ObjectStore


class EvidenceReader:
    """Only reads."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @activity.defn
    def evidence(self, request: EvidenceLookup) -> EvidenceDocuments:
        """The evidence of one run, or of the one that ended last; ``NotFound`` when there is none."""
        release = request.release
        found = {}
        for key in self._store.keys(keys.evidence_prefix(release)):
            run, suffix = keys.parse_evidence_key(release, key)
            if suffix == "json" and request.run in (None, run):
                found[run] = self._store.get(key)
        if not found:
            which = f"run {request.run} of {release}" if request.run else release
            raise NotFound(
                f"there is no evidence of {which}: it is collected of a failure\n  next: onward show {release}"
            )
        run = max(found, key=lambda each: EvidenceDocument.model_validate_json(found[each]).failed.ended)
        page = keys.evidence_key(release, run, "html")
        there = self._store.read(page)
        return EvidenceDocuments(
            page_uri=self._store.uri(page),
            document_uri=self._store.uri(keys.evidence_key(release, run, "json")),
            page=_bounded(there.content if there else b""),
            document=_bounded(found[run]),
        )


def _bounded(content: bytes) -> str:
    return content.decode() if len(content) <= TEXT_LIMIT else ""
