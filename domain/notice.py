"""What people are told of a roll-forward: the events, their texts, and how urgent they are."""

from __future__ import annotations

from enum import StrEnum

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
