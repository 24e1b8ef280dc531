"""A worker ends in time, also when the SDK does not let it: somebody who stops it waits, and kills it in the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import cast

import pytest
from temporalio.worker import Worker

from stack.workers import GRACE as KILLED_AFTER
from worker import CLOSING, GRACE, running

SOON = timedelta(seconds=0.2)


class SlowWorker:
    """Of the SDK's worker what is called here; takes some seconds to end, after which it may fail."""

    def __init__(self, takes: float = 0.0, error: Exception | None = None) -> None:
        self._told, self._ended = asyncio.Event(), asyncio.Event()
        self._takes, self._error = takes, error

    async def run(self) -> None:
        await self._told.wait()
        await asyncio.sleep(self._takes)
        self._ended.set()
        if self._error:
            raise self._error

    async def shutdown(self) -> None:
        self._told.set()
        await self._ended.wait()

    @property
    def ended(self) -> bool:
        return self._ended.is_set()


def sdk(*workers: SlowWorker) -> Sequence[Worker]:
    return [cast("Worker", worker) for worker in workers]


async def test_one_that_does_not_end_is_given_up_and_said_to_be(caplog: pytest.LogCaptureFixture) -> None:
    workers = [SlowWorker(takes=1000), SlowWorker(takes=0.1), SlowWorker()]
    with caplog.at_level(logging.WARNING):
        async with asyncio.timeout(10), running(sdk(*workers), SOON) as runs:
            assert not any(run.done() for run in runs)

    assert [worker.ended for worker in workers] == [False, True, True]
    assert caplog.messages == ["a worker has not ended 0.2 s after it was told to; it is given up"]
    await asyncio.wait(runs)
    assert [run.cancelled() for run in runs] == [True, False, False]


async def test_all_are_told_at_once(caplog: pytest.LogCaptureFixture) -> None:
    workers = [SlowWorker(takes=0.3) for _ in range(10)]
    async with running(sdk(*workers), timedelta(seconds=1.5)):
        pass

    assert all(worker.ended for worker in workers)
    assert caplog.messages == []


async def test_what_one_ends_with_is_told_after_the_others_have_ended() -> None:
    workers = [SlowWorker(error=RuntimeError("no such namespace")), SlowWorker(takes=0.1)]
    with pytest.raises(RuntimeError, match="no such namespace"):
        async with running(sdk(*workers), timedelta(seconds=10)):
            pass

    assert all(worker.ended for worker in workers)


def test_a_worker_of_the_stack_has_the_time_to_end_by_itself() -> None:
    assert (GRACE + CLOSING).total_seconds() < KILLED_AFTER
