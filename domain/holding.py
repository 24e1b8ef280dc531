"""Queues and buckets as the registry of owners knows them: who has one, who asks for one, what a version needs."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from domain.resources import ResourceKind
from domain.service import ServiceDefinition

#: How long a claim holds that no release has made use of: the service tries again, or gives it up.
PENDING = timedelta(days=1)


class Resource(BaseModel):
    """One queue or bucket by the name that definitions call it by; ``fifo`` is of a queue."""

    model_config = ConfigDict(frozen=True)

    kind: ResourceKind
    name: str
    fifo: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Holding(BaseModel):
    """Who has a resource. ``owner`` is a role, and empty once the last owner has dropped it.

    ``since``: the release that claimed it – or, of one without an owner, the release that dropped it.
    ``release``, ``asked``: the last release that claimed it, and when.
    ``number``: the newest release that configured it; none as long as it is only claimed.
    ``former``: the services that owned it before, and may have left their mark on it.
    """

    model_config = ConfigDict(frozen=True)

    owner: str
    since: str
    release: str
    asked: datetime
    number: int | None = None
    fifo: bool = False
    former: tuple[str, ...] = ()

    def stands(self, now: datetime) -> bool:
        """Whether nobody else may have it."""
        return bool(self.owner) and (self.number is not None or now - self.asked < PENDING)

    @property
    def firm(self) -> bool:
        """Whether a release of its owner configured it: others may rely on it."""
        return bool(self.owner) and self.number is not None

    @property
    def orphaned(self) -> bool:
        """Whether it is there, and nobody's."""
        return not self.owner


class Claimant(BaseModel):
    """A release that asks, with the definition that it would run; ``at`` is when."""

    model_config = ConfigDict(frozen=True)

    release: str
    definition: ServiceDefinition
    at: datetime

    @property
    def role(self) -> str:
        """Whose release it is."""
        return self.definition.role


def written(definition: ServiceDefinition) -> list[Resource]:
    """What a version writes and therefore owns; a queue's queue of dead letters belongs to it, and comes first."""
    queues = [each for queue in definition.writes.queues for each in (queue.dead, queue) if each]
    found = [Resource(kind=ResourceKind.QUEUE, name=queue.name, fifo=queue.fifo) for queue in queues]
    return found + [Resource(kind=ResourceKind.BUCKET, name=bucket.name) for bucket in definition.writes.buckets]


def read(definition: ServiceDefinition) -> list[Resource]:
    """What a version reads."""
    return [
        *(Resource(kind=ResourceKind.QUEUE, name=name) for name in definition.reads.queues),
        *(Resource(kind=ResourceKind.BUCKET, name=name) for name in definition.reads.buckets),
    ]
