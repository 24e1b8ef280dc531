"""Migrations as jobs in a swarm: a service whose one task is never started again, and that stays until it is removed.

The job's name says of which release it is, and swarm has a name once: however many attempts there are, one task runs.
It is no ``ReplicatedJob``: Docker Engine 20.10 forgets such a service when it is removed, and lets its task run on.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime

from docker import DockerClient

from domain.data_names import migration_name
from domain.deployment import Deployment
from domain.errors import Conflict
from domain.migration import MigrationEnd
from domain.progress import Progress
from engines.labels import Label
from engines.reach import Reach
from engines.swarm_api import Json, SwarmServices
from engines.swarm_ending import remove_services, rest_services
from engines.swarm_logs import text_of
from engines.swarm_place import EnvironmentPlace
from engines.swarm_placement import Placements
from engines.swarm_spec import Placement, service_spec
from engines.swarm_tasks import ENDED, moment

#: The kind on the labels of a job; of a service it would be a service's.
KIND = "migration"

OUTPUT_LINES = 10_000
POLL = 0.25


class SwarmMigrations:
    """A :class:`domain.migration.Migrations`.

    :param reach: where a migration finds the queues and buckets of its service; none without.
    """

    def __init__(self, client: DockerClient, *, stack: str, endpoint_mode: str, reach: Reach | None = None) -> None:
        self._services = SwarmServices(client)
        self._stack = stack
        place = EnvironmentPlace(stack, edge=False)
        self._placements = Placements(client, stack=stack, endpoint_mode=endpoint_mode, place=place, reach=reach)

    def run(self, deployment: Deployment, run: str, progress: Progress) -> MigrationEnd:
        """Begin, or go on waiting for, the release's one job.

        :raises InvalidInput: a secret is missing in the swarm, or a datastore that the service reads.
        :raises ForeignResource: the job's name is another stack's.
        """
        self._stop_others(deployment, run)
        job = self._begun(deployment, run)
        deadline = moment(job["CreatedAt"]) + deployment.definition.deploy.timeout  # of all attempts together
        while True:
            task = self._task(job)
            if task is None and not self._is_to_run(deployment):
                return MigrationEnd(exit_code=None, error="was stopped or removed before it had ended")
            state = task["Status"]["State"] if task else "pending"
            if task and state in ENDED:
                return MigrationEnd(exit_code=_exit_code(task), output=self._output(job), error=_error(task))
            if datetime.now(UTC) > deadline:
                output = self._output(job)
                began = output or state == "running"
                error = "" if began else f"did not begin in time ({_error(task or {})})"
                return MigrationEnd(exit_code=None, output=output, error=error)
            progress.say(f"the migration is {state}")
            progress.wait(POLL)

    def remove(self, deployment: Deployment) -> str:
        """End its task, and remove it then; what it has printed."""
        job = self._find(deployment)
        if job is None:
            return ""
        output = self._output(job)
        self._remove(job)
        return output

    def _begun(self, deployment: Deployment, run: str) -> Json:
        found = self._find(deployment)
        if found is None:
            spec = self._spec(deployment, run)
            with suppress(Conflict):  # another attempt was faster: its job is this one's
                self._services.create(spec)
            found = self._find(deployment)
        if found is None:
            raise Conflict(f"the migration of {deployment.name} was removed while it was being made")
        return found

    def _is_to_run(self, deployment: Deployment) -> bool:
        found = self._find(deployment)
        return found is not None and bool(found["Spec"]["Mode"]["Replicated"]["Replicas"])

    def _find(self, deployment: Deployment) -> Json | None:
        name = migration_name(deployment.environment, deployment.service, deployment.number)
        return self._services.own(self._stack, name)

    def _stop_others(self, deployment: Deployment, run: str) -> None:
        """Whoever began them is over: releases of a service have their turns one after the other."""
        wanted = {
            Label.STACK.value: self._stack,
            Label.KIND.value: KIND,
            Label.ENVIRONMENT.value: deployment.environment.value,
            Label.APPLICATION.value: deployment.service.application,
            Label.ROLE.value: deployment.service.role,
        }
        for job in self._services.labelled(wanted):
            labels = job["Spec"]["Labels"]
            number = int(labels[Label.NUMBER])
            if number < deployment.number or (number == deployment.number and labels[Label.RUN] != run):
                self._remove(job)

    def _spec(self, deployment: Deployment, run: str) -> Json:
        return migration_spec(deployment, self._placements.of(deployment, None), run)

    def _task(self, job: Json) -> Json | None:
        tasks = self._services.tasks([job])[job["ID"]]
        return tasks[0] if tasks else None

    def _output(self, job: Json) -> str:
        task = self._task(job)
        return text_of(self._services.output(task["ID"], OUTPUT_LINES)) if task else ""

    def _remove(self, job: Json) -> None:
        def there() -> list[Json]:
            found = self._services.find(job["ID"])
            return [found] if found else []

        rest_services(self._services, there, time.sleep)
        remove_services(self._services, there())


def migration_spec(deployment: Deployment, placement: Placement, run: str) -> Json:
    """The ``ServiceSpec`` of a job: the service's own container with another command, and no name but the job's.

    :param placement: of the service; on its networks the job answers for nobody.
    """
    service = service_spec(deployment, placement)
    own = {Label.KIND.value: KIND, Label.RUN.value: run}
    template = service["TaskTemplate"]
    container = {
        **template["ContainerSpec"],
        "Command": list(deployment.definition.deploy.migrate or ()),
        "Healthcheck": {"Test": ["NONE"]},
        "Labels": {**template["ContainerSpec"]["Labels"], **own},
    }
    return {
        "Name": migration_name(deployment.environment, deployment.service, deployment.number),
        "Labels": {**service["Labels"], **own},
        "Mode": {"Replicated": {"Replicas": 1}},
        "TaskTemplate": {
            **template,
            "ContainerSpec": container,
            "Networks": [{"Target": network} for network in placement.networks],
            "RestartPolicy": {"Condition": "none"},
        },
        "UpdateConfig": service["UpdateConfig"],
        "EndpointSpec": {"Mode": "dnsrr"},
    }


def _exit_code(task: Json) -> int | None:
    status = task["Status"]
    if status["State"] == "complete":
        return 0
    code = status.get("ContainerStatus", {}).get("ExitCode")
    return int(code) if code else None


def _error(task: Json) -> str:
    status = task.get("Status", {})
    return f"{status.get('State', 'pending')}: {status.get('Err') or status.get('Message') or 'no reason given'}"
