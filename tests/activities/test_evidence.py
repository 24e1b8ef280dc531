"""Evidence of a failed release as it is kept: cases of suites, without secrets, found again."""

from __future__ import annotations

import json

import pytest
from temporalio.testing import ActivityEnvironment

from activities.evidence import EvidenceActivities
from activities.evidence_reader import EvidenceReader
from activities.history import HistoryActivities
from domain.errors import InvalidInput, NotFound
from domain.evidence import (
    Changes,
    ChangesRequest,
    EvidenceRequest,
    FailedRelease,
)
from domain.junit import CaseResult, Verdict
from domain.lookups import TEXT_LIMIT, EvidenceLookup
from domain.regression_steps import SuiteRecord
from domain.release import ReleaseRegression
from tests.domain.builders import COMMIT, MOMENT, failed_release, suite_result
from tests.fakes.stores import MemoryObjectStore, MemoryRepositories

RELEASE = "release:shop-cart:aaaaaaaaaaaa"
SECRET = "hunter2-of-prod"


def written(store: MemoryObjectStore, failed: FailedRelease, **changes: object) -> EvidenceRequest:
    """Evidence of a failed run, in the store."""
    request = EvidenceRequest(failed=failed, changes=Changes(), environments=()).model_copy(update=changes)
    evidence = ActivityEnvironment().run(EvidenceActivities(store, [SECRET]).write, request)
    key = f"s3://memory/evidence/{failed.result.release}/{failed.run}/evidence"
    assert (evidence.document, evidence.page) == (f"{key}.json", f"{key}.html")
    return request


def with_suite(report: str = "") -> FailedRelease:
    """A release whose own new suite failed."""
    suite = suite_result(report=report) if report else suite_result()
    return failed_release(regression=ReleaseRegression(workflow="w", basis={}, suites=(suite,)))


def test_evidence_holds_the_cases_of_suites_that_failed() -> None:
    store = MemoryObjectStore()
    failed = with_suite()
    case = CaseResult(name="suite.test_total", verdict=Verdict.FAILED, message=f"token={SECRET[:8]}xyz")
    record = SuiteRecord(result=suite_result(), cases=(case, CaseResult(name="other", verdict=Verdict.PASSED)))
    store.put(store.key(suite_result().report), record.model_dump_json().encode())
    written(store, failed)
    document = json.loads(store.objects[f"evidence/{RELEASE}/run-1/evidence.json"])

    (suite,) = document["suites"]
    assert suite["cases"] == [{"name": "suite.test_total", "verdict": "failed", "seconds": 0.0, "message": "token=***"}]
    page = store.objects[f"evidence/{RELEASE}/run-1/evidence.html"].decode()
    assert "suite.test_total: token=***" in page
    assert f"onward logs {RELEASE} --step regression-1-cart-own-new" in page


@pytest.mark.parametrize("report", ["", "s3://another/report.json", "s3://memory/evil"])
def test_a_report_that_cannot_be_read_is_a_fault(report: str) -> None:
    store = MemoryObjectStore()
    store.put("evil", b"{}")
    written(store, with_suite(report))
    document = json.loads(store.objects[f"evidence/{RELEASE}/run-1/evidence.json"])

    assert document["suites"][0]["cases"] == []
    assert document["faults"][0].startswith("the report of cart's own new suite: ")


def test_the_same_request_writes_the_same_bytes() -> None:
    store = MemoryObjectStore()
    request = written(store, with_suite())
    before = dict(store.objects)
    written(store, request.failed)

    assert store.objects == before


def test_no_secret_is_in_the_evidence_and_names_of_ours_stay_whole() -> None:
    store = MemoryObjectStore()
    failed = failed_release(f"no answer from redis://:{SECRET[:8]}xyz@cache with {SECRET}", role="token")
    failed = failed.model_copy(
        update={"result": failed.result.model_copy(update={"release": "release:shop-token:aaaaaaaaaaaa"})}
    )
    written(store, failed, faults=(f"password={SECRET}",))

    for content in store.objects.values():
        assert SECRET[:8] not in content.decode()
        assert "release:shop-token:aaaaaaaaaaaa" in content.decode()
        assert "redis://:***@cache with ***" in content.decode()


def test_the_evidence_of_the_run_that_ended_last_is_found() -> None:
    store, reader = MemoryObjectStore(), ActivityEnvironment()
    old = failed_release("first")
    new = failed_release("second").model_copy(update={"run": "a-run", "ended": MOMENT.replace(hour=4)})
    for failed in (new, old):
        written(store, failed)
    evidence = EvidenceReader(store).evidence
    found = reader.run(evidence, EvidenceLookup(release=RELEASE))

    assert "second" in found.page
    assert json.loads(found.document)["failed"]["run"] == "a-run"
    assert found.document_uri == f"s3://memory/evidence/{RELEASE}/a-run/evidence.json"
    assert "first" in reader.run(evidence, EvidenceLookup(release=RELEASE, run="run-1")).page
    with pytest.raises(NotFound, match=rf"no evidence of {RELEASE}[^\n]*\n  next: onward show {RELEASE}"):
        reader.run(EvidenceReader(MemoryObjectStore()).evidence, EvidenceLookup(release=RELEASE))


def test_evidence_that_does_not_fit_is_named_and_not_sent() -> None:
    store = MemoryObjectStore()
    written(store, failed_release("x" * (TEXT_LIMIT + 1)))
    found = ActivityEnvironment().run(EvidenceReader(store).evidence, EvidenceLookup(release=RELEASE))

    assert found.document == ""
    assert found.document_uri.endswith("evidence.json")
    assert "verify prod" in found.page


def test_changes_are_told_without_secrets() -> None:
    repositories = MemoryRepositories()
    repositories.commits |= {("r", COMMIT): {}, ("r", "b" * 40): {}}
    repositories.parents["b" * 40] = (COMMIT,)
    repositories.subjects["b" * 40] = f"take password={SECRET} out"
    changes = HistoryActivities(repositories).changes
    request = ChangesRequest(repository="r", service_directory=".", since=COMMIT, until="b" * 40)
    found = ActivityEnvironment().run(changes, request)

    assert [each.subject for each in found.commits] == ["take password=*** out"]
    with pytest.raises(InvalidInput, match="no commit"):
        ActivityEnvironment().run(changes, request.model_copy(update={"until": "d" * 40}))
