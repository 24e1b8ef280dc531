"""Several activities at once, as one step."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from temporalio import workflow

Result = TypeVar("Result")


async def all_or_first_error(work: Iterable[Coroutine[Any, Any, Result]]) -> list[Result]:
    """All results in order; the first error cancels the rest, waits for them, and is raised."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        done, _ = await workflow.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks:
            if task in done:
                task.result()
        return [task.result() for task in tasks]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
