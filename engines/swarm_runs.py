"""Runs of batch jobs in a swarm: each a service of one replica that is never started again.

Swarm's own job mode would say the same, but Engine 20.10 leaves the container of a job running when its service is
removed; and a plain container could be on one machine only, without the swarm's secrets.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from docker import DockerClient

from domain.batch import BatchJob, BegunRun, JobRules, RunKey, RunOrder, RunState
from domain.environment import Environment
from domain.errors import Conflict, NotFound
from domain.identity import ServiceId, batch_run_name, canonical_name
from domain.progress import Progress
from engines.docker_api import address_of, translated
from engines.labels import Label, labels_of
from engines.run_output import RunOutput
from engines.swarm_api import Json, SwarmServices
from engines.swarm_ending import remove_services, rest_services
from engines.swarm_jobs import record_of, runs_of
from engines.swarm_tasks import ENDED, KILLED, moment


class SwarmRuns:
    """A :class:`domain.batch.BatchRuns`.

    :param client: a client of a manager of the swarm.
    :param stack: the label of everything that is made.
    """

    def __init__(self, client: DockerClient, *, stack: str) -> None:
        self._client = client
        self._services = SwarmServices(client)
        self._stack = stack

    def job(self, environment: Environment, service: ServiceId) -> BatchJob:
        """What the record says."""
        record = self._record(environment, service)
        labels = labels_of(record)
        return BatchJob(
            environment=environment,
            service=service,
            number=int(labels[Label.NUMBER]),
            release=labels[Label.RELEASE],
            commit=labels[Label.COMMIT],
            digest=_digest(record),
            rules=JobRules.model_validate_json(labels[Label.JOB]),
        )

    def begin(self, order: RunOrder) -> BegunRun:
        """Make the run's service of what the record says in this moment.

        Its name is the run's own, so that of two attempts one is told that it is there, and both find the same.
        """
        name = batch_run_name(order.environment, order.service, order.key.workflow, order.key.run)
        found = self._services.find(name)
        if found is None:
            with suppress(Conflict):  # another attempt was faster
                self._services.create(_run_spec(self._record(order.environment, order.service), name, order))
            found = self._services.find(name)
        if found is None:
            raise Conflict(f"{name} was removed while it was being made")
        labels = labels_of(found)
        return BegunRun(
            order=order,
            name=name,
            number=int(labels[Label.NUMBER]),
            release=labels[Label.RELEASE],
            commit=labels[Label.COMMIT],
            digest=_digest(found),
            timeout=JobRules.model_validate_json(labels[Label.JOB]).timeout,
            begun=moment(found["CreatedAt"]),
        )

    def look(self, run: BegunRun) -> RunState:
        """How its task is: the first one, which swarm replaces only where its machine is lost."""
        found = self._services.find(run.name)
        if found is None:
            return RunState(ended=True, cause=f"its container is gone: somebody removed the service {run.name}")
        task = self._task(found)
        if task is None and not found["Spec"]["Mode"]["Replicated"]["Replicas"]:
            return RunState(ended=True, cause=f"it was stopped from outside: {run.name} has no replica any more")
        if task is None or task["Status"]["State"] not in ENDED:
            return RunState(ended=False)
        code = task["Status"].get("ContainerStatus", {}).get("ExitCode")
        ended_by_itself = task["Status"]["State"] in ("complete", "failed")
        return RunState(ended=True, exit_code=code if ended_by_itself else None, cause=self._cause(task, code))

    @contextmanager
    def output(self, run: BegunRun, write: Callable[[str], None]) -> Iterator[None]:
        """Its task's lines; none when its service is gone."""

        def find() -> str | None:
            found = self._services.find(run.name)
            task = self._task(found) if found else None
            return str(task["ID"]) if task else None

        reading = RunOutput(self._services, find, write)
        try:
            yield
        finally:
            reading.finish()

    def stop(self, key: RunKey, progress: Progress) -> None:
        """End its task; its service stays, and says that the run was there. :raises Conflict: it does not end."""
        progress.say("waiting for its container to end")
        rest_services(self._services, lambda: self._of(key), progress.wait)

    def forget(self, key: RunKey) -> None:
        """Remove its service, once its task has ended."""
        remove_services(self._services, self._of(key))

    def going(self, environment: Environment, service: ServiceId) -> list[RunKey]:
        """By the labels of their services."""
        runs = runs_of(self._services, self._stack, environment, service)
        return [
            RunKey(workflow=run["Spec"]["Labels"][Label.OWNER], run=run["Spec"]["Labels"][Label.RUN]) for run in runs
        ]

    def _of(self, key: RunKey) -> list[Json]:
        labels = {Label.STACK.value: self._stack, Label.OWNER.value: key.workflow, Label.RUN.value: key.run}
        return self._services.labelled(labels)

    def _record(self, environment: Environment, service: ServiceId) -> Json:
        found = record_of(self._services, self._stack, environment, service)
        if found is None:
            name = canonical_name(environment, service)
            raise NotFound(
                f"no batch job {name} is deployed\n  next: onward deployed --application {service.application}"
            )
        return found

    def _task(self, service: Json) -> Json | None:
        return next(iter(self._services.tasks([service])[service["ID"]]), None)

    def _cause(self, task: Json, code: int | None) -> str:
        """Why it did not end well; empty when it did."""
        status = task["Status"]
        if status["State"] == "complete":
            return ""
        if status["State"] == "failed":
            if code == KILLED:
                return f"it was killed: {'out of memory' if self._out_of_memory(status) else 'SIGKILL'} ({code})"
            return f"exit code {code}" if code else str(status.get("Err") or "it failed")
        error = status.get("Err") or "its machine is lost" if status["State"] == "orphaned" else status.get("Err")
        return f"{status['State']}: {error or status.get('Message') or 'it was stopped from outside'}"

    def _out_of_memory(self, status: Json) -> bool:
        """Only known of containers of the machine that answers: swarm itself does not keep it."""
        try:
            with translated(address_of(self._client)):
                found = self._client.api.inspect_container(status["ContainerStatus"]["ContainerID"])
        except (NotFound, KeyError):
            return False
        return bool(found["State"].get("OOMKilled"))


def _run_spec(record: Json, name: str, order: RunOrder) -> Json:
    spec = copy.deepcopy(record["Spec"])
    own = {Label.OWNER.value: order.key.workflow, Label.RUN.value: order.key.run}
    container = spec["TaskTemplate"]["ContainerSpec"]
    container["Env"] = [*container.get("Env", []), f"ONWARD_RUN={order.key.workflow}"]
    if order.due is not None:
        container["Env"].append(f"ONWARD_DUE={order.due.isoformat()}")
    container["Labels"] = {**container.get("Labels", {}), **own}
    # The record's own name is the job's; several runs would share it.
    for network in spec["TaskTemplate"].get("Networks", []):
        network["Aliases"] = []
    return {
        "Name": name,
        "Labels": {**spec["Labels"], **own},
        "Mode": {"Replicated": {"Replicas": 1}},
        "TaskTemplate": spec["TaskTemplate"],
        "UpdateConfig": None,
        "EndpointSpec": spec.get("EndpointSpec"),
    }


def _digest(service: Json) -> str:
    return str(service["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"].rpartition("@")[2])
