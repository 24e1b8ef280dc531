"""What an environment shows of a service whose release failed: whatever else is broken, and without secrets."""

from __future__ import annotations

import pytest
from temporalio.exceptions import CancelledError
from temporalio.testing import ActivityEnvironment

from activities.environment_evidence import EnvironmentEvidenceActivities
from domain.deployment import ServiceState
from domain.environment import Environment
from domain.errors import Unreachable
from domain.evidence import (
    EnvironmentEvidence,
    EnvironmentEvidenceRequest,
    FiringMonitor,
)
from domain.identity import ServiceId
from domain.service import Kind
from tests.domain.builders import CART, COMMIT, MOMENT, deployment
from tests.fakes.engines import MemoryAlerts, MemoryEngine
from tests.fakes.progress import SilentProgress
from tests.fakes.stores import MemoryObjectStore

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
