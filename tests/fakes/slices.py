"""Slices in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from domain.artifact import Digest
from domain.deployment import Deployment
from domain.errors import Conflict
from domain.progress import Progress
from domain.service import Kind
from domain.slices import FoundSlice, SliceOwner, SliceUp


class MemorySlices:
    """Slices that are up at once; ``blocked`` holds them back, ``sick`` roles never come up, ``stuck`` ones stay.

    ``going`` is called before one goes.
    """

    def __init__(self) -> None:
        self.there: dict[str, FoundSlice] = {}
        self.versions: dict[str, dict[str, Digest]] = {}
        self.downs: list[str] = []
        self.stuck: set[str] = set()
        self.sick: set[str] = set()
        self.blocked: threading.Event | None = None
        self.going: Callable[[], None] = lambda: None

    def up(self, owner: SliceOwner, deployments: Sequence[Deployment], progress: Progress) -> SliceUp:
        deployments = [each for each in deployments if each.definition.kind is not Kind.BATCH]
        self.there[owner.name] = FoundSlice(owner=owner, created=datetime.now(UTC))
        self.versions[owner.name] = {each.service.role: each.manifest.digest for each in deployments}
        while self.blocked and not self.blocked.is_set():
            progress.say("coming up")
            progress.wait(0.05)
        sick = sorted(self.sick & {each.service.role for each in deployments})
        own = {each.service.role for each in deployments if each.definition.datastore}
        urls = {
            each.service.role: f"http://{each.name}:{each.definition.port}"
            for each in deployments
            if not each.definition.datastore
        }
        datastores = {role: f"{owner.name}-{role}:8080" for role in own}
        return SliceUp(
            urls=urls, datastores=datastores, fault=f"{sick[0]} does not come up in the slice" if sick else ""
        )

    def down(self, owner: SliceOwner, progress: Progress) -> None:
        if owner.name in self.stuck:
            raise Conflict(f"the network of {owner.name} is in use by a task that is gone")
        self.going()
        self.downs.append(owner.name)
        self.there.pop(owner.name, None)

    def found(self) -> list[FoundSlice]:
        return sorted(self.there.values(), key=lambda each: each.created)
