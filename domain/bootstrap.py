"""What an environment must have before anything is deployed to it, and what of it is missing."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from domain.environment import Environment
from domain.identity import application_network, data_network
from domain.message import Message


class Present(StrEnum):
    """How a part is there."""

    RIGHT = "there"
    MISSING = "missing"
    OTHER = "other"


class EnvironmentPart(Message):
    """One thing that an environment needs: a network, the routes of its sites, its edge, a search attribute."""

    kind: str
    name: str
    present: Present

    @property
    def change(self) -> str:
        """What applying does to it; empty for what is as it should be."""
        return {Present.RIGHT: "", Present.MISSING: "create", Present.OTHER: "update"}[self.present]


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

    def lay(self, environment: Environment, networks: Sequence[str]) -> None:
        """Make what is missing, and bring the edge up to date; what is right is not touched.

        :raises ForeignResource: a name is another stack's.
        """


def networks_of(environment: Environment, applications: Sequence[str]) -> list[str]:
    """The networks of applications that have something published."""
    return [make(environment, each) for each in applications for make in (application_network, data_network)]
