"""What somebody changes by hand on a real swarm is found, and the next release puts it right."""

from __future__ import annotations

import subprocess

import pytest
from docker import DockerClient

from domain.artifact import Artifact
from domain.environment import Environment
from domain.errors import DeployHalted, Superseded
from domain.scale import Size
from engines.swarm_drift import ROLLED_BACK
from engines.swarm_jobs import SwarmJobs
from engines.swarm_scale import SwarmScaler
from tests.engines.conftest import Environments, wait_for
from tests.fakes.progress import SilentProgress

pytestmark = pytest.mark.server

CI = Environment.CI
RICH = {
    "scale": {"ci": {"min": 1, "max": 3}, "prod": {}},
    "config": {"ci": {"LEVEL": "debug", "EMPTY": "", "EQUALS": "a=b"}, "prod": {}},
    "ingress": {"path": "/web"},
}


def by_hand(*words: str) -> None:
    subprocess.run(["docker", "service", *words], check=True, capture_output=True, timeout=60)


def drift(environment: Environments) -> tuple[str, ...]:
    (state,) = environment.engine.running(CI)
    return state.drift


def test_a_label_that_onward_reads_is_missed_and_comes_with_the_next_release(
    environment: Environments, docker_client: DockerClient, first: Artifact, second: Artifact
) -> None:
    deployment = environment.deployment(3, first, **RICH)
    environment.arrive(deployment)
    by_hand("update", "--detach", "--label-rm", "onward.number", "--label-rm", "onward.role", deployment.name)
    assert drift(environment) == ("label onward.number removed", "label onward.role removed")
    SwarmScaler(docker_client, environment.stack).resize(CI, deployment.service, Size(replicas=2), 3)
    with pytest.raises(Superseded):
        environment.engine.deploy(environment.deployment(2, second), SilentProgress())
    after = environment.arrive(environment.deployment(4, second, **RICH))
    assert (after.drift, after.replicas) == ((), 2)


def test_what_onward_itself_does_is_no_drift(
    environment: Environments, docker_client: DockerClient, first: Artifact, broken: Artifact
) -> None:
    deployment = environment.deployment(1, first, **RICH)
    environment.arrive(deployment)
    assert drift(environment) == ()

    scaler = SwarmScaler(docker_client, environment.stack)
    scaler.resize(CI, deployment.service, Size(replicas=2), 1)
    wait_for(lambda: environment.observe(deployment).healthy == 2)
    assert drift(environment) == ()

    victim = next(task.id for task in environment.observe(deployment).tasks if task.running)
    (container,) = docker_client.containers.list(filters={"label": f"com.docker.swarm.task.id={victim}"})
    container.kill()
    wait_for(lambda: victim not in {task.id for task in environment.observe(deployment).tasks if task.running})
    assert drift(environment) == ()

    with pytest.raises(DeployHalted):
        environment.arrive(environment.deployment(2, broken, **RICH))
    assert drift(environment) == ()
    assert environment.observe(deployment).state == "halted"


def test_each_thing_that_is_changed_by_hand_is_named_and_the_next_release_restores_it(
    environment: Environments, first: Artifact, second: Artifact
) -> None:
    deployment = environment.deployment(1, first, **RICH)
    before = environment.arrive(deployment)
    added = ["--env-add", "LEVEL=trace", "--env-add", "BACKDOOR=1", "--env-rm", "EQUALS"]
    added += ["--label-add", "traefik.enable=false", "--container-label-add", "mood=bad", "--limit-memory", "64m"]
    added += ["--replicas", "2", "--health-interval", "9s", "--update-parallelism", "2", "--detach"]

    by_hand("update", deployment.name, *added)

    assert drift(environment) == (
        "TaskTemplate.Resources added",
        "health check changed",
        "label mood of its tasks added",
        "label traefik.enable changed",
        "update rules changed",
        "variable BACKDOOR added",
        "variable EQUALS removed",
        "variable LEVEL changed",
        "2 replicas instead of 1",
    )
    assert environment.observe(deployment).state == "drifted"
    wait_for(lambda: environment.observe(deployment).update != "updating")

    after = environment.arrive(environment.deployment(2, second, **RICH))

    assert (after.drift, after.state, after.replicas) == ((), "running", before.replicas)


def test_another_image_and_network_are_found(
    environment: Environments, docker_client: DockerClient, first: Artifact, second: Artifact
) -> None:
    deployment = environment.deployment(1, first)
    environment.arrive(deployment)
    network = f"ci-{environment.application}-data"

    changes = ["--image", second.uri, "--network-add", network]

    by_hand("update", deployment.name, *changes, "--detach", "--no-resolve-image")

    assert drift(environment) == ("image changed", "networks changed")
    wait_for(lambda: environment.observe(deployment).update != "updating")
    assert environment.arrive(environment.deployment(2, first)).drift == ()


def test_a_restart_by_hand_is_no_drift(environment: Environments, first: Artifact) -> None:
    deployment = environment.deployment(1, first)
    environment.arrive(deployment)

    by_hand("update", deployment.name, "--force", "--detach", "--no-resolve-image")

    assert drift(environment) == ()


def test_a_job_that_is_changed_by_hand_is_named_too(
    environment: Environments, docker_client: DockerClient, first: Artifact
) -> None:
    jobs = SwarmJobs(docker_client, stack=environment.stack, endpoint_mode="dnsrr")
    job = environment.job(1, first, config={"ci": {"LEVEL": "debug"}, "prod": {}}, batch={"command": ["work"]})
    jobs.deploy(job, SilentProgress())
    (asked,) = jobs.running(CI)
    assert asked.drift == ()

    by_hand("update", job.name, "--env-add", "LEVEL=trace", "--replicas", "1", "--detach")

    (changed,) = jobs.running(CI)
    assert changed.drift == ("variable LEVEL changed", "1 replica instead of 0")
    jobs.deploy(environment.job(2, first), SilentProgress())
    (restored,) = jobs.running(CI)
    assert (restored.drift, restored.state) == ((), "ready")


def test_a_specification_that_is_restored_by_hand_is_drift_until_the_next_release(
    environment: Environments, first: Artifact, second: Artifact
) -> None:
    environment.arrive(environment.deployment(1, first))
    environment.arrive(environment.deployment(2, second))
    (state,) = environment.engine.running(CI)
    assert (state.number, state.drift) == (2, ())

    by_hand("rollback", "--detach", state.name)

    (state,) = environment.engine.running(CI)
    assert state.number == 1, "swarm restores what Onward noted, too"
    assert state.drift == (ROLLED_BACK,)
    environment.arrive(environment.deployment(3, second))
    assert drift(environment) == ()
