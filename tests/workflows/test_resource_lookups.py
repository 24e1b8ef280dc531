"""What people ask about queues, buckets and where things are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from temporalio.testing import WorkflowEnvironment

from domain.environment import Environment
from domain.identity import Duty
from domain.resource_lookups import DiscoverRequest, DiscoveryAnswer, DiscoveryKind, OwnersAnswer, OwnersRequest
from domain.workflow_ids import lookup_id, task_queue
from tests.fakes.onward import MemoryOnward
from tests.workflows.releasing import failed, released
from tests.workflows.test_datastores import datastore
from workflows.resource_lookups import DiscoveryWorkflow, OwnersWorkflow

WRITES = "writes: {queues: [orders], buckets: [receipts]}\ningress: {path: /cart}\n"


async def owners(temporal: WorkflowEnvironment, onward: MemoryOnward, at: datetime | None = None) -> OwnersAnswer:
    """What ``onward owners`` asks."""
    request = OwnersRequest(application=onward.application, at=at or datetime.now(UTC))
    return await temporal.client.execute_workflow(
        OwnersWorkflow.run, request, id=lookup_id("owners", onward.application), task_queue=task_queue(Duty.ORCHESTRATE)
    )


async def discovered(
    temporal: WorkflowEnvironment, onward: MemoryOnward, kind: DiscoveryKind | None = None
) -> DiscoveryAnswer:
    """What ``onward discover prod`` asks."""
    request = DiscoverRequest(environment=Environment.PROD, application=onward.application, kind=kind)
    identifier = lookup_id("discover", onward.application)
    return await temporal.client.execute_workflow(
        DiscoveryWorkflow.run, request, id=identifier, task_queue=task_queue(Duty.ORCHESTRATE)
    )


async def test_owners_are_told_with_their_readers_and_how_it_is(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    first = await released(temporal.client, onward.commit(more=WRITES))
    await released(temporal.client, onward.commit(role="checkout", more="reads: {queues: [orders]}\n"))
    cart = f"{onward.application}-cart"

    told = {each.name: each for each in (await owners(temporal, onward)).resources}

    orders = told["orders"]
    assert (orders.owner, orders.since, orders.readers) == (cart, first.release, (f"{onward.application}-checkout",))
    assert {each.state.value for each in told.values()} == {"owned"}


async def test_a_claim_that_came_to_nothing_is_told_as_such(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.slices.sick.add("cart")
    await failed(temporal.client, onward.commit(more=WRITES))
    tomorrow = datetime.now(UTC) + timedelta(days=30)

    assert {each.state.value for each in (await owners(temporal, onward)).resources} == {"claimed"}
    assert {each.state.value for each in (await owners(temporal, onward, tomorrow)).resources} == {"lapsed"}


async def test_what_runs_is_found_with_what_it_writes(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    await released(temporal.client, onward.commit(more=WRITES))

    name = f"prod-{onward.application}"
    assert [(each.kind.value, each.canonical, each.address) for each in (await discovered(temporal, onward)).found] == [
        ("service", f"{name}-cart", f"http://{name}-cart:8080"),
        ("queue", f"{name}-orders", f"http://memory/{name}-orders"),
        ("bucket", f"{name}-receipts", f"http://memory/{name}-receipts"),
        ("endpoint", f"{name}-cart", "http://edge.test/cart"),
    ]
    (only,) = (await discovered(temporal, onward, DiscoveryKind.QUEUE)).found
    assert (only.name, only.service, only.number) == ("orders", f"{onward.application}-cart", 1)


async def test_a_datastore_is_found_by_host_and_port_and_a_job_nowhere(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    await released(temporal.client, datastore(onward))
    await released(temporal.client, onward.commit(role="report", more="kind: batch\n"))

    (found,) = (await discovered(temporal, onward)).found

    assert (found.kind, found.address) == (DiscoveryKind.DATASTORE, f"prod-{onward.application}-db:8080")
