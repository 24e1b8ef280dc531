"""Questions that the duty with the keys answers, as short workflows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

from temporalio.client import Client, WorkflowFailureError

from domain.identity import Duty, lookup_id, task_queue
from domain.message import Message
from starter.answers import error_of

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
        raise error_of(error.cause) from None
