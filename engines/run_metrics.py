"""What Prometheus is told of runs of batch jobs that have ended."""

from __future__ import annotations

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

from domain.batch import RunStatus
from domain.environment import Environment
from domain.identity import ServiceId
from engines.replica_exporter import LABELS

#: All of this process, served beside the replicas.
REGISTRY = CollectorRegistry()

_ENDED = Counter(
    "onward_batch_runs", "Runs of batch jobs that have ended.", labelnames=(*LABELS, "outcome"), registry=REGISTRY
)

#: A cancelled run is somebody's wish, and neither.
_LAST = {
    RunStatus.SUCCEEDED: Gauge(
        "onward_batch_last_success_timestamp_seconds",
        "When a run of a batch job last ended well.",
        labelnames=LABELS,
        registry=REGISTRY,
    ),
    RunStatus.FAILED: Gauge(
        "onward_batch_last_failure_timestamp_seconds",
        "When a run of a batch job last failed.",
        labelnames=LABELS,
        registry=REGISTRY,
    ),
}


class RunMetrics:
    """A :class:`domain.batch.RunRecorder`; a process that is started anew begins with nothing."""

    def ended(self, environment: Environment, service: ServiceId, status: RunStatus, at: datetime) -> None:
        """Count the run, and note when it ended."""
        labels = (environment.value, service.application, service.role)
        _ENDED.labels(*labels, status.value).inc()
        if status in _LAST:
            _LAST[status].labels(*labels).set(at.timestamp())
