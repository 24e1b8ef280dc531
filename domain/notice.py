"""What people are told of a roll-forward: the events, their texts, and how urgent they are."""

from __future__ import annotations

from enum import StrEnum

from domain.message import Message
from domain.roll_forward import RollForward


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


def notice_of(incident: RollForward, event: Event, key: str, *, escalated: bool = False) -> Notice:
    """What on-call is told of an event.

    :param key: tells this event of the roll-forward from others of the same kind: a run ID, a count.
    """
    failed, name = incident.last_failed, str(incident.service)
    where = "prod is affected" if incident.prod_affected else "prod is as it was"
    stage = failed.failure.stage if failed.failure else "an unknown stage"
    message = failed.failure.message if failed.failure else ""
    titles = {
        Event.OPENED: f"{name}: release failed in {stage}, {where}",
        Event.UNACKNOWLEDGED: f"{name}: still nobody has it; release failed in {stage}, {where}",
        Event.FIX_STARTED: f"{name}: a fix is on its way",
        Event.FIX_FAILED: f"{name}: a fix failed in {stage}, {where}",
        Event.CLOSED: f"{name}: fixed by {incident.closed_by}",
    }
    running = f"\n{incident.running.request.id} by {incident.running.request.requested_by}" if incident.running else ""
    todo = {
        Event.CLOSED: f"onward show {incident.id}",
        Event.FIX_STARTED: f"onward watch {incident.running.request.id if incident.running else incident.id}",
    }.get(event, f"onward evidence {failed.request.id}\nonward ack {name}\nonward fix {name} --commit <SHA>")
    about = "" if event is Event.CLOSED else f"{failed.request.id}: {message}{running}\n\n"
    return Notice(
        id=f"{incident.id}/{incident.first.run}/{event}/{key}",
        application=incident.service.application,
        role=incident.service.role,
        event=event,
        severity=Severity.CRITICAL if incident.prod_affected else Severity.WARNING,
        escalated=escalated,
        title=titles[event],
        body=f"{about}{todo}",
    )
