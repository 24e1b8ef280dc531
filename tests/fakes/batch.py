"""Batch jobs and their runs in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from activities.batch_runs import BatchRunActivities
from domain.batch import BatchJob, BegunRun, JobRules, RunKey, RunOrder, RunState, RunStatus
from domain.deployment import Action, Deployment, EnvironmentEngine, ServiceState, TaskState, UpdateState, decide
from domain.environment import Environment
from domain.errors import NotFound, VerifyFailed
from domain.identity import ServiceId, batch_run_name, canonical_name
from domain.progress import Progress
from domain.service import Kind, ServiceDefinition
from domain.storage import ObjectStore


class MemoryJobs:
    """Remembers what was deployed last."""

    def __init__(self) -> None:
        self.there: dict[str, Deployment] = {}

    def deploy(self, deployment: Deployment, progress: Progress) -> Action:
        there = self.there.get(deployment.name)
        action = decide(there.number if there else None, deployment)
        if action is not Action.NOTHING:
            self.there[deployment.name] = deployment
        return action

    def observe(self, environment: Environment, service: ServiceId) -> ServiceState | None:
        there = self.there.get(canonical_name(environment, service))
        return _state(there) if there else None

    def keep_serving(self, deployment: Deployment) -> None:
        """A record runs nothing."""

    def running(self, environment: Environment) -> list[ServiceState]:
        return [_state(each) for each in self.there.values() if each.environment is environment]

    def logs(self, environment: Environment, service: ServiceId, lines: int) -> str:
        return ""

    def url(self, environment: Environment, definition: ServiceDefinition) -> str:
        return ""

    def probe(self, deployment: Deployment, progress: Progress) -> str:
        if self.there[deployment.name].number != deployment.number:
            raise VerifyFailed(f"the next run of {deployment.name} would be of another release")
        return f"the next run is of #{deployment.number}"


@dataclass
class Going:
    """One run that has begun; ``code`` is how it ends, ``None`` while it lasts."""

    begun: BegunRun
    code: int | None


class MemoryRecorder:
    """Remembers how runs ended, by job."""

    def __init__(self) -> None:
        self.statuses: list[tuple[str, RunStatus]] = []

    def ended(self, environment: Environment, service: ServiceId, status: RunStatus, at: datetime) -> None:
        self.statuses.append((canonical_name(environment, service), status))


class MemoryRuns:
    """Runs that end at once with the code of their release's number in ``ends``, 0 by default; ``None`` lasts.

    ``most``: how many of a job were going at once at most.
    """

    def __init__(self, jobs: MemoryJobs) -> None:
        self.ends: dict[int, int | None] = {}
        self.begun: list[BegunRun] = []
        self.stopped: list[RunKey] = []
        self.most = 0
        self.jobs = jobs
        self.recorder = MemoryRecorder()
        self._there: dict[RunKey, Going] = {}
        self._lock = threading.RLock()

    def beside(self, services: EnvironmentEngine) -> dict[Kind, EnvironmentEngine]:
        """The engines of an environment that has services, too."""
        return {Kind.BATCH: self.jobs, Kind.SERVICE: services}

    def activities(self, environment: Environment, store: ObjectStore) -> list[Callable[..., Any]]:
        """What an environment's duty does with runs."""
        runs = BatchRunActivities(environment, self, store, self.recorder)
        return [runs.job, runs.going, runs.begin, runs.watch, runs.end]

    def job(self, environment: Environment, service: ServiceId) -> BatchJob:
        name = canonical_name(environment, service)
        there = self.jobs.there.get(name)
        if there is None:
            raise NotFound(f"no batch job {name} is deployed")
        rules = there.definition.batch
        return BatchJob(
            environment=environment,
            service=service,
            number=there.number,
            release=there.release,
            commit=there.commit,
            digest=there.artifact.digest,
            rules=JobRules(
                limit=there.definition.scale.of(environment).max, timeout=rules.timeout, overlap=rules.overlap
            ),
        )

    def begin(self, order: RunOrder) -> BegunRun:
        with self._lock:
            if order.key in self._there:
                return self._there[order.key].begun
            job = self.job(order.environment, order.service)
            run = BegunRun(
                order=order,
                name=batch_run_name(order.environment, order.service, order.key.workflow, order.key.run),
                number=job.number,
                release=job.release,
                commit=job.commit,
                digest=job.digest,
                timeout=job.rules.timeout,
                begun=datetime.now(UTC),
            )
            self._there[order.key] = Going(run, self.ends.get(job.number, 0))
            self.begun.append(run)
            self.most = max(self.most, len(self.going(order.environment, order.service)))
            return run

    def look(self, run: BegunRun) -> RunState:
        there = self._there.get(run.order.key)
        if there is None:
            return RunState(ended=True, cause="its container is gone")
        if run.order.key in self.stopped:
            return RunState(ended=True, cause="it was stopped from outside")
        if there.code is None:
            return RunState(ended=False)
        return RunState(ended=True, exit_code=there.code, cause=f"exit code {there.code}" if there.code else "")

    @contextmanager
    def output(self, run: BegunRun, write: Callable[[str], None]) -> Iterator[None]:
        if run.order.key in self._there:
            write("first")
            write("last")
        yield

    def stop(self, key: RunKey, progress: Progress) -> None:
        with self._lock:
            self.stopped.append(key)

    def forget(self, key: RunKey) -> None:
        with self._lock:
            self._there.pop(key, None)

    def going(self, environment: Environment, service: ServiceId) -> list[RunKey]:
        orders = [each.begun.order for each in list(self._there.values())]
        return [each.key for each in orders if (each.environment, each.service) == (environment, service)]

    def end(self, code: int = 0) -> None:
        """Let all that last end."""
        for each in list(self._there.values()):
            each.code = code if each.code is None else each.code


def _state(there: Deployment) -> ServiceState:
    number, commit, digest = there.number, there.commit, there.artifact.digest
    ready = TaskState(
        id=there.name, number=number, commit=commit, digest=digest, running=True, wanted=True, state="ready"
    )
    return ServiceState(
        environment=there.environment,
        service=there.service,
        number=number,
        release=there.release,
        commit=commit,
        digest=digest,
        manifest=there.manifest.digest,
        replicas=1,
        update=UpdateState.COMPLETED,
        since=datetime(2026, 1, 1, tzinfo=UTC),
        tasks=(ready,),
        kind=Kind.BATCH,
    )
