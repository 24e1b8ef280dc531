"""Heartbeats of an async activity, from a task beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity

from activities.heartbeat import INTERVAL


@asynccontextmanager
async def beating() -> AsyncIterator[None]:
    """Beat while the block runs: one call of a server in it may take longer than a heartbeat may be late.

    A cancel arrives as Temporal throws it: as ``CancelledError``, where the block waits.
    """
    beat = asyncio.create_task(_beat())
    try:
        yield
    finally:
        beat.cancel()


async def _beat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(INTERVAL)
