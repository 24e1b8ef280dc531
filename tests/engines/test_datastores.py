"""Datastores on a real swarm: their data stay, nobody reaches them but who reads them, and versions only go up."""

from __future__ import annotations

from typing import Any

import pytest
from docker import DockerClient
from docker.errors import NotFound

from domain.artifact import Artifact
from domain.deployment import Deployment
from domain.environment import Environment
from domain.errors import Conflict, DeployHalted, ForeignResource, InvalidInput, Refused
from domain.identity import data_network
from domain.service import Kind
from engines.swarm import SwarmEngine
from engines.swarm_api import Json, SwarmServices
from stack.containers import StackContainers
from stack.services import DeployedServices
from tests.engines.conftest import Environments, wait_for
from tests.engines.images import Images
from tests.fakes.progress import SilentProgress

pytestmark = pytest.mark.server

#: Says what its data were when it started, and adds a line to them.
KEEPS = "trap 'exit 0' TERM; cd /data; touch starts; cat starts; echo {} >> starts; httpd -f -p 8080 -h . & wait"


@pytest.fixture(scope="session")
def store(images: Images) -> Artifact:
    return images.pushed(KEEPS.format("one"), {"data/kept": "the data"})


@pytest.fixture(scope="session")
def newer(images: Images) -> Artifact:
    return images.pushed(KEEPS.format("two"), {"data/kept": "the data"})


@pytest.fixture
def datastores(docker_client: DockerClient, stack: str, environment: Environments) -> Environments:
    engine = SwarmEngine(docker_client, stack=stack, endpoint_mode="dnsrr", kind=Kind.DATASTORE)
    return Environments(engine, stack, environment.application)


def deployment(datastores: Environments, number: int, artifact: Artifact, **datastore: Any) -> Deployment:
    section = {"volume": "/data", "version": "15", **datastore}
    health = {"path": "/starts", "start": "2s", "interval": "1s", "retries": 1}
    return datastores.deployment(number, artifact, role="db", kind="datastore", datastore=section, health=health)


def test_an_update_keeps_the_data_and_stops_the_old_task_first(
    docker_client: DockerClient, datastores: Environments, store: Artifact, newer: Artifact
) -> None:
    first = deployment(datastores, 1, store)
    datastores.arrive(first)

    state = datastores.arrive(deployment(datastores, 2, newer))

    assert (state.replicas, state.healthy, state.version, state.served.number) == (1, 1, "15", 2)
    logs = datastores.engine.logs(Environment.CI, first.service, 10)
    assert [line.rpartition(" ")[2] for line in logs.splitlines()] == ["one"], (
        "the second start saw what the first left"
    )
    spec = _inspected(docker_client, first)["Spec"]
    assert spec["UpdateConfig"]["Order"] == "stop-first"
    assert spec["TaskTemplate"]["Placement"]["Constraints"] == [f"node.id=={_node(docker_client)}"]
    assert [each.name for each in datastores.engine.running(Environment.CI)] == [first.name]


def test_its_volume_has_its_name_and_goes_only_with_the_whole_stack(
    docker_client: DockerClient, datastores: Environments, store: Artifact
) -> None:
    first = deployment(datastores, 1, store)
    datastores.arrive(first)
    SwarmServices(docker_client).remove(first.name)
    StackContainers(docker_client, datastores.stack).until_ended([first.name])

    labels = docker_client.volumes.get(first.name).attrs["Labels"]
    assert (labels["onward.stack"], labels["onward.role"]) == (datastores.stack, "db")
    assert datastores.arrive(first).healthy == 1, "what is there is taken up again"
    assert "one" in datastores.engine.logs(Environment.CI, first.service, 10)

    DeployedServices(docker_client, datastores.stack).remove(print)
    with pytest.raises(NotFound):
        docker_client.volumes.get(first.name)


def test_an_update_that_does_not_start_halts_and_a_fix_finds_the_data(
    datastores: Environments, store: Artifact, newer: Artifact, broken: Artifact
) -> None:
    datastores.arrive(deployment(datastores, 1, store))
    with pytest.raises(DeployHalted, match=r"the update was paused: .*\(3\)"):
        datastores.arrive(deployment(datastores, 2, broken))

    fixed = deployment(datastores, 3, newer)
    assert datastores.arrive(fixed).served.number == 3
    assert "one" in datastores.engine.logs(Environment.CI, fixed.service, 10)


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ({"version": "14"}, "a datastore never goes back"),
        ({"version": "16"}, 'expected: datastore.upgrade_from: "15"'),
        ({"version": "16", "upgrade_from": "14"}, "datastore.upgrade_from says 14"),
    ],
)
def test_another_major_version_is_refused(
    datastores: Environments, store: Artifact, wanted: dict[str, str], text: str
) -> None:
    datastores.engine.deploy(deployment(datastores, 1, store), SilentProgress())
    with pytest.raises(Refused, match=text):
        datastores.engine.deploy(deployment(datastores, 2, store, **wanted), SilentProgress())


def test_an_upgrade_that_says_so_goes(datastores: Environments, store: Artifact) -> None:
    datastores.engine.deploy(deployment(datastores, 1, store), SilentProgress())
    upgrade = deployment(datastores, 2, store, version="16", upgrade_from="15")
    datastores.engine.deploy(upgrade, SilentProgress())
    assert datastores.observe(upgrade).version == "16"


def test_a_service_never_takes_the_place_of_a_datastore(
    datastores: Environments, environment: Environments, store: Artifact, first: Artifact
) -> None:
    datastores.engine.deploy(deployment(datastores, 1, store), SilentProgress())
    with pytest.raises(Refused, match="is of kind datastore and stays so"):
        environment.engine.deploy(environment.deployment(2, first, role="db"), SilentProgress())


def test_another_stacks_volume_is_not_used(
    docker_client: DockerClient, datastores: Environments, store: Artifact
) -> None:
    wanted = deployment(datastores, 1, store)
    made = docker_client.volumes.create(wanted.name, labels={"onward.stack": "other"})
    try:
        with pytest.raises(ForeignResource, match=f"docker volume rm {wanted.name}"):
            datastores.engine.deploy(wanted, SilentProgress())
    finally:
        made.remove()


def test_who_reads_it_is_told_where_it_is_and_reaches_it(
    docker_client: DockerClient, datastores: Environments, environment: Environments, store: Artifact, images: Images
) -> None:
    db = deployment(datastores, 1, store)
    datastores.arrive(db)
    reader = images.pushed("wget -q -O - http://$ONWARD_DATASTORE_DB/kept; echo; sleep 60", {})
    reads = environment.deployment(1, reader, reads={"datastores": ["db"]}, health={"command": ["true"]})

    environment.arrive(reads)

    assert _variable(docker_client, reads, "ONWARD_DATASTORE_DB") == f"{db.name}:8080"
    output = wait_for(lambda: environment.engine.logs(Environment.CI, reads.service, 5))
    assert output.endswith("| the data")
    (network,) = _inspected(docker_client, db)["Spec"]["TaskTemplate"]["Networks"]
    data = data_network(Environment.CI, environment.application)
    assert docker_client.networks.get(network["Target"]).name == data


def test_a_datastore_that_is_not_there_is_named(environment: Environments, first: Artifact) -> None:
    reads = environment.deployment(1, first, reads={"datastores": ["db"]})
    name = f"ci-{environment.application}-db"
    with pytest.raises(Conflict, match=f"datastore {name} is not there yet\n  next: release"):
        environment.engine.deploy(reads, SilentProgress())
    environment.engine.deploy(environment.deployment(1, first, role="db"), SilentProgress())
    with pytest.raises(InvalidInput, match=f"{name} is of kind service"):
        environment.engine.deploy(reads, SilentProgress())


def _inspected(client: DockerClient, deployment: Deployment) -> Json:
    service: Json = client.api.inspect_service(deployment.name)  # type: ignore[no-untyped-call]
    return service


def _variable(client: DockerClient, deployment: Deployment, name: str) -> str:
    variables: list[str] = _inspected(client, deployment)["Spec"]["TaskTemplate"]["ContainerSpec"]["Env"]
    return next(value for key, _, value in (each.partition("=") for each in variables) if key == name)


def _node(client: DockerClient) -> str:
    return str(client.info()["Swarm"]["NodeID"])
