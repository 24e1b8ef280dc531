"""Networks of a real swarm: one of a name, this stack's own, two for each application."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from docker import DockerClient

from domain.artifact import Artifact
from domain.deployment import Deployment
from domain.environment import Environment
from domain.errors import ForeignResource
from domain.identity import application_network, data_network
from engines.labels import Label
from engines.swarm_networks import ensure_network
from stack.services import DeployedServices
from tests.engines.conftest import Environments
from tests.fakes.progress import SilentProgress

pytestmark = pytest.mark.server


def test_an_application_has_two_networks_and_only_who_reads_a_datastore_is_on_both(
    docker_client: DockerClient, environment: Environments, first: Artifact
) -> None:
    plain = environment.deployment(1, first)
    reader = environment.deployment(1, first, role="reader", reads={"datastores": ["db"]})
    own = application_network(Environment.CI, environment.application)
    data = data_network(Environment.CI, environment.application)

    environment.engine.deploy(plain, SilentProgress())

    there = _networks(docker_client, environment.stack)
    assert set(there) == {own, data}
    assert _joined(docker_client, plain) == {there[own]}
    db = environment.deployment(1, first, role="db", kind="datastore", datastore={"volume": "/www", "version": "1"})
    environment.engine.deploy(db, SilentProgress())
    environment.engine.deploy(reader, SilentProgress())
    assert _joined(docker_client, db) == {there[data]}
    assert _joined(docker_client, reader) == {there[own], there[data]}
    DeployedServices(docker_client, environment.stack).remove(print)  # as ``down --purge`` does
    assert _networks(docker_client, environment.stack) == {}


def test_creators_at_once_make_one_network(docker_client: DockerClient, stack: str) -> None:
    name = application_network(Environment.CI, stack)
    with ThreadPoolExecutor(12) as pool:
        ids = set(pool.map(lambda _: ensure_network(docker_client, name, stack), range(12)))
    assert len(ids) == 1
    assert [network.id for network in docker_client.networks.list(names=[name])] == list(ids)


def test_another_stacks_network_is_not_used(docker_client: DockerClient, stack: str) -> None:
    name = application_network(Environment.CI, stack)
    ensure_network(docker_client, name, stack)
    with pytest.raises(ForeignResource, match=f"docker network rm {name}"):
        ensure_network(docker_client, name, "other")


def test_a_network_of_one_machine_is_not_used(docker_client: DockerClient, stack: str) -> None:
    made = docker_client.networks.create(stack, driver="bridge", labels={"onward.stack": stack})
    try:
        with pytest.raises(ForeignResource, match="bridge network of one machine"):
            ensure_network(docker_client, stack, stack)
    finally:
        made.remove()


def _networks(client: DockerClient, stack: str) -> dict[str, str]:
    """Name → ID of all that are a stack's."""
    found = client.networks.list(filters={"label": f"{Label.STACK}={stack}"})
    return {str(network.name): str(network.id) for network in found}


def _joined(client: DockerClient, deployment: Deployment) -> set[str]:
    service = client.api.inspect_service(deployment.name)  # type: ignore[no-untyped-call]
    return {network["Target"] for network in service["Spec"]["TaskTemplate"]["Networks"]}
