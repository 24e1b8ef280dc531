"""Several activities at once, as one step; steps that a cancel does not interrupt, and a cancel that none swallows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Iterable
from typing import Any, TypeVar

from temporalio import workflow

Result = TypeVar("Result")


async def all_or_first_error(work: Iterable[Coroutine[Any, Any, Result]]) -> list[Result]:
    """All results in order; the first error cancels the rest, waits for them, and is raised.

    Nothing can be waited for when the workflow is thrown away by its worker, as one that was terminated is.
    """
    tasks = [asyncio.ensure_future(one) for one in work]
    if not tasks:  # Temporal's wait, as asyncio's, takes nothing for a mistake
        return []
    try:
        done, _ = await workflow.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks:
            if task in done:
                task.result()
        return [task.result() for task in tasks]
    except GeneratorExit:
        raise
    except BaseException:
        await stopped(*tasks)
        raise


def heed_cancel() -> None:
    """Before a next step: raise a cancel that the last one swallowed, as an activity does that ends well all the same.

    :raises asyncio.CancelledError: this task, or the whole workflow, is to end.
    """
    task = asyncio.current_task()
    if workflow.cancellation_reason() is not None or (task is not None and task.cancelling()):
        raise asyncio.CancelledError


async def stopped(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks and wait until each has come to an end, whichever; also while the workflow is cancelled."""
    for task in tasks:
        task.cancel()
    await to_its_end(asyncio.gather(*tasks, return_exceptions=True))


async def to_its_end(work: Awaitable[Result]) -> Result:
    """Wait for the end of something also while the workflow is cancelled; that is raised afterwards."""
    going, cancelled = asyncio.ensure_future(work), False
    while not going.done():
        try:
            await asyncio.shield(going)
        except asyncio.CancelledError:
            if going.cancelled():
                raise
            cancelled = True
    result = going.result()
    if cancelled:
        raise asyncio.CancelledError
    return result
