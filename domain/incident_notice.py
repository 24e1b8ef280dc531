"""What on-call is told of a roll-forward: how bad it is, and the commands that come next."""

from __future__ import annotations

from domain.notice import Event, Notice, Severity
from domain.roll_forward import RollForward


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
        Event.FIX_FAILED: f"{name}: another release failed in {stage}, {where}",
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
