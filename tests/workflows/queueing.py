"""Releases that stand at a gate, and what the gate says of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.deployment import Action, Deployment
from domain.gate_view import GateView
from domain.identity import Duty
from domain.progress import Progress
from domain.suite import SuiteRun
from domain.sweep import Swept
from domain.workflow_ids import gate_id, task_queue
from tests.fakes.onward import MemoryOnward
from tests.workflows.releasing import Release, started
from workflows import attributes
from workflows.application import ApplicationWorkflow
from workflows.sweep import SweepWorkflow

SIX = ("a", "b", "c", "d", "e", "f")


def together(onward: MemoryOnward, run: SuiteRun) -> set[str]:
    """The roles in the slice that a suite runs in."""
    return set(onward.slices.versions[run.slice])


async def gate_of(client: Client, onward: MemoryOnward) -> GateView:
    """What the gate of the application says of itself."""
    view: GateView = await client.get_workflow_handle(gate_id(onward.application)).query(ApplicationWorkflow.view)
    return view


async def in_queue(client: Client, onward: MemoryOnward, roles: Sequence[str]) -> dict[str, Release]:
    """Releases that stand in the queue in this order, held back by slices that do not come up."""
    onward.slices.blocked = onward.slices.blocked or threading.Event()
    releases: dict[str, Release] = {}
    for role in roles:
        releases[role] = await started(client, onward.commit(role))
        await stands(client, onward, role)
    return releases


async def stands(client: Client, onward: MemoryOnward, role: str) -> None:
    """Wait until a role stands in the queue."""
    for _ in range(200):
        if role in await _queue(client, onward):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{role} does not stand in the queue")


def let_go(onward: MemoryOnward) -> None:
    """The slices come up now."""
    assert onward.slices.blocked is not None
    onward.slices.blocked.set()


def held_up(onward: MemoryOnward, role: str) -> threading.Event:
    """Deploys of a role do not begin before this is set."""
    going, deploy = threading.Event(), onward.engine.deploy

    def slow(deployment: Deployment, progress: Progress) -> Action:
        if deployment.service.role == role:
            going.wait(60)
        return deploy(deployment, progress)

    onward.engine.deploy = slow  # type: ignore[method-assign]
    return going


async def until_at_gate(client: Client, onward: MemoryOnward, condition: Callable[[GateView], bool]) -> GateView:
    """The gate, once something is so of it."""
    for _ in range(400):
        view = await gate_of(client, onward)
        if condition(view):
            return view
        await asyncio.sleep(0.05)
    raise AssertionError(f"the gate did not come to that: {view}")


async def publication(release: Release) -> None:
    """Wait until a release is published."""
    for _ in range(400):
        described = await release.describe()
        if described.typed_search_attributes.get(attributes.NUMBER):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{release.id} was not published")


async def swept(client: Client, onward: MemoryOnward) -> Swept:
    """One sweep, as the schedule starts it."""
    return await client.execute_workflow(
        SweepWorkflow.run, id=f"sweep-{onward.application}", task_queue=task_queue(Duty.ORCHESTRATE)
    )


async def _queue(client: Client, onward: MemoryOnward) -> list[str]:
    try:
        return [each.role for each in (await gate_of(client, onward)).queue]
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:  # the first one is still on its way to a gate
            return []
        raise
