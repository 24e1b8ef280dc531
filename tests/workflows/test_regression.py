"""RegressionWorkflow through releases, with the real activities over slices in memory."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.testing import WorkflowEnvironment

from domain.junit import Verdict
from domain.regression import Origin
from domain.release import ReleaseStatus, Stage
from domain.suite import SuiteOutcome, SuiteRun
from tests.fakes.engines import failing, passing
from tests.fakes.onward import MemoryOnward
from tests.workflows.releasing import Held, eventually, failed, has_heard_of_cancel, released, started
from workflows.regression import SUITES_AT_ONCE


def of(run: SuiteRun) -> tuple[str, str]:
    """Role and origin of a run in a slice."""
    role, _, origin = run.name.partition("-suite-")[2].partition("-")
    return role, origin


def takes_a_moment(_: SuiteRun) -> SuiteOutcome:
    """So that several run at the same time."""
    time.sleep(0.02)
    return passing()


async def test_each_suite_runs_in_a_slice_of_its_own_regression_which_is_gone_afterwards(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    catalog = await released(temporal.client, onward.commit("catalog"))
    cart = await released(temporal.client, onward.commit("cart"))

    runs = onward.runner.in_slices
    assert [of(run) for run in runs[:1]] == [("catalog", "own-new")]
    assert sorted(of(run) for run in runs[1:]) == [("cart", "own-new"), ("catalog", "published")]
    assert runs[0].slice != runs[1].slice == runs[2].slice
    assert {run.network for run in runs[1:]} == {f"ci-{onward.application}--{runs[1].slice}"}
    assert runs[1].variables["ONWARD_URL_CATALOG"] == f"http://ci-{onward.application}-catalog:8080"
    assert cart.manifest is not None
    assert catalog.manifest is not None
    versions = {"cart": cart.manifest.digest, "catalog": catalog.manifest.digest}
    assert onward.slices.versions[runs[1].slice] == versions
    await eventually(lambda: onward.slices.there == {})


async def test_the_suite_of_another_service_stops_a_release_by_its_name(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    catalog = await released(temporal.client, onward.commit("catalog"))
    onward.runner.answers = lambda run: failing("test_price") if of(run)[0] == "catalog" else passing()

    result = await failed(temporal.client, onward.commit("cart"))

    assert result.status is ReleaseStatus.FAILED
    assert result.failure is not None
    assert (result.failure.stage, result.failure.kind) == (Stage.REGRESSION, "RegressionFailed")
    assert result.failure.message == (f"catalog's published suite ({catalog.release}): suite.test_price failed: 7 != 8")
    assert (result.failure.evidence or "").endswith("/regression-1-catalog-published-again.log")
    assert result.regression is not None
    verdicts = {(each.service.role, each.origin): each.verdict for each in result.regression.suites}
    assert verdicts == {("cart", Origin.NEW): Verdict.PASSED, ("catalog", Origin.PUBLISHED): Verdict.FAILED}
    assert result.number is None
    assert not [name for name, _ in onward.engine.updates if name.endswith("-cart")]
    await eventually(lambda: onward.slices.there == {})


async def test_a_suite_that_passes_the_second_time_has_passed_and_is_flaky(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    runs: Counter[str] = Counter()

    def answer(run: SuiteRun) -> SuiteOutcome:
        runs[run.name] += 1
        return failing() if runs[run.name] == 1 else passing()

    onward.runner.answers = answer

    result = await released(temporal.client, onward.commit())

    assert result.regression is not None
    (suite,) = result.regression.suites
    assert (suite.verdict, suite.flaky) == (Verdict.PASSED, True)
    regression = next(stage for stage in result.stages if stage.name is Stage.REGRESSION)
    assert regression.detail == "1 suite passed, 1 of them flaky"


async def test_a_service_that_does_not_come_up_in_the_slice_fails_the_regression(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.slices.sick.add("cart")

    result = await failed(temporal.client, onward.commit("cart"))

    assert result.failure is not None
    assert (result.failure.stage, result.failure.message) == (
        Stage.REGRESSION,
        "cart does not come up in the slice",
    )
    assert onward.runner.in_slices == []
    await eventually(lambda: onward.slices.there == {})


async def test_a_cancelled_release_leaves_no_slice_and_frees_its_place(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.slices.blocked = threading.Event()
    release = await started(temporal.client, onward.commit("cart"))
    await eventually(lambda: len(onward.slices.there) == 1)

    await release.cancel()

    with pytest.raises(WorkflowFailureError):
        await release.result()
    await eventually(lambda: onward.slices.there == {})
    onward.slices.blocked.set()
    assert (await released(temporal.client, onward.commit("web"))).number == 1


async def test_a_slice_goes_only_when_the_suites_of_a_cancelled_release_have_ended(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.publish("web")
    onward.runner.hanging |= {"cart", "web"}
    running_when_it_went = list[int]()
    onward.slices.going = lambda: running_when_it_went.append(onward.runner.running)
    release = await started(temporal.client, onward.commit("cart"))
    await eventually(lambda: onward.runner.running == 2)

    await release.cancel()

    with pytest.raises(WorkflowFailureError):
        await release.result()
    await eventually(lambda: onward.slices.there == {})
    assert running_when_it_went == [0]


async def test_a_suite_that_fails_although_it_was_cancelled_is_not_run_once_more(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    held = Held()

    def answer(_: SuiteRun) -> SuiteOutcome:
        held()
        return failing()

    onward.runner.answers = answer
    release = await started(temporal.client, onward.commit("cart"))
    await eventually(held.has_begun.is_set)
    await release.cancel()
    (slice_,) = onward.slices.there.values()
    await has_heard_of_cancel(temporal.client.get_workflow_handle(slice_.owner.regression))

    held.may_end.set()

    with pytest.raises(WorkflowFailureError):
        await release.result()
    await eventually(lambda: onward.slices.there == {})
    assert len(onward.runner.in_slices) == 1


async def test_no_more_suites_run_at_once_than_there_is_room_for_and_history_stays_small(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    services = 200
    onward.runner.answers = takes_a_moment
    onward.publish(*(f"role{index}" for index in range(services)))

    result = await released(temporal.client, onward.commit("last"))

    assert result.regression is not None
    assert len(result.regression.suites) == services + 1
    assert 1 < onward.runner.most_at_once <= SUITES_AT_ONCE
    regression = temporal.client.get_workflow_handle(result.regression.workflow)
    described = (await regression.describe()).raw_description.workflow_execution_info
    assert described.history_length < 2500, "a twentieth of what Temporal takes"
    assert described.history_size_bytes < 10 * 1024**2, "a fifth of what Temporal takes"


async def test_once_the_verdict_is_certain_the_rest_is_not_begun(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.publish(*(f"role{index}" for index in range(60)))
    onward.runner.answers = lambda run: failing() if of(run)[0] == "last" else passing()

    result = await failed(temporal.client, onward.commit("last"))

    assert result.regression is not None
    skipped = [suite for suite in result.regression.suites if suite.verdict is Verdict.SKIPPED]
    assert len(skipped) > 20
    assert skipped[0].reason == "not run to its end: the verdict was certain"
    assert result.failure is not None
    assert result.failure.message == "last's own new suite: suite.test_total failed: 7 != 8"


async def test_a_combination_without_any_suite_passes(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    request = onward.commit()
    files = onward.repositories.commits[request.repository, request.commit]
    definition = files["cart/service.yaml"].splitlines()
    files["cart/service.yaml"] = "\n".join(line for line in definition if not line.startswith("tests:"))

    result = await released(temporal.client, request)

    assert result.status is ReleaseStatus.VERIFIED
    assert onward.runner.runs == []
