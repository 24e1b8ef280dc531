"""What a regression says of itself while it goes on, and how it ends once its verdict is certain."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter

from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from domain.junit import Verdict
from domain.suite import SuiteOutcome, SuiteRun
from tests.fakes.engines import failing, passing
from tests.fakes.onward import MemoryOnward
from tests.workflows.releasing import Release, eventually, failed, started
from workflows.regression import REST, SUITES_AT_ONCE
from workflows.release import ReleaseWorkflow

#: Seconds; the suite itself may take ten minutes.
MUCH_LONGER = 3 * REST.total_seconds()


async def regression_of(release: Release) -> str:
    """The workflow that tests a release."""
    regression = (await release.query(ReleaseWorkflow.progress)).regression
    assert regression is not None
    return regression.workflow


async def shown(client: Client, regression: str) -> Counter[str]:
    """The results on the page of a regression, as the Temporal UI asks for it."""
    page = await client.get_workflow_handle(regression).query("__temporal_workflow_metadata")
    rows = [line for line in page.current_details.splitlines() if line.startswith("| ")]
    return Counter(row.split(" | ")[4] for row in rows[1:])


async def test_a_suite_waits_and_runs_and_is_not_called_skipped_before_the_verdict_is_certain(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.publish(*(f"role{index}" for index in range(SUITES_AT_ONCE + 2)))
    held = threading.Event()

    def answer(run: SuiteRun) -> SuiteOutcome:
        if run.service.role != "cart":
            held.wait(20)
        return passing()

    onward.runner.answers = answer
    release = await started(temporal.client, onward.commit("cart"))
    await eventually(lambda: len(onward.runner.in_slices) == SUITES_AT_ONCE + 1)
    regression = await regression_of(release)

    before = await shown(temporal.client, regression)
    held.set()
    await release.result()

    assert before == {"1 passed": 1, "runs": SUITES_AT_ONCE, "waits": 2}
    assert await shown(temporal.client, regression) == {"1 passed": SUITES_AT_ONCE + 3}


async def test_a_suite_that_hangs_delays_a_verdict_that_is_certain_by_no_more_than_its_rest(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.publish("hangs")
    onward.runner.hanging.add("hangs")
    onward.runner.answers = lambda run: failing() if run.service.role == "cart" else passing()

    result = await asyncio.wait_for(failed(temporal.client, onward.commit("cart")), MUCH_LONGER)

    assert result.regression is not None
    verdicts = {each.service.role: each.verdict for each in result.regression.suites}
    assert verdicts == {"cart": Verdict.FAILED, "hangs": Verdict.SKIPPED}
    assert result.regression.verdict is not None
    await eventually(lambda: onward.slices.there == {} and onward.runner.running == 0)
