"""What an environment must have before anything is deployed to it, and what of it is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Protocol

from domain.environment import Environment
from domain.errors import Refused
from domain.identity import application_network, data_network
from domain.message import Message
from domain.progress import Progress


class Present(StrEnum):
    """How a part is there."""

    RIGHT = "there"
    MISSING = "missing"
    OTHER = "other"


SEARCH_ATTRIBUTE = "search attribute"


class EnvironmentPart(Message):
    """One thing that an environment needs: a network, a bucket, its edge, Prometheus' targets, a search attribute."""

    kind: str
    name: str
    present: Present

    @property
    def change(self) -> str:
        """What is to be done to it; empty for what is as it should be."""
        if self.is_for_hands:
            return "remove by hand"
        return {Present.RIGHT: "", Present.MISSING: "create", Present.OTHER: "update"}[self.present]

    @property
    def is_for_hands(self) -> bool:
        """Whether applying cannot do it: Temporal changes the type of no search attribute."""
        return self.kind == SEARCH_ATTRIBUTE and self.present is Present.OTHER


class EnvironmentQuestion(Message):
    """Of which environment."""

    environment: Environment


class EnvironmentParts(Message):
    """All parts, in the order in which they are made; ``edge``: whether this duty runs the edge at all."""

    environment: Environment
    parts: tuple[EnvironmentPart, ...]
    applications: tuple[str, ...] = ()
    edge: bool = False

    @property
    def to_do(self) -> tuple[EnvironmentPart, ...]:
        """What is missing, or other than it should be."""
        return tuple(part for part in self.parts if part.change)


def refuse_wrong_types(parts: Iterable[EnvironmentPart]) -> None:
    """:raises Refused: search attributes are registered under another type than Onward's."""
    names = ", ".join(part.name for part in parts if part.is_for_hands)
    if names:
        raise Refused(
            f"registered under another type, which Temporal does not change: {names}\n"
            "  next: temporal operator search-attribute remove --name NAME, and apply again"
        )


class SearchAttributes(Message):
    """Names of search attributes, and their types as Temporal counts them."""

    types: dict[str, int]


class SearchAttributesPresent(Message):
    """As parts."""

    parts: tuple[EnvironmentPart, ...]


class Foundation(Protocol):
    """The swarm of an environment below its services. ``Unreachable`` when it does not answer."""

    @property
    def has_edge(self) -> bool:
        """Whether it was told how the edge is to run; else somebody else runs one, or nobody."""

    def parts(self, environment: Environment, networks: Sequence[str]) -> list[EnvironmentPart]:
        """What is there. Only reads."""

    def lay(self, environment: Environment, networks: Sequence[str], progress: Progress) -> None:
        """Make what is missing, and bring the edge up to date; what is right is not touched.

        :raises ForeignResource: a name is another stack's.
        :raises DeployHalted: the edge does not come up.
        """


def networks_of(environment: Environment, applications: Sequence[str]) -> list[str]:
    """The networks of applications that have something published."""
    return [make(environment, each) for each in applications for make in (application_network, data_network)]
