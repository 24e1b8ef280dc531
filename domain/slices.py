"""Slices: isolated copies of an application in ci, each for one regression."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from domain.deployment import Deployment
from domain.message import Message
from domain.progress import Progress


class SliceOwner(Message):
    """Which run of which regression a slice is for; ``name`` is the slice's."""

    name: str
    application: str
    regression: str
    run: str


class FoundSlice(Message):
    """A slice that is there, whole or in part."""

    owner: SliceOwner
    created: datetime


class SliceUp(BaseModel):
    """A slice that answers: role → URL. ``fault`` says which service did not come up, if one did not.

    ``datastores``: role → ``host:port`` of a candidate that is one.
    """

    model_config = ConfigDict(frozen=True)

    urls: dict[str, str]
    datastores: dict[str, str] = Field(default_factory=dict)
    fault: str = ""


class Slices(Protocol):
    """Makes, finds and removes slices. ``Unreachable`` when the engine does not answer."""

    def up(self, owner: SliceOwner, deployments: Sequence[Deployment], progress: Progress) -> SliceUp:
        """Bring one service up for each deployment, and wait until all of them serve.

        A second call goes on where a killed one stopped. One that does not come up is a fault of
        the versions under test, and so a value.
        """

    def down(self, owner: SliceOwner, progress: Progress) -> None:
        """Remove everything that carries the slice's name; nothing happens when there is nothing."""

    def found(self) -> list[FoundSlice]:
        """All slices of this stack that are there, the oldest first."""
