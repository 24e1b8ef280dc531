"""Overlay networks of a swarm: made when missing, once, however many ask at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from docker import DockerClient

from domain.errors import Conflict, ForeignResource, NotFound
from engines.docker_api import address_of, own_node, translated
from engines.labels import Label, require_own
from engines.swarm_api import Json

#: Seconds in which swarm has noticed that a container is gone.
NOTICED = 10.0

#: The tasks that are no service's, but there for a container on a network. Not asked for, they are not listed.
ATTACHMENTS = {"runtime": ["attachment"]}


def ensure_network(client: DockerClient, name: str, stack: str, labels: Mapping[str, str] | None = None) -> str:
    """The ID of this stack's attachable overlay network with a name.

    Swarm itself refuses a second overlay network of a name, so of two creators at once one is
    told so and finds the other's. A network of the same name that is only this machine's
    (a bridge) is not refused by swarm; it is refused here.

    :raises ForeignResource: the network is another stack's, or no overlay network.
    """
    found = network_id(client, name, stack)
    if found is not None:
        return found
    try:
        with translated(address_of(client)):
            client.api.create_network(
                name,
                driver="overlay",
                attachable=True,
                check_duplicate=True,
                labels={**(labels or {}), Label.STACK: stack},
            )
    except Conflict:
        pass
    found = network_id(client, name, stack)
    if found is None:
        raise Conflict(f"network {name} was removed while it was being made")
    return found


def network_id(client: DockerClient, name: str, stack: str) -> str | None:
    """The ID of this stack's overlay network with a name, if it is there; :raises ForeignResource: as above.

    The filter matches parts of names, so that the name is compared again; the oldest wins.
    """
    with translated(address_of(client)):
        listed = client.api.networks(names=[name])
    networks = sorted(
        (network for network in listed if network["Name"] == name), key=lambda each: (each["Created"], each["Id"])
    )
    if not networks:
        return None
    for network in networks:
        if network["Scope"] != "swarm":
            raise ForeignResource(f"network {name} is a {network['Driver']} network of one machine, not of the swarm")
        require_own(network["Labels"] or {}, stack, f"network {name}", removal=f"docker network rm {name}")
    return str(networks[0]["Id"])


def is_held_for_nobody(client: DockerClient, network: str) -> bool:
    """Whether swarm keeps a network for nothing but containers that this machine has no more.

    It does so for ever, when a container was starting while the machine let its network go: nothing but a new start of
    the engine ends that. Who asks must have waited for :data:`NOTICED` before.

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
