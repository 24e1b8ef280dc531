"""What a regression's slice runs, and which excuses are in force on its day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from temporalio.testing import ActivityEnvironment

from activities.combination import Combination, Combinations
from activities.slices import SliceActivities
from domain.manifest import Manifest
from domain.regression import Origin
from domain.regression_steps import RegressionRequest, SliceReady, SliceRequest
from domain.service import Kind
from domain.slices import SliceOwner
from tests.activities.publishing import Publishing
from tests.domain.builders import definition, manifest
from tests.domain.suites import QUARANTINED, version

TODAY = datetime.now(UTC).date()
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
SHAKY = "test_shaky"


def of_kind(role: str, kind: Kind) -> Manifest:
    changed = definition().model_copy(update={"role": role, "kind": kind})
    return manifest().model_copy(update={"definition": changed})


def request(candidate: Manifest, *basis: Manifest) -> RegressionRequest:
    return RegressionRequest(
        release=candidate.release,
        run="run",
        service=candidate.service,
        candidate=candidate.digest,
        basis={each.service.role: each.digest for each in basis},
        test=1,
    )


def brought_up(candidate: Manifest, *basis: Manifest) -> SliceReady:
    """What the ci duty answers when it is asked for the slice."""
    publishing = Publishing()
    for each in (candidate, *basis):
        publishing.signed(each)
    onward, asked = publishing.onward, request(candidate, *basis)
    owner = SliceOwner(name="slice-1", application="shop", regression="regression:1", run="run")
    activities = SliceActivities(onward.slices, Combinations(onward.manifests(), onward.registry))
    return ActivityEnvironment().run(activities.bring_up, SliceRequest(owner=owner, regression=asked))


def excused(ready: SliceReady) -> dict[tuple[str, Origin], list[str]]:
    """Suite → the cases of it that are excused."""
    return {(each.service.role, each.origin): [excuse.case for excuse in each.excuses] for each in ready.suites}


def test_a_slice_is_made_of_services_sites_and_jobs_and_never_of_a_datastore() -> None:
    there = {role: of_kind(role, Kind(role)) for role in ("static", "batch", "datastore")}
    candidate = manifest()
    combination = Combination(
        request(candidate, *there.values()), candidate, {role: (one.digest, one) for role, one in there.items()}
    )

    assert sorted(one.service.role for _, one in combination.versions) == ["batch", "cart", "static"]


def test_a_datastore_is_tried_in_its_own_slice() -> None:
    candidate = of_kind("db", Kind.DATASTORE)

    combination = Combination(request(candidate), candidate, {})

    assert [one.service.role for _, one in combination.versions] == ["db"]


def test_a_valid_quarantine_is_in_force_in_the_own_suite_and_in_that_of_another_service() -> None:
    valid = QUARANTINED.format(until=TODAY)

    ready = brought_up(version(name="2", extra=valid), version("web", "3", valid), version("catalog", "4"))

    assert ready.fault == ""
    assert excused(ready) == {
        ("cart", Origin.NEW): [SHAKY],
        ("catalog", Origin.PUBLISHED): [],
        ("web", Origin.PUBLISHED): [SHAKY],
    }


def test_an_expired_quarantine_of_another_service_excuses_nothing_and_stops_nobody() -> None:
    expired = QUARANTINED.format(until=YESTERDAY)

    ready = brought_up(version(name="2"), version("web", "3", expired))

    assert ready.fault == ""
    assert excused(ready) == {("cart", Origin.NEW): [], ("web", Origin.PUBLISHED): []}


def test_an_expired_quarantine_of_its_own_refuses_a_release_before_a_slice_is_made() -> None:
    expired = QUARANTINED.format(until=YESTERDAY)

    ready = brought_up(version(name="2", extra=expired), version("web", "3", QUARANTINED.format(until=TOMORROW)))

    assert ready.fault.startswith(f"the quarantine of 'test_shaky' ended on {YESTERDAY}: cart-team mends the case")
    assert ready.suites == ()
    assert ready.urls == {}
