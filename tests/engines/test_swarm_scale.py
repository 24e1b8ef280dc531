"""Sizes on a real swarm: no task is replaced, and a deploy and a change of size do not lose each other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from docker import DockerClient

from domain.artifact import Artifact
from domain.deployment import Deployment, is_whole, settled
from domain.environment import Environment
from domain.errors import Conflict, DeployHalted, ForeignResource
from domain.scale import Size
from engines.swarm_scale import SwarmScaler
from tests.engines.conftest import Environments, wait_for
from tests.fakes.progress import SilentProgress

pytestmark = pytest.mark.server

WIDE = {"scale": {"ci": {"min": 1, "max": 3}, "prod": {"min": 1, "max": 4}}}
CI = Environment.CI


@pytest.fixture
def scaler(docker_client: DockerClient, environment: Environments) -> SwarmScaler:
    return SwarmScaler(docker_client, environment.stack)


def whole(environment: Environments, deployment: Deployment, replicas: int) -> bool:
    state = environment.observe(deployment)
    return state.replicas == replicas == state.healthy and settled(state, deployment)


def test_more_replicas_come_beside_those_that_are_there(
    environment: Environments, scaler: SwarmScaler, first: Artifact
) -> None:
    deployment = environment.deployment(1, first, **WIDE)
    before = environment.arrive(deployment)
    assert scaler.size(CI, deployment.service) == Size(replicas=1)

    scaler.resize(CI, deployment.service, Size(replicas=3), 1)
    scaler.resize(CI, deployment.service, Size(replicas=3), 1)

    wait_for(lambda: whole(environment, deployment, 3))
    running = {task.id for task in environment.observe(deployment).tasks if task.running}
    assert {task.id for task in before.tasks} < running
    assert scaler.size(CI, deployment.service) == Size(replicas=3)


def test_a_deploy_keeps_the_size_and_a_mirror(
    environment: Environments, scaler: SwarmScaler, first: Artifact, second: Artifact
) -> None:
    deployment = environment.deployment(1, first, **WIDE)
    environment.arrive(deployment)
    scaler.resize(CI, deployment.service, Size(replicas=2), 1)
    assert environment.arrive(environment.deployment(2, second, **WIDE)).replicas == 2
    scaler.resize(CI, deployment.service, Size(replicas=4, own=2), 2)

    third = environment.deployment(3, first, **WIDE)
    environment.arrive(third)

    assert whole(environment, third, 4)
    assert scaler.size(CI, deployment.service) == Size(replicas=4, own=2)


def test_a_size_for_a_release_that_was_overtaken_is_not_written(
    environment: Environments, scaler: SwarmScaler, first: Artifact, second: Artifact
) -> None:
    environment.arrive(environment.deployment(1, first, **WIDE))
    deployment = environment.deployment(2, second, **WIDE)
    environment.arrive(deployment)

    with pytest.raises(Conflict, match="not at release #1 any more"):
        scaler.resize(CI, deployment.service, Size(replicas=3), 1)
    assert environment.observe(deployment).replicas == 1


def test_a_halted_update_does_not_go_on_because_of_a_size(
    environment: Environments, scaler: SwarmScaler, first: Artifact, broken: Artifact
) -> None:
    environment.arrive(environment.deployment(1, first, **WIDE))
    deployment = environment.deployment(2, broken, **WIDE)
    with pytest.raises(DeployHalted):
        environment.arrive(deployment)

    with pytest.raises(Conflict, match="paused"):
        scaler.resize(CI, deployment.service, Size(replicas=3), 2)
    assert environment.observe(deployment).served.number == 1


def test_deploys_and_sizes_at_once_end_with_the_newest_release_and_the_last_size(
    environment: Environments, scaler: SwarmScaler, first: Artifact, second: Artifact
) -> None:
    environment.arrive(environment.deployment(1, first, **WIDE))
    last = environment.deployment(2, second, **WIDE)
    written: list[int] = []

    def resize(replicas: int) -> None:
        try:
            scaler.resize(CI, last.service, Size(replicas=replicas), 1)
            written.append(replicas)
        except Conflict:
            pass

    with ThreadPoolExecutor(4) as pool:
        sizes = [pool.submit(resize, replicas) for replicas in (2, 3)]
        pool.submit(environment.engine.deploy, last, SilentProgress()).result()
        for each in sizes:
            each.result()

    wait_for(lambda: settled(environment.observe(last), last))
    state = environment.observe(last)
    assert is_whole(state, last)
    assert state.replicas in (written or [1])
    assert scaler.size(CI, last.service) == Size(replicas=state.replicas)


def test_another_stacks_service_is_not_scaled(
    environment: Environments, docker_client: DockerClient, first: Artifact
) -> None:
    deployment = environment.deployment(1, first, **WIDE)
    environment.engine.deploy(deployment, SilentProgress())

    with pytest.raises(ForeignResource):
        SwarmScaler(docker_client, "other").resize(CI, deployment.service, Size(replicas=3), 1)
