"""The command line against a Temporal server and Onward in memory."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.e2e.commandline import Answer, CommandLine
from tests.workflows.conftest import local_server

#: Runs ``onward`` beside the workers of this process.
Asks = Callable[..., Awaitable[Answer]]


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    """A server in real time: it is processes that wait here."""
    async with await local_server() as environment:
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
