"""ApplicationWorkflow and the releases at it: order, speculation, turns, and what dies in between."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from domain.deployment import Deployment
from domain.gate_messages import Leave
from domain.gate_view import GateView
from domain.identity import Duty, gate_id, task_queue
from domain.release import ReleaseResult, ReleaseStatus
from domain.suite import SuiteRun
from stack.servers import temporal_config
from tests.fakes.engines import failing, passing
from tests.fakes.onward import MemoryOnward
from tests.workflows.releasing import Release, eventually, released, started
from workflows import attributes
from workflows.application import ApplicationWorkflow
from workflows.sweep import SweepWorkflow

SIX = ("a", "b", "c", "d", "e", "f")


def role_of(run: SuiteRun) -> str:
    """Whose suite it is."""
    return run.service.role


def tested(onward: MemoryOnward, run: SuiteRun) -> set[str]:
    """The roles in the slice that a suite runs in."""
    return set(onward.slices.versions[run.slice])


async def gate_of(client: Client, onward: MemoryOnward) -> GateView:
    view: GateView = await client.get_workflow_handle(gate_id(onward.application)).query(ApplicationWorkflow.view)
    return view


async def in_queue(client: Client, onward: MemoryOnward, roles: Sequence[str]) -> dict[str, Release]:
    """Releases that stand in the queue in this order, held back by slices that do not come up."""
    onward.slices.blocked = onward.slices.blocked or threading.Event()
    releases: dict[str, Release] = {}
    for role in roles:
        releases[role] = await started(client, onward.commit(role))
        for _ in range(200):
            if await _stands(client, onward, role):
                break
            await asyncio.sleep(0.05)
    return releases


async def _stands(client: Client, onward: MemoryOnward, role: str) -> bool:
    try:
        return role in [each.role for each in (await gate_of(client, onward)).queue]
    except Exception:  # noqa: BLE001 – the first one is still on its way to a gate that is not there yet
        return False


def let_go(onward: MemoryOnward) -> None:
    """The slices come up now."""
    assert onward.slices.blocked is not None
    onward.slices.blocked.set()


async def test_six_at_once_are_published_in_the_order_of_the_queue(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    releases = await in_queue(temporal.client, onward, SIX)
    view = await gate_of(temporal.client, onward)
    assert [(each.place, each.role) for each in view.queue] == list(enumerate(SIX, start=1))
    assert [each.state for each in view.queue] == ["being tested"] * 3 + ["queued"] * 3
    assert view.queue[2].basis_ahead == (releases["a"].id, releases["b"].id)
    assert view.queue[4].waits_for.startswith("a free place among the 3 that are tested at once")

    let_go(onward)
    results = [await releases[role].result() for role in SIX]

    assert [result.number for result in results] == [1, 2, 3, 4, 5, 6]
    assert {result.status for result in results} == {ReleaseStatus.VERIFIED}
    in_ci = [number for name, number in onward.engine.updates if name.startswith("ci-")]
    assert sorted(in_ci) == [1, 2, 3, 4, 5, 6]
    assert in_ci[0] == 1, "the first one has the first turn"
    view = await gate_of(temporal.client, onward)
    assert (view.queue, view.deploying, view.waiting, view.window) == ((), (), (), 9)


async def test_when_the_head_fails_those_behind_it_are_tested_without_it_and_do_not_fail(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    releases = await in_queue(temporal.client, onward, ("a", "b", "c"))
    # Whoever is tested together with a fails: a breaks everything.
    onward.runner.answers = lambda run: failing() if "a" in tested(onward, run) else passing()
    let_go(onward)

    results = await asyncio.gather(*(release.result() for release in releases.values()), return_exceptions=True)

    assert isinstance(results[0], Exception)
    assert [result.number for result in results[1:] if isinstance(result, ReleaseResult)] == [1, 2]
    last = results[2]
    assert isinstance(last, ReleaseResult)
    assert last.regression is not None
    assert set(last.regression.basis) == {"b"}


async def test_of_two_that_are_fine_alone_and_broken_together_exactly_one_is_published(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    releases = await in_queue(temporal.client, onward, ("a", "b"))
    onward.runner.answers = lambda run: failing() if {"a", "b"} <= tested(onward, run) else passing()
    let_go(onward)

    first, second = await asyncio.gather(*(each.result() for each in releases.values()), return_exceptions=True)

    assert isinstance(first, ReleaseResult)
    assert first.number == 1
    assert isinstance(second, Exception)
    assert (await gate_of(temporal.client, onward)).published.keys() == {"a"}


async def test_of_two_of_a_role_that_wait_for_a_turn_only_the_newer_is_deployed(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    deploying = threading.Event()
    deploy = onward.engine.deploy

    def slow(deployment: Deployment) -> object:
        if deployment.service.role == "first":
            deploying.wait(30)
        return deploy(deployment)

    onward.engine.deploy = slow  # type: ignore[assignment,method-assign]
    first = await started(temporal.client, onward.commit("first"))
    older = await started(temporal.client, onward.commit("cart"))
    await _published(older)
    newer = await started(temporal.client, onward.commit("cart", level="warning"))
    await _published(newer)
    view = await gate_of(temporal.client, onward)
    assert [(each.role, each.number) for each in view.waiting] == [("cart", 2), ("cart", 3)]
    assert view.reason(older.id) == f"its turn to deploy, after {first.id} (#1)"

    deploying.set()

    assert (await first.result()).status is ReleaseStatus.VERIFIED
    ended = await older.result()
    assert (ended.status, ended.stages[-1].detail) == (
        ReleaseStatus.SUPERSEDED,
        f"{newer.id} is newer and is deployed in its place",
    )
    assert (await newer.result()).status is ReleaseStatus.VERIFIED
    assert [number for name, number in onward.engine.updates if name.endswith("-cart")] == [3, 3]


async def test_a_release_that_was_terminated_in_the_queue_is_swept_out_of_it(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    releases = await in_queue(temporal.client, onward, ("a", "b"))
    await releases["a"].terminate("gone")
    let_go(onward)

    swept = await _sweep(temporal.client, onward)

    assert swept.left == 1
    result = await releases["b"].result()
    assert (result.number, result.regression.basis if result.regression else None) == (1, {})


async def test_releases_whose_gate_is_gone_go_to_a_new_one(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    releases = await in_queue(temporal.client, onward, ("a", "b"))
    await temporal.client.get_workflow_handle(gate_id(onward.application)).terminate("gone")
    let_go(onward)

    swept = await _sweep(temporal.client, onward)

    assert swept.introduced == 2
    assert sorted([(await release.result()).number or 0 for release in releases.values()]) == [1, 2]


async def test_a_slice_whose_regression_was_terminated_is_removed(
    temporal: WorkflowEnvironment, onward: MemoryOnward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.slices.YOUNG", -1 * __import__("datetime").timedelta(seconds=1))
    release = (await in_queue(temporal.client, onward, ("a",)))["a"]
    await eventually(lambda: len(onward.slices.there) == 1)
    (there,) = onward.slices.there.values()
    await temporal.client.get_workflow_handle(there.owner.regression).terminate("gone")
    let_go(onward)

    await _sweep(temporal.client, onward)

    assert onward.slices.there == {}
    await release.cancel()


async def test_a_published_set_that_somebody_else_wrote_is_tested_on(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    release = (await in_queue(temporal.client, onward, ("a",)))["a"]
    onward.publish("other")
    let_go(onward)

    result = await release.result()

    assert (result.number, result.regression.basis.keys() if result.regression else None) == (2, {"other"})


async def test_a_late_or_foreign_message_changes_nothing(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    await released(temporal.client, onward.commit("a"))
    gate = temporal.client.get_workflow_handle(gate_id(onward.application))
    before = await gate_of(temporal.client, onward)

    await gate.signal("leave", Leave(key="release:x-y:0123456789ab@nobody"))
    await gate.signal("deployed", Leave(key="release:x-y:0123456789ab@nobody"))

    assert await gate_of(temporal.client, onward) == before


@pytest.fixture
async def impatient() -> AsyncIterator[WorkflowEnvironment]:
    """A server that asks workflows to continue as new after few events."""
    environment = await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(Path(sys.executable).with_name("temporal")),
        search_attributes=attributes.ALL,
        dev_server_extra_args=[
            *("--dynamic-config-value", "limit.historyCountSuggestContinueAsNew=40"),
            *temporal_config(),
        ],
    )
    async with environment:
        yield environment


async def test_a_gate_continues_as_new_with_candidates_in_flight_and_loses_and_doubles_nothing(
    impatient: WorkflowEnvironment,
) -> None:
    client, onward = impatient.client, MemoryOnward()
    async with onward.workers(client):
        releases = await in_queue(client, onward, SIX)
        gate: WorkflowHandle[ApplicationWorkflow, None] = client.get_workflow_handle(gate_id(onward.application))
        strangers = [Leave(key=f"release:x-y:0123456789ab@{index}") for index in range(1000)]

        async def flood() -> None:
            for start in range(0, len(strangers), 50):
                await asyncio.gather(*(gate.signal("leave", each) for each in strangers[start : start + 50]))

        flooding = asyncio.create_task(flood())
        let_go(onward)
        results = [await release.result() for release in releases.values()]
        await flooding

        assert [result.number for result in results] == [1, 2, 3, 4, 5, 6]
        runs = [each async for each in client.list_workflows(f"WorkflowId = '{gate.id}'")]
        continued = [each for each in runs if each.status is WorkflowExecutionStatus.CONTINUED_AS_NEW]
        assert len(continued) > 3
        assert (await gate_of(client, onward)).queue == ()


async def _published(release: Release) -> None:
    for _ in range(400):
        described = await release.describe()
        if described.typed_search_attributes.get(attributes.NUMBER):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{release.id} was not published")


async def _sweep(client: Client, onward: MemoryOnward):  # type: ignore[no-untyped-def]
    return await client.execute_workflow(
        SweepWorkflow.run, id=f"sweep-{onward.application}", task_queue=task_queue(Duty.ORCHESTRATE)
    )
