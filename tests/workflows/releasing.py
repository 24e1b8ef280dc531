"""Start releases as the client does, and read how they ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError

from domain.release import ReleaseRequest, ReleaseResult
from workflows.journal import RELEASE_FAILED
from workflows.release import ReleaseWorkflow
from workflows.starting import release_options

Release = WorkflowHandle[ReleaseWorkflow, ReleaseResult]


async def started(client: Client, request: ReleaseRequest) -> Release:
    """A running release."""
    return await client.start_workflow(ReleaseWorkflow.run, request, **release_options(request))


async def released(client: Client, request: ReleaseRequest) -> ReleaseResult:
    """The result of a release that ends well."""
    return await (await started(client, request)).result()


async def failed(client: Client, request: ReleaseRequest) -> ReleaseResult:
    """The result of a release that must not end well."""
    with pytest.raises(WorkflowFailureError) as caught:
        await (await started(client, request)).result()
    cause = caught.value.cause
    assert isinstance(cause, ApplicationError)
    assert cause.type == RELEASE_FAILED
    return ReleaseResult.model_validate(cause.details[0])


async def eventually(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"it did not come to that in {seconds} s"
        await asyncio.sleep(0.05)
