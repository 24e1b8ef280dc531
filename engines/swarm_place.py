"""Where in a swarm a deployment goes: to its environment, or to a slice of ci."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from domain import identity, resource_names, slice_names
from domain.data_names import volume_name
from domain.deployment import Deployment
from domain.environment import Environment
from domain.identity import ServiceId, canonical_name
from domain.service import Kind
from engines.labels import Label
from engines.swarm_spec import DATASTORE_STOP_GRACE, STOP_GRACE

#: Networks by their names, and how else than by its own name the service is called on each.
Networks = Mapping[str, Sequence[str]]


class Place(Protocol):
    """Names, networks and labels of the services of one place."""

    @property
    def labels(self) -> Mapping[str, str]:
        """What everything of this place carries, beside the stack's label."""

    @property
    def urls(self) -> Mapping[str, str]:
        """Role → where it answers, of those roles of which the place itself knows."""

    def stop_grace(self, deployment: Deployment) -> float:
        """Seconds between SIGTERM and SIGKILL."""

    def volume_name(self, deployment: Deployment) -> str:
        """The volume of a datastore's data; empty for one that goes with its container."""

    def service_name(self, environment: Environment, service: ServiceId) -> str:
        """The name of the swarm service."""

    def resource_name(self, deployment: Deployment, name: str) -> str:
        """What a queue or bucket of the application is called here."""

    def networks(self, deployment: Deployment) -> Networks:
        """What the service joins."""

    def own_networks(self, deployment: Deployment) -> Sequence[str]:
        """What has to be there with the service, whether it joins it or not."""

    def edge_network(self, deployment: Deployment) -> str | None:
        """The network on which the edge reaches the service, if it does; it is one of :meth:`networks`."""


class EnvironmentPlace:
    """An environment itself: everything has its canonical name.

    :param edge: whether services with an ingress join the environment's edge network.
    """

    labels: Mapping[str, str] = {}
    urls: Mapping[str, str] = {}

    def __init__(self, stack: str, *, edge: bool = True) -> None:
        self._stack = stack
        self._edge = edge

    def service_name(self, environment: Environment, service: ServiceId) -> str:
        """The canonical name."""
        return canonical_name(environment, service)

    def resource_name(self, deployment: Deployment, name: str) -> str:
        """The canonical name."""
        return resource_names.resource_name(deployment.environment, deployment.service.application, name)

    def networks(self, deployment: Deployment) -> Networks:
        """The application's network, that of its datastores, and the edge's, as far as it needs them.

        A datastore is reached by who reads it, and by nobody else.
        """
        if deployment.definition.kind is Kind.DATASTORE:
            return {identity.data_network(deployment.environment, deployment.service.application): [deployment.name]}
        application = identity.application_network(deployment.environment, deployment.service.application)
        edge = self.edge_network(deployment)
        return {name: [deployment.name] for name in (application, *_data(deployment), *([edge] if edge else ()))}

    def own_networks(self, deployment: Deployment) -> Sequence[str]:
        """The application's two: a datastore comes later than the services that read it, or earlier."""
        return [
            make(deployment.environment, deployment.service.application)
            for make in (identity.application_network, identity.data_network)
        ]

    def edge_network(self, deployment: Deployment) -> str | None:
        """Only for a service with an ingress."""
        reached = self._edge and deployment.definition.ingress
        return identity.edge_network(self._stack, deployment.environment) if reached else None

    def stop_grace(self, deployment: Deployment) -> float:
        """A datastore gets longer."""
        return DATASTORE_STOP_GRACE if deployment.definition.kind is Kind.DATASTORE else STOP_GRACE

    def volume_name(self, deployment: Deployment) -> str:
        """The canonical name: the next release finds it by it."""
        return volume_name(deployment.environment, deployment.service)


class SlicePlace:
    """A slice: services have names of their own, and their canonical ones only on the slice's network.

    :param owner: the regression's workflow ID; ``run`` its run.
    :param urls: role → where each service of the slice answers.
    """

    def __init__(self, name: str, application: str, owner: str, run: str, urls: Mapping[str, str]) -> None:
        self._name = name
        self._network = slice_names.slice_network(application, name)
        self.urls = urls
        self.labels: Mapping[str, str] = {
            Label.SLICE.value: name,
            Label.APPLICATION.value: application,
            Label.OWNER.value: owner,
            Label.RUN.value: run,
        }

    def service_name(self, environment: Environment, service: ServiceId) -> str:  # noqa: ARG002 – slices are in ci
        """A name that no other slice has."""
        return slice_names.slice_service(self._name, service.role)

    def resource_name(self, deployment: Deployment, name: str) -> str:  # noqa: ARG002
        """A name that no other slice has."""
        return slice_names.slice_resource(self._name, name)

    def networks(self, deployment: Deployment) -> Networks:
        """The slice's own; and that of the datastores of ci, where the canonical name is not claimed.

        A candidate datastore is reached by its own suite alone: by who reads it, ci's is meant.
        """
        if deployment.definition.kind is Kind.DATASTORE:
            return {self._network: []}
        return {self._network: [deployment.name], **{name: [] for name in _data(deployment)}}

    def own_networks(self, deployment: Deployment) -> Sequence[str]:  # noqa: ARG002
        """Its one network is made before any of its services."""
        return ()

    def edge_network(self, deployment: Deployment) -> str | None:  # noqa: ARG002
        """No slice is reached from outside."""
        return None

    def stop_grace(self, deployment: Deployment) -> float:  # noqa: ARG002
        """Nobody waits for what a slice still answers."""
        return 0.1

    def volume_name(self, deployment: Deployment) -> str:  # noqa: ARG002
        """The data of a candidate are of nobody's interest once it was tested."""
        return ""


def _data(deployment: Deployment) -> list[str]:
    """Who reads no datastore has no business on their network."""
    application = deployment.service.application
    reads = deployment.definition.reads.datastores
    return [identity.data_network(deployment.environment, application)] if reads else []
