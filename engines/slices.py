"""Slices in a swarm: the same engine code as for ci and prod, in a place of its own."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import monotonic

from docker import DockerClient

from domain import slice_names
from domain.deployment import Deployment, settled
from domain.errors import Conflict, DeployHalted, InvalidInput, NotFound, Unreachable
from domain.pace import pauses
from domain.progress import Progress
from domain.service import Kind
from domain.slices import FoundSlice, SliceOwner, SliceUp
from engines.containers import LabelledContainers
from engines.docker_api import address_of, translated
from engines.labels import SERVICE_ID, Label
from engines.slice_resources import SliceResources
from engines.slice_sites import SliceSites
from engines.swarm import SwarmEngine
from engines.swarm_api import Json, SwarmServices
from engines.swarm_attachments import NOTICED, is_held_for_nobody
from engines.swarm_networks import ensure_network
from engines.swarm_place import SlicePlace
from engines.swarm_placement import url_at
from engines.swarm_tasks import moment

POLL = 0.2
AT_ONCE = 8

#: Seconds in which a network is free of its last container; until then Docker keeps it. Less than the
#: minute that a sweep has for it, so that what keeps it is said.
NETWORK_PATIENCE = 45.0


class SwarmSlices:
    """A :class:`domain.slices.Slices`.

    :param stack: the label of everything that is made.
    :param sites: serves the bundles of static services.
    :param resources: makes the queues and buckets of slices.
    """

    def __init__(
        self,
        client: DockerClient,
        sites: SliceSites,
        *,
        stack: str,
        endpoint_mode: str,
        resources: SliceResources | None = None,
    ) -> None:
        self._client = client
        self._services = SwarmServices(client)
        self._sites = sites
        self._stack = stack
        self._endpoint_mode = endpoint_mode
        self._resources = resources

    def up(self, owner: SliceOwner, deployments: Sequence[Deployment], progress: Progress) -> SliceUp:
        """Bring all services up at once; of batch jobs only what they write.

        The network is made first: by it a slice is found again.
        """
        there = [each for each in deployments if each.definition.kind is not Kind.BATCH]
        urls = {each.service.role: self._url(each) for each in there if not each.definition.datastore}
        datastores = {
            each.service.role: slice_names.slice_datastore(owner.name, each.service.role, each.definition.port)
            for each in there
            if each.definition.datastore
        }
        place = SlicePlace(owner.name, owner.application, owner.regression, owner.run, urls)
        network = slice_names.slice_network(owner.application, owner.name)
        needed = any(each.definition.resources for each in deployments)
        labels = {**place.labels, **({Label.RESOURCES.value: "true"} if needed else {})}
        ensure_network(self._client, network, self._stack, labels)
        if needed and self._resources:
            self._resources.up(owner, deployments, progress)
        services = SwarmEngine(
            self._client,
            stack=self._stack,
            endpoint_mode=self._endpoint_mode,
            place=place,
            reach=self._resources.reach if self._resources else None,
        )
        with ThreadPoolExecutor(AT_ONCE) as pool:
            asked = [pool.submit(self._ask, services, each, progress) for each in there]
        for done in asked:
            done.result()
        running = [each for each in there if each.definition.kind is not Kind.STATIC]
        return SliceUp(urls=urls, datastores=datastores, fault=_awaited(services, running, progress))

    def down(self, owner: SliceOwner, progress: Progress) -> None:
        """Suites first, services next; the network goes last, so that a killed attempt is found again.

        A suite may be starting still, for an attempt that was given up. If its network went meanwhile – swarm takes it
        from the machine with the last service –, swarm would take it for attached, and keep the network for ever.

        The network says whether there are queues or buckets: a slice without any asks no server for them.
        """
        labels = {Label.STACK.value: self._stack, Label.SLICE.value: owner.name}
        containers = LabelledContainers(self._client, labels)
        containers.remove(lambda carried: SERVICE_ID not in carried)
        for service in self._services.labelled(labels):
            with suppress(NotFound):
                self._services.remove(service["ID"])
        containers.remove(lambda _: True)
        network = slice_names.slice_network(owner.application, owner.name)
        if self._resources and self._has_resources(network):
            self._resources.down(owner)
        self._remove_network(network, progress)

    def found(self) -> list[FoundSlice]:
        """By their networks."""
        with translated(address_of(self._client)):
            listed = self._client.api.networks(filters={"label": [f"{Label.STACK}={self._stack}", Label.SLICE.value]})
        return sorted((_found(each) for each in listed), key=lambda each: each.created)

    def _ask(self, services: SwarmEngine, deployment: Deployment, progress: Progress) -> None:
        if deployment.definition.kind is Kind.STATIC:
            self._sites.serve(deployment.artifact)
        else:
            services.deploy(deployment, progress)

    def _url(self, deployment: Deployment) -> str:
        if deployment.definition.kind is Kind.STATIC:
            return self._sites.url(deployment.artifact)
        return url_at(deployment.name, deployment.definition.port)

    def _has_resources(self, network: str) -> bool:
        with translated(address_of(self._client)):
            listed = self._client.api.networks(names=[network])
        return any(Label.RESOURCES in (each["Labels"] or {}) for each in listed if each["Name"] == network)

    def _remove_network(self, name: str, progress: Progress) -> None:
        """Swarm lets a network go once the last container is off it, and the machine a moment later.

        One that it keeps for nobody stays for the sweep, which finds it until the engine has started anew.
        """
        begun = monotonic()
        while True:
            try:
                with translated(address_of(self._client)):
                    self._client.api.remove_network(name)
            except NotFound:
                return
            except (Conflict, InvalidInput, Unreachable):
                waited = monotonic() - begun
                if waited > NOTICED and is_held_for_nobody(self._client, name):
                    return
                if waited > NETWORK_PATIENCE:
                    raise
            progress.say(f"{name} is still in use")
            progress.wait(POLL)


def _awaited(services: SwarmEngine, deployments: Sequence[Deployment], progress: Progress) -> str:
    """Wait until all serve; why one does not, or nothing."""
    waiting, looks = {each.service.role: each for each in deployments}, pauses(POLL)
    end = monotonic() + max((each.definition.deploy.timeout.total_seconds() for each in deployments), default=0)
    while waiting:
        for role, deployment in list(waiting.items()):
            state = services.observe(deployment.environment, deployment.service)
            try:
                if state is not None and settled(state, deployment):
                    del waiting[role]
            except DeployHalted as error:
                return f"{role} does not come up in the slice: {error}"
        if waiting and monotonic() > end:
            return f"{', '.join(sorted(waiting))} did not come up in the slice in time"
        if waiting:
            progress.say(f"waiting for {', '.join(sorted(waiting))}")
            progress.wait(next(looks))
    return ""


def _found(network: Json) -> FoundSlice:
    labels = network["Labels"]
    owner = SliceOwner(
        name=labels[Label.SLICE],
        application=labels[Label.APPLICATION],
        regression=labels[Label.OWNER],
        run=labels[Label.RUN],
    )
    return FoundSlice(owner=owner, created=moment(network["Created"]))
