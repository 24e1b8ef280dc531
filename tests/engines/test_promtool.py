"""Promtool: what real rules and tests come to, and what is said of faulty ones."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from domain.errors import BuildFailed, NotFound
from domain.monitor import MonitorTester
from domain.monitor_set import monitors_of
from engines.promtool import Promtool
from tests.fakes.monitoring import MemoryTester
from tests.fakes.progress import Cancelled, CancelledProgress, SilentProgress
from tests.monitors import DEFINITION, RULES, TESTS, definition, own

PROGRESS = SilentProgress()


@pytest.mark.parametrize("tester", [pytest.param(Promtool(), marks=pytest.mark.server), MemoryTester()])
def test_rules_whose_tests_pass_are_taken_and_others_are_not(tester: MonitorTester) -> None:
    tester.test(own(), PROGRESS)
    if isinstance(tester, MemoryTester):
        tester.failing.add("< 1")

    with pytest.raises(BuildFailed, match="CartFails fails the test"):
        tester.test(own(RULES.replace("> 1", "< 1")), PROGRESS)


@pytest.mark.server
@pytest.mark.parametrize("kind", ["service", "static", "datastore", "batch"])
def test_the_standard_monitors_of_a_kind_pass_their_own_tests(kind: str) -> None:
    service = definition(DEFINITION.replace("monitors: monitors\n", "")).model_copy(update={"kind": kind})

    Promtool().test(monitors_of(service, {}), PROGRESS)


@pytest.mark.server
def test_a_test_that_fails_is_named_with_its_rule_what_was_expected_and_what_it_got() -> None:
    with pytest.raises(BuildFailed) as failed:
        Promtool().test(own(RULES.replace("> 1", "< 1")), PROGRESS)

    first, second = str(failed.value).split("monitors/cart.yaml: ")[1:]
    labels = 'alertname="CartFails", application="shop", environment="ONWARD_ENVIRONMENT", role="cart", severity="page"'
    assert first == (
        "CartFails fails the test 'monitors/cart_test.yaml: four fail in a second' at 5m\n"
        f'  expected: Labels:{{{labels}}} Annotations:{{summary="4 carts fail"}}\n  got: no alert\n'
    )
    assert second.startswith(
        "CartFails fails the test 'monitors/cart_test.yaml: test 2' at 4m\n  expected: no alert\n  got"
    )
    assert second.endswith('Annotations:{summary="0.06666666666666667 carts fail"}')


@pytest.mark.server
def test_an_expression_that_is_none_is_named_with_its_rule() -> None:
    with pytest.raises(
        BuildFailed, match=r"^monitors/cart\.yaml: CartFails: could not parse expression: .* unknown fun"
    ):
        Promtool().test(own(RULES.replace("rate(", "ratio(")), PROGRESS)


@pytest.mark.server
def test_an_annotation_for_onward_that_is_no_expression_is_named_with_its_rule() -> None:
    annotated = RULES.replace("annotations: {", "annotations: {onward_measured: 'carts_total{', ")
    with pytest.raises(BuildFailed, match=r"CartFails: onward_measured: could not parse expression"):
        Promtool().test(own(annotated), PROGRESS)

    counted = RULES.replace("annotations: {", "annotations: {onward_requests: 'sum(carts_total)', ")
    with pytest.raises(BuildFailed, match=r"CartFails: onward_requests: could not parse expression"):
        Promtool().test(own(counted), PROGRESS)


@pytest.mark.server
def test_an_expression_of_a_test_that_gives_something_else_is_named() -> None:
    tests = f"{TESTS}  promql_expr_test:\n  - {{expr: sum(carts_total), eval_time: 1m, exp_samples: [{{value: 5}}]}}\n"
    with pytest.raises(
        BuildFailed, match=r'the expression "sum\(carts_total\)" fails its test at 1m\n  expected: .*5E'
    ):
        Promtool().test(own(tests=tests), PROGRESS)


def test_without_promtool_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"not installed\n  next: apt-get install .* prometheus"):
        Promtool(str(tmp_path)).test(own(), PROGRESS)


def test_a_cancel_ends_promtool(tmp_path: Path) -> None:
    slow = tmp_path / "promtool"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    start = time.monotonic()

    with pytest.raises((Cancelled, BuildFailed)):
        Promtool(str(tmp_path)).test(own(), CancelledProgress("checking"))
    assert time.monotonic() - start < 30, "it was not waited for"
