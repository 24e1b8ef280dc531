"""Start releases as the client does, and read how they ended."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
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


class Held:
    """Work that goes on, whoever cancels it, until it is let go."""

    def __init__(self) -> None:
        self.has_begun = threading.Event()
        self.may_end = threading.Event()

    def __call__(self) -> None:
        self.has_begun.set()
        self.may_end.wait(60)


async def has_heard_of_cancel(workflow: WorkflowHandle[Any, Any]) -> None:
    """Wait until a workflow has asked what it runs to stop."""
    async for event in workflow.fetch_history_events(wait_new_event=True):
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED:
            break


async def eventually(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"it did not come to that in {seconds} s"
        await asyncio.sleep(0.05)
