"""What goes to prod together: all that passed together, or nobody of it."""

from __future__ import annotations

import asyncio

import pytest
from temporalio.client import Client, WorkflowFailureError
from temporalio.testing import WorkflowEnvironment

from domain.environment import Environment
from domain.release import ReleaseStatus, Stage
from domain.workflow_ids import roll_forward_id
from tests.fakes.onward import MemoryOnward
from tests.workflows.incidents import Incident
from tests.workflows.queueing import gate_of, held_up, publication, swept, until_at_gate
from tests.workflows.releasing import Release, released, started


def _in_prod(onward: MemoryOnward) -> list[str]:
    """The roles that were deployed to prod, in their order."""
    return [name.rpartition("-")[2] for name, _ in onward.engine.updates if name.startswith("prod-")]


async def _published(client: Client, onward: MemoryOnward, role: str, level: str = "info") -> Release:
    release = await started(client, onward.commit(role, level=level))
    await publication(release)
    return release


async def test_when_one_of_a_turn_fails_in_ci_the_others_go_to_prod_after_its_fix(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    client, first_goes, bad_goes = temporal.client, held_up(onward, "first"), held_up(onward, "bad")
    first = await _published(client, onward, "first")
    bad = onward.commit("bad")
    onward.engine.sick.add(bad.commit)
    failing = await started(client, bad)
    await publication(failing)
    other = await _published(client, onward, "other")
    first_goes.set()
    await first.result()

    view = await until_at_gate(client, onward, lambda view: any(each.verified for each in view.deploying))
    assert [(each.role, each.state) for each in view.deploying] == [
        ("bad", "deploys to ci"),
        ("other", "verified in ci"),
    ]
    assert view.reason(other.id) == f"is verified in ci, and waits for {bad.id} (#2) to be verified in ci"
    assert view.reason(bad.id) is None, "it waits for nobody"

    bad_goes.set()
    incident = Incident(client, bad)
    await until_at_gate(client, onward, lambda view: not view.deploying and incident.id in view.frozen)
    opened = await incident.until(lambda view: view.frozen)
    assert not opened.prod_affected
    view = await gate_of(client, onward)
    assert str(view.reason(other.id)).startswith(
        "is verified in ci, and waits for deploys to be allowed again, frozen: "
    )
    assert _in_prod(onward) == ["first"]

    await incident.fix(onward.commit("bad", level="good"))
    await incident.closed()

    assert (await other.result()).status is ReleaseStatus.VERIFIED
    assert _in_prod(onward) == ["first", "bad", "other"]
    in_ci = [name for name, _ in onward.engine.updates if name == f"ci-{onward.application}-other"]
    assert len(in_ci) == 1, "it is verified there already"
    assert (await gate_of(client, onward)).frozen == {}


async def test_a_published_release_that_is_cancelled_before_its_turn_lets_nobody_follow(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    client, going = temporal.client, held_up(onward, "first")
    first = await _published(client, onward, "first")
    cancelled = await _published(client, onward, "cart")
    other = await _published(client, onward, "other")

    await cancelled.cancel()
    with pytest.raises(WorkflowFailureError):
        await cancelled.result()
    going.set()

    view = await until_at_gate(client, onward, lambda view: not view.deploying)
    assert [(each.release, each.verified) for each in view.waiting] == [(first.id, True), (other.id, False)]
    assert view.why_frozen.startswith(f"roll-forward:{onward.application}-cart: ")
    assert not (await Incident(client, onward.commit()).view()).prod_affected
    assert (await released(client, onward.commit(level="good"))).status is ReleaseStatus.VERIFIED, "it is adopted"
    results = await asyncio.gather(first.result(), other.result())
    assert {result.status for result in results} == {ReleaseStatus.VERIFIED}
    assert _in_prod(onward)[0] == "cart"


async def test_a_published_release_that_is_terminated_before_prod_lets_nobody_follow(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    client, going = temporal.client, held_up(onward, "cart")
    stuck = await _published(client, onward, "cart")
    other = await _published(client, onward, "other")

    await stuck.terminate("impatient")
    view = await gate_of(client, onward)
    while not view.frozen:
        await swept(client, onward)
        view = await gate_of(client, onward)

    (holder,) = view.frozen
    assert holder == roll_forward_id(onward.commit().service)
    assert view.frozen[holder].startswith(f"{stuck.id} died in deploy ci")
    assert [each.release for each in view.waiting] == [other.id]
    assert (view.deploying, _in_prod(onward)) == ((), [])
    going.set()


async def test_who_is_held_after_ci_is_superseded_by_a_newer_release_of_its_role(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    client, going = temporal.client, held_up(onward, "cart")
    older = await _published(client, onward, "cart")
    gate = client.get_workflow_handle(f"gate:{onward.application}")
    await gate.execute_update("freeze", {"application": onward.application, "reason": "stock-taking"})
    going.set()
    await until_at_gate(client, onward, lambda view: bool(view.waiting) and view.waiting[0].verified)
    newer = await _published(client, onward, "cart", level="warning")

    await gate.execute_update("unfreeze", {"application": onward.application})
    ended, result = await asyncio.gather(older.result(), newer.result())

    assert (ended.status, ended.stages[-1].name) == (ReleaseStatus.SUPERSEDED, Stage.VERIFY_CI)
    assert result.status is ReleaseStatus.VERIFIED
    there = onward.engine.observe(Environment.PROD, onward.commit().service)
    assert there is not None
    assert there.served.number == result.number
    assert _in_prod(onward) == ["cart"]
