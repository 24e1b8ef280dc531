"""Ctrl-C ends the looking and says how to come back, whether or not the server still answers."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.release import ReleaseRequest
from tests.fakes.onward import MemoryOnward
from tests.silence import Line, line_to
from tests.starter.conftest import command_line
from tests.workflows.releasing import failed, started

#: The calls of who watches: the SDK's own, the one that finds out what an ID means, and the first look.
WATCHING = 3


@pytest.fixture
def line(temporal: WorkflowEnvironment) -> Iterator[Line]:
    with line_to(temporal.client.service_client.config.target_host) as line:
        yield line


async def going_on(temporal: WorkflowEnvironment) -> ReleaseRequest:
    """A release that nobody works on."""
    request = MemoryOnward().commit()
    await started(temporal.client, request)
    return request


def watching(line: Line, *words: str) -> subprocess.Popen[str]:
    process = command_line(f"127.0.0.1:{line.port}").start("watch", *words)
    end = time.monotonic() + 30
    while line.calls < WATCHING and time.monotonic() < end:
        time.sleep(0.05)
    assert process.poll() is None
    return process


async def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    return await asyncio.to_thread(process.communicate, None, 15)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_says_how_to_come_back(temporal: WorkflowEnvironment, line: Line, number: int) -> None:
    request = await going_on(temporal)
    process = await asyncio.to_thread(watching, line, request.id, "--json")
    process.send_signal(number)
    stdout, stderr = await ended(process)

    assert process.returncode == 130
    assert f"Come back with: onward watch {request.id}" in stderr
    assert json.loads(stdout)["release"] == request.id


async def test_a_silent_server_holds_nobody(temporal: WorkflowEnvironment, line: Line) -> None:
    request = await going_on(temporal)
    process = await asyncio.to_thread(watching, line, request.id, "--json")
    line.cut.set()
    process.send_signal(signal.SIGINT)
    stdout, stderr = await ended(process)

    assert process.returncode == 130
    assert stderr.count("detached;") == 1
    assert "Traceback" not in stderr
    assert json.loads(stdout)["error"]["kind"] == "Detached"


async def test_a_second_signal_ends_at_once(temporal: WorkflowEnvironment, line: Line) -> None:
    request = await going_on(temporal)
    process = await asyncio.to_thread(watching, line, request.id, "--json")
    line.cut.set()
    process.send_signal(signal.SIGINT)
    await asyncio.sleep(0.5)
    process.send_signal(signal.SIGINT)
    stdout, stderr = await ended(process)

    assert process.returncode == 130
    assert stdout == ""
    assert "Come back with" in stderr
    assert "Traceback" not in stderr


async def test_a_roll_forward_is_come_back_to_as_well(temporal: WorkflowEnvironment, line: Line) -> None:
    memory = MemoryOnward()
    memory.builder.failing.add("RUN broken")
    async with memory.workers(temporal.client):
        broken = (await failed(temporal.client, memory.commit(dockerfile="FROM base\nRUN broken\n"))).roll_forward
        assert broken is not None
        process = await asyncio.to_thread(watching, line, broken, "--json")
        process.send_signal(signal.SIGINT)
        stdout, stderr = await ended(process)

    assert process.returncode == 130
    assert f"Come back with: onward watch {broken}" in stderr
    assert json.loads(stdout)["roll_forward"] == broken
