"""Batch jobs that are deployed, and runs of them, as people and schedules start them."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from domain.batch import BatchRunRequest, BatchRunResult
from domain.deployment import Deployment
from domain.environment import Environment
from domain.workflow_ids import batch_id, batch_run_id
from tests.domain.builders import deployment
from tests.fakes.onward import MemoryOnward
from tests.fakes.progress import SilentProgress
from tests.workflows.releasing import eventually
from workflows.batch_run import BatchRunWorkflow
from workflows.starting import batch_run_options

Run = WorkflowHandle[BatchRunWorkflow, BatchRunResult]

JOB = """\
application: {application}
role: report
kind: batch
owner: team
scale: {{ci: {{max: {limit}}}, prod: {{max: 5}}}}
batch: {{overlap: {overlap}, timeout: {timeout}}}
"""


def deployed(
    onward: MemoryOnward,
    number: int = 1,
    *,
    code: int | None = None,
    limit: int = 1,
    overlap: str = "skip",
    timeout: str = "1h",
    environment: Environment = Environment.CI,
) -> Deployment:
    """A release of a job whose runs end with a code, or last until the test ends them."""
    from domain.definition_file import parse_definition

    text = JOB.format(application=onward.application, limit=limit, overlap=overlap, timeout=timeout)
    made = deployment(number, definition=parse_definition(text, "service.yaml"), environment=environment)
    onward.runs.ends[number] = code
    onward.runs.jobs.deploy(made, SilentProgress())
    return made


def request_of(job: Deployment, **changes: Any) -> BatchRunRequest:
    """Somebody wants a run."""
    service = job.service
    values: dict[str, Any] = {"requested_by": "ann", "reason": "month's end"}
    return BatchRunRequest(
        environment=job.environment, application=service.application, role=service.role, **(values | changes)
    )


async def begun(client: Client, job: Deployment, **changes: Any) -> Run:
    """A run that was asked for."""
    request = request_of(job, **changes)
    return await client.start_workflow(
        BatchRunWorkflow.run,
        request,
        **batch_run_options(request, batch_run_id(job.environment, job.service, uuid4().hex[:6])),
    )


async def result_of(run: Run) -> BatchRunResult:
    """How a run ended, well or not."""
    try:
        return await run.result()
    except WorkflowFailureError as error:
        if isinstance(error.cause, ApplicationError) and error.cause.details:
            return BatchRunResult.model_validate(error.cause.details[0])
        return await run.query(BatchRunWorkflow.progress)


async def going(temporal: WorkflowEnvironment, onward: MemoryOnward, job: Deployment) -> Run:
    """A run that has begun, and lasts."""
    run = await begun(temporal.client, job)
    await eventually(lambda: len(onward.runs.begun) == 1)
    return run


async def waiting(temporal: WorkflowEnvironment, job: Deployment, count: int) -> None:
    """Until so many wait."""
    queue = temporal.client.get_workflow_handle(batch_id(job.environment, job.service))
    for _ in range(200):
        if len((await queue.query("view"))["waiting"]) == count:
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"there were never {count} waiting")
