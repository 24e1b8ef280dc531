"""Releases that die, and sweeps until they are found."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from temporalio.client import Client

from domain.release import ReleaseRequest
from domain.roll_forward import RollForwardView
from tests.fakes.onward import MemoryOnward
from tests.workflows.incidents import Incident
from tests.workflows.queueing import swept
from tests.workflows.releasing import Release
from workflows.release import ReleaseWorkflow
from workflows.starting import release_options


async def building(client: Client, onward: MemoryOnward, ends_after: timedelta | None = None) -> Release:
    onward.builder.blocked = threading.Event()
    request = onward.commit()
    release = await client.start_workflow(
        ReleaseWorkflow.run, request, execution_timeout=ends_after, **release_options(request)
    )
    async for event in release.fetch_history_events(wait_new_event=True):
        if "build image" in str(event.user_metadata.summary):
            break
    return release


async def swept_until_open(client: Client, onward: MemoryOnward, request: ReleaseRequest) -> Incident:
    """The server's lists are a moment behind."""
    incident = Incident(client, request)
    for _ in range(20):
        await swept(client, onward)
        if await runs(client, incident.id):
            return incident
    raise AssertionError("no sweep has opened it")


async def swept_until(
    client: Client, onward: MemoryOnward, incident: Incident, condition: Callable[[RollForwardView], bool]
) -> RollForwardView:
    for _ in range(40):
        await swept(client, onward)
        with suppress(AssertionError):
            return await incident.until(condition, seconds=0.3)
    raise AssertionError(f"no sweep has changed {await incident.view()}")


async def runs(client: Client, workflow: str) -> list[str]:
    return [each.run_id async for each in client.list_workflows(f"WorkflowId = '{workflow}'")]


def request(onward: MemoryOnward) -> ReleaseRequest:
    (repository, commit), files = next(iter(onward.repositories.commits.items()))
    directory = next(iter(files)).partition("/")[0]
    return ReleaseRequest(
        application=onward.application,
        role=directory,
        repository=repository,
        commit=commit,
        service_directory=directory,
    )


async def failed_runs(client: Client, onward: MemoryOnward, count: int) -> set[str]:
    query = f"WorkflowType = 'Release' AND ExecutionStatus = 'Failed' AND OnwardApplication = '{onward.application}'"
    for _ in range(100):
        runs = {each.run_id async for each in client.list_workflows(query)}
        if len(runs) == count:
            return runs
        await asyncio.sleep(0.05)
    raise AssertionError(f"not {count} releases have failed: {runs}")
