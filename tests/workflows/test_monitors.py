"""A release and its monitors: tested before it is published, installed by its deploys, watched in its bakes."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from temporalio.testing import WorkflowEnvironment

from domain.environment import ENVIRONMENTS, Environment
from domain.identity import canonical_name
from domain.monitor_state import SETTLED, ActiveAlert
from domain.release import ReleaseRequest, Stage
from tests.fakes.onward import MemoryOnward
from tests.monitors import RULES, TESTS
from tests.workflows.releasing import failed, released

BAKE = "verify: {bake: 1s}\n"


def _with_rules(onward: MemoryOnward, rules: str = RULES, tests: str = TESTS, level: str = "info") -> ReleaseRequest:
    return onward.commit(more="monitors: monitors\n", level=level, cart=rules, cart_test=tests)


async def test_the_monitors_of_a_release_are_installed_in_both_environments(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    request = _with_rules(onward)
    result = await released(temporal.client, request)

    for environment in ENVIRONMENTS:
        there = onward.monitoring.there[canonical_name(environment, request.service)]
        assert there.number == result.number
        assert there.rules is not None
        assert "CartFails" in [rule.alert for rule in there.rules.rules]
    deploys = [stage.detail for stage in result.stages if stage.name in (Stage.DEPLOY_CI, Stage.DEPLOY_PROD)]
    assert all(detail.endswith("4 monitors installed") for detail in deploys), deploys


async def test_a_release_that_changes_no_monitor_tests_and_loads_none(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    await released(temporal.client, _with_rules(onward))
    tested, loaded = len(onward.tester.tested), len(onward.monitoring.loads)

    result = await released(temporal.client, _with_rules(onward, level="warning"))

    assert (len(onward.tester.tested), len(onward.monitoring.loads)) == (tested, loaded)
    assert result.stages[5].detail.endswith("4 monitors as before")


async def test_a_rule_that_fails_its_test_is_stopped_before_it_is_published(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.tester.failing.add("> 99")

    result = await failed(temporal.client, _with_rules(onward, RULES.replace("> 1", "> 99")))

    assert result.failure is not None
    assert (result.failure.stage, result.failure.kind) == (Stage.BUILD, "BuildFailed")
    assert "CartFails fails the test" in result.failure.message
    assert result.failure.evidence is not None
    assert result.failure.evidence.endswith("build-monitors.log")
    assert result.number is None
    assert onward.monitoring.there == {}


async def test_a_rule_without_a_test_is_stopped_before_it_is_published(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    result = await failed(temporal.client, _with_rules(onward, tests=TESTS.replace("CartFails", "TasksFail")))

    assert result.failure is not None
    assert (result.failure.stage, result.failure.kind) == (Stage.BUILD, "InvalidMonitors")
    assert "monitors/cart.yaml: CartFails: too few tests" in result.failure.message


async def test_monitors_that_prometheus_rejects_fail_the_deploy(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.monitoring.rejected.add("carts_total")

    result = await failed(temporal.client, _with_rules(onward))

    assert result.failure is not None
    assert (result.failure.stage, result.failure.kind) == (Stage.DEPLOY_CI, "DeployHalted")


async def test_a_monitor_that_fires_in_the_bake_fails_the_release(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    request = onward.commit(more=BAKE)
    alert = ActiveAlert(labels={"role": "cart"}, firing=True, since=datetime(2100, 1, 1, tzinfo=UTC), value="3e+00")
    onward.monitoring.active[canonical_name(Environment.PROD, request.service)] = {"TasksFail": alert}

    result = await failed(temporal.client, request)

    assert result.failure is not None
    assert (result.failure.stage, result.failure.kind) == (Stage.VERIFY_PROD, "VerifyFailed")
    assert 'TasksFail fires {role="cart"} with value 3e+00' in result.failure.message


async def test_a_bake_goes_on_when_prometheus_answers_again(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.monitoring.unreachable = 4

    result = await released(temporal.client, onward.commit(more=BAKE))

    watched = re.search(r"baked (\d+) s: 3 monitors silent$", result.stages[6].detail)
    assert watched, result.stages[6].detail
    assert int(watched[1]) >= SETTLED.total_seconds(), "a rule counts only then"


async def test_a_prometheus_that_stays_away_during_the_bake_fails_it_as_such(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.monitoring.gone_after = canonical_name(Environment.CI, (request := onward.commit(more=BAKE)).service)

    result = await failed(temporal.client, request)

    assert result.failure is not None
    assert (result.failure.stage, result.failure.kind) == (Stage.VERIFY_CI, "Unreachable")
    assert "Prometheus at memory does not answer" in result.failure.message


async def test_a_prometheus_that_stays_away_fails_the_release_as_such(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.monitoring.unreachable = 1_000_000

    result = await failed(temporal.client, onward.commit(more=BAKE))

    assert result.failure is not None
    assert (result.failure.stage, result.failure.kind) == (Stage.DEPLOY_CI, "Unreachable")
    assert "Prometheus at memory does not answer" in result.failure.message
