"""What one environment shows of a service when a release of it failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TypeVar

from temporalio import activity

from activities.heartbeat import Heartbeat
from activities.log import StepLog
from domain import identity, keys
from domain.deployment import EnvironmentEngine, ServiceState
from domain.evidence import (
    LOG_LINES,
    EnvironmentEvidence,
    EnvironmentEvidenceRequest,
    cause_of,
    tail_of,
)
from domain.masking import masked, masked_texts
from domain.monitor import Alerts
from domain.service import Kind
from domain.storage import ObjectStore

Found = TypeVar("Found")


class EnvironmentEvidenceActivities:
    """Reads an environment; writes the logs of its tasks to the store.

    :param secrets: the duty's own keys, which nobody may read, should one be printed somewhere.
    """

    def __init__(
        self,
        engines: Mapping[Kind, EnvironmentEngine],
        alerts: Alerts,
        store: ObjectStore,
        secrets: Iterable[str] = (),
    ) -> None:
        self._engines = engines
        self._alerts = alerts
        self._store = store
        self._secrets = tuple(secrets)

    @activity.defn(no_thread_cancel_exception=True)
    def collect(self, request: EnvironmentEvidenceRequest) -> EnvironmentEvidence:
        """State, tasks, firing monitors and the last lines of each task, without secrets.

        What cannot be read is one line in the faults and fails nothing: of something that does not
        work, a part is much. A second call looks anew and writes the logs anew.
        """
        environment, service = request.environment, request.service
        name = identity.canonical_name(environment, service)
        faults: list[str] = []
        logs = tail = ""
        with Heartbeat() as progress:
            progress.say(f"looking at {name}")
            engine, state = self._observed(request, faults)
            progress.say(f"asking what fires for {name}")
            monitors = _read("which monitors fire", partial(self._alerts.firing, environment, service), faults)
            if engine is not None:
                progress.say(f"reading the logs of {name}")
                text = _read("its logs", partial(engine.logs, environment, service, LOG_LINES), faults)
                kept = masked(text or "", self._secrets).rstrip("\n")
                progress.say(f"storing the logs of {name}")
                tail = tail_of(kept)
                logs = _read("where its logs are kept", partial(self._stored, request, kept), faults) or ""
        found = EnvironmentEvidence(
            environment=environment, state=state, monitors=tuple(monitors or ()), tail=tail, logs=logs
        )
        return masked_texts(found.model_copy(update={"faults": tuple(faults)}), self._secrets)

    def _observed(
        self, request: EnvironmentEvidenceRequest, faults: list[str]
    ) -> tuple[EnvironmentEngine | None, ServiceState | None]:
        """The engine that has the service, and what it observes; of each kind there is another engine."""
        for kind, engine in self._engines.items():
            what = f"whether it is there as {kind}"
            state = _read(what, partial(engine.observe, request.environment, request.service), faults)
            if state is not None:
                return engine, state
        return None, None

    def _stored(self, request: EnvironmentEvidenceRequest, text: str) -> str:
        if not text:
            return ""
        step = keys.environment_step(request.environment)
        log = StepLog(self._store, keys.log_key(request.release, request.run, step))
        log.write(text)
        log.flush()
        return log.uri


def _read(what: str, read: Callable[[], Found], faults: list[str]) -> Found | None:
    try:
        return read()
    except Exception as error:  # noqa: BLE001 – whatever it is, the rest is still worth reading
        faults.append(f"{what}: {cause_of(error)}")
        return None
