"""Questions that the duty with the keys answers, as short workflows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

from temporalio.client import Client, WorkflowFailureError

from domain.errors import Unreachable
from domain.identity import Duty
from domain.message import Message
from domain.workflow_ids import lookup_id, task_queue
from starter.answers import error_of
from starter.temporal_errors import SERVER
from workflows.policies import ANSWER_WITHIN

Question = TypeVar("Question", bound=Message)
Answer = TypeVar("Answer", bound=Message)

#: What is left for Temporal itself to start the workflow and to give its answer.
MARGIN = timedelta(seconds=1.5)


async def ask(
    client: Client,
    run: Callable[[Any, Question], Awaitable[Answer]],
    question: Question,
    subject: str,
    within: timedelta = ANSWER_WITHIN,
) -> Answer:
    """Run a lookup workflow to its end.

    :param run: the ``run`` method of one of :data:`workflows.lookups.LOOKUPS`.
    :raises OnwardError: of the type that the activity raised.
    :raises Unreachable: no worker of the duty answers, or Temporal does not.
    """
    try:
        async with asyncio.timeout((within + MARGIN).total_seconds()):
            return await client.execute_workflow(
                run,
                question,
                id=lookup_id(subject, uuid4().hex[:12]),
                task_queue=task_queue(Duty.ORCHESTRATE),
                execution_timeout=within,
            )
    except WorkflowFailureError as error:
        raise error_of(error.cause) from None
    except TimeoutError:
        address = client.service_client.config.target_host
        raise Unreachable(SERVER, address, f"no answer in {(within + MARGIN).total_seconds():.0f} s") from None
