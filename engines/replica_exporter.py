"""How many replicas services have, for Prometheus: asked of the engine whenever Prometheus asks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from prometheus_client import start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from domain.deployment import EnvironmentEngine, ServiceState
from domain.environment import Environment
from domain.errors import OnwardError

LABELS = ("environment", "application", "role")

log = logging.getLogger("onward.exporter")


class ReplicaCollector(Collector):
    """The replicas of one environment. While its engine does not answer there are none: no data, not old data.

    Failed tasks are counted from when this process first saw the service; swarm forgets the oldest ones.
    """

    def __init__(self, environment: Environment, engines: Sequence[EnvironmentEngine]) -> None:
        self._environment = environment
        self._engines = engines
        self._failed: dict[str, tuple[frozenset[str], int]] = {}
        self._lock = threading.Lock()

    def collect(self) -> Iterable[Metric]:
        """One look at the engine: the list of its services, and the list of their tasks."""
        states: list[ServiceState] = []
        answers = GaugeMetricFamily(
            "onward_engine_answers", "Whether the environment's engine answered.", labels=LABELS[:1]
        )
        try:
            found = (state for engine in self._engines for state in engine.running(self._environment))
            states = list({state.name: state for state in found}.values())
            answers.add_metric([self._environment], 1)
        except OnwardError as error:
            log.warning("replicas of %s: %s", self._environment, error)
            answers.add_metric([self._environment], 0)
        yield answers
        yield from self._families(states)

    def _families(self, states: Sequence[ServiceState]) -> Iterator[Metric]:
        wanted = GaugeMetricFamily("onward_replicas_wanted", "Replicas that a service is to have.", labels=LABELS)
        running = GaugeMetricFamily("onward_replicas_running", "Replicas that are up and healthy.", labels=LABELS)
        failed = CounterMetricFamily("onward_tasks_failed", "Tasks that ended by themselves.", labels=LABELS)
        deployed = GaugeMetricFamily(
            "onward_deployed_timestamp_seconds", "When the release that is there was deployed.", labels=LABELS
        )
        for state in states:
            labels = [state.environment.value, state.service.application, state.service.role]
            wanted.add_metric(labels, state.replicas)
            running.add_metric(labels, state.healthy)
            failed.add_metric(labels, self._count(state))
            deployed.add_metric(labels, state.since.timestamp())
        yield from (wanted, running, failed, deployed)

    def _count(self, state: ServiceState) -> int:
        now = frozenset(task.id for task in state.failures)
        with self._lock:
            before, count = self._failed.get(state.name, (now, 0))
            count += len(now - before)
            self._failed[state.name] = (now, count)
        return count


@contextmanager
def exporting(address: str, collectors: Sequence[Collector]) -> Iterator[None]:
    """Answer Prometheus until the end of the block.

    :param address: ``host:port``; empty for not at all.
    """
    if not address or not collectors:
        yield
        return
    host, _, port = address.rpartition(":")
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    server, thread = start_http_server(int(port), host, registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
