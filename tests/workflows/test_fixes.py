"""Fixes and retries: whose they may be, what is refused, and who of two is first."""

from __future__ import annotations

import asyncio
import threading

from temporalio.testing import WorkflowEnvironment

from domain.release import ReleaseRequest, ReleaseStatus
from domain.roll_forward import State, Way
from domain.roll_forward_messages import Fix, Retry
from domain.workflow_ids import roll_forward_id
from tests.fakes.onward import MemoryOnward
from tests.workflows.incidents import BROKEN, Incident, broken_in_prod
from tests.workflows.releasing import failed, released, started


async def test_a_fix_in_another_service_names_it_and_closes(
    temporal: WorkflowEnvironment, onward: MemoryOnward, broken: ReleaseRequest
) -> None:
    await failed(temporal.client, broken)
    incident, elsewhere = Incident(temporal.client, broken), onward.commit("catalog")

    await incident.fix(elsewhere)

    view = await incident.closed()
    assert view.incident.culprits == ["catalog"]
    assert view.incident.closed_by == elsewhere.id


async def test_a_fix_of_another_service_that_fails_belongs_to_the_same_roll_forward(
    temporal: WorkflowEnvironment, onward: MemoryOnward, broken: ReleaseRequest
) -> None:
    await failed(temporal.client, broken)
    incident, elsewhere = Incident(temporal.client, broken), onward.commit("catalog", dockerfile=BROKEN)

    begun = await incident.fix(elsewhere)

    view = await incident.until(lambda view: view.state is State.WAITING and len(view.incident.attempts) == 2)
    assert view.incident.attempts[1].run == begun.run
    own = [
        each async for each in temporal.client.list_workflows(f"WorkflowId = '{roll_forward_id(elsewhere.service)}'")
    ]
    assert own == []


async def test_a_retry_releases_the_same_commit_once_more(
    temporal: WorkflowEnvironment, onward: MemoryOnward, broken: ReleaseRequest
) -> None:
    await failed(temporal.client, broken)
    onward.builder.failing.clear()
    incident = Incident(temporal.client, broken)

    await incident.handle.execute_update("retry", Retry(by="ann", reason="the registry is back"))

    view = await incident.closed()
    assert view.incident.closed_by == broken.id
    assert view.incident.attempts[1].way is Way.RETRY


async def test_what_would_go_back_is_refused_and_leaves_no_event(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    good = onward.commit()
    older = onward.commit()
    onward.repositories.parents[good.commit] = (older.commit,)
    await released(temporal.client, good)
    onward.builder.failing.add("RUN broken")
    bad = onward.commit(dockerfile=BROKEN)
    await failed(temporal.client, bad)
    incident = Incident(temporal.client, bad)

    same = await incident.refused("fix", Fix(commit=bad.commit, by="ann"))
    behind = await incident.refused("fix", Fix(commit=older.commit, by="ann"))

    assert f"onward retry {bad.service}" in same
    assert f"is an ancestor of {good.commit[:12]}" in behind
    assert (await incident.view()).state is State.WAITING


async def test_a_fix_of_another_application_is_refused(
    temporal: WorkflowEnvironment, onward: MemoryOnward, broken: ReleaseRequest
) -> None:
    await failed(temporal.client, broken)
    stranger = MemoryOnward()
    foreign = stranger.commit()
    onward.repositories.commits |= stranger.repositories.commits

    refusal = await Incident(temporal.client, broken).refused("fix", Fix(commit=foreign.commit, by="ann"))

    assert "which is not of the application" in refusal


async def test_of_two_who_fix_at_once_one_is_told_of_the_other(
    temporal: WorkflowEnvironment, onward: MemoryOnward, broken: ReleaseRequest
) -> None:
    await failed(temporal.client, broken)
    incident = Incident(temporal.client, broken)
    onward.builder.blocked = threading.Event()
    fixes = [onward.commit(dockerfile=f"FROM base\nRUN {who}\n") for who in ("ann", "bob")]

    answers = await asyncio.gather(
        *(incident.fix(each, by) for each, by in zip(fixes, ("ann", "bob"), strict=True)), return_exceptions=True
    )
    onward.builder.blocked.set()

    refusals = [str(each.__cause__) for each in answers if isinstance(each, Exception)]
    assert len(refusals) == 1, answers
    assert "one fix at a time" in refusals[0] or "is on its way" in refusals[0]
    view = await incident.closed()
    assert len(view.incident.attempts) == 2


async def test_a_release_under_way_becomes_the_fix_and_goes_through_the_freeze(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    bad = await broken_in_prod(temporal, onward)
    incident, elsewhere = Incident(temporal.client, bad), onward.commit("catalog")
    waiting = await started(temporal.client, elsewhere)
    view = await incident.until(lambda view: view.frozen)
    assert [each.request.id for each in view.incident.attempts] == [bad.id]

    await incident.fix(elsewhere)

    assert (await waiting.result()).status is ReleaseStatus.VERIFIED
    assert (await incident.closed()).incident.closed_by == elsewhere.id
