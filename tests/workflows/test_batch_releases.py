"""What a release of a job changes: the next run, the schedule, how many may be going – and none that is going."""

from __future__ import annotations

import asyncio

from temporalio.testing import WorkflowEnvironment

from domain.environment import Environment
from domain.workflow_ids import batch_id
from tests.fakes.onward import REPOSITORY, MemoryOnward
from tests.workflows.batching import begun, deployed, going, waiting
from tests.workflows.releasing import eventually, released


async def test_a_release_meanwhile_changes_what_a_waiting_run_will_be_of(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    job = deployed(onward, 1)
    first = await going(temporal, onward, job)
    second = await begun(temporal.client, job)
    await waiting(temporal, job, 1)

    deployed(onward, 2, code=0)
    onward.runs.end()

    assert [(await run.result()).number for run in (first, second)] == [1, 2]


async def test_a_release_of_a_job_is_recorded_and_scheduled_in_both_environments(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    def job(every: str) -> str:
        return f"kind: batch\nbatch: {{every: {every}}}\n"

    await released(temporal.client, onward.commit("report", more=job("240h")))
    result = await released(temporal.client, onward.commit("report", more=job("480h"), level="debug"))

    assert {(each.name.partition("-")[0], each.number) for each in onward.runs.jobs.there.values()} == {
        ("ci", 2),
        ("prod", 2),
    }
    assert "the next run is of #2" in result.stages[-1].detail
    for each in onward.runs.jobs.there.values():
        handle = temporal.client.get_schedule_handle(batch_id(each.environment, each.service))
        found = (await handle.describe()).schedule
        assert found.spec.intervals[0].every.days == 20
        assert found.state.note == f"#2 ({result.release})"
        await handle.delete()


async def test_a_release_with_a_smaller_limit_holds_for_the_runs_that_wait_already(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    rules = "kind: batch\nbatch: {overlap: buffer_all}\n"
    onward.runs.ends = {1: None, 2: None}
    await released(temporal.client, onward.commit("report", more=rules))
    (prod,) = [each for each in onward.runs.jobs.there.values() if each.environment is Environment.PROD]
    runs = [await begun(temporal.client, prod) for _ in range(5)]
    await eventually(lambda: len(onward.runs.begun) == 5)
    runs += [await begun(temporal.client, prod) for _ in range(2)]
    await waiting(temporal, prod, 2)

    request = onward.commit("report", more=rules, level="debug")
    files = onward.repositories.commits[REPOSITORY, request.commit]
    files["report/service.yaml"] = files["report/service.yaml"].replace("max: 5", "max: 1")
    await released(temporal.client, request)
    onward.runs.most = 0
    while len(onward.runs.stopped) < len(runs):
        onward.runs.end()
        await asyncio.sleep(0.05)

    results = await asyncio.gather(*(run.result() for run in runs))
    assert [result.number for result in results] == [1, 1, 1, 1, 1, 2, 2]
    assert onward.runs.most == 1
