"""What swarm tells of a service and its tasks, in the domain's words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from domain.deployment import ServiceState, TaskState, UpdateState
from domain.environment import Environment
from domain.identity import ServiceId
from engines.labels import Label, labels_of
from engines.swarm_api import Json
from engines.swarm_drift import drift_of

#: Swarm's ``UpdateStatus.State``. Nobody asks for a rollback; one asked for by hand has not arrived.
UPDATE_STATES = {
    "updating": UpdateState.UPDATING,
    "completed": UpdateState.COMPLETED,
    "paused": UpdateState.PAUSED,
    "rollback_started": UpdateState.PAUSED,
    "rollback_paused": UpdateState.PAUSED,
    "rollback_completed": UpdateState.PAUSED,
}


#: A task that will do nothing more.
ENDED = frozenset({"complete", "failed", "rejected", "shutdown", "orphaned", "remove"})

#: A task of a service that ended. Whoever is asked to stop is ``shutdown``; who is ``complete`` ended by itself, as
#: no service should – or was unhealthy, was stopped for it, and obeyed.
ENDED_BADLY = ("failed", "rejected", "complete")

#: The exit code of who was ended with SIGKILL.
KILLED = 128 + 9

#: The engine's words for one that was stopped over its health check.
UNHEALTHY = "unhealthy container"


def service_state(service: Json, tasks: Sequence[Json], failed_check: Callable[[Json], str]) -> ServiceState:
    """The state of one service, with its tasks in the order given: from the oldest to the newest.

    Swarm forgets the status of the last update in the same write that accepts a new one, so a
    status that is there is never an earlier update's; until the new one begins there is none.

    :param service: as ``GET /services/<name>`` answers.
    :param tasks: as ``GET /tasks`` answers.
    :param failed_check: what the last health check of a task printed, if it failed.
    """
    spec = service["Spec"]
    labels = labels_of(service)
    status = service.get("UpdateStatus") or {}
    return ServiceState(
        environment=Environment(labels[Label.ENVIRONMENT]),
        service=ServiceId(application=labels[Label.APPLICATION], role=labels[Label.ROLE]),
        number=int(labels[Label.NUMBER]),
        release=labels[Label.RELEASE],
        commit=labels[Label.COMMIT],
        digest=_digest(spec["TaskTemplate"]["ContainerSpec"]["Image"]),
        manifest=labels[Label.MANIFEST],
        replicas=replicas(service),
        update=UPDATE_STATES.get(status.get("State", ""), UpdateState.NONE),
        message=status.get("Message", ""),
        drift=drift_of(service),
        version=labels.get(Label.VERSION, ""),
        since=moment(status.get("StartedAt") or service["UpdatedAt"]),
        tasks=tuple(
            _task(task, failed_check(task) if task["Status"]["State"] in ENDED_BADLY else "") for task in tasks
        ),
    )


def replicas(service: Json) -> int:
    """How many tasks a service is asked to have."""
    return int(service["Spec"]["Mode"]["Replicated"]["Replicas"])


def task_name(service: str, task: Json) -> str:
    """What ``docker service ps`` calls a task, and enough of its ID to tell it from earlier ones."""
    return f"{service}.{task.get('Slot', 0)}.{task['ID'][:8]}"


def _task(task: Json, failed_check: str) -> TaskState:
    status = task["Status"]
    container = task["Spec"]["ContainerSpec"]
    wanted = task["DesiredState"] == "running"
    state = "failed" if status["State"] == "complete" else status["State"]
    return TaskState(
        id=task["ID"],
        number=int(container["Labels"][Label.NUMBER]),
        commit=container["Labels"][Label.COMMIT],
        digest=_digest(container["Image"]),
        running=wanted and state == "running",
        wanted=wanted,
        state=state,
        error=_error(status, failed_check),
    )


def _error(status: Json, failed_check: str) -> str:
    error = str(status.get("Err", ""))
    exit_code = status.get("ContainerStatus", {}).get("ExitCode", 0)
    if UNHEALTHY in error or (status["State"] == "complete" and failed_check):
        error = UNHEALTHY if exit_code in (0, KILLED) else f"{UNHEALTHY} (exit code {exit_code})"
    elif status["State"] == "complete":
        error = f"the container ended by itself (exit code {exit_code})"
    elif status["State"] in ENDED_BADLY and f"({exit_code})" not in error and "ContainerStatus" in status:
        error += f" (exit code {exit_code})"
    return f"{error}: {failed_check}" if failed_check else error


def _digest(image: str) -> str:
    return image.rpartition("@")[2]


def moment(text: str) -> datetime:
    """A time of the Docker Engine. It writes nanoseconds without trailing zeros; Python reads six digits at most."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{fraction[:6]:0<6}+00:00")


def serving_container(tasks: Sequence[Json]) -> str | None:
    """The ID of the container of the newest task that runs and is to run; of a service with one replica: the one."""
    for task in reversed(tasks):
        container = task["Status"].get("ContainerStatus", {}).get("ContainerID")
        if container and task["DesiredState"] == task["Status"]["State"] == "running":
            return str(container)
    return None
