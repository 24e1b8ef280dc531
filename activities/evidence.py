"""Evidence of a failed release: all that was collected, in one document and on one page."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ValidationError
from temporalio import activity

from domain import keys
from domain.errors import InvalidInput, NotFound
from domain.evidence import (
    Evidence,
    EvidenceDocument,
    EvidenceRequest,
    SuiteEvidence,
    cause_of,
    failed_suites,
    suite_evidence,
)
from domain.evidence_page import evidence_html
from domain.masking import masked_texts
from domain.regression import SuiteResult
from domain.regression_steps import SuiteRecord
from domain.storage import ObjectStore


class EvidenceActivities:
    """Reads the reports of suites; writes evidence.

    :param secrets: the duty's own keys, which nobody may read, should one be printed somewhere.
    """

    def __init__(self, store: ObjectStore, secrets: Iterable[str] = ()) -> None:
        self._store = store
        self._secrets = tuple(secrets)

    @activity.defn
    def write(self, request: EvidenceRequest) -> Evidence:
        """Keep what was collected, as JSON and as HTML, under the name of the failed run.

        The same request writes the same bytes, so a second call, also after a crash between the
        two, changes nothing.
        """
        faults = list(request.faults)
        suites = tuple(self._suite(result, faults) for result in failed_suites(request.failed))
        collected = request.model_dump() | {"suites": suites, "faults": tuple(faults)}
        document = masked_texts(EvidenceDocument.model_validate(collected), self._secrets)
        content = document.model_dump_json(indent=1).encode()
        return Evidence(
            document=self._put(document, "json", content, "application/json"),
            page=self._put(document, "html", evidence_html(document).encode(), "text/html; charset=utf-8"),
        )

    def _put(self, document: EvidenceDocument, suffix: str, content: bytes, content_type: str) -> str:
        key = keys.evidence_key(document.failed.result.release, document.failed.run, suffix)
        self._store.put(key, content, content_type)
        return self._store.uri(key)

    def _suite(self, result: SuiteResult, faults: list[str]) -> SuiteEvidence:
        if not result.report:
            return SuiteEvidence(result=result)
        try:
            record = SuiteRecord.model_validate_json(self._store.get(self._store.key(result.report)))
        except (NotFound, InvalidInput, ValidationError) as error:
            faults.append(f"the report of {result.title}: {cause_of(error)}")
            return SuiteEvidence(result=result)
        return suite_evidence(result, record.cases)
