"""A server that cannot be reached: exit code 3 within ten seconds, its name, its address; nothing else."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from domain.gate_messages import GateState
from domain.identity import Duty
from domain.workflow_ids import gate_id, task_queue
from starter.answers import PROBE, QUERY
from starter.call_limits import CALL, RETRY
from starter.gates import Gates
from starter.lookups import MARGIN
from stores.s3 import S3ObjectStore
from stores.s3_client import BRISK
from tests.e2e.commandline import Answer, CommandLine
from tests.fakes.duties import activities_of
from tests.fakes.onward import MemoryOnward
from tests.fakes.sandbox import PREPARED
from tests.silence import closed_port, line_to, silent_port
from tests.starter.conftest import Asks, command_line
from worker import WORKFLOWS, running
from workflows.application import ApplicationWorkflow
from workflows.policies import ANSWER_WITHIN

RELEASE = "release:shop-cart:1a2b3c4d5e6f"


async def timed(onward: CommandLine, *words: str) -> Answer:
    """What is said of somebody who is away; the bound is for a busy machine, yet below what the SDK takes by itself."""
    start = time.monotonic()
    answer = await asyncio.to_thread(onward.run, *words)
    assert answer.exit_code == 3, str(answer)
    assert time.monotonic() - start < 25, str(answer)
    return answer


def test_the_limits_leave_two_of_ten_seconds_to_the_process() -> None:
    assert (ANSWER_WITHIN + MARGIN).total_seconds() <= 8
    assert (CALL + PROBE).total_seconds() <= 8
    assert QUERY.total_seconds() <= 8, "the probe beside it included"
    assert (RETRY.max_elapsed_time_millis or 0) <= 8000


def only_workflows(client: Client) -> Worker:
    return Worker(
        client,
        task_queue=task_queue(Duty.ORCHESTRATE),
        workflows=WORKFLOWS,
        workflow_runner=PREPARED,
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
    )


async def gate_left_alone(client: Client) -> str:
    """The application of a gate that was served once, and whose worker is gone."""
    application, queue = f"t{uuid4().hex[:8]}", task_queue(Duty.ORCHESTRATE)
    state = GateState(application=application)
    gate = await client.start_workflow(ApplicationWorkflow.run, state, id=gate_id(application), task_queue=queue)
    async with only_workflows(client):
        await gate.query(ApplicationWorkflow.view)
    return application


async def test_without_any_worker_deployed_is_one_error_and_no_table(onward: CommandLine) -> None:
    answer = await timed(onward, "deployed")

    assert answer.stdout == ""
    assert answer.stderr.count("worker of task queue onward does not answer") == 1


async def test_without_any_worker_deployed_is_one_document(onward: CommandLine) -> None:
    answer = await timed(onward, "deployed", "--json")

    assert answer.document["error"]["kind"] == "Unreachable"


async def test_without_its_worker_a_gate_is_silent(onward: CommandLine, temporal: WorkflowEnvironment) -> None:
    answer = await timed(onward, "gate", await gate_left_alone(temporal.client))

    assert "worker of task queue onward does not answer: nobody takes the question" in answer.stderr


async def test_a_temporal_that_goes_silent_over_a_question_to_a_gate_is_named(temporal: WorkflowEnvironment) -> None:
    application = await gate_left_alone(temporal.client)
    async with only_workflows(temporal.client):
        with line_to(temporal.client.service_client.config.target_host, calls=2) as line:
            connected = await Client.connect(f"127.0.0.1:{line.port}", data_converter=pydantic_data_converter)
            await Gates(connected).view(application)
            with pytest.raises(RPCError):
                await Gates(connected).view(application)


async def test_a_worker_that_comes_back_within_seconds_is_waited_for(temporal: WorkflowEnvironment) -> None:
    """As after one that was killed: its supervisor needs up to seven seconds."""
    application = await gate_left_alone(temporal.client)
    back = only_workflows(temporal.client)

    asking = asyncio.create_task(Gates(temporal.client).view(application))
    await asyncio.sleep(6)
    async with back:
        assert (await asking).application == application


async def test_a_missing_duty_is_named_by_its_task_queue(onward: CommandLine, temporal: WorkflowEnvironment) -> None:
    async with only_workflows(temporal.client):
        answer = await timed(onward, "deployed", "--environment", "ci")

    assert "worker of task queue onward-ci does not answer" in answer.stderr


@pytest.mark.parametrize("words", [("evidence", RELEASE), ("logs", RELEASE), ("manifest", f"sha256:{'0' * 64}")])
async def test_a_silent_s3_is_named_through_its_worker(
    onward: CommandLine, temporal: WorkflowEnvironment, words: tuple[str, ...]
) -> None:
    memory = MemoryOnward()
    with silent_port() as port:
        endpoint = f"http://127.0.0.1:{port}"
        memory.store = S3ObjectStore(  # type: ignore[assignment]
            endpoint=endpoint, bucket="b", access_key="a", secret_key="s", region="r", limits=BRISK
        )
        async with memory.workers(temporal.client):
            answer = await timed(onward, *words)

    assert f"S3 at {endpoint} does not answer" in answer.stderr


@pytest.fixture(params=[closed_port, silent_port], ids=["closed", "silent"])
def nowhere(request: pytest.FixtureRequest) -> Iterator[str]:
    with request.param() as port:
        yield f"127.0.0.1:{port}"


async def test_a_temporal_that_was_never_there_is_named(nowhere: str) -> None:
    answer = await timed(command_line(nowhere), "releases")

    assert f"Temporal at {nowhere} does not answer" in answer.stderr


#: Each asks in another way: a list, a description, a query, an update, a start.
QUESTIONS = [
    ("releases",),
    ("show", RELEASE),
    ("gate", "shop"),
    ("ack", "shop-cart"),
    ("freeze", "shop", "--reason", "a test"),
    ("deployed",),
]


@pytest.mark.parametrize("words", QUESTIONS, ids=lambda words: words[0])
async def test_a_temporal_that_goes_silent_is_named(temporal: WorkflowEnvironment, words: tuple[str, ...]) -> None:
    with line_to(temporal.client.service_client.config.target_host, calls=1) as line:
        answer = await timed(command_line(f"127.0.0.1:{line.port}"), *words)

    assert f"Temporal at 127.0.0.1:{line.port} does not answer" in answer.stderr


async def test_what_does_answer_is_shown_beside_the_error(asks: Asks, temporal: WorkflowEnvironment) -> None:
    memory = MemoryOnward()
    workers = [
        Worker(temporal.client, task_queue=task_queue(Duty.ORCHESTRATE), workflows=WORKFLOWS),
        Worker(
            temporal.client,
            task_queue=task_queue(Duty.CI),
            activities=activities_of(memory, Duty.CI, temporal.client),
            activity_executor=ThreadPoolExecutor(4),
        ),
    ]
    async with running(workers, timedelta(seconds=20)):
        answer = await asks("deployed", "--json")

    assert answer.exit_code == 3
    assert json.loads(answer.stdout) == []
    assert "worker of task queue onward-prod does not answer" in answer.stderr
