"""Derived names: reversible, and valid where they are used."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.data_names import migration_name
from domain.environment import Environment
from domain.identity import (
    CANONICAL_NAME_LIMIT,
    ServiceId,
    application_network,
    canonical_name,
    data_network,
    parse_canonical_name,
    role_limit,
    secret_limit,
    secret_name,
    site_bucket,
    url_variable,
)
from domain.workflow_ids import (
    candidate_key,
    gate_id,
    parse_candidate_key,
    parse_gate_id,
    parse_release_id,
    parse_roll_forward_id,
    regression_id,
    release_id,
    roll_forward_id,
)

#: RFC 1123, and so far the same for S3's buckets (which need three characters).
DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

WORD = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)
APPLICATIONS = st.from_regex(r"[a-z][a-z0-9]{0,19}", fullmatch=True)
ROLES = st.lists(WORD, min_size=1, max_size=4).map("-".join).filter(lambda role: role[0].isalpha())
SERVICES = st.builds(ServiceId, application=APPLICATIONS, role=ROLES)
ENVIRONMENTS = st.sampled_from(Environment)
COMMITS = st.from_regex(r"[0-9a-f]{40}", fullmatch=True)
RUNS = st.uuids().map(str)


@given(ENVIRONMENTS, SERVICES)
def test_a_canonical_name_is_a_dns_label_and_says_what_it_was_made_of(
    environment: Environment, service: ServiceId
) -> None:
    name = canonical_name(environment, service)

    assert DNS_LABEL.fullmatch(name)
    assert parse_canonical_name(name) == (environment, service)
    assert len(site_bucket(environment, service)) >= 3


@given(SERVICES, COMMITS)
def test_a_release_id_says_which_service_and_commit(service: ServiceId, commit: str) -> None:
    assert parse_release_id(release_id(service, commit)) == (service, commit[:12])


@given(APPLICATIONS)
def test_a_gates_id_says_whose_it_is(application: str) -> None:
    assert parse_gate_id(gate_id(application)) == application


@given(SERVICES)
def test_a_roll_forwards_id_says_of_which_service_it_is(service: ServiceId) -> None:
    assert parse_roll_forward_id(roll_forward_id(service)) == service


@given(SERVICES, COMMITS, RUNS)
def test_a_candidates_key_says_which_release_and_run(service: ServiceId, commit: str, run: str) -> None:
    release = release_id(service, commit)

    assert parse_candidate_key(candidate_key(release, run)) == (release, run)


@given(SERVICES, COMMITS, st.integers(1, 3), st.integers(1, 3))
def test_each_test_of_a_release_is_a_regression_of_its_own(
    service: ServiceId, commit: str, one: int, other: int
) -> None:
    release = release_id(service, commit)

    assert regression_id(release, one).startswith(f"regression:{service}:{commit[:12]}:")
    assert (regression_id(release, one) == regression_id(release, other)) == (one == other)


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_release_id, "release:shop-cart"),
        (parse_gate_id, "gate:shop-cart"),
        (parse_roll_forward_id, "release:shop-cart"),
    ],
)
def test_what_is_another_ones_id_is_refused(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        parse(text)


@given(APPLICATIONS)
def test_the_longest_role_fits_and_one_more_does_not(application: str) -> None:
    limit = role_limit(application)

    longest = canonical_name(Environment.PROD, ServiceId(application=application, role="r" * limit))
    assert len(longest) == CANONICAL_NAME_LIMIT
    with pytest.raises(ValueError, match=f"a role of at most {limit} characters"):
        ServiceId(application=application, role="r" * (limit + 1))


def test_the_longest_secret_fits_what_swarm_takes() -> None:
    service = ServiceId(application="shop", role="cart")

    assert len(secret_name(Environment.PROD, service, "s" * secret_limit(service))) == 64


@pytest.mark.parametrize("text", ["", "shop", "shop-", "-cart", "Shop-cart", "shop-Cart", "shop-cart-", "shop-a--b"])
def test_what_is_no_service_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        ServiceId.parse(text)


@pytest.mark.parametrize("text", ["staging-shop-cart", "shop-cart", "prod"])
def test_what_is_no_canonical_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a valid Environment|validation error"):
        parse_canonical_name(text)


def test_two_applications_never_share_a_network() -> None:
    names = {
        make(Environment.CI, name) for make in (application_network, data_network) for name in ("shop", "shopdata")
    }

    assert len(names) == 4


def test_a_role_becomes_a_variable() -> None:
    assert url_variable("price-list") == "ONWARD_URL_PRICE_LIST"


def test_a_migration_has_a_name_that_is_a_dns_label_and_no_canonical_one() -> None:
    longest = ServiceId(application="a", role="r" * role_limit("a"))
    names = [migration_name(Environment.PROD, longest, number) for number in (1, 2)]

    assert all(len(name) <= 63 for name in names)
    assert len(set(names)) == 2
    assert migration_name(Environment.CI, ServiceId(application="shop", role="cart"), 7) == "ci-shop-cart--migrate-7"
    for name in (*names, "ci-shop-cart--migrate-7"):
        with pytest.raises(ValueError, match="ServiceId"):
            parse_canonical_name(name)
