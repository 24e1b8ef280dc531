"""What the results of a regression's suites mean together."""

from __future__ import annotations

from typing import Any

from domain.junit import Verdict
from domain.regression import SuiteResult, SuiteToRun, failure_of, result_of, settled, skipped, summary_of
from domain.suite import SuiteReport
from tests.domain.suites import suites, version


def result(
    suite: SuiteToRun, verdict: Verdict = Verdict.PASSED, reason: str = "1 passed", **changes: Any
) -> SuiteResult:
    return result_of(suite, SuiteReport(verdict=verdict, reason=reason), 1.0, "", "").model_copy(update=changes)


def test_who_passes_the_second_time_has_passed_and_is_called_flaky() -> None:
    (suite,) = suites(version())
    first, second = result(suite, Verdict.FAILED, "t.test_a failed: no"), result(suite)

    flaky = settled(first, second)

    assert (flaky.verdict, flaky.flaky) == (Verdict.PASSED, True)
    assert flaky.reason == "1 passed; flaky, at first t.test_a failed: no"
    assert settled(first, first).verdict is Verdict.FAILED
    assert summary_of([flaky]) == "1 suite passed, 1 of them flaky"


def test_a_failure_names_the_suite_and_the_release_whose_it_is() -> None:
    own, other = suites(version(), version("web", "3"))
    failed = [result(own), result(other, Verdict.FAILED, "t.test_a failed: no")]

    assert failure_of(failed) == "web's published suite (release:shop-web:000000000003): t.test_a failed: no"
    assert failure_of([result(own), result(other)]) is None
    assert failure_of([result(own), skipped(other)]) == "web's published suite was not run"
    assert failure_of([]) is None
