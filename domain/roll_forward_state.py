"""What a roll-forward carries over when it continues as new."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.evidence import FailedRelease
from domain.identity import ServiceId
from domain.message import Message
from domain.notice import Event
from domain.roll_forward import RollForward

REMIND_EVERY = timedelta(minutes=15)


class Telling(Message):
    """An event that on-call is to be told; ``key`` tells it from others of its kind."""

    event: Event
    key: str
    escalated: bool = False


class RollForwardState(Message):
    """Without ``incident`` it is new, and the failed release that opens it comes as a signal.

    ``frozen``: the gate was told to hold all turns. ``reminders``: how often on-call was told again, last
    at ``told_at``.
    ``unread``: failures of which no evidence was collected yet. ``untold``: what on-call is to be told.
    ``late``: failures that came while it closed.
    """

    service: ServiceId
    remind_every: timedelta = REMIND_EVERY
    incident: RollForward | None = None
    frozen: bool = False
    reminders: int = 0
    told_at: datetime | None = None
    unread: tuple[FailedRelease, ...] = ()
    untold: tuple[Telling, ...] = ()
    late: tuple[FailedRelease, ...] = ()
