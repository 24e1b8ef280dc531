"""What Prometheus is told of replicas: now, or nothing."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
import requests

from domain.batch import LastRuns, RunStatus
from domain.deployment import ServiceState
from domain.environment import Environment
from domain.errors import Unreachable
from domain.identity import ServiceId
from engines import run_metrics
from engines.replica_exporter import ReplicaCollector, exporting
from tests.domain.builders import deployment, task
from tests.fakes.engines import MemoryEngine
from tests.fakes.progress import SilentProgress
from tests.free_ports import free_ports

NAME = "prod-shop-cart"
CART = 'application="shop",environment="prod",role="cart"'


class Sometimes(MemoryEngine):
    """An engine that may be gone."""

    gone = False

    def running(self, environment: Environment) -> list[ServiceState]:
        if self.gone:
            raise Unreachable("Docker Engine", "memory", "connection refused")
        return super().running(environment)


class Exported:
    """A collector of an engine with one service, and what it serves by HTTP."""

    def __init__(self) -> None:
        self.engine = Sometimes()
        self.engine.deploy(deployment(1, environment=Environment.PROD), SilentProgress())
        self.collector = ReplicaCollector(Environment.PROD, [self.engine])

    def scraped(self) -> dict[str, float]:
        """Series → value, each with its labels in order."""
        address = f"127.0.0.1:{free_ports(1)[0]}"
        with exporting(address, [self.collector, run_metrics.REGISTRY]):
            text = requests.get(f"http://{address}/metrics", timeout=5).text
        lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in lines}

    def change(self, **changes: object) -> None:
        state = self.engine.states[NAME]
        self.engine.states[NAME] = state.model_copy(update=changes)


def test_replicas_are_told_with_the_canonical_labels() -> None:
    exported = Exported()
    exported.change(replicas=2)

    found = exported.scraped()

    assert found[f"onward_replicas_wanted{{{CART}}}"] == 2
    assert found[f"onward_replicas_running{{{CART}}}"] == 1
    assert found[f"onward_tasks_failed_total{{{CART}}}"] == 0
    assert found[f"onward_deployed_timestamp_seconds{{{CART}}}"] == exported.engine.states[NAME].since.timestamp()
    assert found['onward_engine_answers{environment="prod"}'] == 1


def test_an_engine_that_is_gone_means_no_data_and_not_old_data() -> None:
    exported = Exported()
    exported.scraped()
    exported.engine.gone = True

    assert exported.scraped() == {'onward_engine_answers{environment="prod"}': 0}


def test_each_task_that_fails_is_counted_once_from_when_it_is_first_seen() -> None:
    exported = Exported()
    up = task(1)
    failed = [task(1, running=False, state="failed").model_copy(update={"id": f"old{n}"}) for n in range(4)]
    counts = []
    for tasks in ([up, failed[0]], [up, *failed[:2]], [up, failed[1]], [up, *failed[1:]]):
        exported.change(tasks=tuple(tasks))
        counts.append(exported.scraped()[f"onward_tasks_failed_total{{{CART}}}"])

    assert counts == [0, 1, 1, 3]


def test_nobody_is_answered_without_an_address() -> None:
    with exporting("", [Exported().collector]):
        pass


def test_runs_of_jobs_are_told_by_how_they_ended() -> None:
    metrics, job = run_metrics.RunMetrics(), ServiceId(application="shop", role="report")
    for status, second in ((RunStatus.FAILED, 100), (RunStatus.SUCCEEDED, 200), (RunStatus.CANCELLED, 300)):
        metrics.ended(Environment.PROD, job, status, datetime.fromtimestamp(second, UTC))

    told = Exported().scraped()

    report = CART.replace("cart", "report")
    assert told[f"onward_batch_last_failure_timestamp_seconds{{{report}}}"] == 100
    assert told[f"onward_batch_last_success_timestamp_seconds{{{report}}}"] == 200
    counts = {line: value for line, value in told.items() if line.startswith("onward_batch_runs_total")}
    assert sorted(counts.values()) == [1, 1, 1]


def test_what_other_workers_have_seen_is_told_as_soon_as_it_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_metrics, "TRY_EVERY", 0.01)
    monkeypatch.setattr(run_metrics, "LOOK_EVERY", 0.01)
    job = ServiceId(application="shop", role="audit")
    later = datetime.fromtimestamp(250, UTC)  # a worker beside this one saw it
    kept = LastRuns(
        environment=Environment.PROD,
        service=job,
        succeeded=datetime.fromtimestamp(100, UTC),
        failed=datetime.fromtimestamp(200, UTC),
    )
    faults = iter([Unreachable("S3", "memory", "connection refused")])
    looks = iter([kept, kept.ended(RunStatus.FAILED, later)])
    read = threading.Event()

    def last_runs() -> list[LastRuns]:
        for fault in faults:
            raise fault
        for found in looks:
            return [found]
        read.set()
        return []

    run_metrics.RunMetrics().ended(Environment.PROD, job, RunStatus.SUCCEEDED, datetime.fromtimestamp(300, UTC))
    with run_metrics.remembering(last_runs):
        assert read.wait(10)

    told, audit = Exported().scraped(), CART.replace("cart", "audit")
    assert told[f"onward_batch_last_failure_timestamp_seconds{{{audit}}}"] == 250
    assert told[f"onward_batch_last_success_timestamp_seconds{{{audit}}}"] == 300, "what is newer stays"
