"""What an environment has below its services, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from domain.bootstrap import EnvironmentPart, Present
from domain.environment import Environment
from domain.errors import Unreachable
from domain.progress import Progress


class MemoryFoundation:
    """Parts that are there, by name; ``dies`` is how many times it is interrupted before it has made the second."""

    def __init__(self) -> None:
        self.there: dict[Environment, list[str]] = {}
        self.made: list[str] = []
        self.dies = 0

    @property
    def has_edge(self) -> bool:
        return False

    def parts(self, environment: Environment, networks: Sequence[str]) -> list[EnvironmentPart]:
        there = self.there.get(environment, [])
        return [
            EnvironmentPart(kind="network", name=each, present=Present.RIGHT if each in there else Present.MISSING)
            for each in networks
        ]

    def lay(self, environment: Environment, networks: Sequence[str], progress: Progress) -> None:
        there = self.there.setdefault(environment, [])
        for each in networks:
            if each not in there:
                there.append(each)
                self.made.append(each)
            if self.dies:
                self.dies -= 1
                raise Unreachable("Docker Engine", "memory", "connection reset")


class MemoryBucket:
    """A bucket that is there once it was made; ``made`` counts how often."""

    def __init__(self, bucket: str) -> None:
        self.bucket = bucket
        self.made = 0

    def is_there(self) -> bool:
        return self.made > 0

    def ensure_bucket(self) -> None:
        if not self.is_there():
            self.made += 1
