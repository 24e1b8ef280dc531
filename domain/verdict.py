"""The verdict of a regression as an attestation: what was tested, on what basis, by which suites.

An in-toto Statement v1 with the predicate ``test-result`` v0.1. Its subject is the candidate's
manifest; Onward's own part is the predicate's field ``onward_regression``. The ci duty signs it
(DSSE) with a key of its own: whoever publishes or deploys reads this, and believes no boolean.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from domain.artifact import Digest, canonical_json, digest_of
from domain.errors import Untrusted
from domain.gate_decisions import Snapshot
from domain.identity import ServiceId
from domain.junit import Verdict
from domain.manifest import STATEMENT_TYPE
from domain.regression import Origin, SuiteResult, SuiteToRun, failure_of

PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"


class AttestedSuite(BaseModel):
    """One suite of a regression and how it ended."""

    model_config = ConfigDict(frozen=True)

    role: str
    origin: Origin
    manifest: Digest
    suite: Digest
    verdict: Verdict
    flaky: bool = False
    excused: tuple[str, ...] = ()
    reason: str

    @property
    def title(self) -> str:
        """``cart/own new``."""
        return f"{self.role}/{self.origin}"


class RegressionVerdict(BaseModel):
    """What one regression found; ``failure`` is empty when every suite passed."""

    model_config = ConfigDict(frozen=True)

    release: str
    service: ServiceId
    candidate: Digest
    basis: Snapshot
    suites: tuple[AttestedSuite, ...]
    failure: str = ""

    @classmethod
    def of(
        cls, release: str, service: ServiceId, candidate: Digest, basis: Snapshot, results: Iterable[SuiteResult]
    ) -> RegressionVerdict:
        """The verdict that follows from the results of all suites."""
        results = list(results)
        suites = tuple(
            AttestedSuite(role=each.service.role, **each.model_dump(include=set(AttestedSuite.model_fields) - {"role"}))
            for each in results
        )
        failure = failure_of(results) or ""
        return cls(release=release, service=service, candidate=candidate, basis=basis, suites=suites, failure=failure)

    @property
    def result(self) -> str:
        """``PASSED``, ``WARNED`` (with flaky or excused cases) or ``FAILED``, as the predicate has it."""
        if self.failure:
            return "FAILED"
        return "WARNED" if any(each.flaky or each.excused for each in self.suites) else "PASSED"

    def statement(self) -> dict[str, Any]:
        """The in-toto Statement."""
        failed = [each for each in self.suites if each.verdict is not Verdict.PASSED]
        warned = [each for each in self.suites if each not in failed and (each.flaky or each.excused)]
        passed = [each for each in self.suites if each not in failed and each not in warned]
        return {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": "manifest", "digest": _digest_set(self.candidate)}],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "result": self.result,
                "configuration": [{"name": each.title, "digest": _digest_set(each.suite)} for each in self.suites],
                "passedTests": [each.title for each in passed],
                "warnedTests": [each.title for each in warned],
                "failedTests": [each.title for each in failed],
                "onward_regression": self.model_dump(mode="json"),
            },
        }

    def document(self) -> bytes:
        """The canonical bytes that are stored and signed."""
        return canonical_json(self.statement())

    @property
    def digest(self) -> Digest:
        """The verdict's name."""
        return digest_of(self.document())

    def fault(self, candidate: Digest, basis: Snapshot, required: Iterable[SuiteToRun]) -> str | None:
        """Why the candidate may not be published on a basis by this verdict; ``None`` if it may."""
        if self.failure:
            return f"its regression failed: {self.failure}"
        if self.candidate != candidate:
            return f"the verdict is about {self.candidate}, not about {candidate}"
        if self.basis != basis:
            return "the verdict is about another basis"
        passed = {(each.manifest, each.suite, each.origin) for each in self.suites if each.verdict is Verdict.PASSED}
        missing = [each.title for each in required if (each.manifest, each.image.digest, each.origin) not in passed]
        return f"the verdict does not say that {missing[0]} passed" if missing else None


def read_verdict(document: bytes) -> RegressionVerdict:
    """The verdict that a signed document holds; :raises Untrusted: it is none that Onward wrote."""
    try:
        statement = json.loads(document)
        verdict = RegressionVerdict.model_validate(statement["predicate"]["onward_regression"])
    except (ValueError, KeyError, TypeError) as error:
        problem = "its fields" if isinstance(error, ValidationError) else type(error).__name__
        raise Untrusted(f"not a verdict of Onward: {problem}") from None
    if verdict.document() != document:
        raise Untrusted("not a verdict of Onward: it is not in the form that Onward writes")
    return verdict


def _digest_set(digest: Digest) -> dict[str, str]:
    algorithm, _, value = digest.partition(":")
    return {algorithm: value}
