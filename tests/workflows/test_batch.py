"""Runs of batch jobs: as many at once as may be, each told how it ended, none left behind."""

from __future__ import annotations

import asyncio

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.testing import WorkflowEnvironment

from domain.batch import RunStatus
from domain.environment import Environment
from domain.workflow_ids import batch_id
from tests.fakes.onward import MemoryOnward
from tests.workflows.batching import begun, deployed, going, result_of, waiting
from tests.workflows.releasing import eventually
from workflows import attributes


async def test_a_run_is_of_what_is_deployed_and_leaves_nothing(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    run = await begun(temporal.client, deployed(onward, 3, code=0))

    result = await run.result()

    assert (result.status, result.exit_code, result.number) == (RunStatus.SUCCEEDED, 0, 3)
    assert (result.started_by, result.reason) == ("ann", "month's end")
    assert onward.store.objects[onward.store.key(result.log or "")] == b"first\nlast\n"
    assert [key.workflow for key in onward.runs.stopped] == [run.id]


async def test_a_run_is_found_and_shown_in_the_ui(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    run = await begun(temporal.client, deployed(onward, 3, code=0))
    await run.result()

    described = await run.describe()

    found = described.typed_search_attributes
    assert found[attributes.APPLICATION] == onward.application
    assert (found[attributes.ROLE], found[attributes.NUMBER]) == ("report", 3)
    assert found[attributes.STATUS] == "succeeded"
    assert (await described.memo())["requested_by"] == "ann"


async def test_a_run_that_fails_fails_its_workflow_with_the_cause(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    run = await begun(temporal.client, deployed(onward, code=3))

    result = await result_of(run)

    assert (result.status, result.exit_code, result.cause) == (RunStatus.FAILED, 3, "exit code 3")
    assert (await run.describe()).status is WorkflowExecutionStatus.FAILED
    assert onward.runs.stopped


@pytest.mark.parametrize(("environment", "limit"), [(Environment.CI, 1), (Environment.PROD, 5)])
async def test_of_many_that_are_asked_for_at_once_no_more_are_going_than_may(
    temporal: WorkflowEnvironment, onward: MemoryOnward, environment: Environment, limit: int
) -> None:
    job = deployed(onward, environment=environment, overlap="buffer_all")
    runs = await asyncio.gather(*(begun(temporal.client, job, scheduled=bool(index % 2)) for index in range(12)))
    await eventually(lambda: len(onward.runs.begun) == limit)
    while len(onward.runs.stopped) < len(runs):
        onward.runs.end()
        await asyncio.sleep(0.05)

    results = await asyncio.gather(*(run.result() for run in runs))

    assert {result.status for result in results} == {RunStatus.SUCCEEDED}
    assert len({run.order.key for run in onward.runs.begun}) == 12
    assert onward.runs.most == limit


async def test_a_scheduled_run_is_left_out_while_another_one_is_going(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    job = deployed(onward)
    first = await going(temporal, onward, job)

    skipped = await (await begun(temporal.client, job, scheduled=True)).result()
    refused = await (await begun(temporal.client, job, patient=False)).result()
    onward.runs.end()

    assert (skipped.status, refused.status) == (RunStatus.SKIPPED, RunStatus.REFUSED)
    assert skipped.cause == f"1 of 1 run is going: {first.id}"
    assert len(onward.runs.begun) == 1


async def test_a_cancel_stops_the_run_and_frees_its_place(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    job = deployed(onward)
    first = await going(temporal, onward, job)
    second = await begun(temporal.client, job)

    await first.cancel()

    with pytest.raises(WorkflowFailureError):
        await first.result()
    assert (await first.describe()).status is WorkflowExecutionStatus.CANCELED
    assert (await result_of(first)).status is RunStatus.CANCELLED
    await eventually(lambda: len(onward.runs.begun) == 2)
    assert first.id in [key.workflow for key in onward.runs.stopped]
    onward.runs.end()
    await second.result()


async def test_a_cancel_while_it_waits_leaves_the_queue(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    job = deployed(onward)
    first = await going(temporal, onward, job)
    second = await begun(temporal.client, job)
    await waiting(temporal, job, 1)

    await second.cancel()
    await result_of(second)
    await waiting(temporal, job, 0)

    onward.runs.end()
    assert (await first.result()).status is RunStatus.SUCCEEDED
    assert len(onward.runs.begun) == 1


async def test_a_run_that_takes_too_long_is_ended_and_has_failed(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    result = await result_of(await begun(temporal.client, deployed(onward, timeout="1s")))

    assert (result.status, result.cause) == (RunStatus.FAILED, "it did not end in 1s (batch.timeout)")
    assert onward.runs.stopped


async def test_what_a_terminated_run_left_is_ended_before_its_place_is_free(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    job = deployed(onward)
    first = await going(temporal, onward, job)
    second = await begun(temporal.client, job)
    await waiting(temporal, job, 1)

    await first.terminate("gone")

    await eventually(lambda: len(onward.runs.begun) == 2, seconds=60)
    assert [key.workflow for key in onward.runs.stopped] == [first.id]
    assert [status for _, status in onward.runs.recorder.statuses] == [RunStatus.FAILED], "its monitor is told"
    assert onward.runs.most == 1
    onward.runs.end()
    await second.result()


async def test_a_queue_that_somebody_ended_begins_anew_from_what_is_going(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    job = deployed(onward)
    first = await going(temporal, onward, job)
    await temporal.client.get_workflow_handle(batch_id(job.environment, job.service)).terminate("oops")

    second = await begun(temporal.client, job)
    await waiting(temporal, job, 1)

    assert len(onward.runs.begun) == 1
    onward.runs.ends[1] = 0
    onward.runs.end()
    assert [(await run.result()).status for run in (first, second)] == [RunStatus.SUCCEEDED] * 2
    assert onward.runs.most == 1


async def test_nothing_runs_of_what_is_not_deployed(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    job = deployed(onward)
    onward.runs.jobs.there.clear()

    result = await result_of(await begun(temporal.client, job, scheduled=True))

    assert (result.status, result.cause) == (RunStatus.FAILED, f"no batch job {job.name} is deployed")
