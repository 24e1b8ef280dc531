"""The page of a roll-forward in the Temporal UI: what is broken, who has it, what was tried, what to do."""

from __future__ import annotations

from datetime import datetime

from domain.release import ReleaseStatus
from domain.roll_forward import Attempt, RollForward, RollForwardView, State

_SHOWN = 10


def roll_forward_page(view: RollForwardView) -> str:
    """As markdown; commands stand alone on their lines, so that they can be copied."""
    incident = view.incident
    parts = [f"## {headline(view)}", _facts(view), _failure(incident.last_failed)]
    parts.append("### What was tried\n\n" + _attempts(incident))
    if incident.said:
        parts.append("### What was said\n\n" + "\n".join(f"- {_at(e.at)} **{e.by}**: {e.text}" for e in incident.said))
    if view.state is not State.CLOSED:
        parts.append(_next(view))
    return "\n\n".join(parts)


def next_commands(view: RollForwardView) -> list[tuple[str, str]]:
    """What a person can do now: command, what it does."""
    incident = view.incident
    failed, name = incident.last_failed, str(incident.service)
    commands = [(f"onward evidence {failed.request.id}", "what Onward collected about the failure")]
    if view.state is State.CLOSED:
        return commands
    if not incident.acknowledged_by:
        commands.append((f"onward ack {name}", "say that you have it"))
    if incident.running is not None:
        return [*commands, (f"onward watch {incident.running.request.id}", "follow the release that may end it")]
    return [
        *commands,
        (f"onward fix {name} --commit <SHA>", "release a fix: a new commit, ahead of everything else"),
        (f"onward retry {name}", "the same commit once more, when the cause was outside of the code"),
        (f"onward culprit {name} <ROLE>", "another service of the application is the cause"),
    ]


def headline(view: RollForwardView) -> str:
    """One line: what is broken, and since when."""
    incident = view.incident
    if incident.closed is not None:
        return f"{incident.service}: closed by {incident.closed_by}, after {_span(incident.opened, incident.closed)}"
    if view.prod_affected:
        where = "broken in prod"
    elif incident.holds_turns:
        where = "a published release failed before prod, which is as it was"
    else:
        where = "a release failed, prod is as it was"
    return f"{incident.service}: {where} since {incident.opened:%Y-%m-%d %H:%M:%S} UTC"


def _facts(view: RollForwardView) -> str:
    incident = view.incident
    has_it = incident.acknowledged_by or "nobody yet"
    lines = [
        f"- state: **{view.state}**{f' ({view.checking})' if view.checking else ''}",
        f"- who has it: **{has_it}**",
    ]
    if incident.culprits:
        lines.append(f"- named as culprits: {', '.join(incident.culprits)}")
    if view.frozen:
        lines.append(f"- deploys of `{incident.service.application}` are frozen for all but fixes")
    lines += [f"- not told: {reason}" for reason in view.untold]
    return "\n".join(lines)


def _failure(failed: Attempt) -> str:
    if failed.failure is None:
        return ""
    quoted = "\n".join(f"> {line}" for line in failed.failure.message.splitlines())
    number = f" (#{failed.number})" if failed.number else ""
    evidence = f"\n\nEvidence: `{failed.evidence}`" if failed.evidence else ""
    return f"`{failed.request.id}`{number} failed in **{failed.failure.stage}**:\n\n{quoted}{evidence}"


def _attempts(incident: RollForward) -> str:
    rows = ["| when | | release | # | end | by |", "|---|---|---|---:|---|---|"]
    shown = [incident.first, *incident.attempts[1:][-_SHOWN:]]
    for each in shown:
        number = f"#{each.number}" if each.number else ""
        cells = (_at(each.started), each.way, f"`{each.request.id}`", number, _end(each), each.request.requested_by)
        rows.append(f"| {' | '.join(cells)} |")
    left_out = incident.forgotten + len(incident.attempts) - len(shown)
    return "\n".join(rows) + (f"\n\n{left_out} more" if left_out else "")


def _end(attempt: Attempt) -> str:
    if attempt.failure is not None:
        return f"{attempt.status} in {attempt.failure.stage}"
    return "on its way" if attempt.status is ReleaseStatus.RUNNING else str(attempt.status)


def _next(view: RollForwardView) -> str:
    commands = "\n\n".join(f"{what}:\n\n```\n{command}\n```" for command, what in next_commands(view))
    return f"### What to do next\n\n{commands}"


def _at(moment: datetime) -> str:
    return f"{moment:%m-%d %H:%M:%S}"


def _span(since: datetime, until: datetime) -> str:
    seconds = int((until - since).total_seconds())
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds % 60, "s")]
    return " ".join([f"{count} {unit}" for count, unit in parts if count][:2]) or "0 s"
