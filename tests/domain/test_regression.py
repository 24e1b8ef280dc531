"""Which suites a candidate must pass, what is excused, and what the results mean."""

from __future__ import annotations

from datetime import date
from typing import Any

from domain.artifact import Artifact, ArtifactKind, digest_of
from domain.junit import Verdict
from domain.manifest import Manifest
from domain.regression import (
    Origin,
    SuiteResult,
    SuiteToRun,
    failure_of,
    in_force,
    required_suites,
    result_of,
    settled,
    skipped,
    summary_of,
    unfounded,
)
from domain.suite import SuiteOutcome, SuiteReport, judge
from tests.domain.builders import IMAGE, definition, manifest

TODAY = date(2026, 3, 1)
RETIRED = "retired: [{case: test_old, reason: integers now, owner: cart-team}]"
QUARANTINED = "quarantined: [{{case: test_shaky, reason: CART-17, owner: cart-team, until: {until}}}]"


def version(role: str = "cart", name: str = "1", extra: str = "", *, tests: bool = True) -> Manifest:
    """A manifest of one version of a role; ``extra`` goes into its tests."""
    text = f"tests: {{integration: {{context: tests}}{', ' + extra if extra else ''}}}\n" if tests else ""
    suite = Artifact(kind=ArtifactKind.SUITE, uri=f"registry.test/{role}@{name}", digest=digest_of(name.encode()))
    return manifest(
        release=f"release:shop-{role}:{name:0>12}",
        definition=definition(text).model_copy(update={"role": role}),
        artifacts=(IMAGE, suite) if tests else (IMAGE,),
    )


def suites(candidate: Manifest, *basis: Manifest) -> list[SuiteToRun]:
    there = {each.service.role: (each.digest, each) for each in basis}
    return required_suites(candidate, candidate.digest, there)


def names(found: list[SuiteToRun]) -> list[tuple[str, Origin]]:
    return [(each.service.role, each.origin) for each in found]


def outcome(**cases: bool) -> SuiteOutcome:
    """A run: case → whether it passed."""
    failure = '<failure message="no"/>'
    text = "".join(
        f'<testcase classname="t" name="{case}">{"" if passed else failure}</testcase>'
        for case, passed in cases.items()
    )
    return SuiteOutcome(
        exit_code=0 if all(cases.values()) else 1, reports=(f"<testsuite>{text}</testsuite>".encode(),), output=""
    )


def result(
    suite: SuiteToRun, verdict: Verdict = Verdict.PASSED, reason: str = "1 passed", **changes: Any
) -> SuiteResult:
    return result_of(suite, SuiteReport(verdict=verdict, reason=reason), 1.0, "", "").model_copy(update=changes)


def test_its_own_new_one_its_own_previous_one_and_those_of_all_others() -> None:
    found = suites(version(name="2"), version(name="1"), version("web", "3"), version("catalog", "4"))

    assert names(found) == [
        ("cart", Origin.NEW),
        ("cart", Origin.PREVIOUS),
        ("catalog", Origin.PUBLISHED),
        ("web", Origin.PUBLISHED),
    ]
    assert [each.release[-1] for each in found] == ["2", "1", "4", "3"]


def test_a_first_release_has_no_previous_one_and_who_has_no_suite_is_asked_for_none() -> None:
    assert names(suites(version(), version("web", tests=False))) == [("cart", Origin.NEW)]
    assert names(suites(version(tests=False), version("web", "3"))) == [("web", Origin.PUBLISHED)]
    assert suites(version(tests=False)) == []


def test_the_same_suite_is_not_run_twice_unless_cases_of_it_are_retired() -> None:
    assert names(suites(version(name="1"), version(name="1"))) == [("cart", Origin.NEW)]
    assert len(suites(version(name="1", extra=RETIRED), version(name="1"))) == 2


def test_a_version_that_drops_its_suite_still_passes_the_previous_one() -> None:
    assert names(suites(version(tests=False), version(name="1"))) == [("cart", Origin.PREVIOUS)]


def test_a_retired_case_is_excused_in_the_previous_suite_and_nowhere_else() -> None:
    new, previous, other = suites(version(name="2", extra=RETIRED), version(name="1"), version("web", "3"))

    ran = outcome(test_old=False, test_kept=True)
    assert judge(ran, excuses=previous.excuses).verdict is Verdict.PASSED
    assert judge(ran, excuses=previous.excuses).excused == ("t.test_old",)
    assert judge(ran, excuses=new.excuses).verdict is Verdict.FAILED
    assert judge(ran, excuses=other.excuses).verdict is Verdict.FAILED


def test_another_case_that_fails_beside_a_retired_one_fails_the_suite() -> None:
    previous = suites(version(name="2", extra=RETIRED), version(name="1"))[1]

    report = judge(outcome(test_old=False, test_kept=False), excuses=previous.excuses)

    assert (report.verdict, report.reason) == (Verdict.FAILED, "t.test_kept failed: no")


def test_a_retirement_that_matches_nothing_is_refused() -> None:
    previous = suites(version(name="2", extra=RETIRED), version(name="1"))[1]

    report = judge(outcome(test_kept=True), excuses=previous.excuses)

    assert report.verdict is Verdict.FAILED
    assert report.reason == ("no case is called 'test_old', which is retired by cart-team: take it out of service.yaml")


def test_a_retirement_without_a_previous_suite_is_refused_before_anything_runs() -> None:
    candidate = version(extra=RETIRED)

    assert unfounded(candidate, None, TODAY) == (
        "'test_old' is retired, but shop-cart has no previous suite: take it out"
    )
    assert unfounded(candidate, version(tests=False), TODAY) is not None
    assert unfounded(candidate, version(), TODAY) is None


def test_a_quarantined_case_fails_nothing_not_even_for_others() -> None:
    shaky = version("web", "3", QUARANTINED.format(until="2026-12-31"))
    (_, published) = suites(version(), shaky)

    report = judge(outcome(test_shaky=False, test_kept=True), excuses=published.excuses)

    assert report.verdict is Verdict.PASSED
    assert report.reason == "1 passed, 1 did not and is excused"


def test_a_quarantine_covers_the_previous_suite_too_where_it_need_not_match() -> None:
    previous = suites(version(name="2", extra=QUARANTINED.format(until="2026-12-31")), version(name="1"))[1]

    assert judge(outcome(test_shaky=False, test_kept=True), excuses=previous.excuses).verdict is Verdict.PASSED
    assert judge(outcome(test_kept=True), excuses=previous.excuses).verdict is Verdict.PASSED


def test_a_quarantine_that_is_over_protects_nothing_and_refuses_its_own_release() -> None:
    shaky = version("web", "3", QUARANTINED.format(until="2026-02-28"))
    (_, published) = in_force(suites(version(), shaky), TODAY)

    assert judge(outcome(test_shaky=False), excuses=published.excuses).verdict is Verdict.FAILED
    assert "ended on 2026-02-28" in (unfounded(shaky, None, TODAY) or "")
    assert unfounded(shaky, None, date(2026, 2, 28)) is None, "the last day counts"


def test_an_excuse_is_none_for_a_suite_that_was_killed() -> None:
    previous = suites(version(name="2", extra=RETIRED), version(name="1"))[1]

    killed = outcome(test_old=False).model_copy(update={"exit_code": 137})

    assert judge(killed, excuses=previous.excuses).verdict is Verdict.FAILED


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
