"""What Prometheus is told of runs of batch jobs that have ended."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from domain.batch import REMEMBERED, LastRuns, RunStatus
from domain.environment import Environment
from domain.errors import OnwardError
from domain.identity import ServiceId
from engines.beside import beside
from engines.replica_exporter import LABELS

log = logging.getLogger("onward.runs")

#: Seconds between two looks at what other workers have seen, and after one that failed.
LOOK_EVERY = 60.0
TRY_EVERY = 10.0

#: All of this process, served beside the replicas.
REGISTRY = CollectorRegistry()

_ENDED = Counter(
    "onward_batch_runs", "Runs of batch jobs that have ended.", labelnames=(*LABELS, "outcome"), registry=REGISTRY
)

_NAMES = {
    RunStatus.SUCCEEDED: ("onward_batch_last_success_timestamp_seconds", "When a run of a batch job last ended well."),
    RunStatus.FAILED: ("onward_batch_last_failure_timestamp_seconds", "When a run of a batch job last failed."),
}


class _LastEnds(Collector):
    """When runs last ended, by how and by the labels of their job; no time goes back."""

    def __init__(self) -> None:
        self._at: dict[RunStatus, dict[tuple[str, ...], float]] = {status: {} for status in REMEMBERED}
        self._lock = threading.Lock()

    def note(self, status: RunStatus, labels: tuple[str, ...], at: datetime) -> None:
        with self._lock:
            known = self._at[status]
            known[labels] = max(at.timestamp(), known.get(labels, 0))

    def collect(self) -> Iterable[Metric]:
        for status, (name, meaning) in _NAMES.items():
            family = GaugeMetricFamily(name, meaning, labels=LABELS)
            with self._lock:
                known = dict(self._at[status])
            for labels, at in known.items():
                family.add_metric(labels, at)
            yield family


_LAST = _LastEnds()
REGISTRY.register(_LAST)


class RunMetrics:
    """A :class:`domain.batch.RunRecorder`."""

    def ended(self, environment: Environment, service: ServiceId, status: RunStatus, at: datetime) -> None:
        """Count the run, and note when it ended."""
        labels = (environment.value, service.application, service.role)
        _ENDED.labels(*labels, status.value).inc()
        if status in REMEMBERED:
            _LAST.note(status, labels, at)

    def remember(self, last: LastRuns) -> None:
        """What another worker has seen is told as if this one had, and not counted; what is newer stays."""
        labels = (last.environment.value, last.service.application, last.service.role)
        for status, field in REMEMBERED.items():
            if at := getattr(last, field):
                _LAST.note(status, labels, at)


def remembering(read: Callable[[], Iterable[LastRuns]]) -> AbstractContextManager[None]:
    """Take over what earlier workers have seen, and those beside this one, until the end of the block."""

    def take_over(over: threading.Event) -> None:
        while not over.is_set():
            pause = LOOK_EVERY
            try:
                for last in read():
                    RunMetrics().remember(last)
            except OnwardError as error:
                log.warning("what runs of jobs did before cannot be read: %s", error)
                pause = TRY_EVERY
            over.wait(pause)

    return beside("runs", take_over)
