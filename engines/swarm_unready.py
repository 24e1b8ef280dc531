"""New tasks that were never healthy: each must end as a failure, or swarm takes an old one away for it."""

from __future__ import annotations

from contextlib import suppress

from docker import DockerClient

from domain.errors import Conflict, NotFound, Unreachable
from engines.docker_api import address_of, translated
from engines.labels import SERVICE_NAME, TASK_ID
from engines.swarm_api import Json, SwarmServices


def end_unready(client: DockerClient, services: SwarmServices, name: str) -> None:
    """Kill the unhealthy containers of a service's new tasks, while an update waits for these before it stops old ones.

    The engine itself asks such a container to end, two seconds after the verdict. One that obeys, and ends with the
    code 0, it tells of as *running* first – every engine until now does – and an update that hears of that moment (of
    forty on an idle machine one did, of forty-five on a busy one three) stops the old task that serves. One that was
    killed has failed, and nothing else. So this must be called some times in two seconds.

    Only containers of the machine that answers are within reach; those of another are left to the engine. Nor is
    there anything to be done about one that ends by itself with the code 0 before it was healthy.

    :param name: of the service; one that is gone has no tasks.
    """
    with translated(address_of(client)):
        unhealthy = client.api.containers(filters={"label": f"{SERVICE_NAME}={name}", "health": "unhealthy"})
    service = services.find(name) if unhealthy else None
    if service is None or not _waits_for_new_tasks(service):
        return
    starting = {task["ID"] for task in services.tasks([service])[service["ID"]] if _never_ran(task)}
    for container in unhealthy:
        if container["Labels"].get(TASK_ID) in starting:
            with suppress(Conflict, NotFound, Unreachable), translated(address_of(client)):
                client.api.kill(container["Id"], "SIGKILL")  # what has ended, or cannot be ended, the next look tells


def _waits_for_new_tasks(service: Json) -> bool:
    updating = (service.get("UpdateStatus") or {}).get("State") == "updating"
    return updating and service["Spec"]["UpdateConfig"]["Order"] == "start-first"


def _never_ran(task: Json) -> bool:
    return bool(task["Status"]["State"] == "starting")
