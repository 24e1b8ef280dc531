"""Reads who owns the queues and buckets of an application, for people."""

from __future__ import annotations

from temporalio import activity

from activities.manifest_reader import ManifestReader
from activities.owners import Owners
from activities.published_sets import PublishedSets
from domain.holding import read
from domain.resource_lookups import OwnedResource, OwnersAnswer, OwnersRequest, state_of
from domain.storage import ObjectStore


class OwnerReader:
    """Only reads."""

    def __init__(self, store: ObjectStore, manifests: ManifestReader) -> None:
        self._owners = Owners(store)
        self._sets = PublishedSets(store)
        self._manifests = manifests

    @activity.defn
    def owners(self, request: OwnersRequest) -> OwnersAnswer:
        """Everything that anybody of the application ever owned, and which published services read it."""
        readers = self._readers(request.application)
        return OwnersAnswer(
            resources=tuple(
                OwnedResource(
                    kind=resource.kind,
                    name=resource.name,
                    owner=f"{request.application}-{holding.owner}" if holding.owner else "",
                    since=holding.since,
                    readers=tuple(sorted(readers.get((resource.kind, resource.name), ()))),
                    state=state_of(holding, request.at),
                )
                for resource, holding in self._owners.read(request.application).all()
            )
        )

    def _readers(self, application: str) -> dict[tuple[str, str], list[str]]:
        published, _ = self._sets.read(application)
        found: dict[tuple[str, str], list[str]] = {}
        for version in published.services.values():
            definition = self._manifests.read(version.manifest).definition
            for resource in read(definition):
                found.setdefault((resource.kind, resource.name), []).append(str(definition.service))
        return found
