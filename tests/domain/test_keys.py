"""Keys of the object store: reversible where somebody reads them back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.environment import Environment
from domain.identity import ServiceId
from domain.keys import (
    build_step,
    environment_step,
    evidence_key,
    evidence_prefix,
    log_key,
    log_prefix,
    manifest_digest,
    manifest_key,
    parse_evidence_key,
    parse_log_key,
    smoke_step,
    suite_step,
)
from domain.workflow_ids import release_id
from tests.domain.test_identity import COMMITS, SERVICES, WORD


@given(
    SERVICES,
    COMMITS,
    st.uuids().map(str),
    st.sampled_from([build_step("image"), suite_step(1, "cart", "own new", attempt=2)]),
)
def test_a_log_key_says_which_run_and_step(service: ServiceId, commit: str, run: str, step: str) -> None:
    release = release_id(service, commit)

    assert parse_log_key(release, log_key(release, run, step)) == (run, step)


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


def test_a_manifest_key_says_its_digest() -> None:
    digest = "sha256:" + "ab" * 32

    assert manifest_digest(manifest_key(digest)) == digest
    with pytest.raises(ValueError, match="not the key of a manifest"):
        manifest_digest("manifests/sha256/short.json")


@given(SERVICES, COMMITS, WORD, st.sampled_from(["json", "html"]))
def test_a_key_of_evidence_says_which_run_and_form(service: ServiceId, commit: str, run: str, suffix: str) -> None:
    release = release_id(service, commit)

    key = evidence_key(release, run, suffix)

    assert parse_evidence_key(release, key) == (run, suffix)
    assert key.startswith(evidence_prefix(release))
    assert not key.startswith(log_prefix(release))
