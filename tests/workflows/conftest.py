"""A Temporal dev server whose clock skips, and Onward in memory on it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from domain.release import ReleaseRequest
from stack.servers import temporal_config
from tests.fakes.onward import MemoryOnward
from tests.workflows.incidents import BROKEN
from workflows import attributes

TEMPORAL = Path(sys.executable).with_name("temporal")


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    """One server for all workflow tests."""
    environment = await WorkflowEnvironment.start_time_skipping_v2(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(TEMPORAL),
        search_attributes=attributes.ALL,
        dev_server_extra_args=[
            *("--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"),
            *temporal_config(),
        ],
    )
    async with environment:
        yield environment


@pytest.fixture
async def onward(temporal: WorkflowEnvironment) -> AsyncIterator[MemoryOnward]:
    """Onward in memory, with its workers running."""
    memory = MemoryOnward()
    async with memory.workers(temporal.client):
        yield memory
        await _ended(temporal.client, memory)


@pytest.fixture
def broken(onward: MemoryOnward) -> ReleaseRequest:
    """A commit whose build fails."""
    onward.builder.failing.add("RUN broken")
    return onward.commit(dockerfile=BROKEN)


async def _ended(client: Client, memory: MemoryOnward) -> None:
    """Roll-forwards stay open for good, and would be work for the tests that follow."""
    mine = f"OnwardApplication = '{memory.application}' AND ExecutionStatus = 'Running'"
    async for each in client.list_workflows(mine):
        with suppress(RPCError):  # it has ended meanwhile
            await client.get_workflow_handle(each.id).terminate("the test is over")


@pytest.fixture
async def impatient() -> AsyncIterator[WorkflowEnvironment]:
    """A server that asks workflows to continue as new after few events."""
    async with await local_server("limit.historyCount.suggestContinueAsNew=40") as environment:
        yield environment


async def local_server(*configuration: str, identity: str | None = None) -> WorkflowEnvironment:
    """A dev server in real time, in memory.

    :param configuration: dynamic configuration values beside ours, such as ``key=1``.
    :param identity: how its client is called in histories.
    """
    return await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(TEMPORAL),
        search_attributes=attributes.ALL,
        identity=identity,
        dev_server_extra_args=[
            *(word for value in configuration for word in ("--dynamic-config-value", value)),
            *temporal_config(),
        ],
    )
