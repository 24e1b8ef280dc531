"""Datastores in a swarm: the volume of their data, the machine that it is on, and where they are reached."""

from __future__ import annotations

from dataclasses import dataclass

from docker import DockerClient

from domain.data_names import datastore_address
from domain.deployment import Deployment
from domain.environment import Environment
from domain.errors import Conflict, InvalidInput, NotFound, Refused
from domain.identity import ServiceId, canonical_name
from domain.service import Kind
from engines.docker_api import address_of, own_node, translated
from engines.labels import Label, labels_of, require_own
from engines.swarm_api import Json

NODE = "node.id=="


@dataclass(frozen=True)
class Volume:
    """Where a datastore has its data: ``name`` is empty for one that goes with its container."""

    name: str
    target: str

    @property
    def mount(self) -> Json:
        """The ``Mount`` of the Docker Engine API."""
        return {"Type": "volume", "Target": self.target} | ({"Source": self.name} if self.name else {})


def ensure_volume(client: DockerClient, name: str, stack: str, environment: Environment, service: ServiceId) -> None:
    """Have a volume of this stack's; one that is there keeps what is in it.

    :raises ForeignResource: the volume is another stack's, or was not made by Onward.
    """
    labels = {
        Label.STACK.value: stack,
        Label.ENVIRONMENT.value: environment.value,
        Label.APPLICATION.value: service.application,
        Label.ROLE.value: service.role,
    }
    try:
        found = _inspected(client, name)
    except NotFound:
        with translated(address_of(client)):
            client.api.create_volume(name, labels=labels)
        found = _inspected(client, name)
    require_own(found["Labels"] or {}, stack, f"volume {name}", removal=f"docker volume rm {name}")


def node_of(client: DockerClient, current: Json | None) -> str:
    """The ID of the machine that has a datastore's volume: of the manager that made it, and from then on that one.

    A volume is of one machine. A task that swarm started on another one would find an empty one of the same name.
    """
    if current is not None:
        constraints = current["Spec"]["TaskTemplate"].get("Placement", {}).get("Constraints") or []
        for constraint in constraints:
            if constraint.startswith(NODE):
                return str(constraint.removeprefix(NODE))
    return own_node(client)


def address_in(found: Json | None, environment: Environment, application: str, role: str) -> str:
    """``host:port`` of a datastore for who reads it.

    :param found: what runs under the datastore's canonical name.
    :raises Conflict: nothing does yet: who reads one that is published may come before it.
    :raises InvalidInput: it is no datastore.
    """
    service = ServiceId(application=application, role=role)
    name = canonical_name(environment, service)
    if found is None:
        raise Conflict(
            f"the datastore {name} is not there yet\n"
            f"  next: release {service} first; onward deployed --application {application}"
        )
    labels = labels_of(found)
    if labels.get(Label.KIND) != Kind.DATASTORE:
        raise InvalidInput(
            f"{name} is of kind {labels.get(Label.KIND, 'unknown')}",
            where=f"reads.datastores: [{role}]",
            expected=f"a datastore of {application} that is deployed to {environment}",
            next=f"release {service} first; onward deployed --application {application}",
        )
    return datastore_address(environment, service, int(labels[Label.PORT]))


def refuse_another_kind(current: Json, deployment: Deployment) -> None:
    """:raises Refused: a datastore would take the place of a service, or the reverse."""
    before, after = labels_of(current).get(Label.KIND), deployment.definition.kind
    if before != after and Kind.DATASTORE in (before, after):
        raise Refused(
            f"{deployment.name} is of kind {before} and stays so: this release makes it a {after}\n"
            f"  next: give the {after} a role of its own"
        )


def _inspected(client: DockerClient, name: str) -> Json:
    with translated(address_of(client)):
        found: Json = client.api.inspect_volume(name)
        return found
