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

LONG = timedelta(seconds=60)


class SimpleWorker:
    """Of the SDK's worker what is called here.

    :param until: what it waits for when it is told to end: the last of them frees all.
    :param fails: it does so by itself, before anybody told it to end.
    """

    def __init__(self, until: asyncio.Barrier | None = None, *, fails: bool = False) -> None:
        self.ended, self.cancelled = False, False
        self._told = asyncio.Event()
        self._until, self._fails = until, fails

    async def run(self) -> None:
        try:
            if self._fails:
                raise RuntimeError("no such namespace")
            await self._told.wait()
            if self._until:
                await self._until.wait()
            self.ended = True
        except asyncio.CancelledError:
            self.cancelled = True
            raise

    async def shutdown(self) -> None:
        self._told.set()


def sdk(*workers: SimpleWorker) -> Sequence[Worker]:
    return [cast("Worker", worker) for worker in workers]


async def test_one_that_does_not_end_is_given_up_and_said_to_be(caplog: pytest.LogCaptureFixture) -> None:
    alone = asyncio.Barrier(2)
    workers = [SimpleWorker(until=alone), SimpleWorker()]
    with caplog.at_level(logging.WARNING):
        async with asyncio.timeout(30), running(sdk(*workers), timedelta(seconds=2)):
            pass
    await asyncio.sleep(0)

    assert [worker.ended for worker in workers] == [False, True]
    assert [worker.cancelled for worker in workers] == [True, False]
    assert caplog.messages == ["a worker has not ended 2 s after it was told to; it is given up"]


async def test_all_are_told_at_once(caplog: pytest.LogCaptureFixture) -> None:
    together = asyncio.Barrier(4)
    workers = [SimpleWorker(until=together) for _ in range(4)]
    async with asyncio.timeout(30), running(sdk(*workers), LONG):
        pass

    assert all(worker.ended for worker in workers)
    assert caplog.messages == []


async def test_one_that_fails_ends_what_runs_with_it_and_the_others() -> None:
    workers = [SimpleWorker(fails=True), SimpleWorker()]
    with pytest.raises(RuntimeError, match="no such namespace"):
        async with asyncio.timeout(30) as limit, running(sdk(*workers), LONG):
            await asyncio.Event().wait()

    assert not limit.expired()
    assert workers[1].ended


def test_a_worker_of_the_stack_has_the_time_to_end_by_itself() -> None:
    assert (GRACE + CLOSING).total_seconds() + 5 <= KILLED_AFTER
