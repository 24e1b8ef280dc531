"""Which fix a roll-forward admits. A refusal is a text that says why, and what to do instead.

Never back: a fix is a commit that has not failed here and is behind nothing that failed or is deployed.
"""

from __future__ import annotations

from collections.abc import Collection

from domain.identity import ServiceId
from domain.release import ReleaseRequest
from domain.roll_forward import RollForward
from domain.roll_forward_messages import Fix, FixFacts, Retry


def refuse_any(incident: RollForward, checking: str) -> str | None:
    """Why no fix at all can be begun now; one release of a roll-forward runs at a time.

    :param checking: what somebody else has asked for and is being looked at.
    """
    if incident.closed is not None:
        return "it is closed: there is nothing to fix"
    if incident.running is not None:
        running = incident.running
        return (
            f"{running.request.id} is on its way since {running.started:%H:%M:%S} UTC"
            f"{_by(running.request.requested_by)}: wait for its end, or cancel it"
        )
    return f"{checking}: one fix at a time" if checking else None


def refuse_unseen(incident: RollForward, fix: Fix) -> str | None:
    """Why a fix cannot be admitted, as far as it can be told without looking into its repository."""
    if "@" in fix.repository.partition("://")[2].partition("/")[0]:
        return "the repository's URL holds a credential, which would be kept: git's own configuration has them"
    same_directory = not fix.service_directory or fix.service_directory == incident.first.request.service_directory
    if same_directory and fix.commit in incident.failed_commits(incident.service.role):
        return _same_commit(fix.commit, incident.service)
    return None


def refuse_fix(incident: RollForward, commit: str, facts: FixFacts) -> str | None:
    """Why a commit that was looked at cannot be the fix."""
    if facts.service.application != incident.service.application:
        return f"{commit[:12]} holds {facts.service}, which is not of the application {incident.service.application}"
    if commit in incident.failed_commits(facts.service.role):
        return _same_commit(commit, incident.service)
    return refuse_behind(commit, facts)


def refuse_behind(commit: str, facts: FixFacts) -> str | None:
    """Why a commit would lead back."""
    if not facts.behind:
        return None
    return (
        f"{commit[:12]} is an ancestor of {facts.behind[0][:12]}, which failed or is deployed: Onward never goes back. "
        "Make a new commit; one made with `git revert` is fine"
    )


def commits_ahead(incident: RollForward, role: str, deployed: Collection[str]) -> tuple[str, ...]:
    """The commits that a fix of a role must not be an ancestor of.

    :param deployed: commits of the role that an environment runs.
    """
    return tuple(dict.fromkeys([*incident.failed_commits(role), *deployed]))


def fix_request(incident: RollForward, fix: Fix, service: ServiceId) -> ReleaseRequest:
    """The release that a fix asks for."""
    failed = incident.first.request
    return ReleaseRequest(
        application=service.application,
        role=service.role,
        repository=fix.repository or failed.repository,
        commit=fix.commit,
        service_directory=fix.service_directory or failed.service_directory,
        requested_by=fix.by,
        reason=fix.reason or f"fix of {failed.id}",
        roll_forward=incident.id,
    )


def retry_request(incident: RollForward, retry: Retry) -> ReleaseRequest:
    """The release that failed last, once more."""
    failed = incident.last_failed.request
    reason = retry.reason or f"retry of {failed.id}"
    return failed.model_copy(update={"requested_by": retry.by, "reason": reason, "roll_forward": incident.id})


def _same_commit(commit: str, service: ServiceId) -> str:
    return (
        f"{commit[:12]} is what failed. When the cause was outside of the code: onward retry {service}; "
        "else a fix is a new commit"
    )


def _by(person: str) -> str:
    return f", by {person}" if person else ""
