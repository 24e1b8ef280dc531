"""What Onward needs of a server of queues or buckets: the interface, in Onward's words."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from domain.environment import Environment
from domain.identity import ServiceId

Declared = TypeVar("Declared", contravariant=True)


class Mark(BaseModel):
    """What a resource carries as tags: whose it is, and which release configured it last.

    ``former`` are the services that owned it before, by the registry of owners: their mark may be on it still.
    ``slice`` is the name of the slice that it belongs to, if it does; then nobody owns it.
    """

    model_config = ConfigDict(frozen=True)

    stack: str
    environment: Environment
    owner: ServiceId
    number: int
    release: str
    former: tuple[ServiceId, ...] = ()
    slice: str = ""


class Provision(StrEnum):
    """What was done about a resource."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    NEWER = "configured by a newer release"


class ResourceStore(Protocol[Declared]):
    """Makes and configures queues, or buckets. Nothing is ever deleted but what a slice had.

    Every call raises ``Unreachable`` when the server does not answer.
    """

    def ensure(self, name: str, declared: Declared, mark: Mark) -> Provision:
        """Make what is not there, and configure it as declared; the mark says by whom.

        A second call finds what the first one did. What a newer release has configured stays as it is.
        :raises ForeignResource: what has the name is not this stack's, or not this owner's.
        :raises InvalidInput: the server does not do what is declared; nothing is passed over in silence.
        """

    def address(self, name: str) -> str | None:
        """The URL at which containers reach it; ``None`` when it is not there."""

    def remove(self, prefix: str, stack: str) -> None:
        """Remove everything of a slice: what begins so and carries the stack's mark. What is gone is no fault."""

    def names(self, prefix: str) -> Collection[str]:
        """The names that begin so."""
