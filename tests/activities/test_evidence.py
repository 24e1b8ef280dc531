"""What is collected when a release failed: kept whatever else is broken, without secrets, found again."""

from __future__ import annotations

import json

import pytest
from temporalio.exceptions import CancelledError
from temporalio.testing import ActivityEnvironment

from activities.environment_evidence import EnvironmentEvidenceActivities
from activities.evidence import EvidenceActivities
from activities.evidence_reader import EvidenceReader
from activities.history import HistoryActivities
from domain.deployment import ServiceState
from domain.environment import Environment
from domain.errors import InvalidInput, NotFound, Unreachable
from domain.evidence import (
    Changes,
    ChangesRequest,
    EnvironmentEvidence,
    EnvironmentEvidenceRequest,
    EvidenceRequest,
    FailedRelease,
    FiringMonitor,
)
from domain.identity import ServiceId
from domain.junit import CaseResult, Verdict
from domain.lookups import TEXT_LIMIT, EvidenceLookup
from domain.regression_steps import SuiteRecord
from domain.release import ReleaseRegression
from domain.service import Kind
from tests.domain.builders import CART, COMMIT, MOMENT, deployment, failed_release, suite_result
from tests.fakes.engines import MemoryAlerts, MemoryEngine
from tests.fakes.progress import SilentProgress
from tests.fakes.stores import MemoryObjectStore, MemoryRepositories

RELEASE = "release:shop-cart:aaaaaaaaaaaa"
SECRET = "hunter2-of-prod"
LOGS = f"logs/{RELEASE}/run-1/evidence-prod.log"


class DeadEngine(MemoryEngine):
    """Does not answer."""

    def observe(self, environment: Environment, service: ServiceId) -> ServiceState | None:
        raise Unreachable("Docker Engine", "memory", "connection refused")


class MuteEngine(MemoryEngine):
    """Says how things are and gives no logs, for a reason that nobody thought of."""

    def logs(self, environment: Environment, service: ServiceId, lines: int) -> str:
        raise ValueError("broken\nframe")


class Collecting:
    """An environment of which evidence is collected."""

    def __init__(self, engine: MemoryEngine | None = None) -> None:
        self.engine = engine or MemoryEngine()
        self.sites = MemoryEngine()
        self.alerts = MemoryAlerts()
        self.store = MemoryObjectStore()
        self.environment = ActivityEnvironment()

    def deploy(self) -> None:
        self.engine.deploy(deployment(environment=Environment.PROD), SilentProgress())

    def collect(self) -> EnvironmentEvidence:
        engines = {Kind.SERVICE: self.engine, Kind.STATIC: self.sites}
        activities = EnvironmentEvidenceActivities(engines, self.alerts, self.store, [SECRET])
        request = EnvironmentEvidenceRequest(environment=Environment.PROD, service=CART, release=RELEASE, run="run-1")
        return self.environment.run(activities.collect, request)


def test_an_environment_shows_its_tasks_its_monitors_and_its_logs() -> None:
    collecting = Collecting()
    collecting.engine.sick.add(COMMIT)
    collecting.deploy()
    monitor = FiringMonitor(name="CartIsSlow", since=MOMENT)
    collecting.alerts.fire["prod-shop-cart"] = [monitor]
    collecting.engine.printed["prod-shop-cart"] = "".join(f"line {count}\n" for count in range(5000))
    found = collecting.collect()

    assert found.state is not None
    assert [(each.state, each.error) for each in found.state.tasks] == [("failed", "exit code 1")]
    assert (found.monitors, found.faults) == ((monitor,), ())
    kept = collecting.store.objects[LOGS].decode().splitlines()
    assert (found.logs, kept[0], kept[-1], len(kept)) == (f"s3://memory/{LOGS}", "line 4000", "line 4999", 1000)
    assert found.tail.splitlines()[-1] == "line 4999"


def test_nothing_that_is_kept_or_told_holds_a_secret() -> None:
    collecting = Collecting()
    collecting.deploy()
    summary = f"POST https://ada:{SECRET[:8]}xyz@pay.test failed"
    collecting.alerts.fire["prod-shop-cart"] = [FiringMonitor(name="Pay", since=MOMENT, summary=summary)]
    collecting.engine.printed["prod-shop-cart"] = f"key {SECRET}\nDB_PASSWORD=other-secret\nready\n"
    found = collecting.collect()

    assert found.tail == "key ***\nDB_PASSWORD=***\nready"
    assert collecting.store.objects[LOGS] == b"key ***\nDB_PASSWORD=***\nready\n"
    assert found.monitors[0].summary == "POST https://ada:***@pay.test failed"


def test_a_long_log_travels_as_its_end() -> None:
    collecting = Collecting()
    collecting.deploy()
    collecting.engine.printed["prod-shop-cart"] = f"{'x' * 200}\n" * 1000
    found = collecting.collect()

    assert 15 * 1024 < len(found.tail) <= 16 * 1024
    assert len(collecting.store.objects[LOGS]) == 201_000


def test_what_is_not_deployed_has_no_state_and_no_logs() -> None:
    found = Collecting().collect()

    assert found == EnvironmentEvidence(environment=Environment.PROD)


def test_a_site_is_found_at_its_own_engine() -> None:
    collecting = Collecting(DeadEngine())
    collecting.sites.deploy(deployment(environment=Environment.PROD), SilentProgress())
    found = collecting.collect()

    assert found.state is not None
    assert found.faults == (
        "whether it is there as service: Docker Engine at memory does not answer: connection refused",
    )


def test_what_cannot_be_read_is_one_line_and_the_rest_is_told() -> None:
    collecting = Collecting(MuteEngine())
    collecting.deploy()
    collecting.alerts.unreachable = True
    found = collecting.collect()

    assert found.state is not None
    assert found.faults == (
        "which monitors fire: Prometheus at memory does not answer: connection refused",
        "its logs: broken frame",
    )


def test_a_cancel_is_no_fault() -> None:
    collecting = Collecting(MuteEngine())
    collecting.deploy()
    collecting.environment.cancel()
    with pytest.raises(CancelledError):
        collecting.collect()


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
