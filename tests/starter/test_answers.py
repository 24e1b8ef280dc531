"""What becomes of a question to a workflow."""

from __future__ import annotations

from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from domain.errors import Unreachable
from starter.answers import seen


@workflow.defn
class Hesitant:
    """Answers a question after so many failures."""

    @workflow.init
    def __init__(self, failures: int) -> None:
        self._failures = failures

    @workflow.run
    async def run(self, failures: int) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.query
    def view(self) -> str:
        if self._failures:
            self._failures -= 1
            raise ValueError("it continues as new")
        return "here"


@pytest.mark.parametrize("failures", [0, 1, 2])
async def test_a_question_that_fails_is_asked_once_more(temporal: WorkflowEnvironment, failures: int) -> None:
    name, client = f"t{uuid4().hex[:8]}", temporal.client
    async with Worker(client, task_queue=name, workflows=[Hesitant]):
        handle = await client.start_workflow(Hesitant.run, failures, id=name, task_queue=name)
        if failures > 1:
            with pytest.raises(Unreachable, match="it continues as new"):
                await seen(client, handle, Hesitant.view, "there is none")
        else:
            assert await seen(client, handle, Hesitant.view, "there is none") == "here"
