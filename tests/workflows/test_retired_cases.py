"""Retired cases through a whole release, and through its retry once it is published."""

from __future__ import annotations

import asyncio

from temporalio.testing import WorkflowEnvironment

from domain.regression import Origin
from domain.release import ReleaseRequest, ReleaseResult, Stage
from domain.suite import SuiteOutcome, SuiteRun
from tests.fakes.engines import passing
from tests.fakes.onward import MemoryOnward
from tests.workflows.releasing import failed, released

#: A manifest says in seconds when it was built: within the same one the retry would have the very same.
A_SECOND = 1.1

RETIRED = "retired: [{case: test_old, reason: integers now, owner: cart-team}], "
REPORT = (
    b'<testsuite><testcase name="test_kept"/><testcase name="test_old"><failure message="no"/></testcase></testsuite>'
)


def answer(run: SuiteRun) -> SuiteOutcome:
    """Only the suite of the version before has the case that is broken."""
    return SuiteOutcome(exit_code=1, reports=(REPORT,), output="") if run.name.endswith("own-previous") else passing()


def retiring(onward: MemoryOnward) -> ReleaseRequest:
    """A commit with another suite, that retires a case of the one before it."""
    request = onward.commit()
    files = onward.repositories.commits[request.repository, request.commit]
    files["cart/service.yaml"] = files["cart/service.yaml"].replace("tests: {", f"tests: {{{RETIRED}")
    files["cart/tests/Dockerfile"] = "FROM base\nRUN new\n"
    return request


def origins(result: ReleaseResult) -> list[Origin]:
    assert result.regression is not None
    return [each.origin for each in result.regression.suites]


async def test_a_release_that_was_published_with_retired_cases_can_be_released_again(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    await released(temporal.client, onward.commit())
    onward.runner.answers = answer
    request = retiring(onward)
    onward.engine.sick.add(request.commit)

    halted = await failed(temporal.client, request)
    onward.engine.sick.clear()
    await asyncio.sleep(A_SECOND)
    retried = await released(temporal.client, request)

    assert halted.failure is not None
    assert halted.failure.stage is Stage.DEPLOY_CI
    assert halted.regression is not None
    assert origins(halted) == [Origin.NEW, Origin.PREVIOUS]
    reason = halted.regression.suites[1].reason
    assert reason == "1 passed, 1 did not and is excused: test_old (retired by cart-team)"
    assert (halted.number, retried.number) == (2, 3)
    assert origins(retried) == [Origin.NEW]
