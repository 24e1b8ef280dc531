"""The gate of an application and the releases at it: order, speculation, turns to deploy."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from temporalio.testing import WorkflowEnvironment

from domain.gate_messages import Leave
from domain.release import ReleaseResult, ReleaseStatus
from domain.workflow_ids import candidate_key, gate_id
from tests.fakes.engines import failing, passing
from tests.fakes.onward import MemoryOnward
from tests.workflows.queueing import SIX, gate_of, held_up, in_queue, let_go, publication, together
from tests.workflows.releasing import released, started


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
    onward.runner.answers = lambda run: failing() if "a" in together(onward, run) else passing()
    let_go(onward)

    results = await asyncio.gather(*(release.result() for release in releases.values()), return_exceptions=True)

    assert isinstance(results[0], Exception)
    assert [result.number for result in results[1:] if isinstance(result, ReleaseResult)] == [1, 2]
    last = results[2]
    assert isinstance(last, ReleaseResult)
    assert last.regression is not None
    assert set(last.regression.basis) == {"b"}


async def test_of_two_that_are_fine_alone_and_broken_together_exactly_one_ispublication(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    releases = await in_queue(temporal.client, onward, ("a", "b"))
    onward.runner.answers = lambda run: failing() if {"a", "b"} <= together(onward, run) else passing()
    let_go(onward)

    first, second = await asyncio.gather(*(each.result() for each in releases.values()), return_exceptions=True)

    assert isinstance(first, ReleaseResult)
    assert first.number == 1
    assert isinstance(second, Exception)
    assert (await gate_of(temporal.client, onward)).published.keys() == {"a"}


async def test_of_two_of_a_role_that_wait_for_a_turn_only_the_newer_is_deployed(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    deploying = held_up(onward, "first")
    first = await started(temporal.client, onward.commit("first"))
    await publication(first)
    older = await started(temporal.client, onward.commit("cart"))
    await publication(older)
    newer = await started(temporal.client, onward.commit("cart", level="warning"))
    await publication(newer)
    view = await gate_of(temporal.client, onward)
    assert [(each.role, each.number) for each in view.waiting] == [("cart", 2), ("cart", 3)]
    assert view.reason(older.id) == f"waits for its turn to deploy, after {first.id} (#1)"

    deploying.set()

    assert (await first.result()).status is ReleaseStatus.VERIFIED
    ended = await older.result()
    assert (ended.status, ended.stages[-1].detail) == (
        ReleaseStatus.SUPERSEDED,
        f"{newer.id} is newer and is deployed in its place",
    )
    assert (await newer.result()).status is ReleaseStatus.VERIFIED
    assert [number for name, number in onward.engine.updates if name.endswith("-cart")] == [3, 3]


async def test_a_published_set_that_somebody_else_wrote_is_tested_on(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    release = (await in_queue(temporal.client, onward, ("a",)))["a"]
    onward.publish("other")
    let_go(onward)

    result = await release.result()

    assert result.number == 2
    assert result.regression is not None
    assert set(result.regression.basis) == {"other"}


async def test_a_late_or_foreign_message_changes_nothing(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    await released(temporal.client, onward.commit("a"))
    gate = temporal.client.get_workflow_handle(gate_id(onward.application))
    before = await gate_of(temporal.client, onward)

    stranger = candidate_key("release:x-y:0123456789ab", str(uuid4()))
    await gate.signal("leave", Leave(key=stranger))
    await gate.signal("deployed", Leave(key=stranger))

    assert await gate_of(temporal.client, onward) == before


async def test_a_message_with_a_key_that_is_none_does_not_stop_the_gate(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    first = await released(temporal.client, onward.commit("a"))
    gate = temporal.client.get_workflow_handle(gate_id(onward.application))

    await gate.signal("join", {"application": "x", "key": "release:x-y:1@nobody", "role": "y", "manifest": "sha256:0"})
    second = await released(temporal.client, onward.commit("b"))

    assert (first.number, second.number) == (1, 2)
