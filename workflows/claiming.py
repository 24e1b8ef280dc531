"""What stage *manifest* does first: the release claims the queues and buckets that it will write."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.claims import ClaimActivities
    from domain.identity import Duty
    from domain.resource_steps import ClaimRequest, uses_resources
    from domain.service import ServiceDefinition
    from workflows import policies

CLAIM_TIMEOUT = timedelta(minutes=1)


async def claim(release: str, definition: ServiceDefinition) -> None:
    """A release without any asks for nothing. Who is refused ends as *refused*: nothing of it was accepted."""
    if uses_resources(definition):
        await workflow.execute_activity_method(
            ClaimActivities.claim,
            ClaimRequest(release=release, definition=definition, at=workflow.now()),
            **policies.long(Duty.BUILD, "claim queues and buckets", CLAIM_TIMEOUT),
        )
