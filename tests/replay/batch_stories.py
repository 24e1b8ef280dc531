"""What runs of batch jobs go through, told once each to be recorded."""

from __future__ import annotations

from typing import Any

from temporalio.client import Client

from domain.workflow_ids import batch_id
from tests.fakes.onward import MemoryOnward
from tests.replay.stories import waited
from tests.workflows.batching import begun, deployed
from tests.workflows.releasing import eventually


async def batch_run(client: Client, onward: MemoryOnward) -> Any:
    """It waits for its turn, and succeeds."""
    job = deployed(onward)
    first = await begun(client, job)
    await eventually(lambda: len(onward.runs.begun) == 1)
    second = await begun(client, job)
    onward.runs.ends[1] = 0
    onward.runs.end()
    await waited(first)
    await waited(second)
    return second


async def batch_run_failed(client: Client, onward: MemoryOnward) -> Any:
    """Its container ends with exit code 3."""
    run = await begun(client, deployed(onward, code=3))
    await waited(run)
    return run


async def batch_run_cancelled(client: Client, onward: MemoryOnward) -> Any:
    """Somebody cancels it while its container runs."""
    run = await begun(client, deployed(onward))
    await eventually(lambda: len(onward.runs.begun) == 1)
    await run.cancel()
    await waited(run)
    return run


async def batch_run_skipped(client: Client, onward: MemoryOnward) -> Any:
    """A scheduled one, while another one is going."""
    job = deployed(onward)
    await begun(client, job)
    await eventually(lambda: len(onward.runs.begun) == 1)
    run = await begun(client, job, scheduled=True)
    await waited(run)
    onward.runs.end()
    return run


async def batch_queue(client: Client, onward: MemoryOnward) -> Any:
    """One run is terminated while another one waits: its place is free once nothing is left of it."""
    job = deployed(onward)
    first = await begun(client, job)
    await eventually(lambda: len(onward.runs.begun) == 1)
    second = await begun(client, job)
    onward.runs.ends[1] = 0
    await first.terminate("gone")
    await waited(second)
    queue = client.get_workflow_handle(batch_id(job.environment, job.service))
    await queue.result()
    return queue
