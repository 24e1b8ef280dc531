"""Stages *deploy*: the queues and buckets of a release are there, as it declares them, before its tasks start."""

from __future__ import annotations

from collections.abc import Iterator

from temporalio import activity

from activities.heartbeat import Heartbeat
from activities.owners import Owners
from activities.targets import Targets
from domain.environment import Environment
from domain.errors import Conflict
from domain.holding import Claimant, Resource, read, written
from domain.identity import ServiceId
from domain.manifest import Manifest
from domain.ownership import Ownership
from domain.progress import Progress
from domain.resource_names import resource_name
from domain.resource_steps import ProvisionRequest, ResourcesNoted
from domain.resource_store import Mark, Provision, ResourceStore
from domain.resources import Bucket, Queue, ResourceKind
from domain.storage import ObjectStore


class ResourceActivities:
    """Holds one environment's queues and buckets.

    :param stack: the mark of everything that is made.
    """

    def __init__(
        self,
        targets: Targets,
        store: ObjectStore,
        queues: ResourceStore[Queue],
        buckets: ResourceStore[Bucket],
        *,
        stack: str,
    ) -> None:
        self._targets = targets
        self._owners = Owners(store)
        self._queues = queues
        self._buckets = buckets
        self._stack = stack

    @activity.defn(no_thread_cancel_exception=True)
    def provision(self, request: ProvisionRequest) -> ResourcesNoted:
        """Make and configure what the release writes; make sure that what it reads is there.

        In ci its claim becomes firm first; prod only reads the registry. After a SIGKILL the next attempt finds each
        resource that was made, with its mark, and configures it again.
        :raises ResourceRefused: its claim has lapsed, and another service has it now.
        :raises ForeignResource: something else has the name.
        :raises Conflict: what it reads is not there yet; its owner's release is about to make it.
        """
        with Heartbeat() as progress:
            manifest = self._targets.manifest(request.target)
            number = request.target.number
            by = Claimant(release=manifest.release, definition=manifest.definition, at=request.at)
            ownership = self._firm(by, number)
            done = [f"{resource}: {what}" for resource, what in self._made(manifest, number, ownership, progress)]
            for resource in read(manifest.definition):
                self._require_there(manifest, resource)
        return ResourcesNoted(detail=", ".join(done))

    @activity.defn(no_thread_cancel_exception=True)
    def let_go(self, request: ProvisionRequest) -> ResourcesNoted:
        """What a version that is verified in prod does not write is nobody's from now on; it stays where it is.

        A second attempt finds nothing to let go. Only ci may write the registry, for both environments.
        """
        with Heartbeat():
            manifest = self._targets.manifest(request.target)
            by = Claimant(release=manifest.release, definition=manifest.definition, at=request.at)
            before: dict[Resource, str] = {}

            def change(current: Ownership) -> Ownership:
                before.clear()
                before.update({resource: there.owner for resource, there in current.all()})
                return current.dropped(by, request.target.number, manifest.started)

            after = self._owners.change(manifest.service.application, change)
        let_go = [str(each) for each, owner in before.items() if owner and not (_owner(after, each))]
        return ResourcesNoted(detail=f"let go of {', '.join(let_go)}" if let_go else "")

    def _firm(self, by: Claimant, number: int) -> Ownership:
        application = by.definition.application
        if self._targets.environment is Environment.CI:
            return self._owners.change(application, lambda current: current.claimed(by, number))
        ownership = self._owners.read(application)
        ownership.require_owned(by)
        return ownership

    def _made(
        self, manifest: Manifest, number: int, ownership: Ownership, progress: Progress
    ) -> Iterator[tuple[Resource, Provision]]:
        definition = manifest.definition
        queues = {each.name: each for queue in definition.writes.queues for each in (queue.dead, queue) if each}
        buckets = {bucket.name: bucket for bucket in definition.writes.buckets}
        for resource in written(definition):
            name = self._name(manifest, resource)
            progress.say(f"{resource}: {name}")
            mark = self._mark(manifest, number, ownership, resource)
            if resource.kind is ResourceKind.QUEUE:
                yield resource, self._queues.ensure(name, queues[resource.name], mark)
            else:
                yield resource, self._buckets.ensure(name, buckets[resource.name], mark)

    def _mark(self, manifest: Manifest, number: int, ownership: Ownership, resource: Resource) -> Mark:
        there = ownership.of(resource)
        application = manifest.service.application
        former = tuple(ServiceId(application=application, role=role) for role in (there.former if there else ()))
        return Mark(
            stack=self._stack,
            environment=self._targets.environment,
            owner=manifest.service,
            number=number,
            release=manifest.release,
            former=former,
        )

    def _require_there(self, manifest: Manifest, resource: Resource) -> None:
        name = self._name(manifest, resource)
        store = self._queues if resource.kind is ResourceKind.QUEUE else self._buckets
        if store.address(name) is None:
            raise Conflict(
                f"{resource}, which {manifest.service} reads, is not in {self._targets.environment} yet: there is no "
                f"{name}\n  next: onward owners {manifest.service.application} says whose release makes it"
            )

    def _name(self, manifest: Manifest, resource: Resource) -> str:
        return resource_name(self._targets.environment, manifest.service.application, resource.name)


def _owner(ownership: Ownership, resource: Resource) -> str:
    there = ownership.of(resource)
    return there.owner if there else ""
