"""Evidence about one failed release: every duty tells what it sees, and one of them writes it down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.environment_evidence import EnvironmentEvidenceActivities
    from activities.evidence import EvidenceActivities
    from activities.history import HistoryActivities
    from activities.roll_forwards import RollForwardActivities
    from domain.environment import ENVIRONMENTS, Environment
    from domain.evidence import (
        Changes,
        ChangesRequest,
        EnvironmentEvidence,
        EnvironmentEvidenceRequest,
        Evidence,
        EvidenceRequest,
        FailedRelease,
    )
    from domain.identity import Duty, duty_of
    from workflows import policies
    from workflows.journal import reason_of

#: A duty that does not answer for so long is left out, and that is said.
PATIENCE = timedelta(minutes=1)

Answer = TypeVar("Answer")


async def collect_evidence(failed: FailedRelease) -> Evidence:
    """All that can be had; what cannot is named in the evidence itself.

    :raises ActivityError: it could not be written down.
    """
    service = failed.request.service
    faults: list[str] = []
    changes, *environments = await asyncio.gather(
        _or_fault(_changes(failed), Changes(), "what changed", faults),
        *(
            _or_fault(_seen_in(environment, failed), EnvironmentEvidence(environment=environment), environment, faults)
            for environment in ENVIRONMENTS
        ),
    )
    return await workflow.execute_activity_method(
        EvidenceActivities.write,
        EvidenceRequest(failed=failed, changes=changes, environments=tuple(environments), faults=tuple(faults)),
        **policies.long(Duty.CI, f"write down the evidence of {service}", PATIENCE),
    )


async def _changes(failed: FailedRelease) -> Changes:
    request = failed.request
    verified = await workflow.execute_activity_method(
        RollForwardActivities.last_verified,
        request.service,
        **policies.brief(Duty.ORCHESTRATE, f"which release of {request.service} was verified last"),
    )
    return await workflow.execute_activity_method(
        HistoryActivities.changes,
        ChangesRequest(
            repository=request.repository,
            service_directory=request.service_directory,
            since=verified.commit,
            until=request.commit,
        ),
        **policies.observation(Duty.BUILD, f"what {request.commit[:12]} changes", PATIENCE),
    )


async def _seen_in(environment: Environment, failed: FailedRelease) -> EnvironmentEvidence:
    service = failed.request.service
    return await workflow.execute_activity_method(
        EnvironmentEvidenceActivities.collect,
        EnvironmentEvidenceRequest(environment=environment, service=service, release=failed.request.id, run=failed.run),
        **policies.observation(duty_of(environment), f"look at {service} in {environment}", PATIENCE),
    )


async def _or_fault(work: Awaitable[Answer], otherwise: Answer, what: str, faults: list[str]) -> Answer:
    """The answer – or, when there is none, a line that says why."""
    try:
        return await work
    except ActivityError as error:
        faults.append(f"{what}: {reason_of(error)}")
        return otherwise
