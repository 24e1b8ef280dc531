"""Releases and stage activities per minute with engines that do nothing: Onward's own ceiling.

A real Temporal server on a SQLite file (with the stack's pragmas), the real workflow and
activities, stores and engines in memory, one worker process with all duties – this one. The
client is in it too, so the figures are lower bounds. Each release is of an application of its own:
in one application each would be tested with all others, which `regression.py` measures.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import sys
import tempfile
import time
from pathlib import Path

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from domain.release import ReleaseRequest, Stage
from stack.servers import temporal_config
from tests.fakes.onward import MemoryOnward
from tests.workflows.conftest import TEMPORAL
from tests.workflows.releasing import released
from workflows import attributes

PRAGMAS = ["--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=1"]
RELEASES = 60
AT_ONCE = 10
MANY = "many"
AIM = 600  # activities per minute and worker, on two cores


async def main() -> None:
    """Print one table."""
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as directory:
        environment = await WorkflowEnvironment.start_local(
            data_converter=pydantic_data_converter,
            dev_server_existing_path=str(TEMPORAL),
            dev_server_database_filename=str(Path(directory, "temporal.db")),
            dev_server_extra_args=[*PRAGMAS, *temporal_config()],
            search_attributes=attributes.ALL,
        )
        async with environment:
            onward = MemoryOnward()
            async with onward.workers(environment.client):
                await released(environment.client, onward.commit("warm-up"))
                alone = await _alone(environment, onward)
                seconds = await _many(environment, onward)
                activities = await _completed(environment.client)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = [
        ("stages of a release", f"{len(Stage)}"),
        ("one release alone, median", f"{alone:.2f} s"),
        (f"{RELEASES} releases, {AT_ONCE} at once", f"{seconds:.1f} s"),
        ("releases per minute", f"{60 * RELEASES / seconds:.0f}"),
        ("activities in their histories", f"{activities}"),
        (f"activities per minute (aim: {AIM})", f"{60 * activities / seconds:.0f}"),
        ("peak memory of the worker process", f"{peak:.0f} MiB"),
    ]
    for name, value in rows:
        print(f"{name:40} {value:>12}")


async def _alone(environment: WorkflowEnvironment, onward: MemoryOnward) -> float:
    times = []
    for index in range(7):
        start = time.perf_counter()
        await released(environment.client, _commit(onward, f"alone{index}"))
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def _commit(onward: MemoryOnward, application: str) -> ReleaseRequest:
    """Of a service in a directory of its own: one directory holds one service for good."""
    onward.application = application
    return onward.commit(role=application)


async def _many(environment: WorkflowEnvironment, onward: MemoryOnward) -> float:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(index: int) -> None:
        async with places:
            await released(environment.client, _commit(onward, f"{MANY}{index}"))

    start = time.perf_counter()
    await asyncio.gather(*(one(index) for index in range(RELEASES)))
    return time.perf_counter() - start


async def _completed(client: Client) -> int:
    """How many activities the histories of these releases, their regressions and their gates hold as completed."""
    count, releases = 0, 0
    async for execution in client.list_workflows():
        if f":{MANY}" not in execution.id:
            continue
        releases += execution.workflow_type == "Release"
        history = await client.get_workflow_handle(execution.id, run_id=execution.run_id).fetch_history()
        count += sum(event.HasField("activity_task_completed_event_attributes") for event in history.events)
    assert releases == RELEASES, f"{releases} releases are listed, not {RELEASES}"
    return count


if __name__ == "__main__":
    asyncio.run(main())
    sys.stdout.flush()
