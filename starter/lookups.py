"""Questions that the duty with the keys answers, as short workflows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

from temporalio import exceptions
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutType

from domain import errors
from domain.errors import OnwardError, Unreachable
from domain.identity import Duty, lookup_id, task_queue
from domain.message import Message

Question = TypeVar("Question", bound=Message)
Answer = TypeVar("Answer", bound=Message)

#: Longer than the activities of a lookup may take: their own error says more.
TIMEOUT = timedelta(seconds=60)


async def ask(
    client: Client, run: Callable[[Any, Question], Awaitable[Answer]], question: Question, subject: str
) -> Answer:
    """Run a lookup workflow to its end.

    :param run: the ``run`` method of one of :data:`workflows.lookups.LOOKUPS`.
    :raises OnwardError: of the type that the activity raised.
    :raises Unreachable: no worker of the duty answers.
    """
    try:
        return await client.execute_workflow(
            run,
            question,
            id=lookup_id(subject, uuid4().hex[:12]),
            task_queue=task_queue(Duty.ORCHESTRATE),
            execution_timeout=TIMEOUT,
        )
    except WorkflowFailureError as error:
        raise _translated(error.cause) from None


def _translated(cause: BaseException | None) -> OnwardError:
    queue = ""
    while isinstance(cause, ActivityError) and cause.cause is not None:
        queue = cause.activity_type
        cause = cause.cause
    if isinstance(cause, exceptions.TimeoutError):
        if isinstance(cause.cause, ApplicationError):
            return _translated(cause.cause)
        if cause.type is TimeoutType.SCHEDULE_TO_START or not queue:
            return Unreachable("worker", queue or "orchestrate", "no worker takes the question; see `onward doctor`")
        return Unreachable("worker", queue, "no answer in time")
    if isinstance(cause, ApplicationError):
        kind = getattr(errors, cause.type or "", OnwardError)
        known = isinstance(kind, type) and issubclass(kind, OnwardError)
        return _made(kind if known else OnwardError, cause.message)
    return OnwardError(str(cause))


def _made(kind: type[OnwardError], message: str) -> OnwardError:
    """An error of a type with the text that it had on the other side."""
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    return error
