"""Reads what there is of an application in one environment, for people and scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from temporalio import activity

from activities.manifest_reader import ManifestReader
from domain.data_names import datastore_address
from domain.deployment import EnvironmentEngine, ServiceState
from domain.environment import Environment
from domain.holding import written
from domain.resource_lookups import Discovered, DiscoverRequest, DiscoveryAnswer, DiscoveryKind
from domain.resource_names import resource_name
from domain.resource_store import ResourceStore
from domain.resources import Bucket, Queue, ResourceKind
from domain.service import Kind, ServiceDefinition


class DiscoveryReader:
    """Only reads: what runs, the signed manifest of each, and the servers of queues and buckets.

    :param edge_url: base URL of the environment's edge.
    """

    def __init__(
        self,
        engines: Mapping[Kind, EnvironmentEngine],
        manifests: ManifestReader,
        queues: ResourceStore[Queue],
        buckets: ResourceStore[Bucket],
        edge_url: str,
    ) -> None:
        self._engines = engines
        self._manifests = manifests
        self._queues = queues
        self._buckets = buckets
        self._edge_url = edge_url.rstrip("/")

    @activity.defn
    def discover(self, request: DiscoverRequest) -> DiscoveryAnswer:
        """What runs there now, and what it writes; of what is not there yet nothing is said."""
        found = [
            each
            for engine in self._engines.values()
            for state in engine.running(request.environment)
            if state.service.application == request.application
            for each in self._of(engine, state, request)
            if request.kind in (None, each.kind)
        ]
        order = list(DiscoveryKind)
        return DiscoveryAnswer(found=tuple(sorted(found, key=lambda each: (order.index(each.kind), each.name))))

    def _of(self, engine: EnvironmentEngine, state: ServiceState, request: DiscoverRequest) -> Iterator[Discovered]:
        definition = self._manifests.read_digest(state.manifest).definition

        def found(kind: DiscoveryKind, name: str, canonical: str, address: str) -> Discovered:
            service = str(state.service)
            return Discovered(
                kind=kind, name=name, canonical=canonical, address=address, service=service, number=state.number
            )

        if definition.kind is Kind.DATASTORE:
            address = datastore_address(request.environment, state.service, definition.port)
            yield found(DiscoveryKind.DATASTORE, definition.role, state.name, address)
        elif address := engine.url(request.environment, definition):  # a batch job has none
            yield found(DiscoveryKind.SERVICE, definition.role, state.name, address)
        if definition.ingress and self._edge_url:
            address = self._edge_url + definition.ingress.path
            yield found(DiscoveryKind.ENDPOINT, definition.role, state.name, address)
        if request.kind in (None, DiscoveryKind.QUEUE, DiscoveryKind.BUCKET):
            for resource_kind, name, canonical in _written(request.environment, definition):
                there = self._address(resource_kind, canonical)
                if there is not None:
                    yield found(DiscoveryKind(resource_kind.value), name, canonical, there)

    def _address(self, kind: ResourceKind, name: str) -> str | None:
        return self._queues.address(name) if kind is ResourceKind.QUEUE else self._buckets.address(name)


def _written(environment: Environment, definition: ServiceDefinition) -> Iterator[tuple[ResourceKind, str, str]]:
    for resource in written(definition):
        canonical = resource_name(environment, definition.application, resource.name)
        yield resource.kind, resource.name, canonical
