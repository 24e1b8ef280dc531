"""What a part of the stack is: a process to supervise, its ports, and how to ask whether it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

#: Returns when the part answers; raises :class:`domain.errors.OnwardError` while it does not.
Probe = Callable[[], None]


class Condition(StrEnum):
    """How a part is."""

    RUNNING = "running"
    STARTED = "started"
    STOPPED = "stopped"
    SILENT = "does not answer"


@dataclass(frozen=True)
class Port:
    """A port that a part listens on, at which address, and the setting that moves it."""

    number: int
    host: str
    setting: str


@dataclass(frozen=True)
class Part:
    """One supervised process.

    ``address``: what a person opens or points a tool at. ``patience``: seconds until it must
    answer. ``grace``: seconds between SIGTERM and SIGKILL. ``configuration``: the text of its
    configuration file; a part whose text has changed is restarted.
    """

    name: str
    title: str
    command: tuple[str, ...]
    probe: Probe
    address: str = ""
    ports: tuple[Port, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    configuration: str = ""
    patience: float = 180
    grace: int = 10


@dataclass(frozen=True)
class PartState:
    """One row of what ``onward up`` shows; ``started`` means that this very call started it."""

    name: str
    title: str
    state: Condition
    address: str = ""
    detail: str = ""
