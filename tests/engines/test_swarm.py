"""Deploys on a real swarm: forward only, and what serves goes on serving."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from docker import DockerClient

from domain.artifact import Artifact
from domain.deployment import Action, Deployment, UpdateState, is_whole
from domain.environment import Environment
from domain.errors import Conflict, DeployHalted, ForeignResource, InvalidInput, Superseded, VerifyFailed
from domain.scale import Size
from engines.swarm import SwarmEngine
from engines.swarm_scale import SwarmScaler
from tests.engines.conftest import Environments, wait_for
from tests.engines.images import Images
from tests.fakes.progress import SilentProgress

pytestmark = pytest.mark.server

TWO = {"scale": {"ci": {"min": 2, "max": 3}, "prod": {"min": 2, "max": 3}}}


def test_a_first_deploy_arrives(environment: Environments, first: Artifact) -> None:
    deployment = environment.deployment(1, first, **TWO)
    state = environment.arrive(deployment)
    assert (state.number, state.replicas, state.healthy, state.update) == (1, 2, 2, UpdateState.NONE)
    assert is_whole(state, deployment)
    assert environment.engine.probe(deployment, SilentProgress()) == "2 of 2 replicas healthy"
    assert [each.name for each in environment.engine.running(Environment.CI)] == [deployment.name]
    assert environment.engine.running(Environment.PROD) == []
    assert environment.engine.url(Environment.CI, deployment.definition) == f"http://{deployment.name}:8080"


def test_a_second_deploy_replaces_every_task(environment: Environments, first: Artifact, second: Artifact) -> None:
    environment.arrive(environment.deployment(1, first, **TWO))
    state = environment.arrive(environment.deployment(2, second, **TWO))
    assert state.update is UpdateState.COMPLETED
    assert {(task.number, task.digest) for task in state.tasks if task.running} == {(2, second.digest)}


def test_what_is_seen_right_after_an_update_is_not_the_one_before(
    environment: Environments, first: Artifact, second: Artifact
) -> None:
    environment.arrive(environment.deployment(1, first))
    environment.arrive(environment.deployment(2, second))
    third = environment.deployment(3, first)
    environment.engine.deploy(third, SilentProgress())
    state = environment.observe(third)
    assert state.update in (UpdateState.NONE, UpdateState.UPDATING)
    assert not is_whole(state, third)


def test_an_update_that_ends_at_once_halts_and_the_old_tasks_serve(
    environment: Environments, first: Artifact, broken: Artifact
) -> None:
    before = environment.arrive(environment.deployment(1, first, **TWO))
    deployment = environment.deployment(2, broken, **TWO)
    with pytest.raises(DeployHalted, match=r"paused: failed: .*\(3\).*2 of 2 replicas serve"):
        environment.arrive(deployment)
    state = environment.observe(deployment)
    assert (state.state, state.served.number, state.healthy) == ("halted", 1, 2)
    assert {task.id for task in state.tasks if task.running} == {task.id for task in before.tasks}
    assert "no database" in environment.engine.logs(Environment.CI, deployment.service, 5)
    with pytest.raises(VerifyFailed, match="0 of 2 replicas run release #2"):
        environment.engine.probe(deployment, SilentProgress())


def test_a_fix_goes_over_a_halted_update(
    environment: Environments, first: Artifact, second: Artifact, broken: Artifact
) -> None:
    environment.arrive(environment.deployment(1, first))
    with pytest.raises(DeployHalted):
        environment.arrive(environment.deployment(2, broken))
    assert environment.arrive(environment.deployment(3, second)).served.number == 3


def test_a_first_deploy_that_keeps_failing_halts(environment: Environments, broken: Artifact) -> None:
    with pytest.raises(DeployHalted, match=r"3 new tasks failed.*0 of 1 replicas serve"):
        environment.arrive(environment.deployment(1, broken))


def test_a_task_that_never_gets_healthy_halts_the_update(environment: Environments, first: Artifact) -> None:
    environment.arrive(environment.deployment(1, first))
    sick = {"health": {"path": "/nowhere", "start": "1s", "interval": "1s", "retries": 1}}
    with pytest.raises(DeployHalted, match=r"unhealthy container.*GET /nowhere on port 8080: 404"):
        environment.arrive(environment.deployment(2, first, **sick))
    assert environment.observe(environment.deployment(2, first)).served.number == 1


def test_a_lower_number_is_refused(environment: Environments, first: Artifact, second: Artifact) -> None:
    environment.arrive(environment.deployment(5, first))
    with pytest.raises(Superseded, match="already runs release #5, newer than #4"):
        environment.engine.deploy(environment.deployment(4, second), SilentProgress())


def test_an_equal_number_does_nothing(docker_client: DockerClient, environment: Environments, first: Artifact) -> None:
    deployment = environment.deployment(1, first)
    assert environment.engine.deploy(deployment, SilentProgress()) is Action.CREATE
    before = _inspected(docker_client, deployment)
    assert environment.engine.deploy(deployment, SilentProgress()) is Action.NOTHING
    assert _inspected(docker_client, deployment)["Version"] == before["Version"]


def test_of_two_concurrent_deploys_the_greater_number_stays(
    environment: Environments, first: Artifact, second: Artifact
) -> None:
    environment.arrive(environment.deployment(1, first))
    rivals = [environment.deployment(number, second if number % 2 else first) for number in range(2, 10)]

    def insist(number: int) -> str:
        while True:
            try:
                return environment.engine.deploy(rivals[number], SilentProgress()).value
            except Conflict:
                continue
            except Superseded:
                return "superseded"

    with ThreadPoolExecutor(len(rivals)) as pool:
        outcomes = list(pool.map(insist, range(len(rivals))))
    assert outcomes[-1] == "update"
    wait_for(lambda: is_whole(environment.observe(rivals[-1]), rivals[-1]))


def test_concurrent_first_deploys_make_one_service(environment: Environments, first: Artifact) -> None:
    def once(_: int) -> str:
        try:
            return environment.engine.deploy(environment.deployment(1, first), SilentProgress()).value
        except Conflict:
            return "conflict"

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(once, range(6)))
    assert outcomes.count("create") == 1
    assert set(outcomes) <= {"create", "nothing", "conflict"}


def test_a_change_of_configuration_alone_rolls(environment: Environments, first: Artifact) -> None:
    quiet = {"config": {"ci": {"LEVEL": "info"}, "prod": {}}}
    loud = {"config": {"ci": {"LEVEL": "debug"}, "prod": {}}}
    before = environment.arrive(environment.deployment(1, first, **quiet))
    after = environment.arrive(environment.deployment(2, first, **loud))
    assert {task.id for task in before.tasks if task.running}.isdisjoint(
        task.id for task in after.tasks if task.running
    )


def test_a_service_is_told_where_it_is_and_where_the_others_are(
    docker_client: DockerClient, environment: Environments, first: Artifact
) -> None:
    deployment = environment.deployment(
        1, first, reads={"services": ["price-list"]}, config={"ci": {"A": "1"}, "prod": {}}
    )
    environment.engine.deploy(deployment, SilentProgress())
    assert _inspected(docker_client, deployment)["Spec"]["TaskTemplate"]["ContainerSpec"]["Env"] == [
        "A=1",
        f"ONWARD_APPLICATION={environment.application}",
        "ONWARD_ENVIRONMENT=ci",
        "ONWARD_ROLE=web",
        f"ONWARD_URL_PRICE_LIST=http://ci-{environment.application}-price-list:8080",
    ]


def test_replicas_are_kept_inside_the_limits(
    docker_client: DockerClient, environment: Environments, first: Artifact
) -> None:
    deployment = environment.deployment(1, first, **TWO)
    assert environment.arrive(deployment).replicas == 2
    SwarmScaler(docker_client, environment.stack).resize(Environment.CI, deployment.service, Size(replicas=3), 1)
    assert environment.arrive(environment.deployment(2, first, **TWO)).replicas == 3
    smaller = {"scale": {"ci": {"min": 1, "max": 1}, "prod": {}}}
    assert environment.arrive(environment.deployment(3, first, **smaller)).replicas == 1


def test_another_stacks_service_is_not_touched(
    docker_client: DockerClient, environment: Environments, first: Artifact
) -> None:
    deployment = environment.deployment(1, first)
    environment.engine.deploy(deployment, SilentProgress())
    other = SwarmEngine(docker_client, stack="other", endpoint_mode="dnsrr")
    with pytest.raises(ForeignResource, match=f"onward.stack is {environment.stack}, this stack is other"):
        other.deploy(environment.deployment(2, first), SilentProgress())
    with pytest.raises(ForeignResource):
        other.observe(deployment.environment, deployment.service)
    assert other.running(Environment.CI) == []


def test_a_service_that_onward_did_not_make_is_not_touched(
    docker_client: DockerClient, environment: Environments, first: Artifact
) -> None:
    deployment = environment.deployment(1, first)
    made = docker_client.services.create(first.uri, name=deployment.name)  # type: ignore[no-untyped-call]
    try:
        with pytest.raises(ForeignResource, match=f"docker service rm {deployment.name}"):
            environment.engine.deploy(deployment, SilentProgress())
    finally:
        made.remove()


def test_a_missing_secret_is_named_with_the_command_that_makes_it(environment: Environments, first: Artifact) -> None:
    deployment = environment.deployment(1, first, secrets=["db-password"])
    with pytest.raises(InvalidInput, match=f"docker secret create {deployment.name}-db-password FILE"):
        environment.engine.deploy(deployment, SilentProgress())
    assert environment.engine.observe(deployment.environment, deployment.service) is None


def test_all_that_several_tasks_printed_is_told(environment: Environments, images: Images) -> None:
    chatty = images.pushed("seq 400; sleep 60", {})
    five = {"scale": {"ci": {"min": 5, "max": 5}, "prod": {"min": 1, "max": 5}}}
    deployment = environment.deployment(1, chatty, health={"command": ["true"]}, **five)
    environment.arrive(deployment)
    wait_for(lambda: environment.engine.logs(Environment.CI, deployment.service, 1).count("| 400") == 5)
    output = environment.engine.logs(Environment.CI, deployment.service, 1000)
    assert [line.rpartition(" ")[2] for line in output.splitlines()] == 5 * [str(number + 1) for number in range(400)]


def test_a_secret_is_a_file_in_the_container(
    docker_client: DockerClient, environment: Environments, images: Images
) -> None:
    reads = images.pushed("cat /run/secrets/db-password; echo; sleep 60", {})
    deployment = environment.deployment(1, reads, secrets=["db-password"], health={"command": ["true"]})
    labels = {"onward.stack": environment.stack}
    docker_client.secrets.create(name=f"{deployment.name}-db-password", data=b"open sesame", labels=labels)
    environment.arrive(deployment)
    output = wait_for(lambda: environment.engine.logs(Environment.CI, deployment.service, 5))
    assert output.startswith(f"{deployment.name}.1.")
    assert output.endswith(" | open sesame")


def _inspected(client: DockerClient, deployment: Deployment) -> dict[str, Any]:
    service: dict[str, Any] = client.api.inspect_service(deployment.name)  # type: ignore[no-untyped-call]
    return service
