"""``make history``: run each story once on a real Temporal server and keep its history.

The histories are committed. A change of a workflow that cannot replay them would break the
releases that run while Onward itself is updated.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowFailureError
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from domain.environment import Environment
from domain.identity import Duty, canonical_name, lookup_id, task_queue
from domain.lookups import PlanRequest
from domain.release import ReleaseRequest
from stack.servers import temporal_config
from tests.fakes.onward import MemoryOnward
from tests.workflows.conftest import TEMPORAL
from tests.workflows.releasing import Release, started
from workflows import attributes
from workflows.lookups import PlanWorkflow

HISTORIES = Path(__file__).with_name("histories")

Story = Callable[[Client, MemoryOnward], Awaitable[Any]]


async def verified(client: Client, onward: MemoryOnward) -> Release:
    """Everything goes well."""
    return await _ended(client, onward.commit())


async def build_failed(client: Client, onward: MemoryOnward) -> Release:
    """A step of the image's build fails while the suite is built."""
    onward.builder.failing.add("RUN broken")
    return await _ended(client, onward.commit(dockerfile="FROM base\nRUN broken\n"))


async def refused(client: Client, onward: MemoryOnward) -> Release:
    """The definition is invalid."""
    request = onward.commit()
    onward.repositories.commits[request.repository, request.commit]["cart/service.yaml"] += "colour: red\n"
    return await _ended(client, request)


async def halted(client: Client, onward: MemoryOnward) -> Release:
    """The update pauses in ci."""
    request = onward.commit()
    onward.engine.sick.add(request.commit)
    return await _ended(client, request)


async def superseded(client: Client, onward: MemoryOnward) -> Release:
    """A newer release of the role is in ci already."""
    first = onward.commit()
    await _ended(client, first)
    name = canonical_name(Environment.CI, first.service)
    onward.engine.states[name] = onward.engine.states[name].model_copy(update={"number": 99})
    return await _ended(client, onward.commit(level="warning"))


async def cancelled(client: Client, onward: MemoryOnward) -> Release:
    """Somebody cancels during the build."""
    onward.builder.blocked = threading.Event()
    release = await started(client, onward.commit())
    async for event in release.fetch_history_events(wait_new_event=True):
        if "build image" in str(event.user_metadata.summary):
            break
    await release.cancel()
    await _waited(release)
    return release


async def plan(client: Client, onward: MemoryOnward) -> Any:
    """A lookup that asks three duties."""
    request = PlanRequest(release=onward.commit())
    lookup = await client.start_workflow(
        PlanWorkflow.run, request, id=lookup_id("plan", onward.application), task_queue=task_queue(Duty.ORCHESTRATE)
    )
    await _waited(lookup)
    return lookup


STORIES: list[Story] = [verified, build_failed, refused, halted, superseded, cancelled, plan]


async def record() -> None:
    """Write one file per story; traces of this machine are left out."""
    environment = await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(TEMPORAL),
        search_attributes=attributes.ALL,
        identity="onward",
        dev_server_extra_args=temporal_config(),
    )
    async with environment:
        for story in STORIES:
            onward = MemoryOnward()
            async with onward.workers(environment.client):
                release = await story(environment.client, onward)
                history = json.loads((await release.fetch_history()).to_json())
            text = json.dumps(_without_traces(history), indent=1, ensure_ascii=False)
            (HISTORIES / f"{story.__name__}.json").write_text(text + "\n")


async def _ended(client: Client, request: ReleaseRequest) -> Release:
    release = await started(client, request)
    await _waited(release)
    return release


async def _waited(workflow: Any) -> None:
    with contextlib.suppress(WorkflowFailureError):  # most stories end badly on purpose
        await workflow.result()


def _without_traces(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_traces(item) for key, item in value.items() if key != "stackTrace"}
    return [_without_traces(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    asyncio.run(record())
