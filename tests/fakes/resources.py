"""Queues and buckets in memory."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from typing import Generic, TypeVar

from domain.errors import Unreachable
from domain.resource_store import Mark, Provision
from domain.resources import Bucket, Queue
from engines.aws import STACK_TAG, is_newer, require_ours, tags_of

Declared = TypeVar("Declared", Queue, Bucket)


class MemoryResources(Generic[Declared]):
    """Made at once; ``unreachable`` are the next calls that hear nothing, ``foreign`` what others made: name → tags."""

    def __init__(self) -> None:
        self.there: dict[str, tuple[Declared, Mapping[str, str]]] = {}
        self.foreign: dict[str, Mapping[str, str]] = {}
        self.unreachable = 0
        self._lock = threading.Lock()

    def ensure(self, name: str, declared: Declared, mark: Mark) -> Provision:
        with self._lock:
            if self.unreachable:
                self.unreachable -= 1
                raise Unreachable("SQS", "memory", "connection refused")
            if name in self.foreign:
                require_ours(self.foreign[name], mark, name)
            before = self.there.get(name)
            if before is not None:
                require_ours(before[1], mark, name)
                if is_newer(before[1], mark):
                    return Provision.NEWER
            self.there[name] = (declared, tags_of(mark))
            if before is None:
                return Provision.CREATED
            return Provision.UNCHANGED if before[0] == declared else Provision.UPDATED

    def address(self, name: str) -> str | None:
        return f"http://memory/{name}" if name in self.there else None

    def names(self, prefix: str) -> Collection[str]:
        return sorted(name for name in self.there if name.startswith(prefix))

    def remove(self, prefix: str, stack: str) -> None:
        for name in list(self.names(prefix)):
            if self.there[name][1].get(STACK_TAG) == stack:
                del self.there[name]
