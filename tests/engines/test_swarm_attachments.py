"""What a real swarm keeps for containers on its networks that it did not make; see also ``test_suites.py``."""

from __future__ import annotations

import pytest
from docker import DockerClient

from domain.environment import Environment
from domain.identity import application_network
from engines.swarm_attachments import ATTACHMENTS, is_held_for_nobody
from engines.swarm_networks import ensure_network
from stack.base_image import PYTHON_IMAGE

pytestmark = pytest.mark.server


@pytest.mark.parametrize(("node", "held"), [("own", True), ("another", False)])
def test_what_swarm_keeps_for_a_container_that_is_gone_is_known(
    docker_client: DockerClient, stack: str, monkeypatch: pytest.MonkeyPatch, node: str, held: bool
) -> None:
    """What an engine's swarm said of two networks after a container had started while its network went."""
    network = ensure_network(docker_client, application_network(Environment.CI, stack), stack)
    assert not is_held_for_nobody(docker_client, network)
    node = docker_client.info()["Swarm"]["NodeID"] if node == "own" else node
    spec = {"NetworkAttachmentSpec": {"ContainerID": "gone"}, "Networks": [{"Target": network}]}
    task = {"Spec": {**spec, "Runtime": "attachment"}, "NodeID": node, "DesiredState": "running"}
    other = {"Spec": {"Networks": [{"Target": "other"}]}, "NodeID": node, "DesiredState": "running"}
    monkeypatch.setattr(docker_client.api, "tasks", lambda filters: [task] if filters == ATTACHMENTS else [other])

    assert is_held_for_nobody(docker_client, network) is held


def test_a_network_is_not_held_for_nobody_while_a_container_is_on_it(docker_client: DockerClient, stack: str) -> None:
    name = application_network(Environment.CI, stack)
    network = ensure_network(docker_client, name, stack)
    container = docker_client.containers.run(PYTHON_IMAGE, ["sleep", "600"], detach=True, network=name, init=True)
    try:
        attachments = docker_client.api.tasks(filters=ATTACHMENTS)  # type: ignore[no-untyped-call]
        assert container.id in [each["Spec"]["NetworkAttachmentSpec"]["ContainerID"] for each in attachments]
        assert not is_held_for_nobody(docker_client, network)
    finally:
        container.remove(force=True)
