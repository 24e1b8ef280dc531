"""Queues and buckets of slices: each has its own, declared as they are in ci, and nobody owns them."""

from __future__ import annotations

from collections.abc import Sequence

from domain import slice_names
from domain.deployment import Deployment
from domain.environment import Environment
from domain.progress import Progress
from domain.resource_store import Mark
from domain.resources import Bucket, Queue, ResourceKind
from domain.slices import SliceOwner
from engines.reach import Reach


class SliceResources:
    """Makes and removes them.

    :param reach: the servers of ci; its services find their queues and buckets by it.
    """

    def __init__(self, reach: Reach, *, stack: str) -> None:
        self.reach = reach
        self._stack = stack

    def up(self, owner: SliceOwner, deployments: Sequence[Deployment], progress: Progress) -> None:
        """Make all that the slice's services write or read; a second attempt finds what the first one made.

        What is read and written by nobody in the slice is plain, and empty.
        """
        for name, (queue, by) in _queues(deployments).items():
            progress.say(f"queue {name}")
            self.reach.queues.ensure(slice_names.slice_resource(owner.name, name), queue, self._mark(owner, by))
        for name, (bucket, by) in _buckets(deployments).items():
            progress.say(f"bucket {name}")
            self.reach.buckets.ensure(slice_names.slice_resource(owner.name, name), bucket, self._mark(owner, by))

    def down(self, owner: SliceOwner) -> None:
        """Remove all of them, with what is in them."""
        prefix = slice_names.slice_resources(owner.name)
        self.reach.queues.remove(prefix, self._stack)
        self.reach.buckets.remove(prefix, self._stack)

    def _mark(self, owner: SliceOwner, by: Deployment) -> Mark:
        return Mark(
            stack=self._stack,
            environment=Environment.CI,
            owner=by.service,
            number=by.number,
            release=by.release,
            slice=owner.name,
        )


def _queues(deployments: Sequence[Deployment]) -> dict[str, tuple[Queue, Deployment]]:
    """Queues of dead letters come before those that send to them."""
    read = {name: (Queue(name=name), each) for each, name in _read(deployments, ResourceKind.QUEUE)}
    written = {
        queue.name: (queue, each)
        for each in deployments
        for declared in each.definition.writes.queues
        for queue in (declared.dead, declared)
        if queue
    }
    return {**written, **{name: plain for name, plain in read.items() if name not in written}}


def _buckets(deployments: Sequence[Deployment]) -> dict[str, tuple[Bucket, Deployment]]:
    read = {name: (Bucket(name=name), each) for each, name in _read(deployments, ResourceKind.BUCKET)}
    written = {bucket.name: (bucket, each) for each in deployments for bucket in each.definition.writes.buckets}
    return {**read, **written}


def _read(deployments: Sequence[Deployment], kind: ResourceKind) -> list[tuple[Deployment, str]]:
    return [(each, name) for each in deployments for name in each.definition.resources.get(kind, ())]
