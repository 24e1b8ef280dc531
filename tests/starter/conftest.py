"""The command line against a Temporal server and Onward in memory."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from stack.servers import temporal_config
from tests.e2e.commandline import Answer, CommandLine
from tests.workflows.conftest import TEMPORAL
from workflows import attributes

#: Runs ``onward`` beside the workers of this process.
Asks = Callable[..., Awaitable[Answer]]


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    """A server in real time: it is processes that wait here."""
    environment = await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(TEMPORAL),
        search_attributes=attributes.ALL,
        dev_server_extra_args=temporal_config(),
    )
    async with environment:
        yield environment


@pytest.fixture
def onward(temporal: WorkflowEnvironment) -> CommandLine:
    return command_line(temporal.client.service_client.config.target_host)


def command_line(address: str) -> CommandLine:
    """``onward`` that knows of no stack but of this server."""
    return CommandLine({"TEMPORAL_ADDRESS": address, "ONWARD_STATE_DIRECTORY": os.devnull})


@pytest.fixture
def asks(onward: CommandLine) -> Asks:
    def ask(*words: str) -> Awaitable[Answer]:
        return asyncio.to_thread(onward.run, *words)

    return ask
