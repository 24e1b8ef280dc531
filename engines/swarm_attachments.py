"""Containers on a swarm's networks that swarm did not make: for each, and each of its networks, it keeps a task."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar, cast

from docker import DockerClient

from domain.errors import NotFound
from engines.docker_api import address_of, own_node, translated
from engines.docker_stream import raise_for_status
from engines.swarm_api import Json

Attached = TypeVar("Attached")

#: Seconds in which swarm has noticed that a container is gone.
NOTICED = 10.0

#: The tasks that are no service's, but there for a container on a network. Not asked for, they are not listed.
ATTACHMENTS = {"runtime": ["attachment"]}

#: How often a container is started, should its network go from the machine each time.
STARTS = 5

POLL = 0.2


def networking_config(name: str, key: str) -> Json:
    """For a container that is made: have it join a network by its ID, which is the key."""
    return {"EndpointsConfig": {name: {"NetworkID": key}}}


def join(client: DockerClient, container: str, key: str) -> None:
    """Have a container that was not started yet join another network, by its ID, too."""
    url = f"{client.api.base_url}/v{client.api.api_version}/networks/{key}/connect"
    with translated(address_of(client)):
        configuration = {"Container": container, "EndpointConfig": {"NetworkID": key}}
        raise_for_status(client.api.post(url, json=configuration, timeout=client.api.timeout))


def start(client: DockerClient, container: str, attach: Callable[[], Attached]) -> Attached:
    """Start a container that joins its networks by their IDs.

    The engine takes a swarm's network from the machine with the last container on it, also while another one is about
    to join: that one is not started ("network … not found"), and swarm takes it for joined, and keeps the network, for
    ever. If it is started once more, the engine finds what it joined by the network's ID, leaves it, and joins anew; by
    the network's name it does not. So no cancel is heard in between. Measured with one container that left as three
    joined: at every second such moment a start failed; of the networks, all of those were kept, and with this, none.

    :param attach: begins to read the container's output; called before each start, as one that fails ends it.
    :return: what the last ``attach`` gave.
    :raises NotFound: the container or its network is gone.
    """
    for left in reversed(range(STARTS)):
        attached = attach()
        try:
            with translated(address_of(client)):
                client.api.start(container)
            break
        except NotFound:
            if not left:
                raise
        time.sleep(POLL)
    return attached


def is_held_for_nobody(client: DockerClient, network: str) -> bool:
    """Whether swarm keeps a network for nothing but containers that this machine has no more.

    See :func:`start`; nothing but a new start of the engine ends that. Who asks must have waited for :data:`NOTICED`
    before.

    :param network: its name or ID; one that is gone is not held.
    """
    try:
        with translated(address_of(client)):
            key = client.api.inspect_network(network)["Id"]
    except NotFound:
        return False
    own = own_node(client)
    with translated(address_of(client)):
        tasks = [each for filters in ({}, ATTACHMENTS) for each in cast(Any, client.api).tasks(filters=filters)]
    holding = [each for each in tasks if each["DesiredState"] == "running" and key in _networks_of(each)]
    return bool(holding) and all(each.get("NodeID") == own and _is_for_nobody(client, each) for each in holding)


def _networks_of(task: Json) -> list[str]:
    return [each["Target"] for each in task["Spec"].get("Networks") or ()]


def _is_for_nobody(client: DockerClient, task: Json) -> bool:
    """Whether it stands for a container, and there is none of its ID."""
    attachment = task["Spec"].get("NetworkAttachmentSpec")
    if attachment is None:
        return False
    try:
        with translated(address_of(client)):
            client.api.inspect_container(attachment["ContainerID"])
    except NotFound:
        return True
    return False
