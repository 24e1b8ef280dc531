"""The verdict as an attestation: what it says, and what it is good for."""

from __future__ import annotations

import json

import pytest

from domain.artifact import canonical_json, digest_of
from domain.errors import Untrusted
from domain.junit import Verdict
from domain.verdict import PREDICATE_TYPE, RegressionVerdict, read_verdict
from tests.domain.suites import suites, version
from tests.domain.test_regression import result

CANDIDATE, OTHER = version(name="2"), version("web", "3")
BASIS = {"web": OTHER.digest}
SUITES = suites(CANDIDATE, OTHER)


def verdict(*verdicts: Verdict, flaky: bool = False) -> RegressionVerdict:
    """A verdict over the candidate's own suite and the other's."""
    results = [result(suite, each, flaky=flaky) for suite, each in zip(SUITES, verdicts, strict=True)]
    return RegressionVerdict.of(CANDIDATE.release, CANDIDATE.service, CANDIDATE.digest, BASIS, results)


PASSED = verdict(Verdict.PASSED, Verdict.PASSED)


def test_it_is_an_in_toto_statement_about_the_manifest() -> None:
    statement = PASSED.statement()

    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == PREDICATE_TYPE == "https://in-toto.io/attestation/test-result/v0.1"
    assert statement["subject"] == [{"name": "manifest", "digest": {"sha256": CANDIDATE.digest[7:]}}]
    predicate = statement["predicate"]
    assert predicate["result"] == "PASSED"
    assert predicate["passedTests"] == ["cart/own new", "web/published"]
    assert predicate["configuration"][1] == {"name": "web/published", "digest": {"sha256": SUITES[1].image.digest[7:]}}
    assert predicate["onward_regression"]["basis"] == BASIS


def test_a_failed_suite_fails_it_and_a_flaky_one_is_a_warning() -> None:
    failed = verdict(Verdict.PASSED, Verdict.FAILED)

    assert (failed.result, failed.statement()["predicate"]["failedTests"]) == ("FAILED", ["web/published"])
    assert verdict(Verdict.PASSED, Verdict.PASSED, flaky=True).result == "WARNED"
    assert verdict(Verdict.PASSED, Verdict.SKIPPED).result == "FAILED"


def test_it_is_read_as_it_was_written_and_in_no_other_form() -> None:
    assert read_verdict(PASSED.document()) == PASSED
    statement = json.loads(PASSED.document())
    statement["predicate"]["result"] = "FAILED"
    for document in (b"{}", b"not JSON", canonical_json(statement), json.dumps(PASSED.statement(), indent=1).encode()):
        with pytest.raises(Untrusted, match="not a verdict of Onward"):
            read_verdict(document)


def test_it_allows_the_publication_of_this_candidate_on_this_basis_only() -> None:
    assert PASSED.fault(CANDIDATE.digest, BASIS, SUITES) is None
    assert "is about" in (PASSED.fault(OTHER.digest, BASIS, SUITES) or "")
    assert PASSED.fault(CANDIDATE.digest, {}, SUITES) == "the verdict is about another basis"
    assert "its regression failed" in (
        verdict(Verdict.FAILED, Verdict.PASSED).fault(CANDIDATE.digest, BASIS, SUITES) or ""
    )


def test_a_suite_that_is_required_and_was_not_passed_is_missed() -> None:
    own_alone = RegressionVerdict.of(CANDIDATE.release, CANDIDATE.service, CANDIDATE.digest, BASIS, [result(SUITES[0])])

    assert own_alone.fault(CANDIDATE.digest, BASIS, SUITES) == (
        "the verdict does not say that web's published suite passed"
    )


def test_the_same_results_give_the_same_bytes() -> None:
    assert verdict(Verdict.PASSED, Verdict.PASSED).digest == PASSED.digest == digest_of(PASSED.document())
