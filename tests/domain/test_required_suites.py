"""Which suites a candidate must pass, and which of their cases are excused."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.artifact import ArtifactKind, digest_of
from domain.junit import Verdict
from domain.lookups import PlannedArtifact, PlannedArtifacts, PublishedSuite, PublishedSuites, planned_suites
from domain.regression import Origin
from domain.release import ReleaseRequest
from domain.required_suites import in_force, suite_of, unfounded
from domain.suite import Excuse, judge
from tests.domain.suites import QUARANTINED, RETIRED, names, outcome, suites, version

TODAY = date(2026, 3, 1)
SKIPPED = b'<testsuite><testcase name="test_skipped"><skipped/></testcase></testsuite>'


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


def test_the_same_suite_is_not_run_twice() -> None:
    assert names(suites(version(name="1"), version(name="1"))) == [("cart", Origin.NEW)]


def test_the_same_suite_is_run_as_the_previous_one_when_cases_of_it_are_retired() -> None:
    found = suites(version(name="1", extra=RETIRED, commit="b" * 40), version(name="1"))

    assert names(found) == [("cart", Origin.NEW), ("cart", Origin.PREVIOUS)]
    report = judge(outcome(test_kept=True), excuses=found[1].excuses)
    assert report.reason.startswith("no case is called 'test_old', which is retired by cart-team")


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


def test_the_same_commit_released_once_more_has_retired_nothing_of_itself() -> None:
    published = version(name="1", extra=RETIRED)
    rebuilt = version(name="2", extra=RETIRED, commit=published.commit)

    _, previous = suites(rebuilt, published)

    assert judge(outcome(test_kept=True), excuses=previous.excuses).verdict is Verdict.PASSED
    assert judge(outcome(test_old=False), excuses=previous.excuses).verdict is Verdict.FAILED


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
    assert report.reason == (
        "1 passed, 1 did not and is excused: t.test_shaky (quarantined by cart-team until 2026-12-31)"
    )


def test_of_many_excused_cases_a_reason_names_the_first_five() -> None:
    excuse = Excuse(case="test_many*", why="quarantined by cart-team")

    report = judge(outcome(test_kept=True, **{f"test_many{n}": False for n in range(7)}), excuses=[excuse])

    assert report.reason.startswith("1 passed, 7 did not and are excused: t.test_many0 (quarantined by cart-team), ")
    assert report.reason.endswith("t.test_many4 (quarantined by cart-team) and 2 more")


@pytest.mark.parametrize("more", [(), (SKIPPED,)])
def test_a_suite_in_which_nothing_but_excused_cases_ran_has_failed(more: tuple[bytes, ...]) -> None:
    excuse = Excuse(case="test_*", why="quarantined by cart-team")
    left = outcome(test_a=False, test_b=False)
    left = left.model_copy(update={"reports": (*left.reports, *more)})

    report = judge(left, excuses=[excuse])

    assert report.verdict is Verdict.FAILED
    assert report.reason.startswith("no case passed: 2 did not and are excused: t.test_a (quarantined by cart-team)")


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


CASES = st.sampled_from(["", "1", "2"])


@given(own=CASES, retires=st.booleans(), published=st.dictionaries(st.sampled_from(["cart", "web", "catalog"]), CASES))
def test_a_plan_lists_what_will_be_required(own: str, retires: bool, published: dict[str, str]) -> None:
    """An empty name is a version without a suite."""
    candidate = version(name=own or "9", tests=bool(own), extra=RETIRED if retires and own else "", commit="b" * 40)
    basis = [version(role, name or "8", tests=bool(name)) for role, name in published.items()]
    required = suites(candidate, *basis)

    built = [
        PlannedArtifact(kind=each.kind, inputs="x", reused=True, image=each.digest) for each in candidate.artifacts
    ]
    there = {
        each.service.role: PublishedSuite(release=each.release, image=image)
        for each in basis
        if (image := suite_of(each))
    }
    request = ReleaseRequest(application="shop", role="cart", repository="r", commit=candidate.commit)
    planned = planned_suites(
        request,
        PublishedSuites(suites=there),
        PlannedArtifacts(artifacts=tuple(built), retires=bool(retires and own)),
    )

    assert [(each.role, each.origin) for each in planned] == names(required)
    assert [each.release for each in planned if each.origin is not Origin.NEW] == [
        each.release for each in required if each.origin is not Origin.NEW
    ]


def test_a_suite_that_is_still_to_be_built_is_planned_beside_the_previous_one() -> None:
    request = ReleaseRequest(application="shop", role="cart", repository="r", commit="a" * 40)
    published = PublishedSuites(suites={"cart": PublishedSuite(release="release:shop-cart:1", image=digest_of(b"1"))})
    unbuilt = PlannedArtifact(kind=ArtifactKind.SUITE, inputs=digest_of(b"inputs"), reused=False)

    planned = planned_suites(request, published, PlannedArtifacts(artifacts=(unbuilt,)))

    assert [(each.origin, each.release) for each in planned] == [
        (Origin.NEW, request.id),
        (Origin.PREVIOUS, "release:shop-cart:1"),
    ]
