"""What a workflow answers when it does not do what was asked, as the error that it was over there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import exceptions
from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from temporalio.client import (
    Client,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from domain import errors
from domain.errors import NotFound, OnwardError, Unreachable, silent_worker
from domain.identity import Duty
from domain.workflow_ids import task_queue

Subject = TypeVar("Subject")
Answer = TypeVar("Answer")

#: Where the worker that runs workflows takes them from.
WORKFLOW_QUEUE = task_queue(Duty.ORCHESTRATE)

#: Seconds after which a workflow that was not ready is asked again.
AGAIN = 0.2

#: For the one question that Temporal answers without any worker.
PROBE = timedelta(seconds=3)

#: For a query. A worker that was killed is back in three to seven seconds; a task of the workflow that it was at is
#: given to another one after ten, and until then nobody answers.
QUERY = timedelta(seconds=8)

#: What a query ends with that no worker answers: in time, or at all.
UNANSWERED = frozenset({RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED, RPCStatusCode.FAILED_PRECONDITION})


async def silent(client: Client) -> Unreachable:
    """Who is meant when a workflow does not answer: the worker that runs it.

    :raises RPCError: it is Temporal itself that does not answer.
    """
    await client.workflow_service.get_system_info(GetSystemInfoRequest(), timeout=PROBE)
    return silent_worker(WORKFLOW_QUEUE)


async def seen(
    client: Client, handle: WorkflowHandle[Subject, Any], query: Callable[[Subject], Answer], absent: str
) -> Answer:
    """What a workflow answers to a query. Temporal is asked beside one that is late: who is silent is known in time.

    :param absent: what to say when there is no such workflow.
    :raises NotFound: there is none.
    :raises Unreachable: no worker answers.
    :raises RPCError: Temporal does not answer.
    """
    asking = asyncio.ensure_future(_asked(handle, query))
    try:
        answers, _ = await asyncio.wait({asking}, timeout=(QUERY - PROBE).total_seconds())
        nobody = silent_worker(WORKFLOW_QUEUE) if answers else await silent(client)
        return await _found(asking, absent, nobody)
    finally:
        asking.cancel()


async def _asked(handle: WorkflowHandle[Subject, Any], query: Callable[[Subject], Answer]) -> Answer:
    """A question that meets a run which is just continuing as new may fail over it; the next meets the new run."""
    try:
        return await handle.query(query, rpc_timeout=QUERY)
    except WorkflowQueryFailedError:
        await asyncio.sleep(AGAIN)
        return await handle.query(query, rpc_timeout=PROBE)


async def _found(asking: Awaitable[Answer], absent: str, nobody: Unreachable) -> Answer:
    """The answer to a query; what it ends with otherwise is told as what it means."""
    try:
        return await asking
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise NotFound(absent) from None
        if error.status not in UNANSWERED:
            raise
        raise nobody from None
    except WorkflowQueryFailedError as error:
        raise silent_worker(WORKFLOW_QUEUE, str(error)) from None


async def answered(client: Client, ask: Callable[[], Awaitable[Answer]], patience: float = 45) -> Answer:
    """What a workflow answers to an update.

    The server turns one away that comes in the moment in which the workflow continues as new; it
    left no trace, and is asked again.

    :raises OnwardError: the error with which it refused, of the type that it was.
    :raises NotFound: there is no such workflow, or it has ended.
    :raises Unreachable: no worker took the question in time.
    :raises RPCError: Temporal does not answer: that is asked first, as a worker gets more time.
    """
    nobody = await silent(client)
    try:
        async with asyncio.timeout(patience):
            while True:
                try:
                    return await ask()
                except RPCError as error:
                    if error.status is not RPCStatusCode.FAILED_PRECONDITION:
                        raise
                await asyncio.sleep(AGAIN)
    except WorkflowUpdateFailedError as error:
        raise error_of(error.cause) from None
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise NotFound("it is not open\n  next: onward roll-forwards") from None
        raise
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
        raise nobody from None


def together(errors: Sequence[OnwardError]) -> OnwardError:
    """One error that says each thing once, of the type of the first."""
    said = dict.fromkeys(map(str, errors))
    return _made(type(errors[0]), "\n".join(said))


def error_of(cause: BaseException | None) -> OnwardError:
    """The domain's error inside of Temporal's wrapping, of the type that was raised."""
    while isinstance(cause, ActivityError) and cause.cause is not None:
        cause = cause.cause
    if isinstance(cause, exceptions.TimeoutError):  # of the workflow: what its activities say is an error of ours
        return silent_worker(WORKFLOW_QUEUE)
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
