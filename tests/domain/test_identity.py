"""Derived names: reversible, and valid where they are used."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.environment import Environment
from domain.identity import (
    CANONICAL_NAME_LIMIT,
    ServiceId,
    application_network,
    build_step,
    candidate_key,
    canonical_name,
    data_network,
    environment_step,
    evidence_key,
    gate_id,
    log_key,
    manifest_digest,
    manifest_key,
    parse_candidate_key,
    parse_canonical_name,
    parse_evidence_key,
    parse_gate_id,
    parse_log_key,
    parse_release_id,
    parse_roll_forward_id,
    regression_id,
    release_id,
    role_limit,
    roll_forward_id,
    secret_limit,
    secret_name,
    site_bucket,
    smoke_step,
    suite_step,
    url_variable,
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


@given(SERVICES, COMMITS, RUNS, st.sampled_from(["json", "html"]))
def test_an_evidence_key_says_which_run_and_form(service: ServiceId, commit: str, run: str, suffix: str) -> None:
    release = release_id(service, commit)

    assert parse_evidence_key(release, evidence_key(release, run, suffix)) == (run, suffix)


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


def test_the_steps_of_a_release_are_told_apart() -> None:
    steps = [
        build_step("image"),
        smoke_step(Environment.PROD),
        suite_step(1, "cart", "own new"),
        suite_step(1, "cart", "own new", attempt=2),
        environment_step(Environment.PROD),
    ]

    assert steps == [
        "build-image",
        "smoke-prod",
        "regression-1-cart-own-new",
        "regression-1-cart-own-new-again",
        "evidence-prod",
    ]


@given(SERVICES, COMMITS, RUNS, st.sampled_from([build_step("image"), suite_step(1, "cart", "own new", attempt=2)]))
def test_a_log_key_says_which_run_and_step(service: ServiceId, commit: str, run: str, step: str) -> None:
    release = release_id(service, commit)

    assert parse_log_key(release, log_key(release, run, step)) == (run, step)


def test_a_manifest_key_says_its_digest() -> None:
    digest = "sha256:" + "ab" * 32

    assert manifest_digest(manifest_key(digest)) == digest
    with pytest.raises(ValueError, match="not the key of a manifest"):
        manifest_digest("manifests/sha256/short.json")


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
