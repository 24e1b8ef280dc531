"""How a roll-forward reads to a person."""

from __future__ import annotations

from domain.release import ReleaseStatus
from domain.roll_forward import Attempt, RollForwardView, Said
from domain.roll_forward_page import headline, next_commands


def incident_text(view: RollForwardView, ui: str) -> str:
    """What is broken, who has it, what was tried, what to do next."""
    incident = view.incident
    lines = [headline(view), f"  {view.state}; {who_has_it(view)}"]
    if view.checking:
        lines.append(f"  {view.checking}")
    if view.frozen:
        lines.append(f"  deploys of {incident.service.application} are frozen for all but fixes")
    failed = incident.last_failed
    if failed.failure:
        lines += ["", f"{failed.request.id} failed in {failed.failure.stage} ({failed.failure.kind}):"]
        lines += [f"  {line}" for line in failed.failure.message.splitlines()]
    lines += ["", "what was tried:", *(f"  {attempt_line(each)}" for each in incident.attempts)]
    if incident.said:
        lines += ["", "what was said:", *(f"  {said_line(each)}" for each in incident.said)]
    lines += [f"not told: {reason}" for reason in view.untold]
    width = max(len(command) for command, _ in next_commands(view))
    lines += ["", "next:", *(f"  {command:<{width}}  # {what}" for command, what in next_commands(view))]
    if ui:
        lines += ["", f"Temporal UI: {ui}"]
    return "\n".join(lines)


def incident_sentence(view: RollForwardView) -> str:
    """What a roll-forward waits for, in one sentence."""
    incident = view.incident
    if incident.closed is not None:
        return f"{view.roll_forward} was closed by {incident.closed_by}, which is verified in every environment"
    failed = incident.last_failed
    why = f"{failed.request.id} failed in {failed.failure.stage}" if failed.failure else f"{failed.request.id} failed"
    if incident.running is not None:
        return f"{view.roll_forward} is open as {why}: it waits for {incident.running.request.id} to be verified"
    return f"{view.roll_forward} is open as {why}: it waits for a person to fix it, and {who_has_it(view)}"


def who_has_it(view: RollForwardView) -> str:
    """``ann has it``."""
    return f"{view.incident.acknowledged_by or 'nobody'} has it"


def said_line(said: Said) -> str:
    """One remark."""
    return f"{said.at:%m-%d %H:%M} {said.by}: {said.text}"


def attempt_line(attempt: Attempt) -> str:
    """One release of a roll-forward: how it came to it, when, and how it ended."""
    number = f" #{attempt.number}" if attempt.number else ""
    if attempt.failure is not None:
        end = f"{attempt.status} in {attempt.failure.stage}"
    else:
        end = "on its way" if attempt.status is ReleaseStatus.RUNNING else str(attempt.status)
    by = f", by {attempt.request.requested_by}" if attempt.request.requested_by else ""
    return f"{attempt.started:%m-%d %H:%M:%S} {attempt.way:<13} {attempt.request.id}{number}: {end}{by}"
