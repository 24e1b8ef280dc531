"""Ask a duty on behalf of a person, who is told which worker is missing when none answers."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from temporalio import exceptions, workflow
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutType

with workflow.unsafe.imports_passed_through():
    from domain.errors import Unreachable, silent_worker
    from domain.identity import Duty
    from domain.workflow_ids import task_queue

Answer = TypeVar("Answer")


async def answer_of(duty: Duty, asked: Awaitable[Answer]) -> Answer:
    """What an activity of a duty answers; its own error stays as it is.

    Temporal's error names the activity, whose duty only the caller knows.
    """
    try:
        return await asked
    except ActivityError as error:
        if not isinstance(error.cause, exceptions.TimeoutError):
            raise
        taken = error.cause.type is not TimeoutType.SCHEDULE_TO_START
        fault = silent_worker(task_queue(duty), "it took the question and gave no answer in time" if taken else "")
        raise ApplicationError(str(fault), type=Unreachable.__name__, non_retryable=True) from error
