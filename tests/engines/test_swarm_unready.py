"""What was never healthy fails, however politely it ends: swarm must not take an old task away for it."""

from __future__ import annotations

from typing import Any

import pytest
from docker import DockerClient

from domain.artifact import Artifact
from domain.deployment import Deployment, UpdateState
from domain.errors import DeployHalted
from engines.labels import SERVICE_NAME, Label
from engines.swarm_tasks import KILLED
from tests.engines.conftest import Environments, wait_for
from tests.fakes.progress import SilentProgress

pytestmark = pytest.mark.server

SICK: dict[str, Any] = {"health": {"path": "/nowhere", "start": "1s", "interval": "1s", "retries": 1}}
STORE: dict[str, Any] = {"role": "db", "kind": "datastore", "datastore": {"volume": "/www/data", "version": "1"}}


def test_a_new_task_is_killed_and_the_old_one_serves(
    docker_client: DockerClient, environment: Environments, first: Artifact
) -> None:
    """It would have ended with the code 0 two seconds after the verdict."""
    before = environment.arrive(environment.deployment(1, first))
    sick = environment.deployment(2, first, **SICK)
    with pytest.raises(DeployHalted, match=r"failed: unhealthy container: GET /nowhere on port 8080: 404 \(1 of 1"):
        environment.arrive(sick)
    assert _exit_codes(docker_client, sick)[0] == KILLED
    assert {task.id for task in environment.observe(sick).tasks if task.running} == {task.id for task in before.tasks}


def test_one_whose_place_nobody_waits_for_is_asked_to_end(
    docker_client: DockerClient, environment: Environments, first: Artifact
) -> None:
    """The first release of a service, and the data of a datastore, which is stopped before the next begins."""
    sick = environment.deployment(1, first, **SICK)
    with pytest.raises(DeployHalted, match="3 new tasks failed: failed: unhealthy container: GET /nowhere"):
        environment.arrive(sick)
    environment.arrive(environment.deployment(1, first, **STORE))
    store = environment.deployment(2, first, **STORE, **SICK)
    with pytest.raises(DeployHalted, match="unhealthy container: GET /nowhere"):
        environment.arrive(store)
    assert KILLED not in _exit_codes(docker_client, sick) + _exit_codes(docker_client, store)


def test_an_old_task_that_falls_ill_meanwhile_is_asked_to_end(
    docker_client: DockerClient, environment: Environments, first: Artifact
) -> None:
    old = environment.deployment(1, first)
    environment.arrive(old)
    slow = environment.deployment(2, first, health={**SICK["health"], "start": "60s"})
    environment.engine.deploy(slow, SilentProgress())
    wait_for(lambda: environment.observe(slow).update is UpdateState.UPDATING)
    (serving,) = docker_client.containers.list(filters={"label": _labels(old)})
    serving.exec_run("rm /www/healthz")

    def has_ended() -> bool:
        environment.engine.keep_serving(slow)
        serving.reload()
        return str(serving.status) == "exited"

    wait_for(has_ended)
    assert _exit_codes(docker_client, old) == [0]


def _labels(deployment: Deployment) -> list[str]:
    return [f"{SERVICE_NAME}={deployment.name}", f"{Label.NUMBER}={deployment.number}"]


def _exit_codes(client: DockerClient, deployment: Deployment) -> list[int]:
    """Of the containers of a release that have ended, from the oldest to the newest."""
    filters = {"label": _labels(deployment), "status": "exited"}
    ended = wait_for(lambda: client.api.containers(all=True, filters=filters))
    inspected = [client.api.inspect_container(each["Id"]) for each in reversed(ended)]
    return [each["State"]["ExitCode"] for each in inspected]
