"""The verdict of a suite: exit code 0 is not enough, and every no has its reason."""

from __future__ import annotations

import pytest

from domain.environment import Environment
from domain.junit import Verdict, matches, parse_junit
from domain.suite import SuiteOutcome, judge, suite_variables
from tests.domain.builders import CART

GOOD = b'<testsuites><testsuite><testcase classname="t" name="test_a" time="0.5"/></testsuite></testsuites>'
BAD = (
    b'<testsuite><testcase classname="t" name="test_a"/>'
    b'<testcase classname="t" name="test_b"><failure message="5 is not 4">trace</failure></testcase>'
    b'<testcase classname="t" name="test_c"><error>boom</error></testcase></testsuite>'
)
SKIPPED = b'<testsuite><testcase name="test_a"><skipped/></testcase></testsuite>'


def outcome(exit_code: int | None = 0, *reports: bytes, output: str = "", **killed: bool) -> SuiteOutcome:
    """What a run left."""
    return SuiteOutcome(exit_code=exit_code, reports=reports, output=output, **killed)


@pytest.mark.parametrize(
    ("left", "cases", "verdict", "reason"),
    [
        (outcome(0, GOOD), None, "passed", "1 passed"),
        (outcome(0, GOOD, GOOD), None, "passed", "2 passed"),
        (outcome(0, GOOD), "test_a*", "passed", "1 passed"),
        (outcome(1, BAD), None, "failed", "t.test_b failed and 1 more: 5 is not 4"),
        (outcome(0, BAD), None, "failed", "t.test_b failed and 1 more: 5 is not 4"),
        (outcome(2, output="first\nno module named shop\n"), None, "failed", "exit code 2: no module named shop"),
        (outcome(1, GOOD), None, "failed", "it ended with exit code 1: no output"),
        (outcome(0), None, "failed", "it ran no test"),
        (outcome(0, SKIPPED), None, "failed", "it ran no test"),
        (outcome(0, GOOD), "test_smoke*", "failed", "t.test_a ran, which is not one of the cases 'test_smoke*'"),
        (outcome(None, GOOD), None, "failed", "it did not end in time"),
        (outcome(137, GOOD, killed_for_memory=True), None, "failed", "it was killed: out of memory"),
        (outcome(None, GOOD, flooded=True), None, "failed", "it printed more than 32 MiB"),
        (outcome(0, GOOD, flooded=True), None, "failed", "it printed more than 32 MiB"),
        (outcome(0, b"<html/>"), None, "failed", "root element <html>, expected <testsuites> or <testsuite>"),
        (outcome(0, b"<testsuite>"), None, "failed", "its JUnit XML cannot be read"),
        (outcome(0, b'<!DOCTYPE a [<!ENTITY b "c">]><testsuite/>'), None, "failed", "a document type declaration"),
    ],
)
def test_a_run_is_judged_by_what_it_left(left: SuiteOutcome, cases: str | None, verdict: str, reason: str) -> None:
    report = judge(left, cases)

    assert report.verdict == verdict
    assert reason in report.reason


def test_cases_are_read_with_their_seconds_and_the_reason_of_a_failure() -> None:
    (passed,) = parse_junit(GOOD)
    _, failed, broken = parse_junit(BAD)

    assert (passed.name, passed.verdict, passed.seconds) == ("t.test_a", Verdict.PASSED, 0.5)
    assert (failed.verdict, failed.message) == (Verdict.FAILED, "5 is not 4")
    assert (broken.verdict, broken.message) == (Verdict.FAILED, "boom")


@pytest.mark.parametrize(
    ("case", "pattern", "meant"),
    [
        ("tests.t.test_smoke_a", "test_smoke*", True),
        ("tests.t.test_smoke_a", "tests.t.*", True),
        ("tests.smoke.test_a", "test_smoke*", False),
        ("test_a", "*", True),
    ],
)
def test_a_pattern_means_a_full_or_a_last_name(case: str, pattern: str, meant: bool) -> None:
    assert matches(case, pattern) is meant


def test_a_suite_is_told_where_it_is_and_where_the_others_are() -> None:
    variables = suite_variables(Environment.CI, CART, {"cart": "http://a", "price-list": "http://b"}, "test_smoke*")

    assert variables == {
        "ONWARD_URL_CART": "http://a",
        "ONWARD_URL_PRICE_LIST": "http://b",
        "ONWARD_ENVIRONMENT": "ci",
        "ONWARD_APPLICATION": "shop",
        "ONWARD_ROLE": "cart",
        "ONWARD_CASES": "test_smoke*",
    }
