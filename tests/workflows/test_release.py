"""ReleaseWorkflow, with the real activities over stores and engines in memory."""

from __future__ import annotations

import asyncio
import threading

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.testing import WorkflowEnvironment

from domain.deployment import UpdateState
from domain.environment import Environment
from domain.identity import canonical_name
from domain.release import ReleaseStatus, Stage, StageStatus
from domain.suite import SuiteOutcome
from tests.fakes.onward import MemoryOnward
from tests.workflows.releasing import Held, eventually, failed, has_heard_of_cancel, released, started
from workflows import attributes
from workflows.release import ReleaseWorkflow

STAGES = list(Stage)


async def test_a_release_goes_through_all_stages_in_order(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    result = await released(temporal.client, onward.commit())

    assert result.status is ReleaseStatus.VERIFIED
    assert [stage.name for stage in result.stages] == STAGES
    assert {stage.status for stage in result.stages} == {StageStatus.DONE}
    assert result.number == 1
    assert [name for name, _ in onward.engine.updates] == [
        f"{environment}-{onward.application}-cart" for environment in Environment
    ]


async def test_a_change_of_config_alone_builds_nothing(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    await released(temporal.client, onward.commit(level="info"))
    before = list(onward.builder.built)

    result = await released(temporal.client, onward.commit(level="warning"))

    assert onward.builder.built == before
    assert result.number == 2
    assert result.stages[1].detail == "image reused, suite reused, monitors reused"


async def test_a_failed_build_ends_the_release_and_reaches_no_environment(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.builder.failing.add("RUN broken")

    result = await failed(temporal.client, onward.commit(dockerfile="FROM base\nRUN broken\n"))

    assert result.status is ReleaseStatus.FAILED
    assert result.failure is not None
    assert (result.failure.stage, result.failure.kind) == (Stage.BUILD, "BuildFailed")
    assert result.failure.message == "step 2 failed: exit code 1"
    assert result.failure.evidence is not None
    assert result.failure.evidence.endswith("build-image.log")
    assert onward.engine.updates == []


async def test_an_engine_that_does_not_answer_is_asked_again(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.builder.unreachable = 3

    result = await released(temporal.client, onward.commit())

    assert result.status is ReleaseStatus.VERIFIED


async def test_an_invalid_definition_is_refused_in_the_source_stage(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    request = onward.commit()
    onward.repositories.commits[request.repository, request.commit]["cart/service.yaml"] += "colour: red\n"

    result = await failed(temporal.client, request)

    assert result.status is ReleaseStatus.REFUSED
    assert result.failure is not None
    assert "cart/service.yaml:8: colour: unknown key" in result.failure.message
    assert onward.builder.built == []


@pytest.mark.parametrize(("during", "deployed"), [(Stage.SOURCE, set()), (Stage.VERIFY_CI, {Environment.CI})])
async def test_a_cancel_is_heeded_although_the_activity_that_hears_of_it_ends_well(
    temporal: WorkflowEnvironment, onward: MemoryOnward, during: Stage, deployed: set[Environment]
) -> None:
    held = Held()
    if during is Stage.SOURCE:
        onward.repositories.reading = held
    else:
        onward.engine.probing = held
    release = await started(temporal.client, onward.commit())
    await eventually(held.has_begun.is_set)
    await release.cancel()
    await has_heard_of_cancel(release)

    held.may_end.set()

    with pytest.raises(WorkflowFailureError):
        await release.result()
    assert (await release.describe()).status is WorkflowExecutionStatus.CANCELED
    assert (await release.query(ReleaseWorkflow.progress)).stages[-1].status is StageStatus.CANCELLED
    assert {state.environment for state in onward.engine.states.values()} == deployed


async def test_a_service_without_a_suite_is_released_where_nobody_has_one(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    request = onward.commit()
    files = onward.repositories.commits[request.repository, request.commit]
    lines = files["cart/service.yaml"].splitlines(keepends=True)
    files["cart/service.yaml"] = "".join(line for line in lines if not line.startswith("tests:"))

    result = await released(temporal.client, request)

    assert result.status is ReleaseStatus.VERIFIED
    assert onward.runner.runs == []


async def test_a_directory_keeps_its_application_and_role(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    await released(temporal.client, onward.commit())
    renamed = onward.commit(role="basket")
    files = onward.repositories.commits[renamed.repository, renamed.commit]
    moved = {path.replace("basket/", "cart/"): text for path, text in files.items()}
    onward.repositories.commits[renamed.repository, renamed.commit] = moved

    result = await failed(temporal.client, renamed.model_copy(update={"service_directory": "cart"}))

    assert result.status is ReleaseStatus.REFUSED
    assert result.failure is not None
    assert f"this directory holds {onward.application}-cart" in result.failure.message


async def test_a_halted_deploy_in_ci_never_reaches_prod(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    good = onward.commit()
    await released(temporal.client, good)
    bad = onward.commit(level="bad")
    onward.engine.sick.add(bad.commit)

    result = await failed(temporal.client, bad)

    assert result.failure is not None
    assert (result.failure.stage, result.failure.kind) == (Stage.DEPLOY_CI, "DeployHalted")
    in_prod = onward.engine.observe(Environment.PROD, bad.service)
    assert in_prod is not None
    assert in_prod.commit == good.commit
    in_ci = onward.engine.observe(Environment.CI, bad.service)
    assert in_ci is not None
    assert (in_ci.update, in_ci.served.number, in_ci.state) == (UpdateState.PAUSED, 1, "halted")


async def test_failing_smoke_cases_stop_before_prod(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    report = b'<testsuite><testcase name="test_smoke_total"><failure message="7 != 8"/></testcase></testsuite>'
    onward.runner.outcomes[Environment.CI] = SuiteOutcome(exit_code=1, reports=(report,), output="")

    result = await failed(temporal.client, onward.commit())

    assert result.failure is not None
    assert result.failure.stage is Stage.VERIFY_CI
    assert "test_smoke_total failed: 7 != 8" in result.failure.message
    assert all(environment != "prod" for environment, _ in onward.engine.updates)


async def test_smoke_cases_are_told_where_every_published_service_answers(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    await released(temporal.client, onward.commit(role="catalog"))
    await released(temporal.client, onward.commit(role="cart"))

    run = onward.runner.runs[-1]

    assert run.environment is Environment.PROD
    assert run.variables["ONWARD_URL_CATALOG"] == f"http://prod-{onward.application}-catalog:8080"
    assert run.variables["ONWARD_URL_CART"] == f"http://prod-{onward.application}-cart:8080"
    assert run.variables["ONWARD_CASES"] == "test_smoke*"


async def test_an_older_release_is_superseded_where_a_newer_one_was_faster(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    first = onward.commit()
    await released(temporal.client, first)
    name = canonical_name(Environment.CI, first.service)
    onward.engine.states[name] = onward.engine.states[name].model_copy(update={"number": 99})

    result = await released(temporal.client, onward.commit(level="warning"))

    assert result.status is ReleaseStatus.SUPERSEDED
    assert result.failure is None
    assert result.stages[-1].detail == f"{name} already runs release #99, newer than #2"


async def test_a_manifest_that_a_stranger_signed_is_not_published(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.signer.secret = b"a stranger's"

    result = await failed(temporal.client, onward.commit())

    assert result.failure is not None
    assert (result.failure.stage, result.failure.kind) == (Stage.REGRESSION, "Untrusted")
    assert onward.engine.updates == []


async def test_releases_that_publish_at_once_get_different_numbers(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    requests = [onward.commit(role=f"role{index}") for index in range(10)]

    results = await asyncio.gather(*(released(temporal.client, request) for request in requests))

    assert sorted(result.number or 0 for result in results) == list(range(1, 11))


async def test_a_cancel_stops_the_build_and_closes_the_release_as_cancelled(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.builder.blocked = threading.Event()
    release = await started(temporal.client, onward.commit())
    async for event in release.fetch_history_events(wait_new_event=True):
        if "build image" in str(event.user_metadata.summary):
            break

    await release.cancel()

    with pytest.raises(WorkflowFailureError):
        await release.result()
    described = await release.describe()
    assert described.status is WorkflowExecutionStatus.CANCELED
    assert described.typed_search_attributes[attributes.STATUS] == "failed"
    assert onward.builder.built == []
