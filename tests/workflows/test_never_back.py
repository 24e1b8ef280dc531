"""Two releases of a role on their way at once: an older commit never follows a newer one, whoever is built first."""

from __future__ import annotations

import asyncio
import threading

from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from domain.artifact import Digest
from domain.build import ImageRecipe
from domain.progress import Progress
from domain.release import ReleaseRequest, ReleaseResult, ReleaseStatus, Stage
from tests.fakes.onward import MemoryOnward
from tests.workflows.queueing import gate_of, let_go, stands, until_at_gate
from tests.workflows.releasing import Release, released, started
from workflows.release import ReleaseWorkflow

SLOW = "FROM base\n# slow\n"


def _older_and_newer(onward: MemoryOnward) -> tuple[ReleaseRequest, ReleaseRequest]:
    """Two commits of a role, of which the first is built slowly."""
    older, newer = onward.commit("cart", dockerfile=SLOW), onward.commit("cart", level="warning")
    onward.repositories.parents[newer.commit] = (older.commit,)
    return older, newer


def _slow_builds(onward: MemoryOnward) -> threading.Event:
    """What is built slowly is not built before this is set."""
    built, build = threading.Event(), onward.builder.build_image

    def slow(recipe: ImageRecipe, progress: Progress) -> Digest:
        if (recipe.context / recipe.dockerfile).read_text() == SLOW:
            built.wait(60)
        return build(recipe, progress)

    onward.builder.build_image = slow  # type: ignore[method-assign]
    return built


async def _building(release: Release) -> None:
    """Until the source stage has compared the commit with what is published then."""
    for _ in range(400):
        progress: ReleaseResult = await release.query(ReleaseWorkflow.progress)
        if progress.current and progress.current.name is Stage.BUILD:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{release.id} does not build")


async def test_a_ci_job_that_comes_late_puts_no_older_commit_over_a_newer_one(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    older, newer = onward.commit(level="old"), onward.commit(level="new")
    onward.repositories.parents[newer.commit] = (older.commit,)
    await released(temporal.client, newer)

    result = await released(temporal.client, older)

    assert (result.status, result.number) == (ReleaseStatus.SUPERSEDED, None)
    assert f"is an ancestor of {newer.commit[:12]}, which is published as #1" in result.stages[-1].detail


async def test_an_older_commit_that_is_built_after_a_newer_one_was_published_is_superseded(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    built = _slow_builds(onward)
    older, newer = _older_and_newer(onward)
    late = await started(temporal.client, older)
    await _building(late)
    published = await released(temporal.client, newer)
    assert (published.number, published.manifest is not None) == (1, True)

    built.set()
    result = await late.result()

    assert (result.status, result.number, result.roll_forward) == (ReleaseStatus.SUPERSEDED, None, None)
    assert (result.stages[-1].name, result.stages[-1].detail) == (
        Stage.REGRESSION,
        f"{older.commit[:12]} is an ancestor of {newer.commit[:12]}, which is {newer.id}: Onward never goes back",
    )
    view = await gate_of(temporal.client, onward)
    assert (view.queue, view.published) == ((), {"cart": published.manifest and published.manifest.digest})
    assert {number for _, number in onward.engine.updates} == {1}


async def test_an_older_commit_behind_a_newer_one_in_the_queue_is_superseded_once_that_is_published(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    older, newer = await _both_in_the_queue(temporal.client, onward)

    let_go(onward)

    assert (await newer.result()).number == 1
    assert (await older.result()).status is ReleaseStatus.SUPERSEDED


async def test_an_older_commit_is_published_when_the_newer_one_ahead_of_it_does_not_get_there(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    older, newer = await _both_in_the_queue(temporal.client, onward)

    await newer.cancel()
    let_go(onward)

    result = await older.result()
    assert (result.status, result.number) == (ReleaseStatus.VERIFIED, 1)


async def _both_in_the_queue(client: Client, onward: MemoryOnward) -> tuple[Release, Release]:
    """The newer one is ahead, and both are held back by slices that do not come up."""
    onward.slices.blocked = threading.Event()
    built = _slow_builds(onward)
    older, newer = _older_and_newer(onward)
    late = await started(client, older)
    await _building(late)
    ahead = await started(client, newer)
    await stands(client, onward, "cart")
    built.set()
    await until_at_gate(client, onward, lambda view: len(view.queue) == 2)
    return late, ahead
