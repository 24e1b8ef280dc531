"""How a roll-forward reads to a person."""

from __future__ import annotations

from domain.release import ReleaseStatus
from domain.roll_forward import Attempt, RollForwardView
from domain.roll_forward_page import headline, next_commands
from starter.text import age


def incident_text(view: RollForwardView, ui: str) -> str:
    """What is broken, who has it, what was tried, what to do next."""
    incident = view.incident
    lines = [headline(view), f"  {view.state}; {_who(view)}"]
    if view.checking:
        lines.append(f"  {view.checking}")
    if view.frozen:
        lines.append(f"  deploys of {incident.service.application} are frozen for all but fixes")
    failed = incident.last_failed
    if failed.failure:
        lines += ["", f"{failed.request.id} failed in {failed.failure.stage} ({failed.failure.kind}):"]
        lines += [f"  {line}" for line in failed.failure.message.splitlines()]
    lines += ["", "what was tried:", *(f"  {_attempt(each)}" for each in incident.attempts)]
    if incident.said:
        lines += ["", "what was said:", *(f"  {e.at:%m-%d %H:%M} {e.by}: {e.text}" for e in incident.said)]
    lines += [f"not told: {reason}" for reason in view.untold]
    width = max(len(command) for command, _ in next_commands(view))
    lines += ["", "next:", *(f"  {command:<{width}}  # {what}" for command, what in next_commands(view))]
    if ui:
        lines += ["", f"Temporal UI: {ui}"]
    return "\n".join(lines)


def _who(view: RollForwardView) -> str:
    incident = view.incident
    return f"{incident.acknowledged_by} has it" if incident.acknowledged_by else "nobody has it"


def _attempt(attempt: Attempt) -> str:
    number = f" #{attempt.number}" if attempt.number else ""
    if attempt.failure is not None:
        end = f"{attempt.status} in {attempt.failure.stage}"
    else:
        end = "on its way" if attempt.status is ReleaseStatus.RUNNING else str(attempt.status)
    by = f", by {attempt.request.requested_by}" if attempt.request.requested_by else ""
    return f"{attempt.way:<14} {attempt.request.id}{number}: {end}, {age(attempt.started)} ago{by}"
