"""What a release does about queues and buckets: one model in, one model out for each activity."""

from __future__ import annotations

from datetime import datetime

from domain.holding import Claimant
from domain.message import Message
from domain.service import ServiceDefinition
from domain.stages import Target


class ClaimRequest(Message):
    """A release that will write and read what its definition says; ``at`` is the workflow's own time."""

    release: str
    definition: ServiceDefinition
    at: datetime

    @property
    def claimant(self) -> Claimant:
        """Who asks."""
        return Claimant(release=self.release, definition=self.definition, at=self.at)


class ProvisionRequest(Message):
    """A published release whose queues and buckets are to be there before its tasks start."""

    target: Target
    at: datetime


class ResourcesNoted(Message):
    """What was done, in one line for a person."""

    detail: str


def uses_resources(definition: ServiceDefinition) -> bool:
    """Whether a release has anything to do about queues and buckets: one that has not asks for nothing."""
    return bool(definition.resources)
