"""What may take longer than ten seconds beats while it waits for its server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus
from temporalio.testing import ActivityEnvironment

from activities.combination import Combinations
from activities.gate import GateActivities
from activities.orphans import OrphanActivities
from activities.slices import SliceActivities
from domain.regression_steps import Leftovers
from domain.slices import FoundSlice, SliceOwner
from domain.stages import Publication
from domain.storage import StoredObject
from domain.sweep import Orphans, Swept
from tests.activities.publishing import Publishing
from tests.domain.builders import manifest
from tests.fakes.onward import MemoryOnward
from tests.fakes.slices import MemorySlices
from tests.fakes.stores import MemoryObjectStore

PATIENCE = 5


class SlowStore(MemoryObjectStore):
    """Answers a read only after a heartbeat."""

    def __init__(self, like: MemoryObjectStore) -> None:
        super().__init__()
        self.objects = like.objects
        self.beat = threading.Event()

    def read(self, key: str) -> StoredObject | None:
        assert self.beat.wait(PATIENCE), "no heartbeat while S3 was slow"
        return super().read(key)


class SlowSlices(MemorySlices):
    """Answers only after a heartbeat, too."""

    def __init__(self) -> None:
        super().__init__()
        self.beat = threading.Event()

    def found(self) -> list[FoundSlice]:
        assert self.beat.wait(PATIENCE), "no heartbeat while the engine was slow"
        return super().found()


class SlowTemporal:
    """A server that answers only after a heartbeat; nothing runs there."""

    status = WorkflowExecutionStatus.COMPLETED
    close_time = datetime(2000, 1, 1, tzinfo=UTC)
    raw_description = SimpleNamespace(workflow_extended_info=SimpleNamespace(reset_run_id=""))

    def __init__(self) -> None:
        self.beat = asyncio.Event()
        self.typed_search_attributes: dict[object, object] = {}

    async def list_workflows(self, _: str) -> AsyncIterator[WorkflowExecution]:
        await self._answer()
        nothing: tuple[WorkflowExecution, ...] = ()
        for each in nothing:
            yield each

    def get_workflow_handle(self, _: str, run_id: str | None = None) -> SlowTemporal:
        return self

    async def describe(self) -> SlowTemporal:
        await self._answer()
        return self

    async def memo_value(self, _: str, default: str) -> str:
        return default

    async def _answer(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.beat.wait()


def test_a_verdict_is_signed_and_a_set_read_and_written_however_slow_s3_is() -> None:
    publishing, cart = Publishing(), manifest()
    publishing.signed(cart)

    _slow_down(publishing)
    verdict = publishing.attested(cart, {})
    _slow_down(publishing)
    assert publishing.publish(cart, {}, verdict) == Publication(number=1)
    _slow_down(publishing)
    assert publishing.published("shop") == {"cart": cart.digest}


def test_slices_are_found_however_slow_the_engine_is() -> None:
    slices, onward, environment = SlowSlices(), MemoryOnward(), ActivityEnvironment()
    environment.on_heartbeat = lambda *_: slices.beat.set()
    activities = SliceActivities(slices, Combinations(onward.manifests(), onward.registry))

    assert environment.run(activities.leftovers) == Leftovers()


async def test_a_sweep_looks_through_everything_however_slow_temporal_is() -> None:
    owner = SliceOwner(name="slice-1", application="shop", regression="regression:shop-cart:1", run=str(uuid4()))
    left = Leftovers(slices=(FoundSlice(owner=owner, created=datetime.now(UTC)),))

    assert await _slowly(lambda client: OrphanActivities(client).orphans) == Orphans()
    assert await _slowly(lambda client: GateActivities(client).sweep_gates) == Swept()
    assert await _slowly(lambda client: GateActivities(client).abandoned, left) == left


def _slow_down(publishing: Publishing) -> None:
    """From here on, until the first heartbeat."""
    store = publishing.onward.store = SlowStore(publishing.onward.store)
    publishing.environment = ActivityEnvironment()
    publishing.environment.on_heartbeat = lambda *_: store.beat.set()


async def _slowly(activity_of: Callable[[Client], Callable[..., Any]], *given: object) -> object:
    temporal, environment = SlowTemporal(), ActivityEnvironment()
    environment.on_heartbeat = lambda *_: temporal.beat.set()
    return await environment.run(activity_of(cast("Client", temporal)), *given)
