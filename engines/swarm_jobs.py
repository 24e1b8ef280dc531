"""Batch jobs in a swarm: the record of what the next run uses, as a service without replicas.

Swarm keeps it on all of its managers, and writes it with its version index as compare-and-swap, as any service: nothing
of it is lost with S3, Temporal or a worker, and nothing of it runs.
"""

from __future__ import annotations

from collections.abc import Sequence

from docker import DockerClient

from domain.batch import JobRules
from domain.deployment import Action, Deployment, ServiceState, TaskState, UpdateState
from domain.environment import Environment
from domain.errors import NotFound, VerifyFailed
from domain.identity import ServiceId, canonical_name
from domain.progress import Progress
from domain.scale import Size
from domain.service import Kind, ServiceDefinition
from engines import images
from engines.labels import Label, labels_of
from engines.reach import Reach
from engines.swarm import SwarmEngine
from engines.swarm_api import Json, SwarmServices
from engines.swarm_drift import drift_of
from engines.swarm_logs import lines_by_task
from engines.swarm_spec import Placement, service_spec
from engines.swarm_tasks import moment


def job_spec(deployment: Deployment, placement: Placement, size: Size) -> Json:  # noqa: ARG001 – of which it has none
    """The ``ServiceSpec`` of a record: what a run gets is all there, but nothing is to run."""
    spec = service_spec(deployment, placement)
    task, rules = spec["TaskTemplate"], deployment.definition.batch
    limit = deployment.definition.scale.of(deployment.environment).max
    job = JobRules(limit=limit, timeout=rules.timeout, overlap=rules.overlap)
    task["ContainerSpec"]["Healthcheck"] = {"Test": ["NONE"]}
    if rules.command:
        task["ContainerSpec"]["Args"] = list(rules.command)
    task["RestartPolicy"] = {"Condition": "none"}
    spec["Labels"][Label.JOB] = job.model_dump_json()
    spec["Labels"][Label.REPLICAS] = "0"
    spec["Mode"] = {"Replicated": {"Replicas": 0}}
    return spec


class SwarmJobs:
    """A :class:`domain.deployment.EnvironmentEngine` for kind ``batch``."""

    def __init__(self, client: DockerClient, *, stack: str, endpoint_mode: str, reach: Reach | None = None) -> None:
        self._client = client
        self._services = SwarmServices(client)
        self._swarm = SwarmEngine(client, stack=stack, endpoint_mode=endpoint_mode, reach=reach, specify=job_spec)
        self._stack = stack

    def deploy(self, deployment: Deployment, progress: Progress) -> Action:
        """Pull the image, then name it in the record: no run waits for what cannot be had.

        Runs that are going are services of their own, and go on. As with every service a second call sees
        in the record what a killed one got done.

        :raises NotFound: the image cannot be pulled.
        """
        images.present(self._client, deployment.artifact.uri, progress)
        return self._swarm.deploy(deployment, progress)

    def observe(self, environment: Environment, service: ServiceId) -> ServiceState | None:
        """The record as a service of one replica, which is there as soon as the record is."""
        found = self._record(environment, service)
        return _state(found) if found else None

    def keep_serving(self, deployment: Deployment) -> None:
        """Nothing: a record runs nothing."""

    def running(self, environment: Environment) -> list[ServiceState]:
        """All jobs of the environment; none of their runs."""
        labels = {Label.STACK: self._stack, Label.ENVIRONMENT: environment.value, Label.KIND: Kind.BATCH.value}
        found = self._services.labelled({name.value: value for name, value in labels.items()})
        records = [each for each in found if Label.RUN not in each["Spec"]["Labels"]]
        return sorted((_state(each) for each in records), key=lambda state: state.name)

    def logs(self, environment: Environment, service: ServiceId, lines: int) -> str:
        """The last lines of each run that is going now."""
        name = canonical_name(environment, service)
        if self._record(environment, service) is None:
            raise NotFound(f"{name} was never deployed")
        runs = runs_of(self._services, self._stack, environment, service)
        tasks = self._services.tasks(runs)
        return "\n".join(
            lines_by_task(
                str(run["Spec"]["Name"]),
                [(task, self._services.output(task["ID"], lines)) for task in tasks[run["ID"]]],
            )
            for run in runs
        )

    def url(self, environment: Environment, definition: ServiceDefinition) -> str:  # noqa: ARG002
        """None: a batch job serves nobody."""
        return ""

    def probe(self, deployment: Deployment, progress: Progress) -> str:
        """Whether the next run will be of this release, and its image is there."""
        state = self.observe(deployment.environment, deployment.service)
        if state is None:
            raise VerifyFailed(f"{deployment.name} is not there any more")
        if (state.number, state.digest) != (deployment.number, deployment.artifact.digest):
            raise VerifyFailed(f"the next run of {deployment.name} would be of release #{state.number}")
        try:
            images.present(self._client, deployment.artifact.uri, progress)
        except NotFound as error:
            raise VerifyFailed(f"{deployment.name} cannot run: {error}") from error
        line = f"the next run is of #{deployment.number}"
        progress.say(line)
        return line

    def _record(self, environment: Environment, service: ServiceId) -> Json | None:
        return record_of(self._services, self._stack, environment, service)


def record_of(services: SwarmServices, stack: str, environment: Environment, service: ServiceId) -> Json | None:
    """The record of a job; ``None`` when there is none, or what has its name is of another kind.

    :raises ForeignResource: the name is another stack's.
    """
    found = services.own(stack, canonical_name(environment, service))
    return found if found is not None and Label.JOB in found["Spec"]["Labels"] else None


def runs_of(services: SwarmServices, stack: str, environment: Environment, service: ServiceId) -> Sequence[Json]:
    """The services of a job's runs, the oldest first."""
    labels = {
        Label.STACK: stack,
        Label.ENVIRONMENT: environment.value,
        Label.APPLICATION: service.application,
        Label.ROLE: service.role,
        Label.KIND: Kind.BATCH.value,
    }
    found = services.labelled({name.value: value for name, value in labels.items()})
    return sorted((each for each in found if Label.RUN in each["Spec"]["Labels"]), key=lambda each: each["CreatedAt"])


def _state(record: Json) -> ServiceState:
    spec, labels = record["Spec"], labels_of(record)
    number, commit = int(labels[Label.NUMBER]), labels[Label.COMMIT]
    digest = spec["TaskTemplate"]["ContainerSpec"]["Image"].rpartition("@")[2]
    ready = TaskState(
        id=record["ID"], number=number, commit=commit, digest=digest, running=True, wanted=True, state="ready"
    )
    return ServiceState(
        environment=Environment(labels[Label.ENVIRONMENT]),
        service=ServiceId(application=labels[Label.APPLICATION], role=labels[Label.ROLE]),
        number=number,
        release=labels[Label.RELEASE],
        commit=commit,
        digest=digest,
        manifest=labels[Label.MANIFEST],
        replicas=1,
        update=UpdateState.COMPLETED,
        since=moment(record["UpdatedAt"]),
        tasks=(ready,),
        kind=Kind.BATCH,
        drift=drift_of(record),
    )
