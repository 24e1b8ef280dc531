"""Short workflows that only read, about queues, buckets and where things are; see :mod:`workflows.lookups`."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.discovery import DiscoveryReader
    from activities.owner_reader import OwnerReader
    from domain.identity import Duty, duty_of
    from domain.resource_lookups import DiscoverRequest, DiscoveryAnswer, OwnersAnswer, OwnersRequest
    from workflows import policies
    from workflows.asking import answer_of


@workflow.defn(name="LookupOwners")
class OwnersWorkflow:
    """Who owns the queues and buckets of an application."""

    @workflow.run
    async def run(self, request: OwnersRequest) -> OwnersAnswer:
        """Ask the object store."""
        config = policies.lookup(Duty.CI, f"owners in {request.application}")
        return await answer_of(Duty.CI, workflow.execute_activity_method(OwnerReader.owners, request, **config))


@workflow.defn(name="LookupDiscovery")
class DiscoveryWorkflow:
    """What there is of an application in one environment."""

    @workflow.run
    async def run(self, request: DiscoverRequest) -> DiscoveryAnswer:
        """Ask the environment's own worker."""
        duty = duty_of(request.environment)
        config = policies.lookup(duty, f"what there is of {request.application} in {request.environment}")
        return await answer_of(duty, workflow.execute_activity_method(DiscoveryReader.discover, request, **config))


RESOURCE_LOOKUPS = [OwnersWorkflow, DiscoveryWorkflow]
