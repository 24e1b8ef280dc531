"""Overlay networks of a swarm: made when missing, once, however many ask at the same time."""

from __future__ import annotations

from collections.abc import Mapping

from docker import DockerClient

from domain.errors import Conflict, ForeignResource
from engines.docker_api import address_of, translated
from engines.labels import Label, require_own


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
