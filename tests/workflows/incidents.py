"""Roll-forwards as on-call sees them, in tests of workflows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from domain.environment import Environment
from domain.message import Message
from domain.notice import Event
from domain.release import ReleaseRequest, Stage
from domain.roll_forward import RollForwardView, State
from domain.roll_forward_messages import Fix, FixStarted
from domain.workflow_ids import roll_forward_id
from tests.fakes.onward import MemoryOnward
from tests.workflows.releasing import failed, released

#: Of an image whose build fails, once :class:`MemoryOnward`'s builder is told so.
BROKEN = "FROM base\nRUN broken\n"


class Incident:
    """The roll-forward of one service."""

    def __init__(self, client: Client, request: ReleaseRequest) -> None:
        self.id = roll_forward_id(request.service)
        self.handle = client.get_workflow_handle(self.id)

    async def view(self) -> RollForwardView:
        """As it is now."""
        view: RollForwardView = await self.handle.query("view", result_type=RollForwardView)
        return view

    async def until(self, condition: Callable[[RollForwardView], bool], seconds: float = 20) -> RollForwardView:
        """Wait until something is so of it."""
        end, view = time.monotonic() + seconds, None
        while time.monotonic() < end:
            try:
                view = await self.view()
                if condition(view):
                    return view
            except RPCError:  # it is not there yet
                pass
            await asyncio.sleep(0.05)
        raise AssertionError(f"{self.id} did not come to that: {view}")

    async def closed(self) -> RollForwardView:
        """Wait until it is closed."""
        return await self.until(lambda view: view.state is State.CLOSED)

    async def fix(self, request: ReleaseRequest, by: str = "ann") -> FixStarted:
        """Ask for a fix."""
        message = Fix(commit=request.commit, by=by, service_directory=request.service_directory)
        begun: FixStarted = await self.handle.execute_update("fix", message, result_type=FixStarted)
        return begun

    async def refused(self, update: str, message: Message) -> str:
        """What it says to something that it must refuse."""
        with pytest.raises(WorkflowUpdateFailedError) as caught:
            await self.handle.execute_update(update, message)
        cause = caught.value.cause
        assert isinstance(cause, ApplicationError), cause
        assert cause.type == "Refused", cause
        return cause.message


def told(onward: MemoryOnward) -> list[Event]:
    """What on-call was told of the application."""
    return [notice.event for _, notice in onward.notifier.taken if notice.application == onward.application]


async def broken_in_prod(temporal: WorkflowEnvironment, onward: MemoryOnward, role: str = "cart") -> ReleaseRequest:
    """A release that works in ci and not in prod, after one that was verified."""
    await released(temporal.client, onward.commit(role))
    bad = onward.commit(role, level="bad")
    onward.engine.sick_in[bad.commit] = Environment.PROD
    result = await failed(temporal.client, bad)
    assert result.failure is not None
    assert result.failure.stage is Stage.DEPLOY_PROD
    return bad
