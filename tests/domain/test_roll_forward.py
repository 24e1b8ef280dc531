"""A roll-forward, event by event."""

from __future__ import annotations

import pytest

from domain.release import ReleaseStatus, Stage
from domain.roll_forward import REMEMBERED, RollForward, RollForwardView, State, Way
from domain.roll_forward_page import roll_forward_page
from domain.roll_forward_row import row_of
from tests.domain.incidents import CART, NOW, begun, ended, failed


def view(incident: RollForward) -> RollForwardView:
    return RollForwardView(
        roll_forward=incident.id, state=incident.state, prod_affected=incident.prod_affected, incident=incident
    )


def test_a_failed_release_opens_it_and_a_later_verified_one_closes_it() -> None:
    incident = RollForward.opened_by(failed("a", number=4))
    assert (incident.id, incident.state) == ("roll-forward:shop-cart", State.WAITING)

    incident.begun(begun("b"), Way.FIX)
    assert incident.running is not None

    assert incident.ended_well(ended("b", number=5))
    assert (incident.closed, incident.state) == (ended("b", number=5).at, State.CLOSED)
    assert incident.closed_by == "release:shop-cart:bbbbbbbbbbbb"


def test_a_fix_that_fails_is_one_more_attempt() -> None:
    incident = RollForward.opened_by(failed("a"))
    incident.begun(begun("b"), Way.FIX)

    assert incident.failed(failed("b", Stage.BUILD, number=None))

    assert incident.state is State.WAITING
    assert [each.way for each in incident.attempts] == [Way.OPENED, Way.FIX]
    assert incident.last_failed.request.commit == "b" * 40


def test_what_is_told_twice_counts_once() -> None:
    incident = RollForward.opened_by(failed("a"))

    assert not incident.failed(failed("a"))
    assert incident.begun(begun("b"), Way.FIX)
    assert not incident.begun(begun("b"), Way.ADOPTED)
    assert incident.failed(failed("b"))
    assert not incident.failed(failed("b"))
    assert len(incident.attempts) == 2


@pytest.mark.parametrize(
    ("number", "status", "role"),
    [
        (3, ReleaseStatus.VERIFIED, "cart"),  # it was published before the one that failed
        (5, ReleaseStatus.SUPERSEDED, "cart"),
        (5, ReleaseStatus.VERIFIED, "catalog"),
    ],
)
def test_what_is_not_later_not_verified_or_of_another_service_does_not_close_it(
    number: int, status: ReleaseStatus, role: str
) -> None:
    incident = RollForward.opened_by(failed("a", number=4))

    assert not incident.ended_well(ended("b", number, status, role))
    assert incident.closed is None


def test_a_release_under_way_does_not_mend_what_failed_before_it_had_a_number() -> None:
    incident = RollForward.opened_by(failed("b", Stage.BUILD, number=None))

    assert not incident.ended_well(ended("a", number=4))

    incident.begun(begun("c"), Way.ADOPTED)
    assert incident.ended_well(ended("c", number=5))


def test_a_retry_closes_it_under_a_run_of_its_own() -> None:
    incident = RollForward.opened_by(failed("a", Stage.BUILD, number=None))
    incident.begun(begun("a", run="second"), Way.RETRY)

    assert incident.ended_well(ended("a", number=5, run="second"))


def test_a_named_culprit_closes_it_too() -> None:
    incident = RollForward.opened_by(failed("a", number=4))

    assert incident.name_culprit("catalog")
    assert not incident.name_culprit("catalog")
    assert not incident.name_culprit("cart")
    assert incident.ended_well(ended("c", number=5, role="catalog"))


@pytest.mark.parametrize(("stage", "affected"), [(Stage.VERIFY_CI, False), (Stage.DEPLOY_PROD, True)])
def test_prod_is_affected_from_its_deploy_on(stage: Stage, affected: bool) -> None:
    assert RollForward.opened_by(failed("a", stage)).prod_affected is affected


def test_a_later_attempt_that_reaches_prod_affects_it() -> None:
    incident = RollForward.opened_by(failed("a", Stage.BUILD, number=None))
    incident.begun(begun("b"), Way.FIX)
    incident.failed(failed("b", Stage.VERIFY_PROD, number=5))

    assert incident.prod_affected


def test_its_memory_is_bounded_and_keeps_who_opened_it() -> None:
    incident = RollForward.opened_by(failed("a"))
    for index in range(3 * REMEMBERED):
        incident.failed(failed("b", run=f"run {index}"))
        incident.say("ann", NOW, str(index))

    assert incident.first.run == "run-a"
    assert len(incident.attempts) == REMEMBERED
    assert row_of(view(incident)).attempts == 3 * REMEMBERED
    assert len(incident.said) == REMEMBERED
    assert len(incident.failed_runs) <= REMEMBERED


def test_a_release_that_runs_is_not_among_those_that_failed() -> None:
    incident = RollForward.opened_by(failed("a"))
    incident.begun(begun("b"), Way.FIX)

    assert incident.failed_runs == ["run-a"]


def test_the_page_says_what_is_broken_who_has_it_what_was_tried_and_what_to_do() -> None:
    incident = RollForward.opened_by(failed("a"))
    incident.acknowledge("ann", NOW)
    incident.begun(begun("b"), Way.FIX)
    incident.failed(failed("b", Stage.BUILD, number=None))
    incident.say("ann", NOW, "the disk was full")

    page = roll_forward_page(view(incident))

    assert "shop-cart: broken in prod since 2026-03-01 03:12:00 UTC" in page
    assert "who has it: **ann**" in page
    assert "| fix | `release:shop-cart:bbbbbbbbbbbb` |  | failed in build | ci |" in page
    assert "**ann**: the disk was full" in page
    assert "```\nonward fix shop-cart --commit <SHA>\n```" in page
    assert "onward ack" not in page


def test_the_page_of_a_closed_one_asks_for_nothing() -> None:
    incident = RollForward.opened_by(failed("a"))
    incident.begun(begun("b"), Way.FIX)
    incident.ended_well(ended("b", number=5))

    page = roll_forward_page(view(incident))

    assert f"{CART}: closed by release:shop-cart:bbbbbbbbbbbb, after 2 min" in page
    assert "onward fix" not in page
