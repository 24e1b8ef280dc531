"""Which fix a roll-forward admits, and how a refusal reads."""

from __future__ import annotations

from domain.admissibility import (
    commits_ahead,
    fix_request,
    refuse_any,
    refuse_behind,
    refuse_fix,
    refuse_unseen,
    retry_request,
)
from domain.identity import ServiceId
from domain.release import Stage
from domain.roll_forward import RollForward, Way
from domain.roll_forward_messages import Fix, FixFacts, Retry
from tests.domain.incidents import CART, begun, commit, ended, failed

CATALOG = ServiceId(application="shop", role="catalog")


def opened() -> RollForward:
    return RollForward.opened_by(failed("a"))


def test_a_new_commit_of_the_service_is_admitted() -> None:
    fix = Fix(commit=commit("b"), by="ann")

    assert refuse_any(opened(), "") is None
    assert refuse_unseen(opened(), fix) is None
    assert refuse_fix(opened(), fix.commit, FixFacts(service=CART)) is None


def test_the_failed_commit_is_refused_and_retry_is_named() -> None:
    refusal = refuse_unseen(opened(), Fix(commit=commit("a"), by="ann"))

    assert refusal is not None
    assert "onward retry shop-cart" in refusal


def test_every_commit_that_failed_here_is_refused() -> None:
    incident = opened()
    incident.begun(begun("b"), Way.FIX)
    incident.failed(failed("b", Stage.BUILD, number=None))

    assert refuse_fix(incident, commit("b"), FixFacts(service=CART)) is not None
    assert refuse_fix(incident, commit("b"), FixFacts(service=CATALOG)) is None, "of a role that has not failed"


def test_an_ancestor_of_what_failed_or_is_deployed_is_refused() -> None:
    against = commits_ahead(opened(), "cart", [commit("d"), commit("d")])
    assert against == (commit("a"), commit("d"))

    refusal = refuse_behind(commit("0"), FixFacts(service=CART, behind=(commit("d"),)))

    assert refusal is not None
    assert "never goes back" in refusal
    assert "git revert" in refusal


def test_another_application_is_refused() -> None:
    refusal = refuse_fix(opened(), commit("b"), FixFacts(service=ServiceId(application="bank", role="cart")))

    assert refusal == "bbbbbbbbbbbb holds bank-cart, which is not of the application shop"


def test_one_fix_at_a_time_and_the_second_hears_of_the_first() -> None:
    incident = opened()
    assert refuse_any(incident, "ann has asked for bbbb") == "ann has asked for bbbb: one fix at a time"

    incident.begun(begun("b"), Way.FIX)

    refusal = refuse_any(incident, "")
    assert refusal is not None
    assert "release:shop-cart:bbbbbbbbbbbb is on its way" in refusal
    assert "by ci" in refusal


def test_nothing_is_fixed_once_it_is_closed() -> None:
    incident = opened()
    incident.ended_well(ended("b", number=9))

    assert refuse_any(incident, "") == "it is closed: there is nothing to fix"


def test_a_fix_is_released_from_where_the_failed_one_was_unless_it_says_otherwise() -> None:
    plain = fix_request(opened(), Fix(commit=commit("b"), by="ann"), CART)
    assert (plain.repository, plain.service_directory) == ("https://git.test/shop", "cart")
    assert (plain.roll_forward, plain.requested_by) == ("roll-forward:shop-cart", "ann")

    other = fix_request(
        opened(), Fix(commit=commit("b"), by="ann", repository="https://x.test/y", service_directory="catalog"), CATALOG
    )
    assert (other.role, other.repository, other.service_directory) == ("catalog", "https://x.test/y", "catalog")


def test_a_retry_is_of_what_failed_last() -> None:
    incident = opened()
    incident.begun(begun("b"), Way.FIX)
    incident.failed(failed("b", Stage.BUILD, number=None))

    request = retry_request(incident, Retry(by="ann", reason="the registry is back"))

    assert request.commit == commit("b")
    assert (request.requested_by, request.reason) == ("ann", "the registry is back")
