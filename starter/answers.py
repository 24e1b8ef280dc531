"""What a workflow answers when it does not do what was asked, as the error that it was over there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from temporalio import exceptions
from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutType
from temporalio.service import RPCError, RPCStatusCode

from domain import errors
from domain.errors import NotFound, OnwardError, Unreachable

Answer = TypeVar("Answer")

#: Seconds after which a workflow that was not ready is asked again.
AGAIN = 0.2


async def answered(ask: Callable[[], Awaitable[Answer]], patience: float = 45) -> Answer:
    """What a workflow answers to an update.

    The server turns one away that comes in the moment in which the workflow continues as new; it
    left no trace, and is asked again.

    :raises OnwardError: the error with which it refused, of the type that it was.
    :raises NotFound: there is no such workflow, or it has ended.
    :raises Unreachable: no worker took the question in time.
    """
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
        raise Unreachable("worker", "orchestrate", "no worker takes the question; see `onward doctor`") from None


def error_of(cause: BaseException | None) -> OnwardError:
    """The domain's error inside of Temporal's wrapping, of the type that was raised."""
    queue = ""
    while isinstance(cause, ActivityError) and cause.cause is not None:
        queue = cause.activity_type
        cause = cause.cause
    if isinstance(cause, exceptions.TimeoutError):
        if isinstance(cause.cause, ApplicationError):
            return error_of(cause.cause)
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
