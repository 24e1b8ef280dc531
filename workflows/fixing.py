"""How a roll-forward begins a fix: the commit is looked at, and released in the express lane."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from activities.environment_reader import EnvironmentReader
    from activities.fixes import FixActivities
    from domain.admissibility import commits_ahead, fix_request, refuse_behind, refuse_fix, retry_request
    from domain.environment import ENVIRONMENTS, Environment
    from domain.identity import Duty, ServiceId, duty_of
    from domain.lookups import DeployedRequest
    from domain.release import ReleaseRequest
    from domain.roll_forward import RollForward, Way
    from domain.roll_forward_messages import Begun, Fix, FixFacts, FixProposal, FixStarted, JoinRollForward, Retry
    from workflows import policies
    from workflows.asking import answer_of
    from workflows.release import ReleaseWorkflow
    from workflows.starting import release_options

REFUSED = "Refused"

#: For a release that is asked to become a fix.
ANSWER_WITHIN = timedelta(seconds=20)


async def started_fix(incident: RollForward, fix: Fix) -> FixStarted:
    """The release of a commit that the roll-forward admits.

    :raises ApplicationError: ``Refused`` with the reason, or what reading the commit said.
    """
    failed = incident.first.request
    directory = fix.service_directory or failed.service_directory
    repository = fix.repository or failed.repository
    facts = await _facts(incident, repository, fix.commit, directory)
    _refuse(refuse_fix(incident, fix.commit, facts))
    if incident.name_culprit(facts.service.role):
        incident.say(fix.by, workflow.now(), f"fixes it in {facts.service}")
    return await _started(incident, fix_request(incident, fix, facts.service), Way.FIX)


async def started_retry(incident: RollForward, retry: Retry) -> FixStarted:
    """The release that failed last, once more – unless that would lead back by now."""
    request = retry_request(incident, retry)
    deployed = await _deployed(request.service)
    against = tuple(commit for commit in deployed if commit != request.commit)
    facts = await _examined(request.repository, request.commit, request.service_directory, against)
    _refuse(refuse_behind(request.commit, facts))
    return await _started(incident, request, Way.RETRY)


async def _facts(incident: RollForward, repository: str, commit: str, directory: str) -> FixFacts:
    """Whose commit it is decides what it is compared with, so it is looked at twice when it is another's."""
    service = incident.service
    against = commits_ahead(incident, service.role, await _deployed(service))
    facts = await _examined(repository, commit, directory, against)
    if facts.service in (service,) or facts.service.application != service.application:
        return facts
    against = commits_ahead(incident, facts.service.role, await _deployed(facts.service))
    return await _examined(repository, commit, directory, against)


async def _examined(repository: str, commit: str, directory: str, against: tuple[str, ...]) -> FixFacts:
    asked = workflow.execute_activity_method(
        FixActivities.examine,
        FixProposal(repository=repository, commit=commit, service_directory=directory, against=against),
        **policies.examination(Duty.BUILD, f"look at {commit[:12]}"),
    )
    return await answer_of(Duty.BUILD, asked)


async def _deployed(service: ServiceId) -> list[str]:
    """The commits of a service that the environments run, or were last asked to run."""
    return [
        commit for commits in await asyncio.gather(*(_running(e, service) for e in ENVIRONMENTS)) for commit in commits
    ]


async def _running(environment: Environment, service: ServiceId) -> list[str]:
    duty = duty_of(environment)
    asked = workflow.execute_activity_method(
        EnvironmentReader.deployed,
        DeployedRequest(environment=environment, application=service.application),
        **policies.examination(duty, f"what runs in {environment}"),
    )
    there = await answer_of(duty, asked)
    states = [state for state in there.services if state.service == service]
    return [commit for state in states for commit in (state.commit, state.served.commit)]


async def _started(incident: RollForward, request: ReleaseRequest, way: Way) -> FixStarted:
    """As a child that outlives this; a release of the commit that is under way becomes the fix."""
    try:
        release = await workflow.start_child_workflow(
            ReleaseWorkflow.run, request, **release_options(request), parent_close_policy=ParentClosePolicy.ABANDON
        )
    except WorkflowAlreadyStartedError:
        run = await _hastened(incident, request)
        return FixStarted(release=request.id, run=run, roll_forward=incident.id)
    run = release.first_execution_run_id or ""
    incident.begun(Begun(request=request, run=run, at=workflow.now()), way)
    return FixStarted(release=request.id, run=run, roll_forward=incident.id)


async def _hastened(incident: RollForward, request: ReleaseRequest) -> str:
    """The run of the release that is under way; it says itself that it belongs here now."""
    release = workflow.get_external_workflow_handle(request.id)
    try:
        await release.signal("hasten", JoinRollForward(roll_forward=incident.id))
        await workflow.wait_condition(
            lambda: incident.running is not None,
            timeout=ANSWER_WITHIN,
            timeout_summary=f"give up asking {request.id}",
        )
    except (FailureError, TimeoutError):
        _refuse(f"{request.id} has ended already, or belongs to another roll-forward: a fix is a new commit")
    return incident.running.run if incident.running else ""


def _refuse(reason: str | None) -> None:
    if reason:
        raise ApplicationError(reason, type=REFUSED, non_retryable=True)
