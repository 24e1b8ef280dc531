"""What people are told of a roll-forward: the events, their texts, and how urgent they are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pydantic import SecretStr

from domain.message import Message


class Severity(StrEnum):
    """``critical``: prod is affected. ``warning``: it is not."""

    CRITICAL = "critical"
    WARNING = "warning"


class Event(StrEnum):
    """What has happened to a roll-forward."""

    OPENED = "opened"
    UNACKNOWLEDGED = "unacknowledged"
    FIX_STARTED = "fix started"
    FIX_FAILED = "fix failed"
    CLOSED = "closed"


class Notice(Message):
    """One message to on-call. ``id`` is unique to the event: a notice is told once, however often it is tried.

    ``escalated`` asks for the second list of channels as well.
    """

    id: str
    application: str
    role: str
    event: Event
    severity: Severity
    escalated: bool = False
    title: str
    body: str


class Told(Message):
    """How many channels took a notice, and which did not, without their secrets."""

    delivered: int
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Undelivered:
    """Why a channel did not take a notice; holds no part of its URL. ``final``: trying again cannot help."""

    reason: str
    final: bool = False


class Notifier(Protocol):
    """Tells people through one channel at a time."""

    def understands(self, url: SecretStr) -> bool:
        """Whether the URL names a channel that can be told at all; nothing is sent."""

    def send(self, url: SecretStr, notice: Notice) -> Undelivered | None:
        """Tell one channel; ``None`` when it took the notice. Returns in bounded time and raises nothing."""
