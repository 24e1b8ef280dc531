"""Releases that write and read queues and buckets, with the real activities over servers in memory."""

from __future__ import annotations

import asyncio

from temporalio.testing import WorkflowEnvironment

from activities.owners import Owners
from domain.holding import Holding, Resource
from domain.release import ReleaseStatus, Stage
from domain.resources import ResourceKind
from tests.fakes.onward import MemoryOnward
from tests.workflows.releasing import failed, released

WRITES = "writes: {queues: [{name: orders, dead_letter: {after: 3}}], buckets: [receipts]}\n"
READS = "reads: {queues: [orders]}\n"


def holding(onward: MemoryOnward) -> Holding:
    """Who has the queue ``orders``."""
    found = Owners(onward.store).read(onward.application).of(Resource(kind=ResourceKind.QUEUE, name="orders"))
    assert found is not None
    return found


async def test_a_release_makes_what_it_writes_in_both_environments(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    result = await released(temporal.client, onward.commit(more=WRITES))

    assert result.status is ReleaseStatus.VERIFIED
    names = [f"{environment}-{onward.application}" for environment in ("ci", "prod")]
    assert sorted(onward.queues.there) == [f"{name}-orders{end}" for name in names for end in ("", "-dead")]
    assert sorted(onward.buckets.there) == [f"{name}-receipts" for name in names]
    assert (holding(onward).owner, holding(onward).number) == ("cart", 1)


async def test_a_second_writer_is_refused_in_the_manifest_stage_and_opens_no_roll_forward(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    await released(temporal.client, onward.commit(more=WRITES))

    result = await failed(temporal.client, onward.commit(role="checkout", more=WRITES))

    assert (result.status, result.manifest, result.roll_forward) == (ReleaseStatus.REFUSED, None, None)
    assert result.failure is not None
    assert (result.failure.stage, result.failure.kind) == (Stage.MANIFEST, "ResourceRefused")
    assert f"belongs to {onward.application}-cart" in result.failure.message


async def test_of_two_first_writers_at_once_exactly_one_wins(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    requests = [onward.commit(role=f"role{index}", more="writes: {queues: [orders]}\n") for index in range(5)]

    ends = await asyncio.gather(*(released(temporal.client, request) for request in requests), return_exceptions=True)

    assert [isinstance(end, BaseException) for end in ends].count(False) == 1
    (winner,) = (end for end in ends if not isinstance(end, BaseException))
    assert holding(onward).owner == winner.role


async def test_a_reader_of_what_nobody_writes_is_refused(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    result = await failed(temporal.client, onward.commit(more=READS))

    assert result.status is ReleaseStatus.REFUSED
    assert result.failure is not None
    assert f"{onward.application}-cart reads queue orders, which nobody writes" in result.failure.message


async def test_a_failed_release_keeps_its_claim_for_its_service(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.builder.failing.add("RUN broken")
    bad = onward.commit(more=WRITES)
    onward.engine.sick.add(bad.commit)
    await failed(temporal.client, bad)

    other = await failed(temporal.client, onward.commit(role="checkout", more=WRITES))
    fix = await released(temporal.client, onward.commit(level="warning", more=WRITES))

    assert other.status is ReleaseStatus.REFUSED
    assert fix.status is ReleaseStatus.VERIFIED


async def test_a_resource_moves_when_its_owner_dropped_it_in_prod(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    await released(temporal.client, onward.commit(more=WRITES))
    early = await failed(temporal.client, onward.commit(role="checkout", more=WRITES))

    dropping = await released(temporal.client, onward.commit())
    orphaned = holding(onward)
    moved = await released(temporal.client, onward.commit(role="checkout", level="warning", more=WRITES))

    assert early.status is ReleaseStatus.REFUSED
    assert "let go of queue orders, queue orders-dead, bucket receipts" in dropping.stages[-1].detail
    assert (orphaned.owner, orphaned.since) == ("", dropping.release)
    assert (moved.status, holding(onward).owner) == (ReleaseStatus.VERIFIED, "checkout")


async def test_who_drops_a_resource_and_fails_in_prod_owns_it_still(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    await released(temporal.client, onward.commit(more=WRITES))
    dropping = onward.commit(level="bad")
    onward.engine.sick.add(dropping.commit)

    await failed(temporal.client, dropping)

    assert holding(onward).owner == "cart"


async def test_a_server_that_is_down_for_a_while_is_asked_again(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.queues.unreachable = 3

    result = await released(temporal.client, onward.commit(more=WRITES))

    assert result.status is ReleaseStatus.VERIFIED


async def test_what_another_made_stops_the_release_before_its_tasks_start(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.buckets.foreign[f"ci-{onward.application}-receipts"] = {}

    result = await failed(temporal.client, onward.commit(more=WRITES))

    assert result.failure is not None
    assert (result.failure.stage, result.failure.kind) == (Stage.DEPLOY_CI, "ForeignResource")
    assert onward.engine.updates == []
